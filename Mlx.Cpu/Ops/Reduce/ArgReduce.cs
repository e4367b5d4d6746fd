using System.Numerics;
using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;
using Mlx.Cpu.Threading;

namespace Mlx.Cpu.Ops;

/// <summary>The first position of the largest or smallest element along an axis, as uint32.
/// </summary>
internal sealed unsafe class ArgReduce(bool max, int axis) : Primitive
{
    [Serialized]
    public static readonly Form Form = Form.Of<ArgReduce, (bool Max, int Axis)>(
        "ArgReduce", State.Of(State.OneOf(false, true), State.Int), p => (p.max, p.axis),
        (x, s) => Op.ArgReduced(x[0], s.Max, s.Axis, true));

    private readonly bool max = max;
    private readonly int axis = axis;

    public override string Name => max ? "ArgMax" : "ArgMin";

    public override void Eval(Node[] inputs, Node[] outputs)
    {
        var (x, y) = (inputs[0], outputs[0]);
        y.Allocate();
        switch (x.Dtype)
        {
            case Dtype.Bool or Dtype.UInt8: Run<byte>(x, y); break;
            case Dtype.Int8: Run<sbyte>(x, y); break;
            case Dtype.UInt16: Run<ushort>(x, y); break;
            case Dtype.Int16: Run<short>(x, y); break;
            case Dtype.UInt32: Run<uint>(x, y); break;
            case Dtype.Int32: Run<int>(x, y); break;
            case Dtype.UInt64: Run<ulong>(x, y); break;
            case Dtype.Int64: Run<long>(x, y); break;
            case Dtype.Float64: Run<double>(x, y); break;
            case Dtype.Complex64 when max: Run<Complex64, ComplexGreater>(x, y); break;
            case Dtype.Complex64: Run<Complex64, ComplexLess>(x, y); break;
            default: Run<float>(x, y); break;
        }
    }

    private void Run<T>(Node x, Node y)
        where T : unmanaged, INumber<T>
    {
        if (max)
        {
            Run<T, Greater<T>>(x, y);
        }
        else
        {
            Run<T, Less<T>>(x, y);
        }
    }

    private void Run<T, TBetter>(Node x, Node y)
        where T : unmanaged
        where TBetter : struct, IBetter<T>
    {
        var axes = stackalloc LoopAxis[x.Rank + 1];
        var count = 0;
        for (var a = 0; a < x.Rank; a++)
        {
            if (a != axis && x.Shape[a] != 1)
            {
                axes[count++] = new(x.Shape[a], x.Strides[a], y.Strides[a]);
            }
        }

        count = LoopAxis.Simplify(new Span<LoopAxis>(axes, count));
        var widen = x.Dtype.IsHalf() ? Widening.Widen(x.Dtype) : Widening.Same(sizeof(T));
        var length = Math.Max(1, x.Shape[axis]);
        if (count > 0 && axes[count - 1].In == 1 && x.Strides[axis] != 1)
        {
            var across = axes[--count];
            var blocks = (across.Length + ExtremeColumns<T, TBetter>.Block - 1)
                / ExtremeColumns<T, TBetter>.Block;
            ParallelFor.Run(
                y.Size / across.Length * blocks,
                1 + (8192 / Math.Min(across.Length, ExtremeColumns<T, TBetter>.Block) / length),
                new ExtremeColumns<T, TBetter>(x, axis, y, axes, count, across, widen));
        }
        else
        {
            ParallelFor.Run(
                y.Size, 1 + (32768 / length),
                new Extreme<T, TBetter>(x, axis, y, axes, count, widen));
        }
    }

    /// <summary>A position does not vary with the elements.</summary>
    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs) => [null];

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        [Op.ZerosLike(outputs[0])];

    public override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> mapped)
    {
        var shifted = axis + (axis >= mapped[0] ? 1 : 0);
        return ([Op.ArgReduced(inputs[0], max, shifted, true)], [mapped[0]]);
    }

    public override bool SameAs(Primitive other) =>
        other is ArgReduce r && max == r.max && axis == r.axis;
}

internal static partial class Op
{
    [Export("mlx_argmax_axis")]
    public static Node ArgMax(Node a, int axis, bool keepdims) =>
        ArgReduced(a, true, axis, keepdims);

    [Export("mlx_argmax")]
    public static Node ArgMax(Node a, bool keepdims) => ArgReduced(a, true, keepdims);

    [Export("mlx_argmin_axis")]
    public static Node ArgMin(Node a, int axis, bool keepdims) =>
        ArgReduced(a, false, axis, keepdims);

    [Export("mlx_argmin")]
    public static Node ArgMin(Node a, bool keepdims) => ArgReduced(a, false, keepdims);

    internal static Node ArgReduced(Node a, bool max, int axis, bool keepdims)
    {
        var op = max ? "argmax" : "argmin";
        NotEmpty(a, op);
        var at = Shapes.Axis(axis, a.Rank, op);
        var result = Node.Lazy(
            Shapes.With(a.Shape, at, 1), Dtype.UInt32, new ArgReduce(max, at), a);
        return keepdims ? result : Squeeze(result, [at]);
    }

    /// <summary>The position in the flattened array.</summary>
    private static Node ArgReduced(Node a, bool max, bool keepdims)
    {
        var result = ArgReduced(Reshape(a, [-1]), max, 0, true);
        var shape = new int[keepdims ? a.Rank : 0];
        Array.Fill(shape, 1);
        return Reshape(result, shape);
    }
}
