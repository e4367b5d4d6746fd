using Mlx.Cpu.Abi;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Ops;

/// <summary>How a transform and its inverse share the factor 1/n (<c>mlx_fft_norm</c>).</summary>
internal enum FftNorm
{
    Backward,
    Ortho,
    Forward,
}

/// <summary>fft.h.</summary>
internal static partial class Op
{
    [Export("mlx_fft_fft")]
    public static Node Fft(Node a, int n, int axis, FftNorm norm) =>
        Fftn(a, [n], [axis], norm);

    [Export("mlx_fft_ifft")]
    public static Node IFft(Node a, int n, int axis, FftNorm norm) =>
        IFftn(a, [n], [axis], norm);

    [Export("mlx_fft_rfft")]
    public static Node RFft(Node a, int n, int axis, FftNorm norm) =>
        RFftn(a, [n], [axis], norm);

    [Export("mlx_fft_irfft")]
    public static Node IRFft(Node a, int n, int axis, FftNorm norm) =>
        IRFftn(a, [n], [axis], norm);

    [Export("mlx_fft_fft2")]
    [Export("mlx_fft_fftn")]
    public static Node Fftn(
        Node a, ReadOnlySpan<int> n, ReadOnlySpan<int> axes, FftNorm norm) =>
        Transform(a, n, axes, false, false, norm);

    [Export("mlx_fft_ifft2")]
    [Export("mlx_fft_ifftn")]
    public static Node IFftn(
        Node a, ReadOnlySpan<int> n, ReadOnlySpan<int> axes, FftNorm norm) =>
        Transform(a, n, axes, false, true, norm);

    [Export("mlx_fft_rfft2")]
    [Export("mlx_fft_rfftn")]
    public static Node RFftn(
        Node a, ReadOnlySpan<int> n, ReadOnlySpan<int> axes, FftNorm norm) =>
        Transform(a, n, axes, true, false, norm);

    [Export("mlx_fft_irfft2")]
    [Export("mlx_fft_irfftn")]
    public static Node IRFftn(
        Node a, ReadOnlySpan<int> n, ReadOnlySpan<int> axes, FftNorm norm) =>
        Transform(a, n, axes, true, true, norm);

    [Export("mlx_fft_fftfreq")]
    public static Node FftFreq(int n, double d) =>
        Frequencies(n, d, n, "fftfreq");

    [Export("mlx_fft_rfftfreq")]
    public static Node RFftFreq(int n, double d) =>
        Frequencies(n, d, n / 2 + 1, "rfftfreq");

    private static Node Transform(
        Node a, ReadOnlySpan<int> n, ReadOnlySpan<int> axes, bool real, bool inverse, FftNorm norm)
    {
        if (a.Rank < 1)
        {
            throw new ArgumentException("[fftn] Requires array with at least one dimension.");
        }

        if (n.Length != axes.Length)
        {
            throw new ArgumentException(
                $"[fftn] Shape {Shapes.Text(n)} and axes {Shapes.Text(axes)} have different " +
                "sizes.");
        }

        if (axes.Length == 0)
        {
            return a;
        }

        Shapes.SortedAxes(axes, a.Rank, "fftn");
        var shape = (int[])a.Shape.Clone();
        var order = new int[axes.Length];
        double count = 1;
        for (var i = 0; i < axes.Length; i++)
        {
            if (n[i] <= 0)
            {
                throw new ArgumentException(
                    $"[fftn] Invalid FFT output size requested {Shapes.Text(n)}.");
            }

            order[i] = Shapes.Axis(axes[i], a.Rank, "fftn");
            shape[order[i]] = n[i];
            count *= n[i];
        }

        var last = order[^1];
        if (real && inverse)
        {
            shape[last] = n[^1] / 2 + 1;
        }

        var x = Resized(a, shape);
        if (real && !inverse)
        {
            x = RealFourier(x, last);
        }

        for (var i = order.Length - (real ? 2 : 1); i >= 0; i--)
        {
            x = Fourier(x, order[i], inverse);
        }

        if (real && inverse)
        {
            x = InverseRealFourier(x, last, n[^1]);
        }

        var scale = norm switch
        {
            FftNorm.Backward => 1,
            FftNorm.Ortho => inverse ? Math.Sqrt(count) : 1 / Math.Sqrt(count),
            _ => inverse ? count : 1 / count,
        };
        return scale == 1 ? x : Multiply(x, AsType(Scalar((float)scale), x.Dtype));
    }

    /// <summary>Cut, or filled up with zeros, at the end of each axis.</summary>
    private static Node Resized(Node a, int[] shape)
    {
        if (Shapes.Same(a.Shape, shape))
        {
            return a;
        }

        var (start, step, stop) = (new int[a.Rank], new int[a.Rank], (int[])a.Shape.Clone());
        Array.Fill(step, 1);
        for (var i = 0; i < a.Rank; i++)
        {
            stop[i] = Math.Min(a.Shape[i], shape[i]);
        }

        var cut = Slice(a, start, stop, step);
        return Shapes.Same(stop, shape)
            ? cut
            : SliceUpdate(Zeros(shape, a.Dtype), cut, start, stop, step);
    }

    /// <summary>k / (n d), the upper half of the terms counted down from zero.</summary>
    private static unsafe Node Frequencies(int n, double d, int count, string op)
    {
        if (n <= 0)
        {
            throw new ArgumentException($"[{op}] `n` must be greater than 0.");
        }

        if (d == 0)
        {
            throw new ArgumentException($"[{op}] `d` must be non-zero.");
        }

        var scale = (float)(1 / (n * d));
        var result = Node.Allocated([count], Dtype.Float32);
        for (var k = 0; k < count; k++)
        {
            var signed = count == n && k >= (n + 1) / 2 ? k - n : k;
            result.As<float>()[k] = signed * scale;
        }

        return result;
    }
}
