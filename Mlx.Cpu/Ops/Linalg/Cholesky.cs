using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;
using Mlx.Cpu.Kernels.Linalg;

namespace Mlx.Cpu.Ops;

/// <summary>
/// A = L L^T (or U^T U) of symmetric positive definite matrices; only that triangle of A is read.
/// A matrix that is not positive definite gives an unspecified result, as in MLX.
/// </summary>
internal sealed unsafe class Cholesky(bool upper) : MatrixPrimitive
{
    [Serialized]
    public static readonly Form Form = Form.Of<Cholesky, bool>(
        "Cholesky", State.Bool, p => p.upper, (x, upper) => Op.Cholesky(x[0], upper));

    private readonly bool upper = upper;

    protected override void Run<T>(Node a, Node[] outputs)
    {
        var n = a.Shape[^1];
        var to = outputs[0].As<T>();
        Transfer.CopyRow(a, (byte*)to);
        ForEach(a, i => One(to + (i * n * n), n));
    }

    private void One<T>(T* a, int n)
        where T : unmanaged, System.Numerics.IFloatingPointIeee754<T>
    {
        if (upper)
        {
            using var lower = new Scratch<T>((long)n * n);
            Blocks.Transpose(a, lower.Data, n, n);
            CholeskyKernel.Factor(lower.Data, n);
            Blocks.Transpose(lower.Data, a, n, n);
        }
        else
        {
            CholeskyKernel.Factor(a, n);
        }

        for (var i = 0; i < n; i++)
        {
            var row = new Span<T>(a + ((long)i * n), n);
            (upper ? row[..i] : row[(i + 1)..]).Clear();
        }
    }

    protected override Node[] Again(Node a) => [Op.Cholesky(a, upper)];

    public override bool SameAs(Primitive other) => other is Cholesky c && c.upper == upper;
}

internal static partial class Op
{
    [Export("mlx_linalg_cholesky")]
    public static Node Cholesky(Node a, bool upper)
    {
        MatrixArguments.Floating(a, "cholesky");
        MatrixArguments.Square(a, "cholesky");
        return Node.Lazy(a.Shape, a.Dtype, new Ops.Cholesky(upper), a);
    }

    /// <summary>(L L^T)^-1 from the factor L, or (U^T U)^-1.</summary>
    [Export("mlx_linalg_cholesky_inv")]
    public static Node CholeskyInv(Node a, bool upper)
    {
        MatrixArguments.Floating(a, "cholesky_inv");
        MatrixArguments.Square(a, "cholesky_inv");
        var inverse = TriInv(a, upper);
        var transposed = SwapAxes(inverse, -1, -2);
        return upper ? MatMul(inverse, transposed) : MatMul(transposed, inverse);
    }
}
