using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;

namespace Mlx.Cpu.Ops;

/// <summary>What a rotary embedding is made with.</summary>
/// <param name="Dims">How many elements of a row are rotated; the rest pass through.</param>
/// <param name="Traditional">Pairs are neighbours, else one of each half.</param>
/// <param name="Base">The base of the frequencies, unless they are given.</param>
/// <param name="Scale">Multiplies the positions.</param>
/// <param name="Forward">False for the inverse rotation.</param>
internal readonly record struct RopeSettings(
    int Dims, bool Traditional, float Base, float Scale, bool Forward);

/// <summary>
/// Rotary position embedding (Su et al., 2021): pair i of the row at position t is turned by the
/// angle (t + offset) scale / f_i, with f_i = base^(2i/dims) unless frequencies are given.
/// </summary>
/// <remarks>
/// Inputs: x (batch ..., positions, elements), the offset (one, or one for each of the batch), and
/// perhaps the frequencies. A rotation's transpose is its inverse, so the gradient is this op
/// turning back.
/// </remarks>
internal sealed class Rope(RopeSettings settings) : Composite
{
    [Serialized]
    public static readonly Form Form = Form.ReadOnly<
        (int Dims, bool Traditional, float Base, float Scale, bool Forward)>(
        "RoPE", State.Of(State.Int, State.Bool, State.Float, State.Float, State.Bool),
        (x, s, _) =>
        [
            Op.Rotated(
                x[0], x[1], x.Length > 2 ? x[2] : null,
                new(s.Dims, s.Traditional, s.Base, s.Scale, s.Forward)),
        ], 2, 3);

    private readonly RopeSettings settings = settings;

    public override string Name => "RoPE";

    public override void Eval(Node[] inputs, Node[] outputs) =>
        RopeKernel.Run(
            inputs[0], inputs[1], inputs.Length > 2 ? inputs[2] : null, outputs[0], settings);

    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs)
    {
        if (argnums.IndexOf(2) >= 0)
        {
            return base.Vjp(inputs, cotangents, argnums, outputs);
        }

        var gradients = new Node?[argnums.Length];
        for (var i = 0; i < argnums.Length; i++)
        {
            gradients[i] = argnums[i] == 0
                ? Turned(cotangents[0], inputs, !settings.Forward)
                : null;
        }

        return gradients;
    }

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        argnums is [0]
            ? [Turned(tangents[0], inputs, settings.Forward)]
            : base.Jvp(inputs, tangents, argnums, outputs);

    public override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> axes)
    {
        if (axes[0] < 0 || axes[1] >= 0 || (axes.Length > 2 && axes[2] >= 0))
        {
            return base.Vmap(inputs, axes);
        }

        // Behind the batch, where no axis but the last two counts.
        var x = Op.MoveAxis(inputs[0], axes[0], 1);
        return ([Turned(x, inputs, settings.Forward)], [1]);
    }

    public override bool SameAs(Primitive other) => other is Rope r && settings == r.settings;

    private Node Turned(Node x, Node[] inputs, bool forward) => Node.Lazy(
        x.Shape, x.Dtype, new Rope(settings with { Forward = forward }), [x, .. inputs[1..]]);

    public override Node[] Compose(Node[] inputs)
    {
        var x = inputs[0];
        var (cos, sin) = Angles(inputs);
        var (half, rest) = (settings.Dims / 2, x.Shape[^1]);
        var turned = Op.SliceAxis(x, x.Rank - 1, 0, settings.Dims);
        Node first, second;
        if (settings.Traditional)
        {
            var pairs = Op.Unflatten(turned, -1, [half, 2]);
            first = Op.Squeeze(Op.SliceAxis(pairs, x.Rank, 0, 1), -1);
            second = Op.Squeeze(Op.SliceAxis(pairs, x.Rank, 1, 2), -1);
        }
        else
        {
            first = Op.SliceAxis(turned, x.Rank - 1, 0, half);
            second = Op.SliceAxis(turned, x.Rank - 1, half, settings.Dims);
        }

        var a = (first * cos) - (second * sin);
        var b = (first * sin) + (second * cos);
        var y = settings.Traditional
            ? Op.Flatten(Op.Stack([a, b], -1), -2, -1)
            : Op.Concatenate([a, b], -1);
        return [rest > settings.Dims
            ? Op.Concatenate([y, Op.SliceAxis(x, x.Rank - 1, settings.Dims, rest)], -1)
            : y];
    }

    /// <summary>Cosines and sines for each position and pair, shaped to meet x.</summary>
    private (Node Cos, Node Sin) Angles(Node[] inputs)
    {
        var (x, offset) = (inputs[0], Op.AsType(inputs[1], Dtype.Float32));
        var half = settings.Dims / 2;
        var inverse = inputs.Length > 2
            ? Op.Reciprocal(inputs[2])
            : Op.Exp(Op.Arange(0, -half, -1, Dtype.Float32) * (Math.Log(settings.Base) / half));
        if (offset.Size > 1)
        {
            var shape = new int[x.Rank - 1];
            Array.Fill(shape, 1);
            shape[0] = (int)offset.Size;
            offset = Op.Reshape(offset, shape);
        }

        var positions = (Op.Arange(0, x.Shape[^2], 1, Dtype.Float32) + offset) * settings.Scale;
        var angles = Op.ExpandDims(positions, -1) * inverse;
        var sin = Op.AsType(Op.Sin(angles), x.Dtype);
        return (Op.AsType(Op.Cos(angles), x.Dtype), settings.Forward ? sin : Op.Negative(sin));
    }
}

internal static partial class Op
{
    [Export("mlx_fast_rope")]
    public static Node Rope(
        Node x, int dims, bool traditional, float? @base, float scale, int offset, Node? freqs) =>
        Rope(x, dims, traditional, @base, scale, Scalar(offset), freqs);

    /// <summary>The offset is an array: one position, or one for each of the batch.</summary>
    [Export("mlx_fast_rope_dynamic")]
    public static Node Rope(
        Node x, int dims, bool traditional, float? @base, float scale, Node offset, Node? freqs)
    {
        if (freqs is null == @base is null)
        {
            throw new ArgumentException(freqs is null
                ? "[rope] Neither base nor freqs has a value."
                : "[rope] Only one of base or freqs can have a value.");
        }

        return Rotated(
            x, offset, freqs, new RopeSettings(dims, traditional, @base ?? 1, scale, true));
    }

    internal static Node Rotated(Node x, Node offset, Node? freqs, RopeSettings settings)
    {
        CheckRope(x, settings.Dims, offset, freqs);
        var at = offset.Dtype.Size() == 4 ? offset : AsType(offset, Dtype.Int32);
        Node[] inputs = freqs is null ? [x, at] : [x, at, AsType(freqs, Dtype.Float32)];
        var primitive = new Rope(settings);
        return x.Dtype == Dtype.Float64
            ? primitive.Compose(inputs)[0]
            : Node.Lazy(x.Shape, x.Dtype, primitive, inputs);
    }

    private static void CheckRope(Node x, int dims, Node offset, Node? freqs)
    {
        if (x.Rank < 3)
        {
            throw new ArgumentException(
                $"[rope] Input must have at least 3 dimensions but has shape " +
                $"{Shapes.Text(x.Shape)}.");
        }

        if (!x.Dtype.IsFloating())
        {
            throw new ArgumentException(
                $"[rope] Input must be a floating type but got {x.Dtype.Name()}.");
        }

        if (offset.Rank > 1 || (offset.Size != 1 && offset.Size != x.Shape[0]))
        {
            throw new ArgumentException(
                $"[rope] offset must be a scalar or vector with {x.Shape[0]} elements but has " +
                $"shape {Shapes.Text(offset.Shape)}.");
        }

        if (!offset.Dtype.IsInteger())
        {
            throw new ArgumentException(
                $"[rope] offset must be an integer but got type {offset.Dtype.Name()}.");
        }

        if (dims <= 0 || dims % 2 != 0 || dims > x.Shape[^1])
        {
            throw new ArgumentException(
                $"[rope] dims must be positive, even and at most the input's last dimension " +
                $"({x.Shape[^1]}) but got {dims}.");
        }

        if (freqs is not null && (freqs.Rank != 1 || freqs.Shape[0] != dims / 2))
        {
            throw new ArgumentException(
                $"[rope] freqs must be one dimensional with size {dims / 2} but got shape " +
                $"{Shapes.Text(freqs.Shape)}.");
        }
    }
}
