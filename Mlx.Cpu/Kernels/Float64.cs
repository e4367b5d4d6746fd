namespace Mlx.Cpu.Kernels;

/// <summary>float64 functions that .NET lacks, one element at a time.</summary>
internal static class Float64
{
    /// <summary>W. Kahan: with u = e^x the errors of u - 1 and log(u) cancel.</summary>
    public static double Expm1(double x)
    {
        if (Math.Abs(x) > 1)
        {
            return Math.Exp(x) - 1;
        }

        var u = Math.Exp(x);
        return u == 1 ? x : (u - 1) * (x / Math.Log(u));
    }

    public static double Log1p(double x)
    {
        var u = 1 + x;
        return u == 1 || u == double.PositiveInfinity ? x : Math.Log(u) * (x / (u - 1));
    }

    /// <summary>Near 0 the series 2/sqrt(pi) e^-x^2 x sum (2 x^2)^n / (2n+1)!!, else 1 - erfc.</summary>
    public static double Erf(double x)
    {
        var a = Math.Abs(x);
        if (!(a < 2.5))
        {
            return double.IsNaN(x) ? x : Math.CopySign(1 - Erfc(a), x);
        }

        var (term, sum) = (x, x);
        for (var n = 1; Math.Abs(term) > 1e-17 * Math.Abs(sum); n++)
        {
            term *= 2 * x * x / (2 * n + 1);
            sum += term;
        }

        return 1.1283791670955126 * Math.Exp(-x * x) * sum;
    }

    /// <summary>1 - erf(a) for a of at least 2.5, by its continued fraction.</summary>
    private static double Erfc(double a)
    {
        if (a > 28)
        {
            return 0;
        }

        var fraction = a;
        for (var k = 60; k > 0; k--)
        {
            fraction = a + 0.5 * k / fraction;
        }

        return Math.Exp(-a * a) / (fraction * 1.7724538509055159);
    }

    /// <summary>S. Winitzki's estimate, then Halley's steps.</summary>
    public static double ErfInv(double x)
    {
        if (x == 0 || !(Math.Abs(x) < 1))
        {
            return x == 0 ? x : Math.Abs(x) == 1 ? x * double.PositiveInfinity : double.NaN;
        }

        var log = Math.Log((1 - x) * (1 + x));
        var t = 4.33 + log / 2;
        var y = Math.CopySign(Math.Sqrt(Math.Sqrt(t * t - log / 0.147) - t), x);
        for (var i = 0; i < 3; i++)
        {
            var a = Math.Abs(y);
            // In the tail the difference is taken of the complements, which keep their digits.
            var miss = a < 2.5
                ? Erf(y) - x
                : Math.CopySign(1 - Math.Abs(x) - Erfc(a), y);
            var step = miss / (1.1283791670955126 * Math.Exp(-y * y));
            y -= step / (1 + y * step);
        }

        return y;
    }

    /// <summary>The remainder of the sign of y.</summary>
    public static double Modulo(double x, double y)
    {
        var r = x % y;
        return r != 0 && r < 0 != y < 0 ? r + y : r;
    }

    /// <summary>log(e^x + e^y)</summary>
    public static double LogAddExp(double x, double y)
    {
        var (low, high) = (Math.Min(x, y), Math.Max(x, y));
        return low == double.NegativeInfinity || high == double.PositiveInfinity
            ? high
            : high + Log1p(Math.Exp(low - high));
    }
}
