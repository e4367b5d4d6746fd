using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;

namespace Mlx.Cpu.Ops;

/// <summary>e^x / sum(e^x) over the last axis, computed in float32 (float64 for float64).
/// </summary>
/// <remarks>Shifted by the largest element, so that nothing overflows.</remarks>
internal sealed class Softmax : Primitive
{
    public static readonly Softmax Instance = new();

    [Serialized]
    public static readonly Form Form = Form.Of<Softmax, bool>(
        "Softmax", State.Bool, _ => true, (x, precise) => Op.Softmax(x[0], -1, precise));

    public override void Eval(Node[] inputs, Node[] outputs)
    {
        var (x, y) = (inputs[0], outputs[0]);
        if (x.IsRow)
        {
            y.TakeOrAllocateLike(x);
        }
        else
        {
            y.Allocate();
        }

        if (x.Dtype == Dtype.Float64)
        {
            RowLoop.Run<double, SoftmaxKernel<double>>(x, y, default);
        }
        else
        {
            RowLoop.Run<float, SoftmaxKernel<float>>(x, y, default);
        }
    }

    /// <summary>dx = s (g - sum(s g)).</summary>
    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        [Slope(outputs[0], cotangents[0])];

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        [Slope(outputs[0], tangents[0])];

    public override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> axes)
    {
        var last = axes[0] == inputs[0].Rank - 1;
        var x = last ? Op.MoveAxis(inputs[0], axes[0], 0) : inputs[0];
        return ([Op.Softmax(x, -1, true)], [last ? 0 : axes[0]]);
    }

    private static Node Slope(Node s, Node v)
    {
        var sv = Op.Multiply(s, v);
        return Op.Subtract(sv, Op.Multiply(s, Op.Sum(sv, -1, true)));
    }
}

internal static partial class Op
{
    /// <summary>
    /// Integers become float32, whatever the axes: MLX 0.31.2 sees to that for the last axis only,
    /// and answers integers, which are zeros, for the others.
    /// </summary>
    [Export("mlx_softmax_axes")]
    public static Node Softmax(Node a, ReadOnlySpan<int> axes, bool precise)
    {
        var x = AsFloat(a);
        if (a.Size == 0)
        {
            return x;
        }

        if (a.Rank == 0 && !axes.IsEmpty)
        {
            throw new ArgumentException(
                "[softmax] Received non-empty axes for array with 0 dimensions.");
        }

        var sorted = Shapes.SortedAxes(axes, a.Rank, "softmax");
        if (x.Dtype != Dtype.Complex64 && AreOnlyLast(axes, a))
        {
            return SoftmaxLast(x);
        }

        if (x.Dtype != Dtype.Complex64 && (sorted.Length == 1 || !ShapelessTrace.IsRunning))
        {
            return AxesBack(SoftmaxLast(AxesLast(x, sorted)), a.Shape, sorted);
        }

        var e = Exp(Subtract(x, StopGradient(Max(x, sorted, true))));
        return Divide(e, Sum(e, sorted, true));
    }

    [Export("mlx_softmax_axis")]
    public static Node Softmax(Node a, int axis, bool precise) => Softmax(a, [axis], precise);

    [Export("mlx_softmax")]
    public static Node Softmax(Node a, bool precise) =>
        Softmax(a, Shapes.AllAxes(a.Rank), precise);

    private static Node SoftmaxLast(Node a) =>
        Node.Lazy(a.Shape, a.Dtype, Ops.Softmax.Instance, a);

    /// <summary>MLX's test for its one-pass kernels: the axes end with the last one, and all
    /// before it are neighbours of length one.</summary>
    private static bool AreOnlyLast(ReadOnlySpan<int> axes, Node a)
    {
        if (axes.IsEmpty || (axes[^1] != a.Rank - 1 && axes[^1] != -1))
        {
            return false;
        }

        for (var i = axes.Length - 2; i >= 0; i--)
        {
            if (axes[i] + 1 != axes[i + 1] || a.Shape[Shapes.Axis(axes[i], a.Rank, "axes")] != 1)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Undoes <see cref="AxesLast"/>.</summary>
    internal static Node AxesBack(Node a, int[] shape, int[] axes)
    {
        var moved = new int[shape.Length];
        var back = new int[shape.Length];
        var next = 0;
        for (var i = 0; i < shape.Length; i++)
        {
            if (Array.IndexOf(axes, i) < 0)
            {
                back[i] = next;
                moved[next++] = shape[i];
            }
        }

        foreach (var axis in axes)
        {
            back[axis] = next;
            moved[next++] = shape[axis];
        }

        return Transpose(Reshape(a, moved), back);
    }
}
