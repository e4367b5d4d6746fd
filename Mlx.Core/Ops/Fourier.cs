using Mlx.Core.Abi;

namespace Mlx.Core;

/// <summary>
/// Fourier transforms (<c>mlx.core.fft</c>). Complex results; half spectra for real numbers.
/// </summary>
/// <exception cref="MlxException">Axes or lengths that do not fit.</exception>
public static partial class Fourier
{
    /// <summary>
    /// The Fourier transform along an axis, cut or zero-padded to n (<c>mlx.core.fft.fft</c>).
    /// </summary>
    public static MlxArray Fft(
        MlxArray a,
        int? n = null,
        int axis = -1,
        FftNorm norm = FftNorm.Backward,
        MlxStream? stream = null) =>
        Call.FftFft(a, n ?? a.Dim(axis), axis, norm, stream);

    /// <summary>
    /// The inverse Fourier transform along an axis, cut or zero-padded to n
    /// (<c>mlx.core.fft.ifft</c>).
    /// </summary>
    public static MlxArray Ifft(
        MlxArray a,
        int? n = null,
        int axis = -1,
        FftNorm norm = FftNorm.Backward,
        MlxStream? stream = null) =>
        Call.FftIfft(a, n ?? a.Dim(axis), axis, norm, stream);

    /// <summary>
    /// The Fourier transform of real numbers, n / 2 + 1 terms along an axis, cut or zero-padded to
    /// n (<c>mlx.core.fft.rfft</c>).
    /// </summary>
    public static MlxArray Rfft(
        MlxArray a,
        int? n = null,
        int axis = -1,
        FftNorm norm = FftNorm.Backward,
        MlxStream? stream = null) =>
        Call.FftRfft(a, n ?? a.Dim(axis), axis, norm, stream);

    /// <summary>
    /// The inverse of Rfft, n real numbers along an axis, cut or zero-padded to n
    /// (<c>mlx.core.fft.irfft</c>).
    /// </summary>
    public static MlxArray Irfft(
        MlxArray a,
        int? n = null,
        int axis = -1,
        FftNorm norm = FftNorm.Backward,
        MlxStream? stream = null) =>
        Call.FftIrfft(a, n ?? 2 * (a.Dim(axis) - 1), axis, norm, stream);

    /// <summary>
    /// The Fourier transform along two axes, the last two when absent, cut or zero-padded to the
    /// lengths (<c>mlx.core.fft.fft2</c>).
    /// </summary>
    public static MlxArray Fft2(
        MlxArray a,
        ReadOnlySpan<int> lengths = default,
        ReadOnlySpan<int> axes = default,
        FftNorm norm = FftNorm.Backward,
        MlxStream? stream = null) =>
        Call.FftFft2(a, Lengths(a, lengths, OrLastTwo(axes), false), OrLastTwo(axes), norm, stream);

    /// <summary>
    /// The inverse Fourier transform along two axes, the last two when absent, cut or zero-padded
    /// to the lengths (<c>mlx.core.fft.ifft2</c>).
    /// </summary>
    public static MlxArray Ifft2(
        MlxArray a,
        ReadOnlySpan<int> lengths = default,
        ReadOnlySpan<int> axes = default,
        FftNorm norm = FftNorm.Backward,
        MlxStream? stream = null) =>
        Call.FftIfft2(
            a, Lengths(a, lengths, OrLastTwo(axes), false), OrLastTwo(axes), norm, stream);

    /// <summary>
    /// The Fourier transform of real numbers along two axes, the last two when absent, cut or
    /// zero-padded to the lengths (<c>mlx.core.fft.rfft2</c>).
    /// </summary>
    public static MlxArray Rfft2(
        MlxArray a,
        ReadOnlySpan<int> lengths = default,
        ReadOnlySpan<int> axes = default,
        FftNorm norm = FftNorm.Backward,
        MlxStream? stream = null) =>
        Call.FftRfft2(
            a, Lengths(a, lengths, OrLastTwo(axes), false), OrLastTwo(axes), norm, stream);

    /// <summary>
    /// The inverse of Rfft2, cut or zero-padded to the lengths (<c>mlx.core.fft.irfft2</c>).
    /// </summary>
    public static MlxArray Irfft2(
        MlxArray a,
        ReadOnlySpan<int> lengths = default,
        ReadOnlySpan<int> axes = default,
        FftNorm norm = FftNorm.Backward,
        MlxStream? stream = null) =>
        Call.FftIrfft2(
            a, Lengths(a, lengths, OrLastTwo(axes), true), OrLastTwo(axes), norm, stream);

    /// <summary>
    /// The Fourier transform along several axes, all when absent, cut or zero-padded to the
    /// lengths (<c>mlx.core.fft.fftn</c>).
    /// </summary>
    public static MlxArray FftN(
        MlxArray a,
        ReadOnlySpan<int> lengths = default,
        ReadOnlySpan<int> axes = default,
        FftNorm norm = FftNorm.Backward,
        MlxStream? stream = null) =>
        Call.FftFftn(a, Lengths(a, lengths, OrAll(a, axes), false), OrAll(a, axes), norm, stream);

    /// <summary>
    /// The inverse Fourier transform along several axes, all when absent, cut or zero-padded to
    /// the lengths (<c>mlx.core.fft.ifftn</c>).
    /// </summary>
    public static MlxArray IfftN(
        MlxArray a,
        ReadOnlySpan<int> lengths = default,
        ReadOnlySpan<int> axes = default,
        FftNorm norm = FftNorm.Backward,
        MlxStream? stream = null) =>
        Call.FftIfftn(a, Lengths(a, lengths, OrAll(a, axes), false), OrAll(a, axes), norm, stream);

    /// <summary>
    /// The Fourier transform of real numbers along several axes, all when absent, cut or
    /// zero-padded to the lengths (<c>mlx.core.fft.rfftn</c>).
    /// </summary>
    public static MlxArray RfftN(
        MlxArray a,
        ReadOnlySpan<int> lengths = default,
        ReadOnlySpan<int> axes = default,
        FftNorm norm = FftNorm.Backward,
        MlxStream? stream = null) =>
        Call.FftRfftn(a, Lengths(a, lengths, OrAll(a, axes), false), OrAll(a, axes), norm, stream);

    /// <summary>
    /// The inverse of RfftN, cut or zero-padded to the lengths (<c>mlx.core.fft.irfftn</c>).
    /// </summary>
    public static MlxArray IrfftN(
        MlxArray a,
        ReadOnlySpan<int> lengths = default,
        ReadOnlySpan<int> axes = default,
        FftNorm norm = FftNorm.Backward,
        MlxStream? stream = null) =>
        Call.FftIrfftn(a, Lengths(a, lengths, OrAll(a, axes), true), OrAll(a, axes), norm, stream);

    /// <summary>
    /// Moves the zero frequency to the middle of the axes; all of them when absent
    /// (<c>mlx.core.fft.fftshift</c>).
    /// </summary>
    public static MlxArray FftShift(
        MlxArray a, ReadOnlySpan<int> axes = default, MlxStream? stream = null) =>
        Call.FftFftshift(a, OrAll(a, axes), stream);

    /// <summary>Undoes FftShift (<c>mlx.core.fft.ifftshift</c>).</summary>
    public static MlxArray IfftShift(
        MlxArray a, ReadOnlySpan<int> axes = default, MlxStream? stream = null) =>
        Call.FftIfftshift(a, OrAll(a, axes), stream);

    /// <summary>
    /// The frequencies of a transform of n samples d apart (<c>mlx.core.fft.fftfreq</c>).
    /// </summary>
    public static MlxArray FftFreq(int n, double d = 1, MlxStream? stream = null) =>
        Call.FftFftfreq(n, d, stream);

    /// <summary>
    /// The frequencies of a real transform of n samples d apart (<c>mlx.core.fft.rfftfreq</c>).
    /// </summary>
    public static MlxArray RfftFreq(int n, double d = 1, MlxStream? stream = null) =>
        Call.FftRfftfreq(n, d, stream);
}
