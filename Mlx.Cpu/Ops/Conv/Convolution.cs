using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;
using Mlx.Cpu.Transforms;

namespace Mlx.Cpu.Ops;

/// <summary>
/// Convolution of x (batch, spatial axes, channels) with weights (channels out, kernel, channels
/// of a group).
/// </summary>
internal sealed class Convolution(ConvSettings settings) : Primitive
{
    [Serialized]
    public static readonly Form Form = Form.Of<Convolution, ConvSettings>(
        "Convolution", ConvSettings.InFiles, p => p.settings, (x, s) => Op.ConvGeneral(
            x[0], x[1], s.Stride, s.PaddingLow, s.PaddingHigh, s.KernelDilation, s.InputDilation,
            s.Groups, s.Flip), 2);

    private readonly ConvSettings settings = settings;

    public override void Eval(Node[] inputs, Node[] outputs) =>
        WideResult.Eval(outputs[0], y =>
        {
            if (y.Dtype == Dtype.Float64)
            {
                ConvolutionKernel<double>.Forward(inputs[0], inputs[1], y, settings);
            }
            else
            {
                ConvolutionKernel<float>.Forward(inputs[0], inputs[1], y, settings);
            }
        });

    /// <summary>MLX leaves elements out by a slice, not by a negative padding.</summary>
    public override Node[]? Lower(Node[] inputs)
    {
        var (low, high) = (settings.PaddingLow, settings.PaddingHigh);
        if (low.Min() >= 0 && high.Min() >= 0)
        {
            return null;
        }

        // What is left out is counted in the dilated input.
        var x = inputs[0];
        var dilation = (int[])settings.InputDilation.Clone();
        var (start, stop) = (new int[x.Rank], new int[x.Rank]);
        for (var i = 0; i < low.Length; i++)
        {
            if ((low[i] < 0 || high[i] < 0) && dilation[i] > 1)
            {
                x = Op.Dilated(x, i + 1, dilation[i]);
                dilation[i] = 1;
            }

            start[i + 1] = Math.Max(0, -low[i]);
            stop[i + 1] = x.Shape[i + 1] - Math.Max(0, -high[i]);
        }

        (stop[0], stop[^1]) = (x.Shape[0], x.Shape[^1]);
        return
        [
            Op.Convolve(Op.Slice(x, start, stop), inputs[1], settings with
            {
                PaddingLow = Array.ConvertAll(low, p => Math.Max(0, p)),
                PaddingHigh = Array.ConvertAll(high, p => Math.Max(0, p)),
                InputDilation = dilation,
            }),
        ];
    }

    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs)
    {
        var (x, w, g) = (inputs[0], inputs[1], cotangents[0]);
        var gradients = new Node?[argnums.Length];
        for (var i = 0; i < argnums.Length; i++)
        {
            gradients[i] = argnums[i] == 0
                ? Op.ConvInputGradient(g, w, x.Shape, settings)
                : Op.ConvWeightGradient(x, g, w.Shape, settings);
        }

        return gradients;
    }

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs)
    {
        Node? sum = null;
        for (var i = 0; i < argnums.Length; i++)
        {
            var term = argnums[i] == 0
                ? Op.Convolve(tangents[i], inputs[1], settings)
                : Op.Convolve(inputs[0], tangents[i], settings);
            sum = sum is null ? term : sum + term;
        }

        return [sum!];
    }

    /// <summary>
    /// Examples join the batch; sets of weights join the output channels of their group; both
    /// together are groups of their own.
    /// </summary>
    public override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> axes)
    {
        var (x, w) = (inputs[0], inputs[1]);
        var groups = settings.Groups;
        if (axes[1] < 0)
        {
            x = Op.MoveAxis(x, axes[0], 0);
            var y = Op.Convolve(Op.Flatten(x, 0, 1), w, settings);
            return ([Op.Unflatten(y, 0, [x.Shape[0], x.Shape[1]])], [0]);
        }

        w = Op.MoveAxis(w, axes[1], 0);
        var (count, each) = (w.Shape[0], w.Shape[1] / groups);
        if (axes[0] < 0)
        {
            w = Op.SwapAxes(Op.Unflatten(w, 1, [groups, each]), 0, 1);
            var y = Op.Convolve(x, Op.Flatten(w, 0, 2), settings);
            y = Op.SwapAxes(Op.Unflatten(y, -1, [groups, count, each]), -3, -2);
            return ([Op.Flatten(y, -2, -1)], [y.Rank - 3]);
        }

        x = Op.Flatten(Op.MoveAxis(x, axes[0], x.Rank - 2), -2, -1);
        var both = Op.Convolve(
            x, Op.Flatten(w, 0, 1), settings with { Groups = groups * count });
        return ([Op.Unflatten(both, -1, [count, groups * each])], [both.Rank - 1]);
    }

    public override bool SameAs(Primitive other) =>
        other is Convolution c && settings.Equals(c.settings);
}

/// <summary>
/// The gradient of a convolution's weights: cotangents times windows, summed over all positions.
/// With the convolution and its transpose it is closed under derivatives.
/// </summary>
internal sealed class ConvolutionWeightGradient(ConvSettings settings, int[] shape) : Primitive
{
    private readonly ConvSettings settings = settings;
    private readonly int[] shape = shape;

    public override void Eval(Node[] inputs, Node[] outputs) =>
        WideResult.Eval(outputs[0], y =>
        {
            if (y.Dtype == Dtype.Float64)
            {
                ConvolutionKernel<double>.WeightGradient(inputs[0], inputs[1], y, settings);
            }
            else
            {
                ConvolutionKernel<float>.WeightGradient(inputs[0], inputs[1], y, settings);
            }
        });

    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs)
    {
        var (x, g, h) = (inputs[0], inputs[1], cotangents[0]);
        var gradients = new Node?[argnums.Length];
        for (var i = 0; i < argnums.Length; i++)
        {
            gradients[i] = argnums[i] == 0
                ? Op.ConvInputGradient(g, h, x.Shape, settings)
                : Op.Convolve(x, h, settings);
        }

        return gradients;
    }

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs)
    {
        Node? sum = null;
        for (var i = 0; i < argnums.Length; i++)
        {
            var term = argnums[i] == 0
                ? Op.ConvWeightGradient(tangents[i], inputs[1], shape, settings)
                : Op.ConvWeightGradient(inputs[0], tangents[i], shape, settings);
            sum = sum is null ? term : sum + term;
        }

        return [sum!];
    }

    /// <summary>
    /// A convolution in which examples are the channels, the cotangents the kernel, and strides and
    /// kernel dilation have changed places.
    /// </summary>
    public override Node[]? Lower(Node[] inputs)
    {
        var (x, g, groups) = (inputs[0], inputs[1], settings.Groups);
        var high = new int[settings.Stride.Length];
        for (var i = 0; i < high.Length; i++)
        {
            high[i] = ConvSettings.Extent(g.Shape[i + 1], settings.Stride[i])
                - ConvSettings.Extent(x.Shape[i + 1], settings.InputDilation[i])
                + ConvSettings.Extent(shape[i + 1], settings.KernelDilation[i])
                - settings.PaddingLow[i] - 1;
        }

        // (n, space, groups * c) becomes (c, space, groups * n).
        var split = Op.Unflatten(x, -1, [groups, x.Shape[^1] / groups]);
        var turned = Op.Flatten(Op.SwapAxes(split, 0, -1), -2, -1);
        var y = Op.Convolve(
            turned, Op.SwapAxes(g, 0, -1), settings with
            {
                Stride = settings.KernelDilation,
                KernelDilation = settings.Stride,
                PaddingHigh = high,
                Flip = false,
            });
        return [Op.SwapAxes(settings.Flip ? Op.Turned(y) : y, 0, -1)];
    }

    /// <summary>Each example is a group.</summary>
    public override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> axes)
    {
        var count = Batching.Length(inputs, axes);
        var joined = new Node[2];
        for (var i = 0; i < 2; i++)
        {
            var x = Batching.Spread(inputs[i], axes[i], count);
            joined[i] = Op.Flatten(Op.MoveAxis(x, 0, x.Rank - 2), -2, -1);
        }

        var all = Shapes.With(shape, 0, shape[0] * count);
        var y = Op.ConvWeightGradient(
            joined[0], joined[1], all, settings with { Groups = settings.Groups * count });
        return ([Op.Unflatten(y, 0, [count, shape[0]])], [0]);
    }

    public override bool SameAs(Primitive other) =>
        other is ConvolutionWeightGradient c && settings.Equals(c.settings)
        && Shapes.Same(shape, c.shape);
}

internal static partial class Op
{
    /// <summary>The convolution, with all that may be asked of one.</summary>
    internal static Node Convolve(Node x, Node w, ConvSettings settings) => Node.Lazy(
        settings.OutputShape(x.Shape, w.Shape), x.Dtype, new Convolution(settings), x, w);

    internal static Node ConvWeightGradient(
        Node x, Node g, int[] weight, ConvSettings settings) => Node.Lazy(
        weight, x.Dtype, new ConvolutionWeightGradient(settings, weight), x, g);

    /// <summary>Zeros between the elements of an axis.</summary>
    internal static Node Dilated(Node x, int axis, int dilation)
    {
        var gaps = Pad(
            ExpandDims(x, axis + 1), [axis + 1], [0], [dilation - 1], Scalar(0, x.Dtype),
            "constant");
        var length = ConvSettings.Extent(x.Shape[axis], dilation);
        return SliceAxis(Flatten(gaps, axis, axis + 1), axis, 0, length);
    }

    /// <summary>The spatial axes (all but the first and the last) backwards.</summary>
    internal static Node Turned(Node x)
    {
        var (start, stop, steps) = (new int[x.Rank], (int[])x.Shape.Clone(), new int[x.Rank]);
        Array.Fill(steps, 1);
        for (var i = 1; i < x.Rank - 1; i++)
        {
            (start[i], stop[i], steps[i]) = (x.Shape[i] - 1, -x.Shape[i] - 1, -1);
        }

        return Slice(x, start, stop, steps);
    }

    /// <summary>Convolves cotangents with the transposed weights back to the input.</summary>
    internal static Node ConvInputGradient(
        Node g, Node w, int[] input, ConvSettings settings)
    {
        // (groups, out, kernel, in) becomes (groups, in, kernel, out).
        var groups = settings.Groups;
        var split = Unflatten(w, 0, [groups, w.Shape[0] / groups]);
        var transposed = Flatten(SwapAxes(split, 1, -1), 0, 1);
        return Convolve(g, transposed, settings.Backward(input, w.Shape, g.Shape));
    }
}
