using System.Numerics;

namespace Mlx.Cpu.Kernels;

/// <summary>
/// Complex functions in float64, to be rounded to complex64: products of two float32 are exact
/// there, so that differences of squares do not cancel. The inverse functions are W. Kahan's
/// ("Branch cuts for complex elementary functions"), right on both sides of their cuts.
/// </summary>
internal static class ComplexMath
{
    public static Complex Expm1(Complex z)
    {
        // e^x cos y - 1 = (e^x - 1) cos y + (cos y - 1)
        var half = Math.Sin(z.Imaginary / 2);
        var real = Float64.Expm1(z.Real) * Math.Cos(z.Imaginary) - 2 * half * half;
        return new(real, Math.Exp(z.Real) * Math.Sin(z.Imaginary));
    }

    public static Complex Log1p(Complex z)
    {
        // |1 + z|^2 - 1 = x (2 + x) + y^2
        var (x, y) = (z.Real, z.Imaginary);
        var real = Complex.Abs(z) < 0.5
            ? 0.5 * Float64.Log1p(x * (2 + x) + y * y)
            : Math.Log(double.Hypot(1 + x, y));
        return new(real, Math.Atan2(y, 1 + x));
    }

    /// <summary>The root with a real part that is not negative; zeros keep their signs.</summary>
    public static Complex Sqrt(Complex z)
    {
        var (x, y) = (z.Real, z.Imaginary);
        if (x == 0 && y == 0)
        {
            return new(0, y);
        }

        if (double.IsInfinity(y))
        {
            return new(double.PositiveInfinity, y);
        }

        if (double.IsInfinity(x))
        {
            var other = double.IsNaN(y) ? y : 0;
            return x > 0 ? new(x, Math.CopySign(other, y)) : new(other, Math.CopySign(x, y));
        }

        var t = Math.Sqrt((Math.Abs(x) + double.Hypot(x, y)) / 2);
        return x >= 0 ? new(t, y / (2 * t)) : new(Math.Abs(y) / (2 * t), Math.CopySign(t, y));
    }

    /// <summary>sqrt(1 - z) and sqrt(1 + z).</summary>
    private static (Complex, Complex) Roots(Complex z) =>
        (Sqrt(new(1 - z.Real, -z.Imaginary)), Sqrt(new(1 + z.Real, z.Imaginary)));

    public static Complex Asin(Complex z)
    {
        var (a, b) = Roots(z);
        return new(
            Math.Atan2(z.Real, a.Real * b.Real - a.Imaginary * b.Imaginary),
            Math.Asinh(a.Real * b.Imaginary - a.Imaginary * b.Real));
    }

    public static Complex Acos(Complex z)
    {
        var (a, b) = Roots(z);
        return new(
            2 * Math.Atan2(a.Real, b.Real),
            Math.Asinh(b.Real * a.Imaginary - b.Imaginary * a.Real));
    }

    public static Complex Asinh(Complex z)
    {
        var w = Asin(new Complex(-z.Imaginary, z.Real));
        return new(w.Imaginary, -w.Real);
    }

    public static Complex Acosh(Complex z)
    {
        var (a, b) = (Sqrt(new(z.Real - 1, z.Imaginary)), Sqrt(new(z.Real + 1, z.Imaginary)));
        return new(
            Math.Asinh(a.Real * b.Real + a.Imaginary * b.Imaginary),
            2 * Math.Atan2(a.Imaginary, b.Real));
    }

    /// <summary>
    /// log(|1 + z|^2 / |1 - z|^2) / 4 and half the difference of the angles.
    /// </summary>
    public static Complex Atanh(Complex z)
    {
        var (x, y) = (z.Real, z.Imaginary);
        var distance = (1 - x) * (1 - x) + y * y;
        return new(
            0.25 * Float64.Log1p(4 * x / distance),
            0.5 * Math.Atan2(2 * y, (1 - x) * (1 + x) - y * y));
    }

    public static Complex Atan(Complex z)
    {
        var w = Atanh(new Complex(-z.Imaginary, z.Real));
        return new(w.Imaginary, -w.Real);
    }

    /// <summary>
    /// log(e^x + e^y); which of the two is taken out is MLX's order of complex numbers.
    /// </summary>
    public static Complex LogAddExp(Complex x, Complex y)
    {
        var above = x.Real > y.Real || x.Real == y.Real && x.Imaginary > y.Imaginary;
        var (low, high) = above ? (y, x) : (x, y);
        return low == double.NegativeInfinity || high == double.PositiveInfinity
            ? high
            : high + Log1p(Complex.Exp(low - high));
    }
}
