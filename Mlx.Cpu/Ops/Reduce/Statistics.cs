using Mlx.Cpu.Abi;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Ops;

/// <summary>What is composed of reductions.</summary>
internal static partial class Op
{
    /// <summary>The sum times the inverse of the number of elements.</summary>
    [Export("mlx_mean_axes")]
    public static Node Mean(Node a, ReadOnlySpan<int> axes, bool keepdims)
    {
        foreach (var axis in axes)
        {
            Shapes.Axis(axis, a.Rank, "mean");
        }

        var inverse = NumberOfElements(a, axes, true, a.Dtype.AtLeastFloat());
        return Multiply(Sum(a, axes, keepdims), inverse);
    }

    [Export("mlx_mean_axis")]
    public static Node Mean(Node a, int axis, bool keepdims) => Mean(a, [axis], keepdims);

    [Export("mlx_mean")]
    public static Node Mean(Node a, bool keepdims) => Mean(a, Shapes.AllAxes(a.Rank), keepdims);

    /// <summary>sum((a - mean)^2) / (n - ddof); divided by zero where ddof reaches n.</summary>
    [Export("mlx_var_axes")]
    public static Node Var(Node a, ReadOnlySpan<int> axes, bool keepdims, int ddof)
    {
        var dtype = a.Dtype.AtLeastFloat();
        var squares = Sum(Square(Subtract(a, Mean(a, axes, true))), axes, keepdims);
        if (ddof == 0)
        {
            return Multiply(squares, NumberOfElements(a, axes, true, dtype));
        }

        var count = NumberOfElements(a, axes, false, dtype);
        var free = Subtract(count, Scalar(ddof, dtype));
        return Divide(squares, Maximum(free, Scalar(0, dtype)));
    }

    [Export("mlx_var_axis")]
    public static Node Var(Node a, int axis, bool keepdims, int ddof) =>
        Var(a, [axis], keepdims, ddof);

    [Export("mlx_var")]
    public static Node Var(Node a, bool keepdims, int ddof) =>
        Var(a, Shapes.AllAxes(a.Rank), keepdims, ddof);

    /// <summary>The square root of the variance.</summary>
    [Export("mlx_std_axes")]
    public static Node Std(Node a, ReadOnlySpan<int> axes, bool keepdims, int ddof) =>
        Sqrt(Var(a, axes, keepdims, ddof));

    [Export("mlx_std_axis")]
    public static Node Std(Node a, int axis, bool keepdims, int ddof) =>
        Std(a, [axis], keepdims, ddof);

    [Export("mlx_std")]
    public static Node Std(Node a, bool keepdims, int ddof) =>
        Std(a, Shapes.AllAxes(a.Rank), keepdims, ddof);

    /// <summary>The middle of the sorted elements, or the mean of the two in the middle.</summary>
    [Export("mlx_median")]
    public static Node Median(Node a, ReadOnlySpan<int> axes, bool keepdims)
    {
        var sorted = Shapes.SortedAxes(axes, a.Rank, "median");
        var dtype = a.Dtype.AtLeastFloat();
        var flat = AxesLast(a, sorted);
        var length = flat.Shape[^1];
        if (length == 0)
        {
            throw new ArgumentException(
                $"[median] Cannot take median along empty axis of shape {Shapes.Text(a.Shape)}.");
        }

        var ordered = Sort(flat, -1);
        var result = AsType(SliceLast(ordered, length / 2), dtype);
        if (length % 2 == 0)
        {
            var below = AsType(SliceLast(ordered, (length / 2) - 1), dtype);
            result = Multiply(Add(result, below), Scalar(0.5, dtype));
        }

        result = AxesKept(result, sorted);
        return keepdims ? result : Squeeze(result, sorted);
    }

    /// <summary>The array with some (sorted) axes moved to the end and made one.</summary>
    internal static Node AxesLast(Node a, int[] axes)
    {
        var order = new int[a.Rank];
        var next = 0;
        for (var i = 0; i < a.Rank; i++)
        {
            if (Array.IndexOf(axes, i) < 0)
            {
                order[next++] = i;
            }
        }

        axes.CopyTo(order, next);
        return axes.Length == 0
            ? ExpandDims(a, -1)
            : Flatten(Transpose(a, order), next, -1);
    }

    /// <summary>What was reduced along the axis of <see cref="AxesLast"/>, of length one now, with
    /// its axes in their places.</summary>
    internal static Node AxesKept(Node a, int[] axes) => ExpandDims(Squeeze(a, -1), axes);

    private static Node SliceLast(Node a, int at)
    {
        var start = new int[a.Rank];
        var step = new int[a.Rank];
        var stop = (int[])a.Shape.Clone();
        Array.Fill(step, 1);
        start[^1] = at;
        stop[^1] = at + 1;
        return Slice(a, start, stop, step);
    }
}
