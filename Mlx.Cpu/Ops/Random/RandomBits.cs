using System.Runtime.Intrinsics;
using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Ops;

/// <summary>
/// Random words of 1, 2 or 4 bytes. The keys have shape (n..., 2); the result (n..., m...).
/// </summary>
internal abstract class RandomPrimitive(int[] shape) : Primitive
{
    protected readonly int[] Shape = shape;

    /// <summary>The words for one key.</summary>
    protected abstract unsafe void Fill(uint key0, uint key1, byte* to, long bytes);

    /// <summary>The same for another shape.</summary>
    protected abstract Node Draw(Node key, int[] shape);

    public sealed override unsafe void Eval(Node[] inputs, Node[] outputs)
    {
        var (keys, to) = (inputs[0], outputs[0]);
        to.Allocate();
        var count = keys.Size / 2;
        if (to.Size == 0)
        {
            return;
        }

        var bytes = to.Bytes / count;
        var last = keys.Strides[^1];
        for (long i = 0; i < count; i++)
        {
            var at = keys.As<uint>();
            var rest = i;
            for (var a = keys.Rank - 2; a >= 0; a--)
            {
                at += rest % keys.Shape[a] * keys.Strides[a];
                rest /= keys.Shape[a];
            }

            Fill(at[0], at[last], to.Data + i * bytes, bytes);
        }
    }

    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs) => [null];

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        [Op.ZerosLike(outputs[0])];

    public sealed override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> axes)
    {
        var keys = Op.MoveAxis(inputs[0], axes[0], 0);
        return ([Draw(keys, Shapes.Insert(Shape, 0, keys.Shape[0]))], [0]);
    }
}

internal sealed class RandomBits(int[] shape, int width) : RandomPrimitive(shape)
{
    [Serialized]
    public static readonly Form Form = Form.Of<RandomBits, (int[] Shape, int Width)>(
        "RandomBits", State.Of(State.Ints, State.Int), p => (p.Shape, p.width),
        (x, s) => Checked(x[0], s.Shape, s.Width));

    private readonly int width = width;

    protected override unsafe void Fill(uint key0, uint key1, byte* to, long bytes) =>
        Threefry.Fill(key0, key1, to, bytes, new AsTheyAre());

    protected override Node Draw(Node key, int[] shape) => Make(key, shape, width);

    public override bool SameAs(Primitive other) =>
        other is RandomBits r && width == r.width && Shapes.Same(Shape, r.Shape);

    public static Node Make(Node key, int[] shape, int width) => Node.Lazy(
        shape, width switch { 1 => Dtype.UInt8, 2 => Dtype.UInt16, _ => Dtype.UInt32 },
        new RandomBits(shape, width), key);

    /// <summary>Of keys (n..., 2) the words are (n..., m...).</summary>
    private static Node Checked(Node keys, int[] shape, int width)
    {
        var batch = keys.Rank - 1;
        var fits = width is 1 or 2 or 4 && keys.Dtype == Dtype.UInt32 && batch >= 0
            && keys.Shape[^1] == 2 && shape.Length >= batch
            && Shapes.Same(shape.AsSpan(0, batch), keys.Shape.AsSpan(0, batch));
        return fits
            ? Make(keys, Graph.Shapes.Checked(shape, "bits"), width)
            : throw new ArgumentException(
                $"[bits] Keys of shape {Shapes.Text(keys.Shape)} and dtype {keys.Dtype.Name()} " +
                $"make no words of {width} bytes of shape {Shapes.Text(shape)}.");
    }

    private readonly struct AsTheyAre : IFinish
    {
        public Vector512<uint> Of(Vector512<uint> bits) => bits;
    }
}

/// <summary>The key that stands in where none is given: a sequence, started by a seed.</summary>
internal static unsafe class KeySequence
{
    private static readonly Lock Gate = new();
    private static uint key0;
    private static uint key1;

    static KeySequence() => Seed((ulong)DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());

    [RawExport("mlx_random_seed")]
    public static void Seed(ulong seed)
    {
        lock (Gate)
        {
            (key0, key1) = ((uint)(seed >> 32), (uint)seed);
        }
    }

    /// <summary>
    /// Splits the key: the first half goes on, the second is given out. Computed at once, because
    /// a lazy sequence would grow with every draw that nobody evaluates.
    /// </summary>
    public static Node Next()
    {
        lock (Gate)
        {
            var (a, c) = Threefry.Hash(key0, key1, 0, 2);
            var (b, d) = Threefry.Hash(key0, key1, 1, 3);
            (key0, key1) = (a, b);
            var pair = stackalloc uint[] { c, d };
            return Node.Copied(pair, [2], Dtype.UInt32);
        }
    }
}

internal static partial class Op
{
    [Export("mlx_random_bits")]
    public static Node RandomBits(ReadOnlySpan<int> shape, int width, Node? key)
    {
        var k = CheckedKey(key, "bits");
        return width is 1 or 2 or 4
            ? Ops.RandomBits.Make(k, Shapes.Checked(shape, "bits"), width)
            : throw new ArgumentException(
                $"[bits] Bit width must be in {{1, 2, 4}} but got {width}.");
    }

    [Export("mlx_random_key")]
    public static unsafe Node RandomKey(ulong seed)
    {
        var pair = stackalloc uint[] { (uint)(seed >> 32), (uint)seed };
        return Node.Copied(pair, [2], Dtype.UInt32);
    }

    [Export("mlx_random_split_num")]
    public static Node RandomSplit(Node key, int num) => RandomBits([num, 2], 4, key);

    [Export("mlx_random_split")]
    public static (Node, Node) RandomSplit(Node key)
    {
        var rows = Split(RandomSplit(key, 2), 2, 0);
        return (Reshape(rows[0], [2]), Reshape(rows[1], [2]));
    }

    private static Node CheckedKey(Node? key, string op)
    {
        var k = key ?? KeySequence.Next();
        return k.Dtype == Dtype.UInt32 && Shapes.Same(k.Shape, [2])
            ? k
            : throw new ArgumentException(
                $"[{op}] Expected a key of shape (2) and dtype uint32 but received shape " +
                $"{Shapes.Text(k.Shape)} and dtype {k.Dtype.Name()}.");
    }
}
