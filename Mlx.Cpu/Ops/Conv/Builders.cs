using Mlx.Cpu.Abi;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Ops;

/// <summary>The convolutions of one to three spatial axes, and those that go back.</summary>
internal static partial class Op
{
    [Export("mlx_conv1d")]
    public static Node Conv1d(
        Node input, Node weight, int stride, int padding, int dilation, int groups) =>
        Conv(1, input, weight, [stride], [padding], [dilation], groups);

    [Export("mlx_conv2d")]
    public static Node Conv2d(
        Node input, Node weight, int stride_0, int stride_1, int padding_0, int padding_1,
        int dilation_0, int dilation_1, int groups) =>
        Conv(
            2, input, weight, [stride_0, stride_1], [padding_0, padding_1],
            [dilation_0, dilation_1], groups);

    [Export("mlx_conv3d")]
    public static Node Conv3d(
        Node input, Node weight, int stride_0, int stride_1, int stride_2, int padding_0,
        int padding_1, int padding_2, int dilation_0, int dilation_1, int dilation_2,
        int groups) =>
        Conv(
            3, input, weight, [stride_0, stride_1, stride_2], [padding_0, padding_1, padding_2],
            [dilation_0, dilation_1, dilation_2], groups);

    [Export("mlx_conv_transpose1d")]
    public static Node ConvTranspose1d(
        Node input, Node weight, int stride, int padding, int dilation, int output_padding,
        int groups) =>
        ConvTranspose(
            1, input, weight, [stride], [padding], [dilation], [output_padding], groups);

    [Export("mlx_conv_transpose2d")]
    public static Node ConvTranspose2d(
        Node input, Node weight, int stride_0, int stride_1, int padding_0, int padding_1,
        int dilation_0, int dilation_1, int output_padding_0, int output_padding_1,
        int groups) =>
        ConvTranspose(
            2, input, weight, [stride_0, stride_1], [padding_0, padding_1],
            [dilation_0, dilation_1], [output_padding_0, output_padding_1], groups);

    [Export("mlx_conv_transpose3d")]
    public static Node ConvTranspose3d(
        Node input, Node weight, int stride_0, int stride_1, int stride_2, int padding_0,
        int padding_1, int padding_2, int dilation_0, int dilation_1, int dilation_2,
        int output_padding_0, int output_padding_1, int output_padding_2, int groups) =>
        ConvTranspose(
            3, input, weight, [stride_0, stride_1, stride_2], [padding_0, padding_1, padding_2],
            [dilation_0, dilation_1, dilation_2],
            [output_padding_0, output_padding_1, output_padding_2], groups);

    /// <summary>A list of at most one entry stands for all axes.</summary>
    [Export("mlx_conv_general")]
    public static Node ConvGeneral(
        Node input, Node weight, ReadOnlySpan<int> stride, ReadOnlySpan<int> padding_lo,
        ReadOnlySpan<int> padding_hi, ReadOnlySpan<int> kernel_dilation,
        ReadOnlySpan<int> input_dilation, int groups, bool flip)
    {
        var spatial = input.Rank - 2;
        if (spatial is < 1 or > 3)
        {
            throw new ArgumentException(
                "[conv] Only works for inputs with 1-3 spatial dimensions in the format " +
                $"[N, ..., C_in], not for {Shapes.Text(input.Shape)}.");
        }

        if (groups != 1 && spatial == 3)
        {
            throw new ArgumentException(
                "[conv] Can only handle groups != 1 in 1D or 2D convolutions.");
        }

        CheckConv(input, weight, spatial, groups);
        var settings = new ConvSettings(
            Each(stride, spatial, 1, "strides"), Each(padding_lo, spatial, 0, "padding"),
            Each(padding_hi, spatial, 0, "padding"),
            Each(kernel_dilation, spatial, 1, "kernel dilation"),
            Each(input_dilation, spatial, 1, "input dilation"), groups, flip);
        var dtype = Dtypes.Promote(input.Dtype, weight.Dtype);
        return Convolve(AsType(input, dtype), AsType(weight, dtype), settings);
    }

    private static Node Conv(
        int spatial, Node input, Node weight, int[] stride, int[] padding, int[] dilation,
        int groups) =>
        input.Rank == spatial + 2
            ? ConvGeneral(input, weight, stride, padding, padding, dilation, [1], groups, false)
            : throw WrongConvRank(input, spatial);

    /// <summary>The gradient of a convolution with respect to its input, as an op.</summary>
    private static Node ConvTranspose(
        int spatial, Node input, Node weight, int[] stride, int[] padding, int[] dilation,
        int[] outputPadding, int groups)
    {
        if (input.Rank != spatial + 2 || weight.Rank != spatial + 2)
        {
            throw WrongConvRank(input.Rank == spatial + 2 ? weight : input, spatial);
        }

        var (low, high) = (new int[spatial], new int[spatial]);
        for (var i = 0; i < spatial; i++)
        {
            low[i] = ConvSettings.Extent(weight.Shape[i + 1], dilation[i]) - padding[i] - 1;
            high[i] = low[i] + outputPadding[i];
        }

        return ConvGeneral(input, weight, [1], low, high, dilation, stride, groups, true);
    }

    private static int[] Each(ReadOnlySpan<int> values, int spatial, int usual, string name)
    {
        if (values.Length == spatial)
        {
            return values.ToArray();
        }

        if (values.Length > 1)
        {
            throw new ArgumentException(
                $"[conv] Invalid {name} {Shapes.Text(values)} for {spatial}D convolution.");
        }

        var all = new int[spatial];
        Array.Fill(all, values.Length == 0 ? usual : values[0]);
        return all;
    }

    private static void CheckConv(Node input, Node weight, int spatial, int groups)
    {
        if (!input.Dtype.IsFloating())
        {
            throw new ArgumentException(
                $"[conv] Invalid input array with type {input.Dtype.Name()}. Convolution " +
                "supports floating point types only.");
        }

        if (weight.Rank != spatial + 2)
        {
            throw WrongConvRank(weight, spatial);
        }

        if (groups < 1 || input.Shape[^1] != groups * weight.Shape[^1]
            || weight.Shape[0] % groups != 0)
        {
            throw new ArgumentException(
                $"[conv] Input of shape {Shapes.Text(input.Shape)} and weight of shape " +
                $"{Shapes.Text(weight.Shape)} do not match in {groups} groups.");
        }
    }

    private static ArgumentException WrongConvRank(Node x, int spatial) => new(
        $"[conv] Invalid array of shape {Shapes.Text(x.Shape)} for {spatial}D convolution. " +
        $"Expected {spatial + 2} dimensions: [N, ..., C_in] and [C_out, ..., C_in].");
}
