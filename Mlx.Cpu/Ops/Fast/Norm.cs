using System.Numerics;
using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;

namespace Mlx.Cpu.Ops;

/// <summary>
/// Layer norm, (x - mean) / sqrt(variance + eps) w + b over the last axis (Ba et al., 2016), and
/// root mean square norm, the same without mean and b (Zhang and Sennrich, 2019).
/// </summary>
/// <remarks>
/// Inputs are x, then the weight and the bias that there are, all of one dtype. Half precision is
/// computed in float32 and rounded once.
/// </remarks>
internal sealed unsafe class Norm(bool center, bool hasWeight, bool hasBias, float eps) : Composite
{
    [Serialized]
    public static readonly Form Form = Form.ReadOnly<float>(
        "RMSNorm", State.Float, (x, eps, _) =>
        [
            x[1].Rank == 0 ? Op.RmsNorm(x[0], null, eps) * x[1] : Op.RmsNorm(x[0], x[1], eps),
        ], 2, 2);

    [Serialized]
    public static readonly Form CenteredForm = Form.ReadOnly<float>(
        "LayerNorm", State.Float, (x, eps, _) =>
        [
            x[1].Rank == 0 || x[2].Rank == 0
                ? (Op.LayerNorm(x[0], null, null, eps) * x[1]) + x[2]
                : Op.LayerNorm(x[0], x[1], x[2], eps),
        ], 3, 3);

    private readonly (bool Center, bool HasWeight, bool HasBias, float Eps) settings =
        (center, hasWeight, hasBias, eps);

    public override string Name => settings.Center ? "LayerNorm" : "RMSNorm";

    public override void Eval(Node[] inputs, Node[] outputs)
    {
        var (x, y) = (inputs[0], outputs[0]);
        if (x.IsRow)
        {
            y.TakeOrAllocateLike(x);
        }
        else
        {
            y.Allocate();
        }

        if (x.Dtype == Dtype.Float64)
        {
            Eval<double>(inputs, y);
        }
        else
        {
            Eval<float>(inputs, y);
        }
    }

    private void Eval<T>(Node[] inputs, Node y)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        using var weight = new WideVector<T>(settings.HasWeight ? inputs[1] : null);
        using var bias = new WideVector<T>(settings.HasBias ? inputs[^1] : null);
        RowLoop.Run<T, NormKernel<T>>(inputs[0], y, new NormKernel<T>(
            T.CreateTruncating(settings.Eps), settings.Center, weight.Data, bias.Data));
    }

    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs)
    {
        var gradients = Op.NormGradients(
            settings.Center, inputs[0], cotangents[0], settings.HasWeight ? inputs[1] : null,
            settings.Eps);
        var result = new Node?[argnums.Length];
        for (var i = 0; i < argnums.Length; i++)
        {
            var isBias = settings.HasBias && argnums[i] == inputs.Length - 1;
            result[i] = gradients[argnums[i] == 0 ? 0 : isBias ? 2 : 1];
        }

        return result;
    }

    /// <summary>Rows are rows, wherever they come from.</summary>
    public override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> axes)
    {
        if (axes[0] < 0 || axes[1..].ContainsAnyExcept(-1))
        {
            return base.Vmap(inputs, axes);
        }

        var x = Op.MoveAxis(inputs[0], axes[0], 0);
        return ([Node.Lazy(x.Shape, x.Dtype, this, [x, .. inputs[1..]])], [0]);
    }

    public override bool SameAs(Primitive other) => other is Norm n && settings == n.settings;

    public override Node[] Compose(Node[] inputs)
    {
        var dtype = inputs[0].Dtype;
        var x = Op.AsType(Unit(Wide(inputs[0]), settings.Center, settings.Eps).Unit, dtype);
        var y = settings.HasWeight ? x * inputs[1] : x;
        return [settings.HasBias ? y + inputs[^1] : y];
    }

    /// <summary>Half precision as float32.</summary>
    internal static Node Wide(Node a) => a.Dtype.IsHalf() ? Op.AsType(a, Dtype.Float32) : a;

    /// <summary>The normed rows and their scales.</summary>
    internal static (Node Unit, Node Scale) Unit(Node x, bool center, float eps)
    {
        var c = center ? x - Op.Mean(x, -1, true) : x;
        var scale = Op.Rsqrt(Op.Mean(Op.Square(c), -1, true) + eps);
        return (c * scale, scale);
    }
}

/// <summary>Gradients of <see cref="Norm"/>: x, cotangents (, weight) to dx, dw, db.</summary>
internal sealed unsafe class NormVjp(bool center, bool hasWeight, float eps) : Composite
{
    /// <summary>x, weight and cotangents to dx and dw.</summary>
    [Serialized]
    public static readonly Form Form = Form.ReadOnly<float>(
        "RMSNormVJP", State.Float, (x, eps, _) => Read(false, x[0], x[1], x[2], eps)[..2], 3, 3);

    /// <summary>x, weight, bias and cotangents to dx, dw and db.</summary>
    [Serialized]
    public static readonly Form CenteredForm = Form.ReadOnly<float>(
        "LayerNormVJP", State.Float, (x, eps, _) =>
        {
            var gradients = Read(true, x[0], x[1], x[3], eps);
            return x[2].Rank == 0 ? [.. gradients[..2], Op.ZerosLike(x[2])] : gradients;
        }, 4, 4);

    private readonly (bool Center, bool HasWeight, float Eps) settings = (center, hasWeight, eps);

    public override string Name => settings.Center ? "LayerNormVJP" : "RMSNormVJP";

    public override void Eval(Node[] inputs, Node[] outputs)
    {
        foreach (var output in outputs)
        {
            output.Allocate();
        }

        if (inputs[0].Dtype == Dtype.Float64)
        {
            Eval<double>(inputs, outputs);
        }
        else
        {
            Eval<float>(inputs, outputs);
        }
    }

    private void Eval<T>(Node[] inputs, Node[] outputs)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        long columns = inputs[0].Shape[^1];
        using var weight = new WideVector<T>(settings.HasWeight ? inputs[2] : null);
        using var sums = new PackBuffer((nuint)(2 * columns * sizeof(T)));
        NormGradient<T>.Run(
            inputs[0], weight.Data, inputs[1], outputs[0],
            T.CreateTruncating(settings.Eps), settings.Center, (T*)sums.Data);
        for (var i = 0; i < 2; i++)
        {
            var output = outputs[i + 1];
            var narrow = output.Dtype.Size() == sizeof(T)
                ? Widening.SameBack(sizeof(T))
                : Widening.Narrow(output.Dtype);
            narrow(sums.Data + (i * columns * sizeof(T)), output.Data, 1, columns);
        }
    }

    /// <summary>A weight without axes is the 1 of a norm that has none.</summary>
    private static Node[] Read(bool center, Node x, Node w, Node g, float eps)
    {
        if (w.Rank > 0)
        {
            return Op.NormGradients(center, x, g, w, eps);
        }

        var gradients = Op.NormGradients(center, x, g * w, null, eps);
        return [gradients[0], Op.ZerosLike(w), gradients[2]];
    }

    public override bool SameAs(Primitive other) => other is NormVjp n && settings == n.settings;

    public override Node[] Compose(Node[] inputs)
    {
        var (x, g) = (Norm.Wide(inputs[0]), Norm.Wide(inputs[1]));
        var (u, scale) = Norm.Unit(x, settings.Center, settings.Eps);
        var gw = settings.HasWeight ? g * Norm.Wide(inputs[2]) : g;
        var d = gw - (u * Op.Mean(gw * u, -1, true));
        d = settings.Center ? d - Op.Mean(gw, -1, true) : d;
        var rows = Shapes.AllAxes(x.Rank - 1);
        Node[] gradients = [d * scale, Op.Sum(g * u, rows, false), Op.Sum(g, rows, false)];
        return Array.ConvertAll(gradients, a => Op.AsType(a, inputs[0].Dtype));
    }
}

internal static partial class Op
{
    [Export("mlx_fast_rms_norm")]
    public static Node RmsNorm(Node x, Node? weight, float eps) =>
        NormOf("rms_norm", false, x, weight, null, eps);

    [Export("mlx_fast_layer_norm")]
    public static Node LayerNorm(Node x, Node? weight, Node? bias, float eps) =>
        NormOf("layer_norm", true, x, weight, bias, eps);

    /// <summary>dx, dw and db for cotangents g.</summary>
    internal static Node[] NormGradients(bool center, Node x, Node g, Node? weight, float eps)
    {
        var isSame = Shapes.Same(x.Shape, g.Shape) && x.Rank > 0 && x.Dtype == g.Dtype
            && x.Dtype.IsFloating() && (weight is null || weight.Dtype == x.Dtype);
        if (!isSame)
        {
            throw new ArgumentException(
                $"[norm_vjp] Cotangents of shape {Shapes.Text(g.Shape)} and {g.Dtype.Name()} are " +
                $"not those of {Shapes.Text(x.Shape)} and {x.Dtype.Name()}.");
        }

        CheckParameter("norm_vjp", "weight", x, weight);
        int[] columns = [x.Shape[^1]];
        return Node.LazyMany(
            [(x.Shape, x.Dtype), (columns, x.Dtype), (columns, x.Dtype)],
            new NormVjp(center, weight is not null, eps), weight is null ? [x, g] : [x, g, weight]);
    }

    private static Node NormOf(
        string op, bool center, Node x, Node? weight, Node? bias, float eps)
    {
        if (x.Rank == 0)
        {
            throw new ArgumentException(
                $"[{op}] Input must have at least 1 dimension but got input with 0 dimensions.");
        }

        CheckParameter(op, "weight", x, weight);
        CheckParameter(op, "bias", x, bias);

        // As in MLX a bias alone has no say in the dtype.
        var dtype = weight is null ? x.Dtype : Dtypes.Promote(x.Dtype, weight.Dtype);
        dtype = weight is null || bias is null ? dtype : Dtypes.Promote(dtype, bias.Dtype);
        if (!dtype.IsFloating())
        {
            throw new ArgumentException($"[{op}] Received unsupported type {dtype.Name()}.");
        }

        var inputs = new Node[1 + (weight is null ? 0 : 1) + (bias is null ? 0 : 1)];
        inputs[0] = AsType(x, dtype);
        if (weight is not null)
        {
            inputs[1] = AsType(weight, dtype);
        }

        if (bias is not null)
        {
            inputs[^1] = AsType(bias, dtype);
        }

        var primitive = new Norm(center, weight is not null, bias is not null, eps);
        return Node.Lazy(x.Shape, dtype, primitive, inputs);
    }

    private static void CheckParameter(string op, string name, Node x, Node? parameter)
    {
        if (parameter is not null && (parameter.Rank != 1 || parameter.Size != x.Shape[^1]))
        {
            throw new ArgumentException(
                $"[{op}] {name} of shape {Shapes.Text(parameter.Shape)} must have 1 dimension " +
                $"of the size of the last one of x of shape {Shapes.Text(x.Shape)}.");
        }
    }
}
