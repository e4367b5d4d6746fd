using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Mlx.Cpu.Abi;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;

namespace Mlx.Cpu.Ops;

/// <summary>
/// float32 from 0 up to, not including, 1: random words times 2^-32, capped by the largest number
/// below 1 of the dtype that the numbers are for. One pass, where MLX's graph takes three.
/// </summary>
internal sealed class RandomUnit(int[] shape, float cap) : RandomPrimitive(shape)
{
    private readonly float cap = cap;

    protected override unsafe void Fill(uint key0, uint key1, byte* to, long bytes) =>
        Threefry.Fill(key0, key1, to, bytes, new Scaled(cap));

    protected override Node Draw(Node key, int[] shape) => Make(key, shape, cap);

    public override bool SameAs(Primitive other) =>
        other is RandomUnit r && cap.Equals(r.cap) && Shapes.Same(Shape, r.Shape);

    public override Node[]? Lower(Node[] inputs)
    {
        var words = Op.Divide(RandomBits.Make(inputs[0], Shape, 4), Op.Scalar(4294967296f));
        return [Op.Minimum(words, Op.Scalar(cap))];
    }

    public static Node Make(Node key, int[] shape, float cap) =>
        Node.Lazy(shape, Dtype.Float32, new RandomUnit(shape, cap), key);

    /// <summary>The unit interval of some words.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<float> Of(Vector512<uint> bits, float cap) => Vector512.MinNative(
        Vector512.ConvertToSingle(bits) * Vector512.Create(1f / 4294967296f),
        Vector512.Create(cap));

    private readonly struct Scaled(float cap) : IFinish
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector512<uint> Of(Vector512<uint> bits) => RandomUnit.Of(bits, cap).AsUInt32();
    }
}

/// <summary>
/// scale * erfinv(u) for u uniform in (-1, 1): normal numbers, in the same pass as their bits.
/// </summary>
internal sealed class RandomNormal(int[] shape, float scale) : RandomPrimitive(shape)
{
    private readonly float scale = scale;

    protected override unsafe void Fill(uint key0, uint key1, byte* to, long bytes) =>
        Threefry.Fill(key0, key1, to, bytes, new Inverse(scale));

    protected override Node Draw(Node key, int[] shape) => Make(key, shape, scale);

    public override bool SameAs(Primitive other) =>
        other is RandomNormal r && scale.Equals(r.scale) && Shapes.Same(Shape, r.Shape);

    public override Node[]? Lower(Node[] inputs)
    {
        var low = MathF.BitIncrement(-1f);
        var unit = RandomUnit.Make(inputs[0], Shape, MathF.BitDecrement(1f));
        var normal = Op.ErfInv(Op.Add(Op.Multiply(Op.Scalar(1f - low), unit), Op.Scalar(low)));
        return [scale == 1 ? normal : Op.Multiply(Op.Scalar(scale), normal)];
    }

    public static Node Make(Node key, int[] shape, float scale) =>
        Node.Lazy(shape, Dtype.Float32, new RandomNormal(shape, scale), key);

    private readonly struct Inverse(float scale) : IFinish
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector512<uint> Of(Vector512<uint> bits)
        {
            var low = MathF.BitIncrement(-1f);
            var unit = RandomUnit.Of(bits, MathF.BitDecrement(1f));
            var u = unit * Vector512.Create(1f - low) + Vector512.Create(low);
            return (VectorMath.ErfInv(u) * Vector512.Create(scale)).AsUInt32();
        }
    }
}

internal static partial class Op
{
    /// <summary>Numbers from low up to, not including, high.</summary>
    [Export("mlx_random_uniform")]
    public static Node RandomUniform(
        Node low, Node high, ReadOnlySpan<int> shape, Dtype dtype, Node? key)
    {
        var cap = dtype switch
        {
            Dtype.Float32 => MathF.BitDecrement(1f),
            Dtype.Float16 => 1 - 1f / 2048,
            Dtype.BFloat16 => 1 - 1f / 256,
            _ => throw new ArgumentException(
                "[uniform] Can only generate uniform numbers of float32, float16 or bfloat16, " +
                $"not {dtype.Name()}."),
        };
        var (lo, hi) = (AsType(low, dtype), AsType(high, dtype));
        var target = Shapes.Checked(shape, "uniform");
        var range = Subtract(hi, lo);
        if (!Shapes.Same(Shapes.Broadcast(target, range.Shape, "uniform"), target))
        {
            throw new ArgumentException(
                $"[uniform] Cannot generate random values of shape {Shapes.Text(target)} for " +
                $"bounds of shape {Shapes.Text(range.Shape)}.");
        }

        var unit = AsType(RandomUnit.Make(CheckedKey(key, "uniform"), target, cap), dtype);
        return IsKnown(lo, 0) && IsKnown(hi, 1) ? unit : Add(Multiply(range, unit), lo);
    }

    private static Node RandomUniform(
        double low, double high, ReadOnlySpan<int> shape, Dtype dtype, Node? key) =>
        RandomUniform(Scalar(low, dtype), Scalar(high, dtype), shape, dtype, key);

    /// <summary>Integers from low up to, not including, high.</summary>
    [Export("mlx_random_randint")]
    public static Node RandomInt(
        Node low, Node high, ReadOnlySpan<int> shape, Dtype dtype, Node? key)
    {
        if (dtype.IsInexact())
        {
            throw new ArgumentException(
                $"[randint] randint only accepts integer dtypes and bool, not {dtype.Name()}.");
        }

        var u = RandomUniform(low, high, shape, Dtype.Float32, key);
        return AsType(Maximum(u, low), dtype);
    }

    /// <summary>True with probability p.</summary>
    [Export("mlx_random_bernoulli")]
    public static Node RandomBernoulli(Node p, ReadOnlySpan<int> shape, Node? key)
    {
        if (!p.Dtype.IsFloating())
        {
            throw new ArgumentException(
                "[bernoulli] bernoulli probability `p` must be a float type, " +
                $"not {p.Dtype.Name()}.");
        }

        // On the scale of the words, and just above the largest, so that 1 is always.
        var limit = Multiply(p, Scalar(MathF.BitIncrement(4294967296f)));
        var drawn = Less(RandomBits(shape, 4, key), limit);
        return Shapes.Same(drawn.Shape, shape) ? drawn : throw new ArgumentException(
            $"[bernoulli] shape {Shapes.Text(p.Shape)} of `p` is incompatible with shape " +
            $"{Shapes.Text(shape)}.");
    }

    /// <summary>A value that is known now, whatever happens to the graph.</summary>
    private static unsafe bool IsKnown(Node n, float value) =>
        n.HasData && !n.IsTracer && n.Rank == 0 && n.Dtype switch
        {
            Dtype.Float32 => n.Item<float>() == value,
            Dtype.Float16 => n.Item<Half>() == (Half)value,
            _ => BF16.Get(n.Item<ushort>()) == value,
        };
}
