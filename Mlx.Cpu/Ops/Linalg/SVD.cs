using System.Numerics;
using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;
using Mlx.Cpu.Kernels.Linalg;

namespace Mlx.Cpu.Ops;

/// <summary>
/// A = U diag(S) V^H with U (m by m) and V (n by n) orthonormal, S descending; or S alone.
/// </summary>
internal sealed unsafe class SVD(bool vectors) : MatrixPrimitive
{
    [Serialized]
    public static readonly Form Form = Form.Many<SVD, bool>(
        "SVD", State.Bool, p => p.vectors, (x, vectors, _) => Op.Svd(x[0], vectors));

    private readonly bool vectors = vectors;

    /// <summary>One matrix, and where its parts go; null: only the values are wanted.</summary>
    private delegate void Decomposition<T, R>(T* a, int m, int n, R* values, T* u, T* vt)
        where T : unmanaged where R : unmanaged;

    protected override void Run<T>(Node a, Node[] outputs) => Each<T, T>(a, outputs, One<T>);

    protected override void RunComplex(Node a, Node[] outputs) =>
        Each<Complex64, float>(a, outputs, One);

    private void Each<T, R>(Node a, Node[] outputs, Decomposition<T, R> one)
        where T : unmanaged where R : unmanaged
    {
        var (m, n) = (a.Shape[^2], a.Shape[^1]);
        var k = Math.Min(m, n);
        var values = outputs[vectors ? 1 : 0].As<R>();
        var u = vectors ? outputs[0].As<T>() : null;
        var vt = vectors ? outputs[2].As<T>() : null;
        using var copy = new Scratch<T>(a.Size);
        var from = copy.Data;
        Transfer.CopyRow(a, (byte*)from);
        ForEach(a, i => one(
            from + (i * m * n), m, n, values + (i * k),
            u == null ? null : u + (i * m * m), vt == null ? null : vt + (i * n * n)));

        // The kernels give the left vectors as rows.
        if (vectors)
        {
            SwapLastAxes(outputs[0]);
        }
    }

    private static void One<T>(T* a, int m, int n, T* values, T* u, T* vt)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        Finite(a, (long)m * n);
        bool converged;
        if (m >= n)
        {
            converged = Bidiagonal.Decompose(a, m, n, values, u, vt);
        }
        else
        {
            // A^T = V S U^T: the two sides change places.
            using var transposed = new Scratch<T>((long)m * n);
            Blocks.Transpose(a, transposed.Data, m, n);
            converged = Bidiagonal.Decompose(transposed.Data, n, m, values, vt, u);
        }

        Converged(converged);
    }

    private static void One(
        Complex64* a, int m, int n, float* values, Complex64* u, Complex64* vt)
    {
        var (tall, wide) = (Math.Max(m, n), Math.Min(m, n));
        using var matrix = new Scratch<Complex>((long)m * n);
        using var s = new Scratch<double>(wide + 1, clear: true);
        using var first = new Scratch<Complex>(u == null ? 0 : (long)tall * tall);
        using var second = new Scratch<Complex>(u == null ? 0 : (long)wide * wide);
        for (var i = 0; i < m; i++)
        {
            for (var j = 0; j < n; j++)
            {
                // A^H where A is wide: the two sides change places.
                Complex z = a[((long)i * n) + j];
                var at = m >= n ? ((long)i * n) + j : ((long)j * m) + i;
                matrix.Data[at] = m >= n ? z : Complex.Conjugate(z);
                if (!Complex.IsFinite(z))
                {
                    throw NotFinite();
                }
            }
        }

        Converged(ComplexFactors.Decompose(
            matrix.Data, tall, wide, s.Data, u == null ? null : first.Data,
            u == null ? null : second.Data));
        ComplexMatrices.Narrow(s.Data, values, wide);
        if (u != null)
        {
            ComplexMatrices.Narrow(m >= n ? first.Data : second.Data, u, (long)m * m);
            ComplexMatrices.Narrow(
                m >= n ? second.Data : first.Data, vt, (long)n * n, conjugate: true);
        }
    }

    private static InvalidOperationException NotFinite() =>
        new("[SVD] the matrix has an element that is not finite.");

    private static void Finite<T>(T* a, long n) where T : unmanaged, IFloatingPointIeee754<T>
    {
        for (long i = 0; i < n; i++)
        {
            if (!T.IsFinite(a[i]))
            {
                throw NotFinite();
            }
        }
    }

    private static void Converged(bool yes)
    {
        if (!yes)
        {
            throw new InvalidOperationException("[SVD] the iteration did not converge.");
        }
    }

    protected override Node[] Again(Node a) => Op.Svd(a, vectors);

    public override bool SameAs(Primitive other) => other is SVD s && s.vectors == vectors;
}

internal static partial class Op
{
    /// <summary>U, S and V^H, or S alone.</summary>
    [Export("mlx_linalg_svd")]
    public static Node[] Svd(Node a, bool computeUv)
    {
        MatrixArguments.FloatingOrComplex(a, "svd");
        MatrixArguments.Matrix(a, "svd");
        var (m, n, batch) = (a.Shape[^2], a.Shape[^1], a.Shape[..^2]);
        var real = a.Dtype == Dtype.Complex64 ? Dtype.Float32 : a.Dtype;
        int[] values = [.. batch, Math.Min(m, n)];
        return computeUv
            ? Node.LazyMany(
                [([.. batch, m, m], a.Dtype), (values, real), ([.. batch, n, n], a.Dtype)],
                new SVD(true), a)
            : [Node.Lazy(values, real, new SVD(false), a)];
    }

    /// <summary>
    /// V diag(1/s) U^T, where singular values below 10 max(m, n) eps s_max count as zero.
    /// </summary>
    [Export("mlx_linalg_pinv")]
    public static Node PInv(Node a)
    {
        MatrixArguments.Floating(a, "pinv");
        MatrixArguments.Matrix(a, "pinv");
        var (m, n) = (a.Shape[^2], a.Shape[^1]);
        var k = Math.Min(m, n);
        var svd = Svd(a, true);
        var u = SwapAxes(Leading(svd[0], m, k), -1, -2);
        var v = SwapAxes(Leading(svd[2], k, n), -1, -2);
        var s = ExpandDims(svd[1], -2);
        var epsilon = a.Dtype == Dtype.Float32 ? 1.1920929e-7 : double.BitIncrement(1) - 1;
        var cutoff = Multiply(
            Scalar(10.0 * Math.Max(m, n) * epsilon, a.Dtype), Max(s, -1, true));
        var inverse = Where(Greater(s, cutoff), Reciprocal(s), Scalar(0.0, a.Dtype));
        return MatMul(Multiply(v, inverse), u);
    }
}
