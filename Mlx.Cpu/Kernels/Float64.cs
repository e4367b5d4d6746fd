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

    /// <summary>
    /// Rational approximations on four ranges, as in Sun's fdlibm: x + x R(x^2); around 1 a
    /// constant and R(|x| - 1); beyond, 1 - e^(-x^2 - 9/16 + R(1/x^2)) / |x|.
    /// </summary>
    public static double Erf(double x)
    {
        var a = Math.Abs(x);
        if (a < 0.84375)
        {
            var z = x * x;
            return x + x * (Horner(Near, z) / Horner(NearBelow, z));
        }

        return double.IsNaN(x) ? x : Math.CopySign(1 - Erfc(a), x);
    }

    /// <summary>1 - erf(a) for a of at least 0.84375.</summary>
    private static double Erfc(double a)
    {
        if (a < 1.25)
        {
            var s = a - 1;
            return 0.154937088489532470703125 - Horner(Middle, s) / Horner(MiddleBelow, s);
        }

        if (a > 28)
        {
            return 0;
        }

        var t = 1 / (a * a);
        var r = a < 1 / 0.35
            ? Horner(Far, t) / Horner(FarBelow, t)
            : Horner(Tail, t) / Horner(TailBelow, t);

        // The square of the upper half of a is exact.
        var high = BitConverter.Int64BitsToDouble(BitConverter.DoubleToInt64Bits(a) & ~0xFFFFFFFFL);
        return Math.Exp(-high * high - 0.5625) * Math.Exp((high - a) * (high + a) + r) / a;
    }

    private static double Horner(ReadOnlySpan<double> coefficients, double x)
    {
        var y = 0.0;
        for (var i = coefficients.Length - 1; i >= 0; i--)
        {
            y = y * x + coefficients[i];
        }

        return y;
    }

    private static ReadOnlySpan<double> Near =>
    [
        1.28379167095512558561e-01, -3.25042107247001499370e-01, -2.84817495755985104766e-02,
        -5.77027029648944159157e-03, -2.37630166566501626084e-05,
    ];

    private static ReadOnlySpan<double> NearBelow =>
    [
        1, 3.97917223959155352819e-01, 6.50222499887672944485e-02, 5.08130628187576562776e-03,
        1.32494738004321644526e-04, -3.96022827877536812320e-06,
    ];

    private static ReadOnlySpan<double> Middle =>
    [
        -2.36211856075265944077e-03, 4.14856118683748331666e-01, -3.72207876035701323847e-01,
        3.18346619901161753674e-01, -1.10894694282396677476e-01, 3.54783043256182359371e-02,
        -2.16637559486879084300e-03,
    ];

    private static ReadOnlySpan<double> MiddleBelow =>
    [
        1, 1.06420880400844228286e-01, 5.40397917702171048937e-01, 7.18286544141962662868e-02,
        1.26171219808761642112e-01, 1.36370839120290507362e-02, 1.19844998467991074170e-02,
    ];

    private static ReadOnlySpan<double> Far =>
    [
        -9.86494403484714822705e-03, -6.93858572707181764372e-01, -1.05586262253232909814e+01,
        -6.23753324503260060396e+01, -1.62396669462573470355e+02, -1.84605092906711035994e+02,
        -8.12874355063065934246e+01, -9.81432934416914548592e+00,
    ];

    private static ReadOnlySpan<double> FarBelow =>
    [
        1, 1.96512716674392571292e+01, 1.37657754143519042600e+02, 4.34565877475229228821e+02,
        6.45387271733267880336e+02, 4.29008140027567833386e+02, 1.08635005541779435134e+02,
        6.57024977031928170135e+00, -6.04244152148580987438e-02,
    ];

    private static ReadOnlySpan<double> Tail =>
    [
        -9.86494292470009928597e-03, -7.99283237680523006574e-01, -1.77579549177547519889e+01,
        -1.60636384855821916062e+02, -6.37566443368389627722e+02, -1.02509513161107724954e+03,
        -4.83519191608651397019e+02,
    ];

    private static ReadOnlySpan<double> TailBelow =>
    [
        1, 3.03380607434824582924e+01, 3.25792512996573918826e+02, 1.53672958608443695994e+03,
        3.19985821950859553908e+03, 2.55305040643316442583e+03, 4.74528541206955367215e+02,
        -2.24409524465858183362e+01,
    ];

    /// <summary>S. Winitzki's estimate, then Halley's steps.</summary>
    public static double ErfInv(double x)
    {
        var size = Math.Abs(x);
        if (x == 0 || !(size < 1))
        {
            return x == 0 ? x : size == 1 ? x * double.PositiveInfinity : double.NaN;
        }

        var log = Math.Log((1 - size) * (1 + size));
        var t = 4.33 + log / 2;
        var y = Math.Sqrt(Math.Sqrt(t * t - log / 0.147) - t);
        for (var i = 0; i < 2; i++)
        {
            // In the tail the difference is taken of the complements, which keep their digits.
            var miss = y < 0.84375 ? Erf(y) - size : 1 - size - Erfc(y);
            var step = miss / (1.1283791670955126 * Math.Exp(-y * y));
            y -= step / (1 + y * step);
        }

        return Math.CopySign(y, x);
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
