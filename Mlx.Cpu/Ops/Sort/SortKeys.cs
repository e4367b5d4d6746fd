using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Ops;

/// <summary>
/// Elements as unsigned integers of the same order: integers with the sign bit turned, floats with
/// the sign bit turned and negative ones reversed, NaN as the largest of all; complex numbers by
/// real part, then imaginary part.
/// </summary>
internal static unsafe class SortKeys
{
    /// <summary>Bits of a key that can differ.</summary>
    public static int Bits(Dtype dtype) => dtype.Size() * 8;

    /// <summary>
    /// Keys of up to 32 bits. For an order of positions -0 and 0 are one key, so that equal
    /// elements keep their order.
    /// </summary>
    public static void Load(
        Dtype dtype, byte* from, long step, long n, uint* keys, bool zerosAreOne)
    {
        switch (dtype)
        {
            case Dtype.Int8: Load<byte, uint, Int8Code>(from, step, n, keys); break;
            case Dtype.UInt16: Load<ushort, uint, UInt16Code>(from, step, n, keys); break;
            case Dtype.Int16: Load<ushort, uint, Int16Code>(from, step, n, keys); break;
            case Dtype.UInt32: Load<uint, uint, UInt32Code>(from, step, n, keys); break;
            case Dtype.Int32: Load<uint, uint, Int32Code>(from, step, n, keys); break;
            case Dtype.Float16: Load<ushort, uint, Float16Code>(from, step, n, keys); break;
            case Dtype.BFloat16: Load<ushort, uint, BFloat16Code>(from, step, n, keys); break;
            case Dtype.Float32: LoadFloats((float*)from, step, n, keys, zerosAreOne); return;
            default: Load<byte, uint, UInt8Code>(from, step, n, keys); break;
        }

        if (zerosAreOne && dtype.IsHalf())
        {
            // -0 is the key before that of 0.
            for (long i = 0; i < n; i++)
            {
                keys[i] += keys[i] == 0x7FFF ? 1u : 0;
            }
        }
    }

    /// <summary>Keys of 64 bits.</summary>
    public static void Load(
        Dtype dtype, byte* from, long step, long n, ulong* keys, bool zerosAreOne)
    {
        switch (dtype)
        {
            case Dtype.UInt64: Load<ulong, ulong, UInt64Code>(from, step, n, keys); break;
            case Dtype.Int64: Load<ulong, ulong, Int64Code>(from, step, n, keys); break;
            case Dtype.Complex64: Load<Complex64, ulong, ComplexCode>(from, step, n, keys); break;
            default:
                Load<double, ulong, Float64Code>(from, step, n, keys);
                for (long i = 0; zerosAreOne && i < n; i++)
                {
                    keys[i] += keys[i] == (1ul << 63) - 1 ? 1u : 0;
                }

                break;
        }
    }

    /// <summary>Elements from keys of up to 32 bits.</summary>
    public static void Store(Dtype dtype, uint* keys, byte* to, long step, long n)
    {
        switch (dtype)
        {
            case Dtype.Int8: Store<byte, uint, Int8Code>(keys, to, step, n); break;
            case Dtype.UInt16: Store<ushort, uint, UInt16Code>(keys, to, step, n); break;
            case Dtype.Int16: Store<ushort, uint, Int16Code>(keys, to, step, n); break;
            case Dtype.UInt32: Store<uint, uint, UInt32Code>(keys, to, step, n); break;
            case Dtype.Int32: Store<uint, uint, Int32Code>(keys, to, step, n); break;
            case Dtype.Float16: Store<ushort, uint, Float16Code>(keys, to, step, n); break;
            case Dtype.BFloat16: Store<ushort, uint, BFloat16Code>(keys, to, step, n); break;
            case Dtype.Float32: StoreFloats(keys, (uint*)to, step, n); break;
            default: Store<byte, uint, UInt8Code>(keys, to, step, n); break;
        }
    }

    public static void Store(Dtype dtype, ulong* keys, byte* to, long step, long n)
    {
        switch (dtype)
        {
            case Dtype.UInt64: Store<ulong, ulong, UInt64Code>(keys, to, step, n); break;
            case Dtype.Int64: Store<ulong, ulong, Int64Code>(keys, to, step, n); break;
            case Dtype.Complex64: Store<Complex64, ulong, ComplexCode>(keys, to, step, n); break;
            default: Store<double, ulong, Float64Code>(keys, to, step, n); break;
        }
    }

    private static void Load<T, TKey, TCode>(byte* from, long step, long n, TKey* keys)
        where T : unmanaged where TKey : unmanaged where TCode : struct, ISortCode<T, TKey>
    {
        var x = (T*)from;
        for (long i = 0; i < n; i++)
        {
            keys[i] = TCode.Key(*x);
            x += step;
        }
    }

    private static void Store<T, TKey, TCode>(TKey* keys, byte* to, long step, long n)
        where T : unmanaged where TKey : unmanaged where TCode : struct, ISortCode<T, TKey>
    {
        var y = (T*)to;
        for (long i = 0; i < n; i++)
        {
            *y = TCode.Element(keys[i]);
            y += step;
        }
    }

    private static void LoadFloats(float* from, long step, long n, uint* keys, bool zerosAreOne)
    {
        // Adding 0 turns -0 into 0; adding -0 changes nothing.
        var zero = zerosAreOne ? 0f : -0f;
        long i = 0;
        for (; step == 1 && i + 16 <= n; i += 16)
        {
            var x = Vector512.Load(from + i) + Vector512.Create(zero);
            var bits = x.AsUInt32();
            var flip = Vector512.Create(0x80000000u) | (bits.AsInt32() >> 31).AsUInt32();
            ((bits ^ flip) | ~Vector512.Equals(x, x).AsUInt32()).Store(keys + i);
        }

        for (; i < n; i++)
        {
            keys[i] = Float32Code.Key(from[i * step] + zero);
        }
    }

    private static void StoreFloats(uint* keys, uint* to, long step, long n)
    {
        long i = 0;
        for (; step == 1 && i + 16 <= n; i += 16)
        {
            var k = Vector512.Load(keys + i);
            (k ^ (Vector512.Create(0x80000000u) | ~(k.AsInt32() >> 31).AsUInt32())).Store(to + i);
        }

        for (; i < n; i++)
        {
            to[i * step] = Float32Code.Bits(keys[i]);
        }
    }
}
