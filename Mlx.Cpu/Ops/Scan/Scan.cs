using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Ops;

internal enum ScanKind
{
    Sum,
    Prod,
    Max,
    Min,
    LogAddExp,
}

/// <summary>
/// out[i] = x[0] o x[1] o ... o x[i] along an axis; exclusive: without x[i]; reverse: from the end.
/// </summary>
internal sealed class Scan(ScanKind kind, int axis, bool reverse, bool inclusive) : Primitive
{
    [Serialized]
    public static readonly Form Form = Form.Many<
        Scan, (ScanKind Kind, int Axis, bool Reverse, bool Inclusive)>(
        "Scan",
        State.Of(
            State.OneOf(
                ScanKind.Max, ScanKind.Min, ScanKind.Sum, ScanKind.Prod, ScanKind.LogAddExp),
            State.Int, State.Bool, State.Bool),
        p => (p.kind, p.axis, p.reverse, p.inclusive),
        (x, s, outputs) =>
        [
            Op.Scan(
                s.Kind, Op.AsType(x[0], outputs[0].Dtype), s.Axis, s.Reverse, s.Inclusive),
        ]);

    private readonly ScanKind kind = kind;
    private readonly int axis = axis;
    private readonly bool reverse = reverse;
    private readonly bool inclusive = inclusive;

    public override void Eval(Node[] inputs, Node[] outputs) =>
        ScanKernel.Run(kind, inputs[0], outputs[0], axis, reverse, inclusive);

    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs)
    {
        var (x, c, y) = (inputs[0], cotangents[0], outputs[0]);
        switch (kind)
        {
            case ScanKind.Sum:
                return [Back(c)];

            case ScanKind.Prod:
                // Before the first zero of a line the derivative is (sum of c y) / x; at the zero
                // itself, the same with 1 in its place; behind it, nothing is left.
                var zero = FirstZero(x);
                var one = Op.Where(zero, Op.Scalar(1.0, x.Dtype), x);
                var through = Back(Op.Multiply(c, Op.Conjugate(Again(one))));
                var before = Op.Divide(
                    Back(Op.Multiply(c, Op.Conjugate(y))), Op.Conjugate(one));
                return
                [
                    Op.Where(
                        zero, through,
                        Op.Where(IsBehindZero(x), Op.Scalar(0.0, x.Dtype), before)),
                ];

            case ScanKind.LogAddExp:
                return [Weighted(inclusive ? c : Shifted(c), -Inclusive(x), x, !reverse)];

            default:
                // The cotangent goes to the element that is the extreme.
                return
                [
                    Op.ScatterAddAxis(
                        Op.ZerosLike(x), Extremes(x), inclusive ? c : Shifted(c), axis),
                ];
        }
    }

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs)
    {
        var (x, t, y) = (inputs[0], tangents[0], outputs[0]);
        switch (kind)
        {
            case ScanKind.Sum:
                return [Again(t)];

            case ScanKind.Prod:
                var zero = FirstZero(x);
                var one = Op.Where(zero, Op.Scalar(1.0, x.Dtype), x);
                var nothing = Op.Scalar(0.0, x.Dtype);
                var atZero = Op.Multiply(Again(one), Sums(Op.Where(zero, t, nothing), reverse));
                var safe = Op.Where(Op.Equal(x, nothing), Op.Scalar(1.0, x.Dtype), x);
                var before = Op.Multiply(y, Sums(Op.Divide(t, safe), reverse));
                return [Op.Where(Op.Equal(y, nothing), atZero, before)];

            case ScanKind.LogAddExp:
                var moved = Weighted(t, x, -Inclusive(x), reverse);
                return [inclusive ? moved : Delayed(moved)];

            default:
                var taken = Op.TakeAlongAxis(t, Extremes(x), axis);
                return [inclusive ? taken : Delayed(taken)];
        }
    }

    public override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> axes)
    {
        var front = Op.MoveAxis(inputs[0], axes[0], 0);
        return ([Op.Scan(kind, front, axis + 1, reverse, inclusive)], [0]);
    }

    public override bool SameAs(Primitive other) => other is Scan s && kind == s.kind
        && axis == s.axis && reverse == s.reverse && inclusive == s.inclusive;

    // ---- what the rules are made of ----------------------------------------------------------

    private Node Again(Node a) => Op.Scan(kind, a, axis, reverse, inclusive);

    private Node Sums(Node a, bool back) => Op.CumSum(a, axis, back, inclusive);

    /// <summary>Sums in the other direction: the transpose of a running sum.</summary>
    private Node Back(Node c) => Sums(c, !reverse);

    private Node FirstZero(Node x)
    {
        var zero = Op.Scalar(0.0, x.Dtype);
        var with = Op.CumProd(x, axis, reverse, true);
        var without = Op.CumProd(x, axis, reverse, false);
        return Op.LogicalAnd(Op.Equal(with, zero), Op.NotEqual(without, zero));
    }

    private Node IsBehindZero(Node x) =>
        Op.Equal(Op.CumProd(x, axis, reverse, true), Op.Scalar(0.0, x.Dtype));

    private Node Inclusive(Node a) => Op.Scan(kind, a, axis, reverse, true);

    /// <summary>
    /// Running sums of a e^from, times e^to: taken in logarithms, so that none overflows, those of
    /// the positive and the negative parts of <paramref name="a"/> apart. (After TensorFlow's rule
    /// for cumulative_logsumexp.) A complex number has one logarithm.
    /// </summary>
    private Node Weighted(Node a, Node from, Node to, bool back)
    {
        if (a.Dtype == Dtype.Complex64)
        {
            return Side(Op.NotEqual(a, Op.Scalar(0.0, a.Dtype)), a);
        }

        var zero = Op.Scalar(0.0, a.Dtype);
        return Side(Op.Greater(a, zero), a) - Side(Op.Less(a, zero), -a);

        // Elsewhere a logarithm as good as that of 0, but finite, so that its derivative is too.
        Node Side(Node isThere, Node part)
        {
            var log = Op.Log(Op.Where(isThere, part, Op.Scalar(1.0, a.Dtype))) + from;
            var none = Op.Scalar(a.Dtype == Dtype.Float16 ? -3e4 : -1e30, a.Dtype);
            var parts = Op.Where(isThere, log, none);
            return Op.Exp(Op.Scan(ScanKind.LogAddExp, parts, axis, back, true) + to);
        }
    }

    /// <summary>For each place of the inclusive scan, where its extreme element is.</summary>
    private Node Extremes(Node x)
    {
        var n = x.Shape[axis];
        var places = new int[x.Rank];
        Array.Fill(places, 1);
        places[axis] = n;
        var number = Op.Reshape(Op.Arange(n), places);
        var isExtreme = Op.Equal(x, Inclusive(x));
        return reverse
            ? Op.Scan(ScanKind.Min, Op.Where(isExtreme, number, Op.Scalar(n - 1)), axis, true, true)
            : Op.Scan(ScanKind.Max, Op.Where(isExtreme, number, Op.Scalar(0)), axis, false, true);
    }

    /// <summary>An exclusive scan's cotangents, moved to the places of the inclusive one.</summary>
    private Node Shifted(Node c)
    {
        var n = c.Shape[axis];
        var gap = Op.Zeros(Shapes.With(c.Shape, axis, Math.Min(1, n)), c.Dtype);
        return reverse
            ? Op.Concatenate([gap, Op.SliceAxis(c, axis, 0, n - 1)], axis)
            : Op.Concatenate([Op.SliceAxis(c, axis, 1, n), gap], axis);
    }

    /// <summary>The inclusive scan's tangents, moved to the places of the exclusive one.</summary>
    private Node Delayed(Node t)
    {
        var n = t.Shape[axis];
        var gap = Op.Zeros(Shapes.With(t.Shape, axis, Math.Min(1, n)), t.Dtype);
        return reverse
            ? Op.Concatenate([Op.SliceAxis(t, axis, 1, n), gap], axis)
            : Op.Concatenate([gap, Op.SliceAxis(t, axis, 0, n - 1)], axis);
    }
}

internal static partial class Op
{
    /// <summary>Running sums; of booleans as int32.</summary>
    [Export("mlx_cumsum")]
    public static Node CumSum(Node a, int axis, bool reverse, bool inclusive) => Scan(
        ScanKind.Sum, a.Dtype == Dtype.Bool ? AsType(a, Dtype.Int32) : a, axis, reverse, inclusive);

    [Export("mlx_cumprod")]
    public static Node CumProd(Node a, int axis, bool reverse, bool inclusive) =>
        Scan(ScanKind.Prod, a, axis, reverse, inclusive);

    [Export("mlx_cummax")]
    public static Node CumMax(Node a, int axis, bool reverse, bool inclusive) =>
        Scan(ScanKind.Max, a, axis, reverse, inclusive);

    [Export("mlx_cummin")]
    public static Node CumMin(Node a, int axis, bool reverse, bool inclusive) =>
        Scan(ScanKind.Min, a, axis, reverse, inclusive);

    [Export("mlx_logcumsumexp")]
    public static Node LogCumSumExp(Node a, int axis, bool reverse, bool inclusive) =>
        Scan(ScanKind.LogAddExp, a, axis, reverse, inclusive);

    public static Node Scan(ScanKind kind, Node a, int axis, bool reverse, bool inclusive)
    {
        var name = kind switch
        {
            ScanKind.Sum => "cumsum",
            ScanKind.Prod => "cumprod",
            ScanKind.Max => "cummax",
            ScanKind.Min => "cummin",
            _ => "logcumsumexp",
        };
        var at = Shapes.Axis(axis, a.Rank, name);
        if (a.Dtype.IsHalf() && kind is not (ScanKind.Max or ScanKind.Min))
        {
            // 257 numbers added in bfloat16 are off by a tenth of one.
            var wide = AsType(a, Dtype.Float32);
            return AsType(Scan(kind, wide, axis, reverse, inclusive), a.Dtype);
        }

        return Node.Lazy(a.Shape, a.Dtype, new Scan(kind, at, reverse, inclusive), a);
    }
}
