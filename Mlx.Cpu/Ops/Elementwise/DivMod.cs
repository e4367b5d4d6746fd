using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Ops;

/// <summary>
/// Quotient and remainder, both cut off towards zero, as the one primitive that they are in MLX and
/// in its files. The builder makes two of them instead, because those fuse.
/// </summary>
internal sealed class DivMod : Primitive
{
    [Serialized]
    public static readonly Form Form = Form.Many<DivMod, ValueTuple>(
        "DivMod", Form.Nothing, _ => default, (x, _, _) => Op.DivMod(x[0], x[1]), 2);

    private static readonly DivMod Instance = new();

    public override void Eval(Node[] inputs, Node[] outputs)
    {
        CutQuotient.Instance.Eval(inputs, [outputs[0]]);
        CutRemainder.Instance.Eval(inputs, [outputs[1]]);
    }

    internal static Node[] Both(Node[] inputs)
    {
        var like = (inputs[0].Shape, inputs[0].Dtype);
        return Node.LazyMany([like, like], Instance, inputs);
    }
}

internal static partial class Op
{
    /// <summary>Quotient and remainder, both cut off towards zero.</summary>
    [Export("mlx_divmod")]
    public static Node[] DivMod(Node a, Node b)
    {
        var dtype = Dtypes.Promote(a.Dtype, b.Dtype);
        return dtype == Dtype.Complex64
            ? throw new ArgumentException("[divmod] Complex type not supported.")
            : [
                Binary(a, b, dtype, CutQuotient.Instance, "divmod"),
                Binary(a, b, dtype, CutRemainder.Instance, "divmod"),
            ];
    }
}
