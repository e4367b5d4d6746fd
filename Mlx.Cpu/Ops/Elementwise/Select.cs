using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;

namespace Mlx.Cpu.Ops;

/// <summary>condition ? x : y</summary>
internal sealed unsafe class Select : ElementwisePrimitive
{
    public static readonly Select Instance = new();

    public override Kernel Kernel(Node[] inputs, Dtype output) => output.Size() switch
    {
        1 => &Loops.Select<byte>,
        2 => &Loops.Select<ushort>,
        4 => &Loops.Select<uint>,
        _ => &Loops.Select<ulong>,
    };

    public override Dtype OutputDtype(Node[] inputs) => inputs[1].Dtype;

    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs)
    {
        var pulled = new Node?[argnums.Length];
        for (var i = 0; i < pulled.Length; i++)
        {
            pulled[i] = Push(argnums[i], cotangents[0], inputs[0]);
        }

        return pulled;
    }

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs)
    {
        Node? sum = null;
        for (var i = 0; i < argnums.Length; i++)
        {
            var part = Push(argnums[i], tangents[i], inputs[0]);
            sum = sum is null ? part : part is null ? sum : sum + part;
        }

        return [sum ?? Op.ZerosLike(outputs[0])];
    }

    private static Node? Push(int arg, Node d, Node condition) => arg switch
    {
        0 => null,
        1 => Op.Where(condition, d, Op.Scalar(0, d.Dtype)),
        _ => Op.Where(condition, Op.Scalar(0, d.Dtype), d),
    };
}

internal static partial class Op
{
    [Export("mlx_where")]
    [Serialized("Select")]
    public static Node Where(Node condition, Node x, Node y)
    {
        var dtype = Dtypes.Promote(x.Dtype, y.Dtype);
        var inputs = BroadcastArrays(
            [AsType(condition, Dtype.Bool), AsType(x, dtype), AsType(y, dtype)], [], "where");
        return Node.Lazy(inputs[0].Shape, dtype, Ops.Select.Instance, inputs);
    }
}
