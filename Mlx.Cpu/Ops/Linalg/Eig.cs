using System.Numerics;
using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;
using Mlx.Cpu.Kernels.Linalg;

namespace Mlx.Cpu.Ops;

/// <summary>
/// Eigenvalues and eigenvectors (columns of length one, A V = V diag(w)) of any square matrix,
/// both complex64.
/// </summary>
/// <remarks>
/// For complex input MLX 0.31.2 returns the conjugates of the eigenvectors; here A V = V diag(w)
/// holds for them as well.
/// </remarks>
internal sealed unsafe class Eig(bool vectors) : MatrixPrimitive
{
    [Serialized]
    public static readonly Form Form = Form.Many<Eig, bool>(
        "Eig", State.Bool, p => p.vectors, (x, vectors, _) =>
        {
            Op.CheckEigen(x[0], "eig");
            return Op.Eig(x[0], vectors);
        });

    private readonly bool vectors = vectors;

    protected override void Run<T>(Node a, Node[] outputs)
    {
        using var copy = new Scratch<T>(a.Size);
        Transfer.CopyRow(a, (byte*)copy.Data);
        var from = copy.Data;
        Solve(a, outputs, true, i => double.CreateTruncating(from[i]));
    }

    protected override void RunComplex(Node a, Node[] outputs)
    {
        using var copy = new Scratch<Complex64>(a.Size);
        Transfer.CopyRow(a, (byte*)copy.Data);
        var from = copy.Data;
        Solve(a, outputs, false, i => from[i]);
    }

    private void Solve(Node a, Node[] outputs, bool isReal, Func<long, Complex> element)
    {
        var n = a.Shape[^1];
        var values = outputs[0].As<Complex64>();
        var vectors = this.vectors ? outputs[1].As<Complex64>() : null;
        ForEach(a, b =>
        {
            long size = (long)n * n;
            using var matrix = new Scratch<Complex>(size);
            using var w = new Scratch<Complex>(n);
            using var v = new Scratch<Complex>(vectors == null ? 0 : size);
            var finite = true;
            for (long i = 0; i < size; i++)
            {
                matrix.Data[i] = element((b * size) + i);
                finite &= Complex.IsFinite(matrix.Data[i]);
            }

            if (!finite)
            {
                var nan = new Complex(double.NaN, double.NaN);
                new Span<Complex>(w.Data, n).Fill(nan);
                new Span<Complex>(v.Data, vectors == null ? 0 : (int)size).Fill(nan);
            }
            else if (!Schur.Eigen(matrix.Data, n, isReal, w.Data, vectors == null ? null : v.Data))
            {
                throw new InvalidOperationException("[Eig] the iteration did not converge.");
            }

            ComplexMatrices.Narrow(w.Data, values + (b * n), n);
            if (vectors != null)
            {
                ComplexMatrices.Narrow(v.Data, vectors + (b * size), size);
            }
        });
    }

    protected override Node[] Again(Node a) => Op.Eig(a, vectors);

    public override bool SameAs(Primitive other) => other is Eig e && e.vectors == vectors;
}

/// <summary>Between complex64 and the double precision of the complex kernels.</summary>
internal static unsafe class ComplexMatrices
{
    public static void Widen(Complex64* from, Complex* to, long n)
    {
        for (long i = 0; i < n; i++)
        {
            to[i] = from[i];
        }
    }

    public static void Narrow(Complex* from, Complex64* to, long n, bool conjugate = false)
    {
        for (long i = 0; i < n; i++)
        {
            to[i] = (Complex64)(conjugate ? Complex.Conjugate(from[i]) : from[i]);
        }
    }

    public static void Narrow(double* from, float* to, long n)
    {
        for (long i = 0; i < n; i++)
        {
            to[i] = (float)from[i];
        }
    }
}

internal static partial class Op
{
    [Export("mlx_linalg_eigvals")]
    public static Node EigVals(Node a)
    {
        CheckEigen(a, "eigvals");
        return Eig(a, false)[0];
    }

    [Export("mlx_linalg_eig")]
    public static (Node Values, Node Vectors) Eig(Node a)
    {
        CheckEigen(a, "eig");
        var outputs = Eig(a, true);
        return (outputs[0], outputs[1]);
    }

    internal static Node[] Eig(Node a, bool vectors) => vectors
        ? Node.LazyMany(
            [(a.Shape[..^1], Dtype.Complex64), (a.Shape, Dtype.Complex64)], new Ops.Eig(true), a)
        : [Node.Lazy(a.Shape[..^1], Dtype.Complex64, new Ops.Eig(false), a)];
}
