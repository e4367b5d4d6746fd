using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Ops;

/// <summary>How a convolution walks; the lists have one entry for each spatial axis.</summary>
/// <param name="Stride">Steps between windows.</param>
/// <param name="PaddingLow">Zeros before the input; negative: elements left out.</param>
/// <param name="PaddingHigh">Zeros behind it.</param>
/// <param name="KernelDilation">Steps between the taps of the kernel.</param>
/// <param name="InputDilation">Steps between the elements of the input, with zeros between.
/// </param>
/// <param name="Groups">Channels are cut into so many, each with weights of its own.</param>
/// <param name="Flip">Whether the kernel is turned round, as mathematics has it.</param>
internal sealed record ConvSettings(
    int[] Stride, int[] PaddingLow, int[] PaddingHigh, int[] KernelDilation,
    int[] InputDilation, int Groups, bool Flip)
{
    public static readonly State<ConvSettings> InFiles = State.Of(
        State.Of(State.Ints, State.Ints, State.Ints, State.Ints, State.Ints), State.Int, State.Bool)
        .As(
            s => new ConvSettings(
                s.Item1.Item1, s.Item1.Item2, s.Item1.Item3, s.Item1.Item4, s.Item1.Item5,
                s.Item2, s.Item3),
            c => (
                (c.Stride, c.PaddingLow, c.PaddingHigh, c.KernelDilation, c.InputDilation),
                c.Groups, c.Flip));

    public bool Equals(ConvSettings? other) =>
        other is not null && Groups == other.Groups && Flip == other.Flip
        && Shapes.Same(Stride, other.Stride) && Shapes.Same(PaddingLow, other.PaddingLow)
        && Shapes.Same(PaddingHigh, other.PaddingHigh)
        && Shapes.Same(KernelDilation, other.KernelDilation)
        && Shapes.Same(InputDilation, other.InputDilation);

    public override int GetHashCode() => HashCode.Combine(Groups, Flip, Stride.Length);

    /// <summary>The shape of the result, or the reason why there is none.</summary>
    public int[] OutputShape(int[] input, int[] weight)
    {
        var shape = (int[])input.Clone();
        shape[^1] = weight[0];
        for (var i = 0; i < Stride.Length; i++)
        {
            if (Stride[i] <= 0 || KernelDilation[i] <= 0 || InputDilation[i] <= 0)
            {
                throw new ArgumentException(
                    $"[conv] Strides {Shapes.Text(Stride)}, kernel dilation " +
                    $"{Shapes.Text(KernelDilation)} and input dilation " +
                    $"{Shapes.Text(InputDilation)} must be positive.");
            }

            var room = Extent(input[i + 1], InputDilation[i]) + PaddingLow[i] + PaddingHigh[i]
                - Extent(weight[i + 1], KernelDilation[i]);
            if (room < 0)
            {
                throw new ArgumentException(
                    $"[conv] Spatial dimensions of input after padding cannot be smaller than " +
                    $"weight spatial dimensions. Got error at axis {i + 1} for input with shape " +
                    $"{Shapes.Text(input)}, padding low {Shapes.Text(PaddingLow)}, padding high " +
                    $"{Shapes.Text(PaddingHigh)}, and weight of shape {Shapes.Text(weight)}.");
            }

            shape[i + 1] = (room / Stride[i]) + 1;
        }

        return shape;
    }

    /// <summary>
    /// The convolution that carries cotangents back to the input: the kernel turned round, strides
    /// and input dilation exchanged, and as much padding as gives the input's shape.
    /// </summary>
    public ConvSettings Backward(int[] input, int[] weight, int[] output)
    {
        var (low, high) = (new int[Stride.Length], new int[Stride.Length]);
        for (var i = 0; i < low.Length; i++)
        {
            low[i] = Extent(weight[i + 1], KernelDilation[i]) - PaddingLow[i] - 1;
            high[i] = Extent(input[i + 1], InputDilation[i])
                - Extent(output[i + 1], Stride[i]) + PaddingLow[i];
        }

        return new(InputDilation, low, high, KernelDilation, Stride, Groups, !Flip);
    }

    /// <summary>The length of a dilated axis.</summary>
    public static int Extent(int length, int dilation) => 1 + (dilation * (length - 1));
}
