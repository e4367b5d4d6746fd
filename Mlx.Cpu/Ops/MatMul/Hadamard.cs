using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;

namespace Mlx.Cpu.Ops;

/// <summary>
/// Multiplies rows by a Hadamard matrix and a scale: y = scale H x, for lengths m 2^k with m one
/// of 1, 12, 20 and 28.
/// </summary>
internal sealed class Hadamard(float scale, bool transposed) : Primitive
{
    [Serialized]
    public static readonly Form Form = Form.Of<Hadamard, float>(
        "Hadamard", State.Float, p => p.scale, (x, scale) => Op.HadamardTransform(x[0], scale));

    private readonly float scale = scale;
    private readonly bool transposed = transposed;

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
            RowLoop.Run<double, HadamardKernel<double>>(x, y, new(scale, transposed));
        }
        else
        {
            RowLoop.Run<float, HadamardKernel<float>>(x, y, new(scale, transposed));
        }
    }

    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        [Apply(cotangents[0], !transposed)];

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        [Apply(tangents[0], transposed)];

    public override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> axes) =>
        ([Apply(Op.MoveAxis(inputs[0], axes[0], 0), transposed)], [0]);

    public override bool SameAs(Primitive other) =>
        other is Hadamard h && scale == h.scale && transposed == h.transposed;

    /// <summary>
    /// MLX has the matrix only as it stands. Turned over is its small factor, m by m; the other one
    /// is symmetric.
    /// </summary>
    public override Node[]? Lower(Node[] inputs)
    {
        var x = inputs[0];
        var (small, power) = HadamardMatrix.Decompose(x.Shape[^1]);
        if (!transposed || small == 1)
        {
            return null;
        }

        var rows = HadamardMatrix.Rows(small);
        var turned = new float[small * small];
        for (var i = 0; i < turned.Length; i++)
        {
            turned[i] = (rows[i % small] >> (i / small) & 1) != 0 ? 1 : -1;
        }

        var matrix = Op.AsType(Op.Reshape(Op.Vector(turned), [small, small]), x.Dtype);
        var runs = Op.HadamardTransform(Op.Unflatten(x, -1, [small, power]), scale);
        return [Op.Flatten(Op.MatMul(matrix, runs), -2, -1)];
    }

    private Node Apply(Node x, bool transpose) =>
        Node.Lazy(x.Shape, x.Dtype, new Hadamard(scale, transpose), x);
}

internal static partial class Op
{
    /// <summary>The scale makes the matrix orthonormal unless it is given.</summary>
    [Export("mlx_hadamard_transform")]
    public static Node HadamardTransform(Node a, float? scale)
    {
        if (a.Size == 0)
        {
            throw new ArgumentException(
                $"[hadamard_transform] Does not support empty arrays of shape " +
                $"{Shapes.Text(a.Shape)}.");
        }

        var n = a.Rank > 0 ? a.Shape[^1] : 1;
        var factor = scale ?? (float)(1 / Math.Sqrt(n));
        var dtype = a.Dtype.IsFloating() ? a.Dtype : Dtype.Float32;
        if (n == 1)
        {
            return factor == 1 ? a : Multiply(a, Scalar(factor, dtype));
        }

        HadamardMatrix.Decompose(n);
        return Node.Lazy(a.Shape, dtype, new Hadamard(factor, false), AsType(a, dtype));
    }
}
