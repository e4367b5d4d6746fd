using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Kernels;

/// <summary>
/// Moves strided elements into a small contiguous buffer as the type a kernel computes with, and
/// results back. Strides are in elements. Kernels that accumulate in a wider type, or meet strided
/// rows, run over such buffers, which stay in the first-level cache.
/// </summary>
internal static unsafe class Widening
{
    /// <summary>To int (32 bits and less), long, float (half precision) or double.</summary>
    public static delegate*<byte*, long, byte*, long, void> Widen(Dtype from) => from switch
    {
        Dtype.Bool or Dtype.UInt8 => &FromUInt8,
        Dtype.Int8 => &FromInt8,
        Dtype.UInt16 => &FromUInt16,
        Dtype.Int16 => &FromInt16,
        Dtype.Float16 => &FromHalf,
        Dtype.BFloat16 => &FromBFloat,
        _ => Same(from.Size()),
    };

    /// <summary>Elements of an unchanged type.</summary>
    public static delegate*<byte*, long, byte*, long, void> Same(int width) => width switch
    {
        1 => &Gather1,
        2 => &Gather2,
        4 => &Gather4,
        _ => &Gather8,
    };

    /// <summary>
    /// To a byte that is 1 where the element has a bit set: as in MLX minus zero counts, which
    /// equals zero and yet is not all zeros.
    /// </summary>
    public static delegate*<byte*, long, byte*, long, void> Truth(Dtype from) =>
        from == Dtype.Bool ? &Gather1 : from.Size() switch
        {
            1 => &Truth1,
            2 => &Truth2,
            4 => &Truth4,
            _ => &Truth8,
        };

    /// <summary>From what <see cref="Widen"/> made, to contiguous or strided elements.</summary>
    public static delegate*<byte*, byte*, long, long, void> Narrow(Dtype to) => to switch
    {
        Dtype.Float16 => &ToHalf,
        Dtype.BFloat16 => &ToBFloat,
        _ => SameBack(to.Size()),
    };

    /// <summary>Back to elements of an unchanged type.</summary>
    public static delegate*<byte*, byte*, long, long, void> SameBack(int width) => width switch
    {
        1 => &Scatter1,
        2 => &Scatter2,
        4 => &Scatter4,
        _ => &Scatter8,
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float BFloat(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);

    /// <summary>Rounds to the nearest, ties to even; what is not a number stays so.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort BFloat(float x)
    {
        var bits = BitConverter.SingleToUInt32Bits(x);
        return float.IsNaN(x)
            ? (ushort)((bits >> 16) | 0x40)
            : (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    public static void FromHalf(byte* from, long stride, byte* to, long n)
    {
        var s = (Half*)from;
        var d = (float*)to;
        if (stride == 1)
        {
            TensorPrimitives.ConvertToSingle(
                new ReadOnlySpan<Half>(s, (int)n), new Span<float>(d, (int)n));
            return;
        }

        for (long i = 0; i < n; i++)
        {
            d[i] = (float)s[i * stride];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void FromBFloat(byte* from, long stride, byte* to, long n)
    {
        var s = (ushort*)from;
        var d = (float*)to;
        long i = 0;
        if (stride == 1)
        {
            for (; i <= n - 16; i += 16)
            {
                var (low, high) = Vector256.Widen(Vector256.Load(s + i));
                Vector256.Store((low << 16).AsSingle(), d + i);
                Vector256.Store((high << 16).AsSingle(), d + i + 8);
            }
        }

        for (; i < n; i++)
        {
            d[i] = BFloat(s[i * stride]);
        }
    }

    public static void ToHalf(byte* from, byte* to, long stride, long n)
    {
        var s = (float*)from;
        var d = (Half*)to;
        if (stride == 1)
        {
            TensorPrimitives.ConvertToHalf(
                new ReadOnlySpan<float>(s, (int)n), new Span<Half>(d, (int)n));
            return;
        }

        for (long i = 0; i < n; i++)
        {
            d[i * stride] = (Half)s[i];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ToBFloat(byte* from, byte* to, long stride, long n)
    {
        var s = (float*)from;
        var d = (ushort*)to;
        long i = 0;
        if (stride == 1)
        {
            for (; i <= n - 16; i += 16)
            {
                var low = Round(Vector256.Load(s + i));
                var high = Round(Vector256.Load(s + i + 8));
                Vector256.Store(Vector256.Narrow(low, high), d + i);
            }
        }

        for (; i < n; i++)
        {
            d[i * stride] = BFloat(s[i]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Round(Vector256<float> x)
    {
        var bits = x.AsUInt32();
        var odd = (bits >> 16) & Vector256<uint>.One;
        var rounded = (bits + odd + Vector256.Create(0x7FFFu)) >> 16;
        var quiet = (bits >> 16) | Vector256.Create(0x40u);
        return Vector256.ConditionalSelect(Vector256.Equals(x, x).AsUInt32(), rounded, quiet);
    }

    private static void FromUInt8(byte* from, long stride, byte* to, long n)
    {
        var d = (int*)to;
        long i = 0;
        if (stride == 1)
        {
            for (; i <= n - 16; i += 16)
            {
                var (low, _) = Vector256.Widen(Vector128.Load(from + i).ToVector256Unsafe());
                var (a, b) = Vector256.Widen(low);
                a.AsInt32().Store(d + i);
                b.AsInt32().Store(d + i + 8);
            }
        }

        for (; i < n; i++)
        {
            d[i] = from[i * stride];
        }
    }

    private static void FromInt8(byte* from, long stride, byte* to, long n)
    {
        var s = (sbyte*)from;
        var d = (int*)to;
        long i = 0;
        if (stride == 1)
        {
            for (; i <= n - 16; i += 16)
            {
                var (low, _) = Vector256.Widen(Vector128.Load(s + i).ToVector256Unsafe());
                var (a, b) = Vector256.Widen(low);
                a.Store(d + i);
                b.Store(d + i + 8);
            }
        }

        for (; i < n; i++)
        {
            d[i] = s[i * stride];
        }
    }

    private static void FromUInt16(byte* from, long stride, byte* to, long n)
    {
        var s = (ushort*)from;
        var d = (int*)to;
        long i = 0;
        if (stride == 1)
        {
            for (; i <= n - 16; i += 16)
            {
                var (a, b) = Vector256.Widen(Vector256.Load(s + i));
                a.AsInt32().Store(d + i);
                b.AsInt32().Store(d + i + 8);
            }
        }

        for (; i < n; i++)
        {
            d[i] = s[i * stride];
        }
    }

    private static void FromInt16(byte* from, long stride, byte* to, long n)
    {
        var s = (short*)from;
        var d = (int*)to;
        long i = 0;
        if (stride == 1)
        {
            for (; i <= n - 16; i += 16)
            {
                var (a, b) = Vector256.Widen(Vector256.Load(s + i));
                a.Store(d + i);
                b.Store(d + i + 8);
            }
        }

        for (; i < n; i++)
        {
            d[i] = s[i * stride];
        }
    }

    private static void Gather1(byte* from, long stride, byte* to, long n) =>
        Gather(from, stride, to, n);

    private static void Gather2(byte* from, long stride, byte* to, long n) =>
        Gather((ushort*)from, stride, (ushort*)to, n);

    private static void Gather4(byte* from, long stride, byte* to, long n) =>
        Gather((uint*)from, stride, (uint*)to, n);

    private static void Gather8(byte* from, long stride, byte* to, long n) =>
        Gather((ulong*)from, stride, (ulong*)to, n);

    private static void Gather<T>(T* from, long stride, T* to, long n)
        where T : unmanaged
    {
        if (stride == 1)
        {
            Buffer.MemoryCopy(from, to, n * sizeof(T), n * sizeof(T));
            return;
        }

        for (long i = 0; i < n; i++)
        {
            to[i] = from[i * stride];
        }
    }

    private static void Scatter1(byte* from, byte* to, long stride, long n) =>
        Scatter(from, to, stride, n);

    private static void Scatter2(byte* from, byte* to, long stride, long n) =>
        Scatter((ushort*)from, (ushort*)to, stride, n);

    private static void Scatter4(byte* from, byte* to, long stride, long n) =>
        Scatter((uint*)from, (uint*)to, stride, n);

    private static void Scatter8(byte* from, byte* to, long stride, long n) =>
        Scatter((ulong*)from, (ulong*)to, stride, n);

    private static void Scatter<T>(T* from, T* to, long stride, long n)
        where T : unmanaged
    {
        if (stride == 1)
        {
            Buffer.MemoryCopy(from, to, n * sizeof(T), n * sizeof(T));
            return;
        }

        for (long i = 0; i < n; i++)
        {
            to[i * stride] = from[i];
        }
    }

    private static void Truth1(byte* from, long stride, byte* to, long n) =>
        Truth(from, stride, to, n);

    private static void Truth2(byte* from, long stride, byte* to, long n) =>
        Truth((ushort*)from, stride, to, n);

    private static void Truth4(byte* from, long stride, byte* to, long n) =>
        Truth((uint*)from, stride, to, n);

    private static void Truth8(byte* from, long stride, byte* to, long n) =>
        Truth((ulong*)from, stride, to, n);

    private static void Truth<T>(T* from, long stride, byte* to, long n)
        where T : unmanaged, INumberBase<T>
    {
        for (long i = 0; i < n; i++)
        {
            to[i] = T.IsZero(from[i * stride]) ? (byte)0 : (byte)1;
        }
    }
}
