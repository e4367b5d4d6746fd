using System.Numerics;
using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;
using Mlx.Cpu.Transforms;

namespace Mlx.Cpu.Ops;

internal enum ReduceKind
{
    Sum,
    Prod,
    Max,
    Min,
    All,
    Any,
}

/// <summary>Merges the elements along some axes, which are kept with length one.</summary>
/// <remarks>
/// Sums and products of integers wrap in 32 bits (64 for 64-bit ones), those of half precision
/// are taken in float32 and rounded once.
/// </remarks>
internal sealed unsafe class Reduce(ReduceKind kind, int[] axes) : Primitive
{
    [Serialized]
    public static readonly Form Form = Form.Of<Reduce, (ReduceKind Kind, int[] Axes)>(
        "Reduce",
        State.Of(
            State.OneOf(
                ReduceKind.All, ReduceKind.Any, ReduceKind.Sum, ReduceKind.Prod, ReduceKind.Min,
                ReduceKind.Max),
            State.Ints),
        p => (p.kind, p.axes), (x, s) => Op.Reduced(x[0], s.Kind, s.Axes, true));

    private readonly ReduceKind kind = kind;
    private readonly int[] axes = axes;

    public override string Name => kind.ToString();

    public override void Eval(Node[] inputs, Node[] outputs)
    {
        var (x, y) = (inputs[0], outputs[0]);
        y.Allocate();
        switch (kind)
        {
            case ReduceKind.All:
                Run<byte, FoldKernel<byte, AllFold>>(x, y, Truth(x));
                break;
            case ReduceKind.Any:
                Run<byte, FoldKernel<byte, AnyFold>>(x, y, Truth(x));
                break;
            case ReduceKind.Sum when x.Dtype == Dtype.Complex64:
                Reduction.Run<float, FoldKernel<float, SumFold<float>>>(x, axes, y, null, null, 2);
                break;
            case ReduceKind.Prod when x.Dtype == Dtype.Complex64:
                Run<Complex64, ComplexFoldKernel<ComplexProdFold>>(x, y, null);
                break;
            case ReduceKind.Max when x.Dtype == Dtype.Complex64:
                Run<Complex64, ComplexFoldKernel<ComplexMaxFold>>(x, y, null);
                break;
            case ReduceKind.Min when x.Dtype == Dtype.Complex64:
                Run<Complex64, ComplexFoldKernel<ComplexMinFold>>(x, y, null);
                break;
            case ReduceKind.Sum or ReduceKind.Prod:
                Accumulate(x, y);
                break;
            default:
                Select(x, y);
                break;
        }
    }

    private void Accumulate(Node x, Node y)
    {
        switch (x.Dtype)
        {
            case Dtype.Float32:
                Accumulate<float>(x, y);
                break;
            case Dtype.Float16 or Dtype.BFloat16:
                Accumulate<float>(x, y);
                break;
            case Dtype.Float64:
                Accumulate<double>(x, y);
                break;
            case Dtype.Int64 or Dtype.UInt64:
                Accumulate<long>(x, y);
                break;
            default:
                Accumulate<int>(x, y);
                break;
        }
    }

    private void Accumulate<T>(Node x, Node y)
        where T : unmanaged, INumber<T>
    {
        var widen = x.Dtype.Size() == sizeof(T) ? null : Widening.Widen(x.Dtype);
        if (kind == ReduceKind.Sum)
        {
            Run<T, FoldKernel<T, SumFold<T>>>(x, y, widen);
        }
        else
        {
            Run<T, FoldKernel<T, ProdFold<T>>>(x, y, widen);
        }
    }

    private void Select(Node x, Node y)
    {
        switch (x.Dtype)
        {
            case Dtype.Bool or Dtype.UInt8: Select<byte>(x, y, null); break;
            case Dtype.Int8: Select<sbyte>(x, y, null); break;
            case Dtype.UInt16: Select<ushort>(x, y, null); break;
            case Dtype.Int16: Select<short>(x, y, null); break;
            case Dtype.UInt32: Select<uint>(x, y, null); break;
            case Dtype.Int32: Select<int>(x, y, null); break;
            case Dtype.UInt64: Select<ulong>(x, y, null); break;
            case Dtype.Int64: Select<long>(x, y, null); break;
            case Dtype.Float32: Select<float>(x, y, null); break;
            case Dtype.Float64: Select<double>(x, y, null); break;
            default: Select<float>(x, y, Widening.Widen(x.Dtype)); break;
        }
    }

    private void Select<T>(Node x, Node y, delegate*<byte*, long, byte*, long, void> widen)
        where T : unmanaged, INumber<T>, IMinMaxValue<T>
    {
        if (kind == ReduceKind.Max)
        {
            Run<T, FoldKernel<T, MaxFold<T>>>(x, y, widen);
        }
        else
        {
            Run<T, FoldKernel<T, MinFold<T>>>(x, y, widen);
        }
    }

    private void Run<T, TKernel>(Node x, Node y, delegate*<byte*, long, byte*, long, void> widen)
        where T : unmanaged
        where TKernel : struct, IFoldKernel<T> =>
        Reduction.Run<T, TKernel>(
            x, axes, y, widen, y.Dtype.IsHalf() ? Widening.Narrow(y.Dtype) : null);

    private static delegate*<byte*, long, byte*, long, void> Truth(Node x) =>
        x.Dtype == Dtype.Bool ? null : Widening.Truth(x.Dtype);

    /// <summary>
    /// A sum passes its cotangent to all; a product times the product of the others; an extreme
    /// shares it evenly among the equals.
    /// </summary>
    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs)
    {
        var (x, g) = (inputs[0], cotangents[0]);
        switch (kind)
        {
            case ReduceKind.Sum:
                return [Op.BroadcastFirst([Op.AsType(g, x.Dtype), x], [])];
            case ReduceKind.Prod:
                return [Op.Multiply(Op.Conjugate(ProductOfOthers(x)), g)];
            case ReduceKind.Max or ReduceKind.Min:
                var mask = Op.Equal(x, outputs[0]);
                return [Op.Multiply(Op.Divide(g, Op.Sum(mask, axes, true)), mask)];
            default:
                return [null];
        }
    }

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs)
    {
        var (x, t) = (inputs[0], tangents[0]);
        switch (kind)
        {
            case ReduceKind.Sum:
                return [Op.Sum(t, axes, true)];
            case ReduceKind.Prod:
                return [Op.Sum(Op.Multiply(ProductOfOthers(x), t), axes, true)];
            case ReduceKind.Max or ReduceKind.Min:
                var flat = Flat(x);
                var at = kind == ReduceKind.Max
                    ? Op.ArgMax(flat, -1, true)
                    : Op.ArgMin(flat, -1, true);
                return [Op.Reshape(Op.TakeAlongAxis(Flat(t), at, -1), outputs[0].Shape)];
            default:
                return [Op.ZerosLike(outputs[0])];
        }
    }

    public override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> mapped)
    {
        var shifted = new int[axes.Length];
        for (var i = 0; i < axes.Length; i++)
        {
            shifted[i] = axes[i] + (axes[i] >= mapped[0] ? 1 : 0);
        }

        return ([Op.Reduced(inputs[0], kind, shifted, true)], [mapped[0]]);
    }

    public override bool SameAs(Primitive other) =>
        other is Reduce r && kind == r.kind && Shapes.Same(axes, r.axes);

    /// <summary>For each element the product of all others, without dividing by it.</summary>
    private Node ProductOfOthers(Node x)
    {
        var flat = Flat(x);
        var others = Op.Multiply(
            Op.CumProd(flat, -1, false, false), Op.CumProd(flat, -1, true, false));
        return Unflat(others, x);
    }

    /// <summary>The reduced axes last, as one.</summary>
    private Node Flat(Node x)
    {
        var order = Order(x.Rank);
        var y = Op.Transpose(x, order);
        var shape = y.Shape.AsSpan(0, x.Rank - axes.Length).ToArray();
        return Op.Reshape(y, [.. shape, (int)(x.Size / Math.Max(1, Shapes.Size(shape)))]);
    }

    private Node Unflat(Node flat, Node like)
    {
        var order = Order(like.Rank);
        var shape = new int[like.Rank];
        var back = new int[like.Rank];
        for (var i = 0; i < like.Rank; i++)
        {
            shape[i] = like.Shape[order[i]];
            back[order[i]] = i;
        }

        return Op.Transpose(Op.Reshape(flat, shape), back);
    }

    private int[] Order(int rank)
    {
        var order = new int[rank];
        var next = 0;
        for (var i = 0; i < rank; i++)
        {
            if (Array.IndexOf(axes, i) < 0)
            {
                order[next++] = i;
            }
        }

        axes.CopyTo(order, next);
        return order;
    }
}

internal static partial class Op
{
    [Export("mlx_sum_axes")]
    public static Node Sum(Node a, ReadOnlySpan<int> axes, bool keepdims) =>
        axes.IsEmpty ? a : Reduced(a, ReduceKind.Sum, axes, keepdims);

    [Export("mlx_sum_axis")]
    public static Node Sum(Node a, int axis, bool keepdims) => Sum(a, [axis], keepdims);

    [Export("mlx_sum")]
    public static Node Sum(Node a, bool keepdims) =>
        Sum(a, Shapes.AllAxes(a.Rank), keepdims);

    [Export("mlx_prod_axes")]
    public static Node Prod(Node a, ReadOnlySpan<int> axes, bool keepdims) =>
        axes.IsEmpty ? a : Reduced(a, ReduceKind.Prod, axes, keepdims);

    [Export("mlx_prod_axis")]
    public static Node Prod(Node a, int axis, bool keepdims) => Prod(a, [axis], keepdims);

    [Export("mlx_prod")]
    public static Node Prod(Node a, bool keepdims) =>
        Prod(a, Shapes.AllAxes(a.Rank), keepdims);

    [Export("mlx_max_axes")]
    public static Node Max(Node a, ReadOnlySpan<int> axes, bool keepdims) =>
        Reduced(NotEmpty(a, "max"), ReduceKind.Max, axes, keepdims);

    [Export("mlx_max_axis")]
    public static Node Max(Node a, int axis, bool keepdims) => Max(a, [axis], keepdims);

    [Export("mlx_max")]
    public static Node Max(Node a, bool keepdims) =>
        Max(a, Shapes.AllAxes(a.Rank), keepdims);

    [Export("mlx_min_axes")]
    public static Node Min(Node a, ReadOnlySpan<int> axes, bool keepdims) =>
        Reduced(NotEmpty(a, "min"), ReduceKind.Min, axes, keepdims);

    [Export("mlx_min_axis")]
    public static Node Min(Node a, int axis, bool keepdims) => Min(a, [axis], keepdims);

    [Export("mlx_min")]
    public static Node Min(Node a, bool keepdims) =>
        Min(a, Shapes.AllAxes(a.Rank), keepdims);

    [Export("mlx_all_axes")]
    public static Node All(Node a, ReadOnlySpan<int> axes, bool keepdims) =>
        Reduced(a, ReduceKind.All, axes, keepdims);

    [Export("mlx_all_axis")]
    public static Node All(Node a, int axis, bool keepdims) => All(a, [axis], keepdims);

    [Export("mlx_all")]
    public static Node All(Node a, bool keepdims) =>
        All(a, Shapes.AllAxes(a.Rank), keepdims);

    [Export("mlx_any_axes")]
    public static Node Any(Node a, ReadOnlySpan<int> axes, bool keepdims) =>
        Reduced(a, ReduceKind.Any, axes, keepdims);

    [Export("mlx_any_axis")]
    public static Node Any(Node a, int axis, bool keepdims) => Any(a, [axis], keepdims);

    [Export("mlx_any")]
    public static Node Any(Node a, bool keepdims) =>
        Any(a, Shapes.AllAxes(a.Rank), keepdims);

    /// <summary>The reduction, or only a change of dtype where all axes have length one.</summary>
    internal static Node Reduced(
        Node a, ReduceKind kind, ReadOnlySpan<int> axes, bool keepdims)
    {
        var op = kind.ToString().ToLowerInvariant();
        var sorted = Shapes.SortedAxes(axes, a.Rank, op);
        var dtype = ReducedDtype(kind, a.Dtype);
        var shape = (int[])a.Shape.Clone();
        var idle = true;
        foreach (var axis in sorted)
        {
            idle &= shape[axis] == 1;
            shape[axis] = 1;
        }

        var result = idle
            ? AsType(a, dtype)
            : Node.Lazy(shape, dtype, new Reduce(kind, sorted), a);
        return keepdims ? result : Squeeze(result, sorted);
    }

    /// <summary>Sums and products of small integers are 32 bits wide.</summary>
    private static Dtype ReducedDtype(ReduceKind kind, Dtype dtype) => kind switch
    {
        ReduceKind.All or ReduceKind.Any => Dtype.Bool,
        ReduceKind.Max or ReduceKind.Min => dtype,
        _ => dtype.Kind() switch
        {
            DtypeKind.Bool => Dtype.Int32,
            DtypeKind.Signed => dtype == Dtype.Int64 ? dtype : Dtype.Int32,
            DtypeKind.Unsigned => dtype == Dtype.UInt64 ? dtype : Dtype.UInt32,
            _ => dtype,
        },
    };

    private static Node NotEmpty(Node a, string op) => a.Size > 0 ? a
        : throw new ArgumentException(
            $"[{op}] Cannot {op} reduce zero size array of shape {Shapes.Text(a.Shape)}.");
}
