using Mlx.Cpu.Abi;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Ops;

/// <summary>Products composed of multiplications and matrix products.</summary>
internal static partial class Op
{
    /// <summary>All products of an element of each: a_i b_j.</summary>
    [Export("mlx_outer")]
    public static Node Outer(Node a, Node b) =>
        Multiply(Reshape(a, [(int)a.Size, 1]), Reshape(b, [(int)b.Size]));

    /// <summary>Sums of products over the last axis of both.</summary>
    [Export("mlx_inner")]
    public static Node Inner(Node a, Node b)
    {
        if (a.Rank == 0 || b.Rank == 0)
        {
            return Multiply(a, b);
        }

        if (a.Shape[^1] != b.Shape[^1])
        {
            throw new ArgumentException(
                $"[inner] a of shape {Shapes.Text(a.Shape)} and b of shape " +
                $"{Shapes.Text(b.Shape)} must have the same last dimension.");
        }

        return TensorDot(a, b, [-1], [-1]);
    }

    /// <summary>Sums of products over pairs of axes.</summary>
    [Export("mlx_tensordot")]
    public static Node TensorDot(
        Node a, Node b, ReadOnlySpan<int> axes_a, ReadOnlySpan<int> axes_b)
    {
        if (axes_a.Length != axes_b.Length)
        {
            throw new ArgumentException(
                $"[tensordot] axes {Shapes.Text(axes_a)} and {Shapes.Text(axes_b)} must have " +
                "the same size.");
        }

        var (left, leftRest) = ContractionOrder(a, axes_a);
        var (right, rightRest) = ContractionOrder(b, axes_b);
        long common = 1;
        for (var i = 0; i < left.Length; i++)
        {
            common *= a.Shape[left[i]] == b.Shape[right[i]] ? a.Shape[left[i]]
                : throw new ArgumentException(
                    $"[tensordot] a and b must have the same shape on the contracted axes, but " +
                    $"have {Shapes.Text(a.Shape)} and {Shapes.Text(b.Shape)}.");
        }

        var shape = new List<int>();
        long rows = 1, columns = 1;
        foreach (var axis in leftRest)
        {
            shape.Add(a.Shape[axis]);
            rows *= a.Shape[axis];
        }

        foreach (var axis in rightRest)
        {
            shape.Add(b.Shape[axis]);
            columns *= b.Shape[axis];
        }

        var x = Reshape(Transpose(a, [.. leftRest, .. left]), [(int)rows, (int)common]);
        var y = Reshape(Transpose(b, [.. right, .. rightRest]), [(int)common, (int)columns]);
        return Reshape(MatMul(x, y), shape.ToArray());
    }

    /// <summary>The last axes of a with the first of b.</summary>
    [Export("mlx_tensordot_axis")]
    public static Node TensorDot(Node a, Node b, int axis)
    {
        if (axis < 0 || axis > Math.Min(a.Rank, b.Rank))
        {
            throw new ArgumentException(
                $"[tensordot] axis {axis} must be between 0 and the number of dimensions of a " +
                $"and b, whose shapes are {Shapes.Text(a.Shape)} and {Shapes.Text(b.Shape)}.");
        }

        var first = Shapes.AllAxes(axis);
        var last = new int[axis];
        for (var i = 0; i < axis; i++)
        {
            last[i] = a.Rank - axis + i;
        }

        return TensorDot(a, b, last, first);
    }

    /// <summary>The Kronecker product: b once for each element of a, times it.</summary>
    [Export("mlx_kron")]
    public static Node Kron(Node a, Node b)
    {
        if (a.Size == 0 || b.Size == 0)
        {
            throw new ArgumentException(
                $"[kron] Input arrays of shapes {Shapes.Text(a.Shape)} and " +
                $"{Shapes.Text(b.Shape)} cannot be empty.");
        }

        var rank = Math.Max(a.Rank, b.Rank);
        var left = new int[2 * rank];
        var right = new int[2 * rank];
        var shape = new int[rank];
        Array.Fill(left, 1);
        Array.Fill(right, 1);
        for (var i = 0; i < rank; i++)
        {
            var (fromA, fromB) = (i - (rank - a.Rank), i - (rank - b.Rank));
            left[2 * i] = fromA < 0 ? 1 : a.Shape[fromA];
            right[(2 * i) + 1] = fromB < 0 ? 1 : b.Shape[fromB];
            shape[i] = checked(left[2 * i] * right[(2 * i) + 1]);
        }

        return Reshape(Multiply(Reshape(a, left), Reshape(b, right)), shape);
    }

    /// <summary>The contracted axes as they were named, and the others in order.</summary>
    private static (int[] Contracted, List<int> Others) ContractionOrder(
        Node x, ReadOnlySpan<int> axes)
    {
        var contracted = new int[axes.Length];
        for (var i = 0; i < axes.Length; i++)
        {
            contracted[i] = Shapes.Axis(axes[i], x.Rank, "tensordot");
        }

        var rest = new List<int>();
        for (var i = 0; i < x.Rank; i++)
        {
            if (!contracted.Contains(i))
            {
                rest.Add(i);
            }
        }

        return contracted.Distinct().Count() == contracted.Length
            ? (contracted, rest)
            : throw new ArgumentException($"[tensordot] Duplicate axis in {Shapes.Text(axes)}.");
    }
}
