using System.Numerics;

namespace Mlx.Cpu.Kernels.Linalg;

/// <summary>
/// Complex reflections H = I - tau v v^H, unblocked and in double precision: complex matrices are
/// rare enough here that plain loops do, and complex64 inputs lose nothing on the way.
/// </summary>
internal static unsafe class ComplexHouseholder
{
    /// <summary>Turns x into v such that H^H x = (beta, 0, ...) with a real beta.</summary>
    public static (double Beta, Complex Tau) Reflect(Span<Complex> x)
    {
        var alpha = x[0];
        var rest = 0.0;
        foreach (var z in x[1..])
        {
            rest = double.Hypot(rest, Complex.Abs(z));
        }

        x[0] = Complex.One;
        if (rest == 0 && alpha.Imaginary == 0)
        {
            return (alpha.Real, Complex.Zero);
        }

        var beta = -Math.CopySign(double.Hypot(Complex.Abs(alpha), rest), alpha.Real);
        var scale = Complex.One / (alpha - beta);
        for (var i = 1; i < x.Length; i++)
        {
            x[i] *= scale;
        }

        return (beta, new Complex((beta - alpha.Real) / beta, -alpha.Imaginary / beta));
    }

    /// <summary>A = H^H A, for the block of A that the reflection meets.</summary>
    public static void FromLeft(
        ReadOnlySpan<Complex> v, Complex tau, Complex* a, long row, int columns)
    {
        for (var j = 0; j < columns; j++)
        {
            var dot = Complex.Zero;
            for (var i = 0; i < v.Length; i++)
            {
                dot += Complex.Conjugate(v[i]) * a[(i * row) + j];
            }

            dot *= Complex.Conjugate(tau);
            for (var i = 0; i < v.Length; i++)
            {
                a[(i * row) + j] -= v[i] * dot;
            }
        }
    }

    /// <summary>A = A H.</summary>
    public static void FromRight(
        ReadOnlySpan<Complex> v, Complex tau, Complex* a, long row, int rows)
    {
        for (var i = 0; i < rows; i++)
        {
            var line = a + (i * row);
            var dot = Complex.Zero;
            for (var j = 0; j < v.Length; j++)
            {
                dot += line[j] * v[j];
            }

            dot *= tau;
            for (var j = 0; j < v.Length; j++)
            {
                line[j] -= dot * Complex.Conjugate(v[j]);
            }
        }
    }
}
