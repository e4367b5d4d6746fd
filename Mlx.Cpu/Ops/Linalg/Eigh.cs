using System.Numerics;
using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;
using Mlx.Cpu.Kernels.Linalg;

namespace Mlx.Cpu.Ops;

/// <summary>
/// Eigenvalues (ascending) and orthonormal eigenvectors (columns) of symmetric or Hermitian
/// matrices.
/// </summary>
/// <remarks>
/// One triangle is read. MLX hands LAPACK its rows as columns, so "L" reads what lies above the
/// diagonal and "U" what lies below; the same matrices must give the same answers here.
/// </remarks>
internal sealed unsafe class Eigh(bool readsUpper, bool vectors) : MatrixPrimitive
{
    [Serialized]
    public static readonly Form Form = Form.Many<Eigh, (string Triangle, bool Vectors)>(
        "Eigh", State.Of(State.Text, State.Bool),
        p => (p.kind.ReadsUpper ? "L" : "U", p.kind.Vectors),
        (x, s, _) => Op.Eigh(
            x[0], Op.ReadsUpper(s.Triangle, Op.CheckEigen(x[0], "eigh")), s.Vectors));

    private readonly (bool ReadsUpper, bool Vectors) kind = (readsUpper, vectors);

    protected override void Run<T>(Node a, Node[] outputs)
    {
        var n = a.Shape[^1];
        var values = outputs[0].As<T>();
        var vectors = kind.Vectors ? outputs[1].As<T>() : null;
        using var copy = new Scratch<T>(a.Size);
        var from = copy.Data;
        Transfer.CopyRow(a, (byte*)from);
        ForEach(a, i =>
        {
            var matrix = from + (i * n * n);
            var to = vectors == null ? null : vectors + (i * n * n);
            if (Mirror(matrix, n))
            {
                Converged(Tridiagonal.Eigen(matrix, n, values + (i * n), to));
            }
            else
            {
                new Span<T>(values + (i * n), n).Fill(T.NaN);
                new Span<T>(to, to == null ? 0 : n * n).Fill(T.NaN);
            }
        });
        if (kind.Vectors)
        {
            SwapLastAxes(outputs[1]);
        }
    }

    /// <summary>Fills the triangle that is not read; false if some element is not finite.</summary>
    private bool Mirror<T>(T* a, int n) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var check = T.Zero;
        for (var i = 0; i < n; i++)
        {
            for (var j = 0; j <= i; j++)
            {
                var (above, below) = (((long)j * n) + i, ((long)i * n) + j);
                a[above] = a[below] = a[kind.ReadsUpper ? above : below];
                check += a[above] * T.Zero;
            }
        }

        return check == T.Zero;
    }

    protected override void RunComplex(Node a, Node[] outputs)
    {
        var n = a.Shape[^1];
        var values = outputs[0].As<float>();
        var vectors = kind.Vectors ? outputs[1].As<Complex64>() : null;
        using var copy = new Scratch<Complex64>(a.Size);
        var from = copy.Data;
        Transfer.CopyRow(a, (byte*)from);
        ForEach(a, b =>
        {
            long size = (long)n * n;
            using var matrix = new Scratch<Complex>(size);
            using var w = new Scratch<double>(n);
            using var v = new Scratch<Complex>(vectors == null ? 0 : size);
            ComplexMatrices.Widen(from + (b * size), matrix.Data, size);
            if (Mirror(matrix.Data, n))
            {
                Converged(ComplexFactors.Eigen(
                    matrix.Data, n, w.Data, vectors == null ? null : v.Data));
            }
            else
            {
                new Span<double>(w.Data, n).Fill(double.NaN);
                new Span<Complex>(v.Data, vectors == null ? 0 : (int)size)
                    .Fill(new(double.NaN, double.NaN));
            }

            ComplexMatrices.Narrow(w.Data, values + (b * n), n);
            if (vectors != null)
            {
                ComplexMatrices.Narrow(v.Data, vectors + (b * size), size);
            }
        });
        if (kind.Vectors)
        {
            SwapLastAxes(outputs[1]);
        }
    }

    private bool Mirror(Complex* a, int n)
    {
        var finite = true;
        for (var i = 0; i < n; i++)
        {
            for (var j = 0; j <= i; j++)
            {
                var (above, below) = (((long)j * n) + i, ((long)i * n) + j);
                var value = kind.ReadsUpper ? a[above] : Complex.Conjugate(a[below]);
                value = i == j ? value.Real : value;
                (a[above], a[below]) = (value, Complex.Conjugate(value));
                finite &= Complex.IsFinite(value);
            }
        }

        return finite;
    }

    internal static void Converged(bool yes)
    {
        if (!yes)
        {
            throw new InvalidOperationException("[Eigh] the iteration did not converge.");
        }
    }

    protected override Node[] Again(Node a) => Op.Eigh(a, kind.ReadsUpper, kind.Vectors);

    public override bool SameAs(Primitive other) => other is Eigh e && e.kind == kind;
}

internal static partial class Op
{
    [Export("mlx_linalg_eigvalsh")]
    public static Node EigValsH(Node a, string uplo) =>
        Eigh(a, ReadsUpper(uplo, CheckEigen(a, "eigvalsh")), false)[0];

    [Export("mlx_linalg_eigh")]
    public static (Node Values, Node Vectors) Eigh(Node a, string uplo)
    {
        var outputs = Eigh(a, ReadsUpper(uplo, CheckEigen(a, "eigh")), true);
        return (outputs[0], outputs[1]);
    }

    internal static Node[] Eigh(Node a, bool readsUpper, bool vectors)
    {
        var real = a.Dtype == Dtype.Complex64 ? Dtype.Float32 : a.Dtype;
        var primitive = new Ops.Eigh(readsUpper, vectors);
        return vectors
            ? Node.LazyMany([(a.Shape[..^1], real), (a.Shape, a.Dtype)], primitive, a)
            : [Node.Lazy(a.Shape[..^1], real, primitive, a)];
    }

    internal static bool ReadsUpper(string uplo, string op) => uplo is ['L' or 'l', ..]
        || (uplo is ['U' or 'u', ..] ? false : throw new ArgumentException(
            $"[linalg::{op}] UPLO must be \"L\" or \"U\" but is \"{uplo}\"."));

    internal static string CheckEigen(Node a, string op)
    {
        MatrixArguments.FloatingOrComplex(a, op);
        MatrixArguments.Square(a, op);
        return op;
    }
}
