using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Mlx.Cpu.Graph;
using V = System.Runtime.Intrinsics.Vector512<float>;

namespace Mlx.Cpu.Kernels;

/// <summary>
/// z = f(x, y) on vectors of eight complex numbers: real parts in the even lanes.
/// </summary>
internal interface IComplexBinary
{
    static abstract V Pairs(V x, V y);
}

/// <summary>y = f(x) on vectors of eight complex numbers.</summary>
internal interface IComplexUnary
{
    static abstract V Pairs(V x);
}

/// <summary>
/// Carries complex operators through the loops, whose lane then is a pair of floats.
/// </summary>
internal readonly struct ComplexBinary<TOperator> : IBinary where TOperator : struct, IComplexBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Of<T>(Vector512<T> x, Vector512<T> y) where T : unmanaged =>
        TOperator.Pairs(x.As<T, float>(), y.As<T, float>()).As<float, T>();
}

/// <inheritdoc cref="ComplexBinary{TOperator}"/>
internal readonly struct ComplexUnary<TFunction> : IUnary where TFunction : struct, IComplexUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Of<T>(Vector512<T> x) where T : unmanaged =>
        TFunction.Pairs(x.As<T, float>()).As<float, T>();
}

/// <summary>Complex arithmetic on pairs of lanes.</summary>
internal static unsafe class ComplexLanes
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    [MethodImpl(Inline)]
    public static V Conjugate(V x) =>
        (x.AsUInt64() ^ Vector512.Create(0x8000_0000_0000_0000ul)).AsSingle();

    /// <summary>Without fused products, so that z times its conjugate is real.</summary>
    [MethodImpl(Inline)]
    public static V Multiply(V x, V y)
    {
        var (u, v) = (x.AsUInt64(), y.AsUInt64());
        var low = u & Vector512.Create(0xFFFF_FFFFul);
        var high = u >> 32;
        var real = (low | (low << 32)).AsSingle();
        var imaginary = (high | (high << 32)).AsSingle();
        var swapped = ((v >> 32) | (v << 32)).AsSingle();
        var sign = Vector512.Create(0x8000_0000ul).AsSingle();
        return real * y + (imaginary * swapped ^ sign);
    }

    /// <summary>A function known for single numbers only.</summary>
    public static V Each(V x, delegate*<Complex64, Complex64> f)
    {
        var p = (Complex64*)&x;
        for (var i = 0; i < 8; i++)
        {
            p[i] = f(p[i]);
        }

        return x;
    }

    /// <summary>A function of two arguments known for single numbers only.</summary>
    public static V Each(V x, V y, delegate*<Complex64, Complex64, Complex64> f)
    {
        var p = (Complex64*)&x;
        var q = (Complex64*)&y;
        for (var i = 0; i < 8; i++)
        {
            p[i] = f(p[i], q[i]);
        }

        return x;
    }

    [MethodImpl(Inline)]
    public static Vector256<float> Real(Vector512<ulong> z) => Avx512F.IsSupported
        ? Avx512F.ConvertToVector256UInt32(z).AsSingle()
        : Vector256.Narrow(z.GetLower(), z.GetUpper()).AsSingle();

    [MethodImpl(Inline)]
    public static Vector256<float> Imaginary(Vector512<ulong> z) => Real(z >> 32);

    /// <summary>In float64, where squares of float32 neither overflow nor lose anything.</summary>
    [MethodImpl(Inline)]
    public static Vector256<float> Modulus(Vector512<ulong> z)
    {
        var (re, im) = (Real(z), Imaginary(z));
        var (x, y) = (Double(re), Double(im));
        var r = Vector512.Sqrt(x * x + y * y);
        var size = Avx512F.IsSupported
            ? Avx512F.ConvertToVector256Single(r)
            : Vector256.Narrow(r.GetLower(), r.GetUpper());
        // Infinite, even beside NaN.
        var infinity = Vector256.Create(float.PositiveInfinity);
        var infinite = Vector256.Equals(Vector256.Abs(re), infinity)
            | Vector256.Equals(Vector256.Abs(im), infinity);
        return Vector256.ConditionalSelect(infinite, infinity, size);
    }

    private static Vector512<double> Double(Vector256<float> v) => Avx512F.IsSupported
        ? Avx512F.ConvertToVector512Double(v)
        : Vector512.Create(Vector256.WidenLower(v), Vector256.WidenUpper(v));

    /// <summary>A real number for each complex one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Part<TPart>(byte** inputs, byte* output, long n, uint scalars)
        where TPart : struct, IComplexPart
    {
        var x = (ulong*)inputs[0];
        var to = (float*)output;
        var dx = scalars != 0 ? 0 : 8;
        var pad = stackalloc ulong[8];
        if (dx == 0)
        {
            Vector512.Create(*x).Store(pad);
            x = pad;
        }

        for (; n >= 8; n -= 8)
        {
            TPart.Of(Vector512.Load(x)).Store(to);
            x += dx;
            to += 8;
        }

        if (n > 0)
        {
            if (dx != 0)
            {
                Vector512<ulong>.Zero.Store(pad);
                Unsafe.CopyBlockUnaligned(pad, x, (uint)n * 8);
            }

            var tail = TPart.Of(Vector512.Load(pad));
            Unsafe.CopyBlockUnaligned(to, &tail, (uint)n * 4);
        }
    }
}

/// <summary>A real number for each of eight complex ones.</summary>
internal interface IComplexPart
{
    static abstract Vector256<float> Of(Vector512<ulong> z);
}
