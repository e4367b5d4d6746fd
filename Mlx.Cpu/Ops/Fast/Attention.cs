using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;

namespace Mlx.Cpu.Ops;

/// <summary>
/// softmax(q k^T scale + mask) v for queries (batch, heads, positions, depth) and keys and values
/// of as many or fewer heads (Vaswani et al., 2017; grouped heads: Ainslie et al., 2023).
/// </summary>
/// <remarks>
/// Inputs are q, k, v, then the mask (of the scores' shape) and the sinks (one score for each
/// head, which takes its share of the softmax and adds nothing) that there are.
/// </remarks>
internal sealed class Attention(float scale, bool causal, bool hasMask, bool hasSinks) : Composite
{
    [Serialized]
    public static readonly Form Form = Form.ReadOnly<
        (float Scale, bool Causal, bool HasSinks, bool KeepsSums)>(
        "ScaledDotProductAttention",
        State.Of(State.Float, State.Bool, State.Bool, State.Bool), (x, s, _) =>
        {
            var hasMask = x.Length - (s.HasSinks ? 1 : 0) > 3;
            return s.KeepsSums
                ? throw new NotSupportedException(
                    "[ScaledDotProductAttention] The sums that training on a GPU keeps are not " +
                    "supported.")
                :
                [
                    Op.ScaledDotProductAttention(
                        x[0], x[1], x[2], s.Scale, s.Causal ? "causal" : "",
                        hasMask ? x[3] : null, s.HasSinks ? x[^1] : null),
                ];
        }, 3, 5);

    private readonly (float Scale, bool Causal, bool HasMask, bool HasSinks) settings =
        (scale, causal, hasMask, hasSinks);

    public override string Name => "ScaledDotProductAttention";

    public override void Eval(Node[] inputs, Node[] outputs)
    {
        // Positions before heads: what follows attention joins the heads of a position.
        var y = outputs[0];
        var (heads, positions, depth) = (y.Shape[1], y.Shape[2], y.Shape[3]);
        var memory = Node.Allocated([y.Shape[0], positions, heads, depth], y.Dtype);
        long row = (long)heads * depth;
        y.View(memory, [positions * row, depth, row, 1], 0);
        memory.Drop();
        AttentionKernel.Run(
            inputs[0], inputs[1], inputs[2], settings.HasMask ? inputs[3] : null,
            settings.HasSinks ? inputs[^1] : null, y, settings.Scale, settings.Causal);
    }

    public override bool SameAs(Primitive other) =>
        other is Attention a && settings == a.settings;

    public override Node[] Compose(Node[] inputs)
    {
        var (q, k, v) = (inputs[0] * settings.Scale, inputs[1], inputs[2]);
        var (heads, keyHeads) = (q.Shape[1], k.Shape[1]);
        var group = heads / keyHeads;
        q = Op.Unflatten(q, 1, [keyHeads, group]);
        var scores = Op.MatMul(q, Op.SwapAxes(Op.ExpandDims(k, 2), -1, -2));
        if (settings.HasMask || settings.Causal)
        {
            var mask = settings.Causal
                ? Visible(q.Shape[^2], k.Shape[^2])
                : Op.Unflatten(inputs[3], 1, [keyHeads, group]);
            scores = mask.Dtype == Dtype.Bool
                ? Op.Where(mask, scores, Op.Scalar(Least(q.Dtype), q.Dtype))
                : scores + mask;
        }

        if (settings.HasSinks)
        {
            var sinks = Op.Reshape(inputs[^1], [1, keyHeads, group, 1, 1]);
            var column = Op.BroadcastTo(sinks, Shapes.With(scores.Shape, 4, 1));
            var weights = Op.Softmax(Op.Concatenate([column, scores], -1), -1, true);
            scores = Op.SliceAxis(weights, 4, 1, weights.Shape[^1]);
        }
        else
        {
            scores = Op.Softmax(scores, -1, true);
        }

        return [Op.Flatten(Op.MatMul(scores, Op.ExpandDims(v, 2)), 1, 2)];
    }

    /// <summary>Which keys each query sees: the last query all of them.</summary>
    private static Node Visible(int queries, int keys)
    {
        var q = Op.Arange(keys - queries, keys, 1, Dtype.Int32);
        return Op.GreaterEqual(Op.ExpandDims(q, 1), Op.Arange(0, keys, 1, Dtype.Int32));
    }

    private static double Least(Dtype dtype) => dtype switch
    {
        Dtype.Float16 => (double)Half.MinValue,
        Dtype.BFloat16 => -3.3895313892515355e38,
        Dtype.Float32 => float.MinValue,
        _ => double.MinValue,
    };
}

internal static partial class Op
{
    [Export("mlx_fast_scaled_dot_product_attention")]
    public static Node ScaledDotProductAttention(
        Node queries, Node keys, Node values, float scale, string mask_mode, Node? mask_arr,
        Node? sinks)
    {
        CheckAttention(queries, keys, values);
        if (mask_mode is not ("" or "causal" or "array"))
        {
            throw Refused(
                $"Invalid mask_mode {mask_mode}. mask_mode must be 'causal', 'array' or ''.");
        }

        var causal = mask_mode == "causal";
        if (causal && mask_arr is not null)
        {
            throw Refused("mask_mode 'causal' takes no array mask.");
        }

        var dtype = Dtypes.Promote([queries, keys, values]);
        if (!dtype.IsFloating())
        {
            throw Refused($"Received unsupported type {dtype.Name()}.");
        }

        var inputs = new List<Node>
        {
            AsType(queries, dtype), AsType(keys, dtype), AsType(values, dtype),
        };
        if (mask_arr is not null)
        {
            if (mask_arr.Rank > 4 || Dtypes.Promote(mask_arr.Dtype, dtype) != dtype)
            {
                throw Refused(
                    $"Mask of shape {Shapes.Text(mask_arr.Shape)} and type " +
                    $"{mask_arr.Dtype.Name()} must have at most rank 4 and a type that promotes " +
                    $"to {dtype.Name()}.");
            }

            var mask = mask_arr.Dtype == Dtype.Bool ? mask_arr : AsType(mask_arr, dtype);
            inputs.Add(BroadcastTo(mask, [.. queries.Shape[..3], keys.Shape[2]]));
        }

        if (sinks is not null)
        {
            if (sinks.Rank != 1 || sinks.Shape[0] != queries.Shape[1]
                || Dtypes.Promote(sinks.Dtype, dtype) != dtype)
            {
                throw Refused(
                    $"Sinks of shape {Shapes.Text(sinks.Shape)} and type {sinks.Dtype.Name()} " +
                    $"must be one for each of {queries.Shape[1]} heads, of a type that promotes " +
                    $"to {dtype.Name()}.");
            }

            inputs.Add(AsType(sinks, dtype));
        }

        var primitive = new Attention(scale, causal, mask_arr is not null, sinks is not null);
        return dtype == Dtype.Float64
            ? primitive.Compose([.. inputs])[0]
            : Node.Lazy(
                [.. queries.Shape[..3], values.Shape[3]], dtype, primitive, [.. inputs]);
    }

    private static void CheckAttention(Node queries, Node keys, Node values)
    {
        foreach (var x in new[] { queries, keys, values })
        {
            if (x.Rank != 4)
            {
                throw Refused($"input with shape {Shapes.Text(x.Shape)} expected to be rank 4.");
            }

            if (x.Shape[0] != queries.Shape[0])
            {
                throw Refused(
                    $"mismatching batch dimension for input with shape {Shapes.Text(x.Shape)}.");
            }
        }

        if (queries.Shape[3] != keys.Shape[3])
        {
            throw Refused(
                "query, keys expected to have matching last dimension; found query shape " +
                $"{Shapes.Text(queries.Shape)} for keys shape {Shapes.Text(keys.Shape)}.");
        }

        if (keys.Shape[1] != values.Shape[1] || keys.Shape[2] != values.Shape[2])
        {
            throw Refused(
                "keys, values expected to have matching n_kv_heads and lengths; found keys " +
                $"{Shapes.Text(keys.Shape)} and values {Shapes.Text(values.Shape)}.");
        }

        if (keys.Shape[1] == 0 || queries.Shape[1] % keys.Shape[1] != 0)
        {
            throw Refused(
                $"n_heads must be a multiple of n_kv_heads, found n_heads {queries.Shape[1]} for " +
                $"n_kv_heads {keys.Shape[1]}.");
        }
    }

    private static ArgumentException Refused(string why) =>
        new($"[scaled_dot_product_attention] {why}");
}
