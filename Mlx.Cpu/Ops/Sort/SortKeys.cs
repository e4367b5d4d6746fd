using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Ops;

/// <summary>
/// Elements as unsigned integers of the same order: integers with the sign bit turned, floats with
/// the sign bit turned and negative ones reversed, NaN as the largest of all; complex numbers by
/// real part, then imaginary part. For an order of positions -0 and 0 are one key.
/// </summary>
internal static unsafe class SortKeys
{
    /// <summary>Bits of a key that can differ.</summary>
    public static int Bits(Dtype dtype) => dtype.Size() * 8;

    /// <summary>Keys of up to 32 bits.</summary>
    public static void Load(
        Dtype dtype, byte* from, long step, long n, uint* keys, bool zerosAreOne)
    {
        switch (dtype)
        {
            case Dtype.Bool:
            case Dtype.UInt8:
                for (long i = 0; i < n; i++)
                {
                    keys[i] = from[i * step];
                }

                break;
            case Dtype.Int8:
                for (long i = 0; i < n; i++)
                {
                    keys[i] = from[i * step] ^ 0x80u;
                }

                break;
            case Dtype.UInt16:
                for (long i = 0; i < n; i++)
                {
                    keys[i] = ((ushort*)from)[i * step];
                }

                break;
            case Dtype.Int16:
                for (long i = 0; i < n; i++)
                {
                    keys[i] = ((ushort*)from)[i * step] ^ 0x8000u;
                }

                break;
            case Dtype.Float16:
                LoadHalves((ushort*)from, step, n, keys, 0x7C00, zerosAreOne);
                break;
            case Dtype.BFloat16:
                LoadHalves((ushort*)from, step, n, keys, 0x7F80, zerosAreOne);
                break;
            case Dtype.Int32:
                for (long i = 0; i < n; i++)
                {
                    keys[i] = ((uint*)from)[i * step] ^ 0x80000000u;
                }

                break;
            case Dtype.Float32:
                LoadFloats((float*)from, step, n, keys, zerosAreOne);
                break;
            default:
                for (long i = 0; i < n; i++)
                {
                    keys[i] = ((uint*)from)[i * step];
                }

                break;
        }
    }

    /// <summary>Keys of 64 bits.</summary>
    public static void Load(
        Dtype dtype, byte* from, long step, long n, ulong* keys, bool zerosAreOne)
    {
        var words = (ulong*)from;
        for (long i = 0; i < n; i++)
        {
            var w = words[i * step];
            keys[i] = dtype switch
            {
                Dtype.UInt64 => w,
                Dtype.Int64 => w ^ (1ul << 63),
                Dtype.Float64 => Key(BitConverter.UInt64BitsToDouble(w), zerosAreOne),
                _ => Key(Unsafe.BitCast<ulong, Complex64>(w), zerosAreOne),
            };
        }
    }

    /// <summary>Elements from keys of up to 32 bits.</summary>
    public static void Store(Dtype dtype, uint* keys, byte* to, long step, long n)
    {
        for (long i = 0; i < n; i++)
        {
            var k = keys[i];
            switch (dtype)
            {
                case Dtype.Bool or Dtype.UInt8: to[i * step] = (byte)k; break;
                case Dtype.Int8: to[i * step] = (byte)(k ^ 0x80); break;
                case Dtype.UInt16: ((ushort*)to)[i * step] = (ushort)k; break;
                case Dtype.Int16: ((ushort*)to)[i * step] = (ushort)(k ^ 0x8000); break;
                case Dtype.Float16 or Dtype.BFloat16:
                    ((ushort*)to)[i * step] = (ushort)((k & 0x8000) != 0 ? k ^ 0x8000 : ~k);
                    break;
                case Dtype.Int32: ((uint*)to)[i * step] = k ^ 0x80000000; break;
                case Dtype.Float32: ((uint*)to)[i * step] = Bits(k); break;
                default: ((uint*)to)[i * step] = k; break;
            }
        }
    }

    public static void Store(Dtype dtype, ulong* keys, byte* to, long step, long n)
    {
        var words = (ulong*)to;
        for (long i = 0; i < n; i++)
        {
            var k = keys[i];
            words[i * step] = dtype switch
            {
                Dtype.UInt64 => k,
                Dtype.Int64 => k ^ (1ul << 63),
                Dtype.Float64 => (long)k < 0 ? k ^ (1ul << 63) : ~k,
                _ => Bits((uint)(k >> 32)) | ((ulong)Bits((uint)k) << 32),
            };
        }
    }

    /// <summary>float32 without steps, in place: what most sorts are about.</summary>
    public static void StoreFloats(uint* keys, uint* to, long n)
    {
        long i = 0;
        for (; i + 16 <= n; i += 16)
        {
            var k = Vector512.Load(keys + i);
            var flip = Vector512.Create(0x80000000u) | ~(k.AsInt32() >> 31).AsUInt32();
            (k ^ flip).Store(to + i);
        }

        for (; i < n; i++)
        {
            to[i] = Bits(keys[i]);
        }
    }

    private static void LoadFloats(float* from, long step, long n, uint* keys, bool zerosAreOne)
    {
        var zero = zerosAreOne ? 0f : -0f;
        long i = 0;
        if (step == 1)
        {
            for (; i + 16 <= n; i += 16)
            {
                // Adding 0 turns -0 into 0; adding -0 changes nothing.
                var x = Vector512.Load(from + i) + Vector512.Create(zero);
                var bits = x.AsUInt32();
                var flip = Vector512.Create(0x80000000u) | (bits.AsInt32() >> 31).AsUInt32();
                var nan = ~Vector512.Equals(x, x).AsUInt32();
                ((bits ^ flip) | nan).Store(keys + i);
            }
        }

        for (; i < n; i++)
        {
            keys[i] = Key(from[i * step] + zero);
        }
    }

    private static void LoadHalves(
        ushort* from, long step, long n, uint* keys, int infinity, bool zerosAreOne)
    {
        for (long i = 0; i < n; i++)
        {
            uint h = from[i * step];
            h = zerosAreOne && h == 0x8000 ? 0 : h;
            keys[i] = (h & 0x7FFF) > infinity ? 0xFFFF
                : (h & 0x8000) != 0 ? ~h & 0xFFFF
                : h | 0x8000;
        }
    }

    private static uint Key(float x)
    {
        var bits = BitConverter.SingleToUInt32Bits(x);
        return float.IsNaN(x) ? uint.MaxValue
            : bits ^ (0x80000000 | (uint)((int)bits >> 31));
    }

    private static ulong Key(double x, bool zerosAreOne)
    {
        var bits = BitConverter.DoubleToUInt64Bits(zerosAreOne ? x + 0.0 : x);
        return double.IsNaN(x) ? ulong.MaxValue : bits ^ ((1ul << 63) | (ulong)((long)bits >> 63));
    }

    private static ulong Key(Complex64 x, bool zerosAreOne)
    {
        // Parts that are equal must have one key, or the imaginary parts would not be compared.
        _ = zerosAreOne;
        return float.IsNaN(x.Re) || float.IsNaN(x.Im)
            ? ulong.MaxValue
            : ((ulong)Key(x.Re + 0f) << 32) | Key(x.Im + 0f);
    }

    private static uint Bits(uint key) => key ^ (0x80000000 | ~(uint)((int)key >> 31));
}
