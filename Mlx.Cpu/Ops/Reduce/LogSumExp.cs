using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;

namespace Mlx.Cpu.Ops;

/// <summary>log(sum(e^x)) over the last axis, which is kept with length one.</summary>
/// <remarks>Shifted by the largest element, so that nothing overflows.</remarks>
internal sealed class LogSumExp : Primitive
{
    public static readonly LogSumExp Instance = new();

    [Serialized]
    public static readonly Form Form = Form.Of<LogSumExp>(
        "LogSumExp", x => Op.LogSumExp(x[0], -1, true), 1);

    public override void Eval(Node[] inputs, Node[] outputs)
    {
        var (x, y) = (inputs[0], outputs[0]);
        y.Allocate();
        if (x.Dtype == Dtype.Float64)
        {
            RowLoop.Run<double, LogSumExpKernel<double>>(x, y, default);
        }
        else
        {
            RowLoop.Run<float, LogSumExpKernel<float>>(x, y, default);
        }
    }

    /// <summary>The slope is the softmax.</summary>
    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        [Op.Multiply(cotangents[0], Op.Softmax(inputs[0], -1, true))];

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        [Op.Sum(Op.Multiply(tangents[0], Op.Softmax(inputs[0], -1, true)), -1, true)];

    public override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> axes)
    {
        var last = axes[0] == inputs[0].Rank - 1;
        var x = last ? Op.MoveAxis(inputs[0], axes[0], 0) : inputs[0];
        return ([Op.LogSumExp(x, -1, true)], [last ? 0 : axes[0]]);
    }
}

internal static partial class Op
{
    [Export("mlx_logsumexp_axes")]
    public static Node LogSumExp(Node a, ReadOnlySpan<int> axes, bool keepdims)
    {
        if (a.Size == 0)
        {
            throw new ArgumentException(
                $"[logsumexp] Received empty array of shape {Shapes.Text(a.Shape)}.");
        }

        if (a.Rank == 0 && !axes.IsEmpty)
        {
            throw new ArgumentException(
                "[logsumexp] Received non-empty axes for array with 0 dimensions.");
        }

        var sorted = Shapes.SortedAxes(axes, a.Rank, "logsumexp");
        Node result;
        if (a.Dtype.IsFloating() || (a.Dtype != Dtype.Complex64 && AreOnlyLast(axes, a)))
        {
            var x = AsType(a, a.Dtype.AtLeastFloat());
            var isLast = sorted is [var only] && only == a.Rank - 1;
            var rows = isLast ? x : AxesLast(x, sorted);
            var kept = Shapes.With(rows.Shape, rows.Rank - 1, 1);
            result = Node.Lazy(kept, rows.Dtype, Ops.LogSumExp.Instance, rows);
            result = isLast ? result : AxesKept(result, sorted);
        }
        else
        {
            // Integers, as in MLX, are subtracted as such: unsigned ones wrap.
            var max = StopGradient(Max(a, sorted, true));
            var sum = Add(Log(Sum(Exp(Subtract(a, max)), sorted, true)), max);
            result = Where(IsInf(max), max, sum);
        }

        return keepdims ? result : Squeeze(result, sorted);
    }

    [Export("mlx_logsumexp_axis")]
    public static Node LogSumExp(Node a, int axis, bool keepdims) =>
        LogSumExp(a, [axis], keepdims);

    [Export("mlx_logsumexp")]
    public static Node LogSumExp(Node a, bool keepdims) =>
        LogSumExp(a, Shapes.AllAxes(a.Rank), keepdims);
}
