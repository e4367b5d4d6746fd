using Mlx.Core.Abi;

namespace Mlx.Core;

public static partial class Ops
{
    /// <summary>Convolution of (N, L, C) by (O, K, C / groups) (<c>mlx.core.conv1d</c>).</summary>
    public static MlxArray Conv1d(
        MlxArray input,
        MlxArray weight,
        int stride = 1,
        int padding = 0,
        int dilation = 1,
        int groups = 1,
        MlxStream? stream = null) =>
        Call.Conv1d(input, weight, stride, padding, dilation, groups, stream);

    /// <summary>
    /// Convolution of (N, H, W, C) by (O, KH, KW, C / groups) (<c>mlx.core.conv2d</c>).
    /// </summary>
    public static MlxArray Conv2d(
        MlxArray input,
        MlxArray weight,
        int stride = 1,
        int padding = 0,
        int dilation = 1,
        int groups = 1,
        MlxStream? stream = null) =>
        Call.Conv2d(
            input, weight, stride, stride, padding, padding, dilation, dilation, groups, stream);

    /// <summary>
    /// Convolution of (N, H, W, C) by (O, KH, KW, C / groups), each axis its own way
    /// (<c>mlx.core.conv2d</c>).
    /// </summary>
    public static MlxArray Conv2d(
        MlxArray input,
        MlxArray weight,
        (int H, int W) stride,
        (int H, int W) padding,
        (int H, int W) dilation,
        int groups = 1,
        MlxStream? stream = null) =>
        Call.Conv2d(
            input,
            weight,
            stride.H,
            stride.W,
            padding.H,
            padding.W,
            dilation.H,
            dilation.W,
            groups,
            stream);

    /// <summary>
    /// Convolution of (N, D, H, W, C) by (O, KD, KH, KW, C / groups) (<c>mlx.core.conv3d</c>).
    /// </summary>
    public static MlxArray Conv3d(
        MlxArray input,
        MlxArray weight,
        (int D, int H, int W) stride,
        (int D, int H, int W) padding,
        (int D, int H, int W) dilation,
        int groups = 1,
        MlxStream? stream = null) =>
        Call.Conv3d(
            input,
            weight,
            stride.D,
            stride.H,
            stride.W,
            padding.D,
            padding.H,
            padding.W,
            dilation.D,
            dilation.H,
            dilation.W,
            groups,
            stream);

    /// <summary>
    /// Transposed convolution of (N, L, C) by (O, K, C / groups)
    /// (<c>mlx.core.conv_transpose1d</c>).
    /// </summary>
    public static MlxArray ConvTranspose1d(
        MlxArray input,
        MlxArray weight,
        int stride = 1,
        int padding = 0,
        int dilation = 1,
        int outputPadding = 0,
        int groups = 1,
        MlxStream? stream = null) =>
        Call.ConvTranspose1d(
            input, weight, stride, padding, dilation, outputPadding, groups, stream);

    /// <summary>
    /// Transposed convolution of (N, H, W, C) by (O, KH, KW, C / groups)
    /// (<c>mlx.core.conv_transpose2d</c>).
    /// </summary>
    public static MlxArray ConvTranspose2d(
        MlxArray input,
        MlxArray weight,
        (int H, int W) stride,
        (int H, int W) padding,
        (int H, int W) dilation,
        (int H, int W) outputPadding,
        int groups = 1,
        MlxStream? stream = null) =>
        Call.ConvTranspose2d(
            input,
            weight,
            stride.H,
            stride.W,
            padding.H,
            padding.W,
            dilation.H,
            dilation.W,
            outputPadding.H,
            outputPadding.W,
            groups,
            stream);

    /// <summary>
    /// Transposed convolution of (N, D, H, W, C) by (O, KD, KH, KW, C / groups)
    /// (<c>mlx.core.conv_transpose3d</c>).
    /// </summary>
    public static MlxArray ConvTranspose3d(
        MlxArray input,
        MlxArray weight,
        (int D, int H, int W) stride,
        (int D, int H, int W) padding,
        (int D, int H, int W) dilation,
        (int D, int H, int W) outputPadding,
        int groups = 1,
        MlxStream? stream = null) =>
        Call.ConvTranspose3d(
            input,
            weight,
            stride.D,
            stride.H,
            stride.W,
            padding.D,
            padding.H,
            padding.W,
            dilation.D,
            dilation.H,
            dilation.W,
            outputPadding.D,
            outputPadding.H,
            outputPadding.W,
            groups,
            stream);

    /// <summary>
    /// Convolution over any number of axes; flip turns the kernel round
    /// (<c>mlx.core.conv_general</c>).
    /// </summary>
    public static MlxArray ConvGeneral(
        MlxArray input,
        MlxArray weight,
        ReadOnlySpan<int> stride,
        ReadOnlySpan<int> paddingLow,
        ReadOnlySpan<int> paddingHigh,
        ReadOnlySpan<int> kernelDilation,
        ReadOnlySpan<int> inputDilation,
        int groups = 1,
        bool flip = false,
        MlxStream? stream = null) =>
        Call.ConvGeneral(
            input,
            weight,
            stride,
            paddingLow,
            paddingHigh,
            kernelDilation,
            inputDilation,
            groups,
            flip,
            stream);
}
