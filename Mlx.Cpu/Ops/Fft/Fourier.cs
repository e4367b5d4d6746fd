using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;
using Mlx.Cpu.Kernels.Fft;
using Mlx.Cpu.Transforms;

namespace Mlx.Cpu.Ops;

/// <summary>
/// The discrete Fourier transform along one axis: X[k] = sum_j x[j] exp(-2 pi i jk / n), and its
/// inverse with the factor 1/n. Several axes are several of these.
/// </summary>
internal sealed unsafe class Fourier(int axis, bool inverse) : Primitive
{
    [Serialized]
    public static readonly Form Form = Form.Family<(int[] Axes, bool Inverse, bool Real)>(
        "FFT", State.Of(State.WideInts, State.Bool, State.Bool), p => p switch
        {
            Fourier f => ([f.axis], f.inverse, false),
            RealFourier f => ([f.Axis], false, true),
            InverseRealFourier f => ([f.Axis], true, true),
            _ => throw new ArgumentException($"{p.Name} is no Fourier transform."),
        },
        (x, s, outputs) => [Op.Fourier(x[0], s.Axes, s.Inverse, s.Real, outputs[0].Shape)], 1,
        typeof(Fourier), typeof(RealFourier), typeof(InverseRealFourier));

    private readonly int axis = axis;
    private readonly bool inverse = inverse;

    public override string Name => "FFT";

    public override void Eval(Node[] inputs, Node[] outputs)
    {
        var output = outputs[0];
        output.Allocate();
        AxisRows.Gather(inputs[0], axis, (Complex64*)output.Data);
        var n = output.Shape[axis];
        if (output.Size == 0)
        {
            return;
        }

        // The axis is last in the gathered rows; a transform of another axis goes by a copy.
        if (axis == output.Rank - 1)
        {
            AxisRows.Transform((Complex64*)output.Data, output.Size / n, n, inverse);
            return;
        }

        using var rows = new Scratch(output.Bytes);
        Buffer.MemoryCopy(output.Data, rows.Pointer, output.Bytes, output.Bytes);
        AxisRows.Transform((Complex64*)rows.Pointer, output.Size / n, n, inverse);
        AxisRows.Scatter((Complex64*)rows.Pointer, output, axis);
    }

    /// <summary>
    /// The transform is linear, and symmetric up to the factor: its transpose is itself.
    /// </summary>
    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs)
    {
        var n = inputs[0].Shape[axis];
        var back = Op.Fourier(cotangents[0], axis, !inverse);
        return [Op.Multiply(back, Op.AsType(Op.Scalar(inverse ? 1f / n : n), Dtype.Complex64))];
    }

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        [Op.Fourier(tangents[0], axis, inverse)];

    public override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> axes) =>
        ([Op.Fourier(Batching.Front(inputs[0], axes[0]), axis + 1, inverse)], [0]);

    public override bool SameAs(Primitive other) =>
        other is Fourier f && f.axis == axis && f.inverse == inverse;
}

/// <summary>
/// The first n/2 + 1 terms of the transform of real numbers; the rest mirrors them.
/// </summary>
internal sealed unsafe class RealFourier(int axis) : Primitive
{
    private readonly int axis = axis;

    public int Axis => axis;

    public override string Name => "RFFT";

    public override void Eval(Node[] inputs, Node[] outputs)
    {
        var (input, output) = (inputs[0], outputs[0]);
        output.Allocate();
        var (n, half) = (input.Shape[axis], output.Shape[axis]);
        if (output.Size == 0)
        {
            return;
        }

        var count = input.Size / n;
        using var rows = new Scratch(count * n * sizeof(Complex64));
        AxisRows.GatherReal(input, axis, (Complex64*)rows.Pointer);
        AxisRows.Transform((Complex64*)rows.Pointer, count, n, false);
        AxisRows.Crop((Complex64*)rows.Pointer, count, n, half);
        AxisRows.Scatter((Complex64*)rows.Pointer, output, axis);
    }

    /// <summary>
    /// Terms that stand for two (all but the first and the middle one) count half.
    /// </summary>
    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs)
    {
        var n = inputs[0].Shape[axis];
        var c = Op.Multiply(cotangents[0], Op.FourierMask(cotangents[0], axis, n, 1, 0.5f));
        return [Op.Multiply(Op.InverseRealFourier(c, axis, n), Op.Scalar((float)n))];
    }

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        [Op.RealFourier(tangents[0], axis)];

    public override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> axes) =>
        ([Op.RealFourier(Batching.Front(inputs[0], axes[0]), axis + 1)], [0]);

    public override bool SameAs(Primitive other) => other is RealFourier f && f.axis == axis;
}

/// <summary>Real numbers back from the first n/2 + 1 terms of their transform.</summary>
internal sealed unsafe class InverseRealFourier(int axis, int n) : Primitive
{
    private readonly int axis = axis;
    private readonly int n = n;

    public int Axis => axis;

    public override string Name => "IRFFT";

    public override void Eval(Node[] inputs, Node[] outputs)
    {
        var (input, output) = (inputs[0], outputs[0]);
        output.Allocate();
        if (output.Size == 0)
        {
            return;
        }

        var count = output.Size / n;
        using var rows = new Scratch(count * n * sizeof(Complex64));
        AxisRows.GatherHalf(input, axis, n, (Complex64*)rows.Pointer);
        AxisRows.Transform((Complex64*)rows.Pointer, count, n, true);
        AxisRows.ScatterReal((Complex64*)rows.Pointer, output, axis);
    }

    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        [Op.Multiply(
            Op.RealFourier(cotangents[0], axis),
            Op.FourierMask(inputs[0], axis, n, 1f / n, 2f / n))];

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        [Op.InverseRealFourier(tangents[0], axis, n)];

    public override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> axes) =>
        ([Op.InverseRealFourier(Batching.Front(inputs[0], axes[0]), axis + 1, n)], [0]);

    public override bool SameAs(Primitive other) =>
        other is InverseRealFourier f && f.axis == axis && f.n == n;
}

internal static partial class Op
{
    /// <summary>
    /// Over several axes, of which the last one is the halved one of real numbers. Of an inverse,
    /// the wanted shape says how many numbers there were.
    /// </summary>
    internal static Node Fourier(Node a, int[] axes, bool inverse, bool real, int[] wanted)
    {
        Shapes.SortedAxes(axes, a.Rank, "fft");
        var at = Array.ConvertAll(axes, axis => Shapes.Axis(axis, a.Rank, "fft"));
        if (at.Length == 0 || Array.Exists(at, axis => a.Shape[axis] == 0))
        {
            throw new ArgumentException(
                $"[fft] Invalid axes {Shapes.Text(axes)} for array of shape " +
                $"{Shapes.Text(a.Shape)}.");
        }

        var last = at[^1];
        var x = real && !inverse ? RealFourier(a, last) : a;
        for (var i = at.Length - (real ? 2 : 1); i >= 0; i--)
        {
            x = Fourier(x, at[i], inverse);
        }

        if (!real || !inverse)
        {
            return x;
        }

        return wanted.Length == a.Rank && wanted[last] > 0 && wanted[last] / 2 + 1 == x.Shape[last]
            ? InverseRealFourier(x, last, wanted[last])
            : throw new ArgumentException(
                $"[irfft] {x.Shape[last]} terms cannot give shape {Shapes.Text(wanted)}.");
    }

    public static Node Fourier(Node a, int axis, bool inverse) =>
        Node.Lazy(a.Shape, Dtype.Complex64, new Fourier(axis, inverse), AsType(a, Dtype.Complex64));

    public static Node RealFourier(Node a, int axis) => Node.Lazy(
        Shapes.With(a.Shape, axis, a.Shape[axis] / 2 + 1), Dtype.Complex64, new RealFourier(axis),
        AsType(a, Dtype.Float32));

    public static Node InverseRealFourier(Node a, int axis, int n) => Node.Lazy(
        Shapes.With(a.Shape, axis, n), Dtype.Float32, new InverseRealFourier(axis, n),
        AsType(a, Dtype.Complex64));

    /// <summary>
    /// Weights for the n/2 + 1 terms of a half spectrum along an axis: <paramref name="once"/> for
    /// those without a mirror image, <paramref name="twice"/> for the others.
    /// </summary>
    public static unsafe Node FourierMask(Node like, int axis, int n, float once, float twice)
    {
        var length = like.Shape[axis];
        var weights = new Complex64[length];
        for (var k = 0; k < length; k++)
        {
            weights[k] = new Complex64(k > 0 && k < length - 1 + n % 2 ? twice : once, 0);
        }

        var shape = new int[like.Rank];
        Array.Fill(shape, 1);
        shape[axis] = length;
        fixed (Complex64* p = weights)
        {
            return Node.Copied(p, shape, Dtype.Complex64);
        }
    }
}
