global using unsafe Kernel = delegate*<byte**, byte*, long, uint, void>;

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Mlx.Cpu.Kernels;

/// <summary>
/// How elements lie in memory and in a vector of <typeparamref name="T"/>. Kernels are written
/// once over <see cref="Vector512{T}"/>: the JIT splits it into what the machine has (two AVX2,
/// four NEON registers), which also hides latency there.
/// </summary>
internal unsafe interface IElement<T> where T : unmanaged
{
    /// <summary>Bytes of one element in memory.</summary>
    static abstract int Size { get; }

    static abstract Vector512<T> Load(byte* from);

    static abstract void Store(Vector512<T> vector, byte* to);
}

/// <summary>Elements computed on as they are stored.</summary>
internal readonly unsafe struct Plain<T> : IElement<T> where T : unmanaged
{
    public static int Size => sizeof(T);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Load(byte* from) => Vector512.Load((T*)from);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<T> vector, byte* to) => vector.Store((T*)to);
}

/// <summary>bfloat16: the upper half of a float32, rounded to nearest even.</summary>
internal readonly unsafe struct BF16 : IElement<float>
{
    public static int Size => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(byte* from) =>
        (Lanes.Widen((ushort*)from) << 16).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<float> vector, byte* to)
    {
        var bits = vector.AsUInt32();
        var rounded = bits + ((bits >> 16) & Vector512<uint>.One) + Vector512.Create(0x7FFFu);
        var number = Vector512.Equals(vector, vector).AsUInt32();
        Lanes.Narrow(
            Vector512.ConditionalSelect(number, rounded, Vector512.Create(0x7FC00000u)) >> 16,
            (ushort*)to);
    }

    public static float Get(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);

    public static ushort Of(float x)
    {
        var bits = BitConverter.SingleToUInt32Bits(x);
        return float.IsNaN(x)
            ? (ushort)0x7FC0
            : (ushort)((bits + ((bits >> 16) & 1) + 0x7FFF) >> 16);
    }
}

/// <summary>IEEE half precision, rounded to nearest even.</summary>
internal readonly unsafe struct F16 : IElement<float>
{
    public static int Size => 2;

    /// <summary>
    /// Shifted into place the bits are the number times 2^-112, subnormal or not; what had the
    /// largest exponent is infinite or no number.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(byte* from)
    {
        var h = Lanes.Widen((ushort*)from);
        var sign = (h & Vector512.Create(0x8000u)) << 16;
        var magnitude = (h & Vector512.Create(0x7FFFu)) << 13;
        var scaled = (magnitude.AsSingle() * Vector512.Create(5.192296858534828e33f)).AsUInt32();
        var special = Vector512.GreaterThan(magnitude.AsInt32(), Vector512.Create(0x0F7FFFFF));
        return (scaled | (special.AsUInt32() & Vector512.Create(0x7F800000u)) | sign).AsSingle();
    }

    /// <summary>
    /// Normal: rebias the exponent and round by an integer addition, which carries into it.
    /// Subnormal: adding 1/2 lets the hardware round at the right bit.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<float> vector, byte* to)
    {
        var bits = vector.AsUInt32();
        var magnitude = bits & Vector512.Create(0x7FFFFFFFu);
        var sign = (bits ^ magnitude) >> 16;
        var odd = (magnitude >> 13) & Vector512<uint>.One;
        var normal = (magnitude + Vector512.Create(0xC8000FFFu) + odd) >> 13;
        var half = Vector512.Create(0.5f);
        var small = (magnitude.AsSingle() + half).AsUInt32() - half.AsUInt32();
        var special = Vector512.ConditionalSelect(
            Vector512.GreaterThan(magnitude.AsInt32(), Vector512.Create(0x7F800000)).AsUInt32(),
            Vector512.Create(0x7E00u), Vector512.Create(0x7C00u));
        var finite = Vector512.ConditionalSelect(
            Vector512.LessThan(magnitude.AsInt32(), Vector512.Create(0x38800000)).AsUInt32(),
            small, normal);
        var result = Vector512.ConditionalSelect(
            Vector512.LessThan(magnitude.AsInt32(), Vector512.Create(0x47800000)).AsUInt32(),
            finite, special);
        Lanes.Narrow(result | sign, (ushort*)to);
    }
}

/// <summary>Moves between lane widths, and what has no vector instruction.</summary>
internal static unsafe class Lanes
{
    /// <summary>Sixteen 16-bit elements, zero-extended.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Widen(ushort* from)
    {
        var v = Vector256.Load(from);
        return Avx512F.IsSupported
            ? Avx512F.ConvertToVector512UInt32(v)
            : Vector512.Create(Vector256.WidenLower(v), Vector256.WidenUpper(v));
    }

    /// <summary>The lower halves of sixteen 32-bit lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Narrow(Vector512<uint> v, ushort* to)
    {
        var narrow = Avx512F.IsSupported
            ? Avx512F.ConvertToVector256UInt16(v)
            : Vector256.Narrow(v.GetLower(), v.GetUpper());
        narrow.Store(to);
    }

    /// <summary>Each lane of a comparison as a byte, 0 or 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreMask<T>(Vector512<T> mask, byte* to) where T : unmanaged
    {
        switch (sizeof(T))
        {
            case 1:
                (mask.AsByte() & Vector512<byte>.One).Store(to);
                break;
            case 2:
                var m2 = mask.AsUInt16();
                (Vector256.Narrow(m2.GetLower(), m2.GetUpper()) & Vector256<byte>.One).Store(to);
                break;
            case 4:
                (Bytes(mask.AsUInt32()) & Vector128<byte>.One).Store(to);
                break;
            default:
                var m8 = mask.AsUInt64();
                var m4 = Vector256.Narrow(m8.GetLower(), m8.GetUpper());
                var m1 = Vector128.Narrow(
                    Vector128.Narrow(m4.GetLower(), m4.GetUpper()), Vector128<ushort>.Zero);
                *(ulong*)to = (m1 & Vector128<byte>.One).AsUInt64().ToScalar();
                break;
        }
    }

    /// <summary>All bits of a lane set where its byte is not 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> LoadMask<T>(byte* from) where T : unmanaged
    {
        switch (sizeof(T))
        {
            case 1:
                var b1 = Vector512.Load(from);
                return (~Vector512.Equals(b1, Vector512<byte>.Zero)).As<byte, T>();
            case 2:
                var b2 = Vector256.Load(from);
                var w2 = Vector512.Create(Vector256.WidenLower(b2), Vector256.WidenUpper(b2));
                return (~Vector512.Equals(w2, Vector512<ushort>.Zero)).As<ushort, T>();
            case 4:
                var w4 = Words(Vector128.Load(from));
                return (~Vector512.Equals(w4, Vector512<uint>.Zero)).As<uint, T>();
            default:
                var b8 = Vector128.CreateScalar(*(ulong*)from).AsByte();
                var w = Vector128.WidenLower(Vector128.WidenLower(b8).AsUInt16());
                var u = Vector128.WidenUpper(Vector128.WidenLower(b8).AsUInt16());
                var w8 = Vector512.Create(
                    Vector256.Create(Vector128.WidenLower(w), Vector128.WidenUpper(w)),
                    Vector256.Create(Vector128.WidenLower(u), Vector128.WidenUpper(u)));
                return (~Vector512.Equals(w8, Vector512<ulong>.Zero)).As<ulong, T>();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Bytes(Vector512<uint> v)
    {
        if (Avx512F.IsSupported)
        {
            return Avx512F.ConvertToVector128Byte(v);
        }

        var half = Vector256.Narrow(v.GetLower(), v.GetUpper());
        return Vector128.Narrow(half.GetLower(), half.GetUpper());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Words(Vector128<byte> v)
    {
        if (Avx512F.IsSupported)
        {
            return Avx512F.ConvertToVector512UInt32(v);
        }

        var (lower, upper) = (Vector128.WidenLower(v), Vector128.WidenUpper(v));
        return Vector512.Create(
            Vector256.Create(Vector128.WidenLower(lower), Vector128.WidenUpper(lower)),
            Vector256.Create(Vector128.WidenLower(upper), Vector128.WidenUpper(upper)));
    }

    /// <summary>A function known for single elements only.</summary>
    public static Vector512<T> Each<T>(Vector512<T> x, delegate*<T, T> f) where T : unmanaged
    {
        var p = (T*)&x;
        for (var i = 0; i < Vector512<T>.Count; i++)
        {
            p[i] = f(p[i]);
        }

        return x;
    }

    /// <summary>A function of two arguments known for single elements only.</summary>
    public static Vector512<T> Each<T>(Vector512<T> x, Vector512<T> y, delegate*<T, T, T> f)
        where T : unmanaged
    {
        var p = (T*)&x;
        var q = (T*)&y;
        for (var i = 0; i < Vector512<T>.Count; i++)
        {
            p[i] = f(p[i], q[i]);
        }

        return x;
    }
}
