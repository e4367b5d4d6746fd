using Mlx.Cpu.Abi;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;

namespace Mlx.Cpu.Ops;

/// <summary>
/// The same elements, in row-major order without gaps (or in column-major order if that is
/// allowed). Shares data that is so already, unless that would keep a much larger buffer alive.
/// </summary>
internal sealed unsafe class Contiguous(bool allowColumnMajor) : Primitive
{
    /// <summary>Bytes of a larger buffer that are not worth a copy.</summary>
    private const long Slack = 16384;

    private static readonly Contiguous[] Instances = [new(false), new(true)];

    private readonly bool allowColumnMajor = allowColumnMajor;

    public static Contiguous Of(bool allowColumnMajor) => Instances[allowColumnMajor ? 1 : 0];

    public override void Eval(Node[] inputs, Node[] outputs)
    {
        var (from, to) = (inputs[0], outputs[0]);
        var fits = from.Storage.Bytes <= Math.Max(2 * from.Bytes, from.Bytes + Slack);
        if (fits && (from.IsRow || (allowColumnMajor && IsColumnMajor(from))))
        {
            to.Share(from);
        }
        else
        {
            to.Allocate();
            Transfer.CopyRow(from, to.Data);
        }
    }

    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs) => cotangents;

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs) => tangents;

    public override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> axes) =>
        ([Op.Contiguous(inputs[0], allowColumnMajor)], [axes[0]]);

    /// <summary>MLX cannot write it; the values are those of its input.</summary>
    public override Node[]? Lower(Node[] inputs) => inputs;

    private static bool IsColumnMajor(Node n)
    {
        long step = 1;
        for (var a = 0; a < n.Rank; a++)
        {
            if (n.Shape[a] != 1 && n.Strides[a] != step)
            {
                return false;
            }

            step *= n.Shape[a];
        }

        return true;
    }
}

internal static partial class Op
{
    [Export("mlx_contiguous")]
    public static Node Contiguous(Node a, bool allowColMajor) =>
        Node.Lazy(a.Shape, a.Dtype, Ops.Contiguous.Of(allowColMajor), a);
}
