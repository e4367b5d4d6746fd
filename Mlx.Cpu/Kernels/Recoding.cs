using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Kernels;

/// <summary>
/// Conversions by vectors: load as what fills the lanes of a type that holds both sides without
/// loss, store as what is wanted. Integers meet in int64, where cutting off wraps.
/// </summary>
internal static unsafe class Recoding
{
    /// <summary>The kernel, or null where there is no vector form.</summary>
    public static Kernel Kernel(Dtype from, Dtype to) => (from, to) switch
    {
        (_, Dtype.Bool) => Truth(from),
        (Dtype.Float32, Dtype.Float64) => &Loops.Recode<SingleInDouble, Plain<double>, double>,
        (Dtype.Float64, Dtype.Float32) => &Loops.Recode<Plain<double>, SingleInDouble, double>,
        (Dtype.Float16, _) => FromSingle<F16>(to),
        (Dtype.BFloat16, _) => FromSingle<BF16>(to),
        (Dtype.Float32, _) => FromSingle<Plain<float>>(to),
        (Dtype.Bool or Dtype.UInt8, Dtype.Float32 or Dtype.Float16 or Dtype.BFloat16) =>
            FromSingle<UInt8InSingle>(to),
        (Dtype.Int32, Dtype.Float32 or Dtype.Float16 or Dtype.BFloat16) =>
            FromSingle<Int32InSingle>(to),
        (Dtype.Bool or Dtype.UInt8, _) => FromInt64<Extended<byte>>(to),
        (Dtype.UInt16, _) => FromInt64<Extended<ushort>>(to),
        (Dtype.UInt32, _) => FromInt64<Extended<uint>>(to),
        (Dtype.Int8, _) => FromInt64<Extended<sbyte>>(to),
        (Dtype.Int16, _) => FromInt64<Extended<short>>(to),
        (Dtype.Int32, _) => FromInt64<Extended<int>>(to),
        (Dtype.Int64, _) => FromInt64<Plain<long>>(to),
        (Dtype.UInt64, not (Dtype.Float32 or Dtype.Float64)) => FromInt64<Plain<long>>(to),
        _ => null,
    };

    private static Kernel FromSingle<TFrom>(Dtype to) where TFrom : struct, IElement<float> =>
        to switch
        {
            Dtype.Float32 => &Loops.Recode<TFrom, Plain<float>, float>,
            Dtype.Float16 => &Loops.Recode<TFrom, F16, float>,
            Dtype.BFloat16 => &Loops.Recode<TFrom, BF16, float>,
            Dtype.Int32 => &Loops.Recode<TFrom, Int32InSingle, float>,
            Dtype.UInt8 or Dtype.Int8 => &Loops.Recode<TFrom, UInt8InSingle, float>,
            _ => null,
        };

    private static Kernel FromInt64<TFrom>(Dtype to) where TFrom : struct, IElement<long> =>
        to switch
        {
            Dtype.UInt8 or Dtype.Int8 => &Loops.Recode<TFrom, Extended<byte>, long>,
            Dtype.UInt16 or Dtype.Int16 => &Loops.Recode<TFrom, Extended<ushort>, long>,
            Dtype.UInt32 or Dtype.Int32 => &Loops.Recode<TFrom, Extended<uint>, long>,
            Dtype.UInt64 or Dtype.Int64 => &Loops.Recode<TFrom, Plain<long>, long>,
            Dtype.Float64 => &Loops.Recode<TFrom, DoubleInInt64, long>,
            Dtype.Float32 => &Loops.Recode<TFrom, SingleInInt64, long>,
            _ => null,
        };

    private static Kernel Truth(Dtype from) => from switch
    {
        Dtype.UInt8 or Dtype.Int8 => &Loops.Truth<Plain<byte>, byte>,
        Dtype.UInt16 or Dtype.Int16 => &Loops.Truth<Plain<ushort>, ushort>,
        Dtype.UInt32 or Dtype.Int32 => &Loops.Truth<Plain<uint>, uint>,
        Dtype.UInt64 or Dtype.Int64 => &Loops.Truth<Plain<ulong>, ulong>,
        Dtype.Float16 => &Loops.Truth<F16, float>,
        Dtype.BFloat16 => &Loops.Truth<BF16, float>,
        Dtype.Float32 => &Loops.Truth<Plain<float>, float>,
        Dtype.Float64 => &Loops.Truth<Plain<double>, double>,
        _ => null,
    };

    /// <summary>int32 in memory, float32 in the lanes.</summary>
    private readonly struct Int32InSingle : IElement<float>
    {
        public static int Size => 4;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<float> Load(byte* from) =>
            Vector512.ConvertToSingle(Vector512.Load((int*)from));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Store(Vector512<float> vector, byte* to) =>
            Vector512.ConvertToInt32Native(vector).Store((int*)to);
    }

    /// <summary>uint8 or bool in memory, float32 in the lanes.</summary>
    private readonly struct UInt8InSingle : IElement<float>
    {
        public static int Size => 1;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<float> Load(byte* from) =>
            Vector512.ConvertToSingle(Lanes.Words(Vector128.Load(from)).AsInt32());

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Store(Vector512<float> vector, byte* to) =>
            Lanes.Bytes(Vector512.ConvertToInt32Native(vector).AsUInt32()).Store(to);
    }

    /// <summary>float32 in memory, float64 in the lanes.</summary>
    private readonly struct SingleInDouble : IElement<double>
    {
        public static int Size => 4;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<double> Load(byte* from)
        {
            var v = Vector256.Load((float*)from);
            return Avx512F.IsSupported
                ? Avx512F.ConvertToVector512Double(v)
                : Vector512.Create(Vector256.WidenLower(v), Vector256.WidenUpper(v));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Store(Vector512<double> vector, byte* to) =>
            Narrow(vector).Store((float*)to);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<float> Narrow(Vector512<double> v) => Avx512F.IsSupported
            ? Avx512F.ConvertToVector256Single(v)
            : Vector256.Narrow(v.GetLower(), v.GetUpper());
    }

    /// <summary>float64 in memory, int64 in the lanes; only stored.</summary>
    private readonly struct DoubleInInt64 : IElement<long>
    {
        public static int Size => 8;

        public static Vector512<long> Load(byte* from) => throw new NotSupportedException();

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Store(Vector512<long> vector, byte* to) =>
            Vector512.ConvertToDouble(vector).Store((double*)to);
    }

    /// <summary>
    /// float32 in memory, int64 in the lanes; only stored, with a single rounding.
    /// </summary>
    private readonly struct SingleInInt64 : IElement<long>
    {
        public static int Size => 4;

        public static Vector512<long> Load(byte* from) => throw new NotSupportedException();

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Store(Vector512<long> vector, byte* to)
        {
            if (Avx512DQ.IsSupported)
            {
                Avx512DQ.ConvertToVector256Single(vector).Store((float*)to);
                return;
            }

            for (var i = 0; i < Vector512<long>.Count; i++)
            {
                ((float*)to)[i] = vector[i];
            }
        }
    }

    /// <summary>A narrow integer in memory, extended to int64 in the lanes.</summary>
    private readonly struct Extended<T> : IElement<long> where T : unmanaged
    {
        public static int Size => sizeof(T);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<long> Load(byte* from)
        {
            // Only as many bytes as eight elements have: there may be no more.
            if (typeof(T) == typeof(int))
            {
                return Int64(Vector256.Load((int*)from));
            }

            if (typeof(T) == typeof(uint))
            {
                return UInt64(Vector256.Load((uint*)from));
            }

            if (typeof(T) == typeof(short))
            {
                var v = Vector128.Load((short*)from);
                return Int64(Vector256.Create(Vector128.WidenLower(v), Vector128.WidenUpper(v)));
            }

            if (typeof(T) == typeof(ushort))
            {
                var v = Vector128.Load((ushort*)from);
                return UInt64(Vector256.Create(Vector128.WidenLower(v), Vector128.WidenUpper(v)));
            }

            var bytes = Vector128.CreateScalarUnsafe(*(ulong*)from);
            if (typeof(T) == typeof(sbyte))
            {
                var v = Vector128.WidenLower(bytes.AsSByte());
                return Int64(Vector256.Create(Vector128.WidenLower(v), Vector128.WidenUpper(v)));
            }

            var u = Vector128.WidenLower(bytes.AsByte());
            return UInt64(Vector256.Create(Vector128.WidenLower(u), Vector128.WidenUpper(u)));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Store(Vector512<long> vector, byte* to)
        {
            var v = vector.AsUInt64();
            var words = Avx512F.IsSupported
                ? Avx512F.ConvertToVector256UInt32(v)
                : Vector256.Narrow(v.GetLower(), v.GetUpper());
            if (sizeof(T) == 4)
            {
                words.Store((uint*)to);
                return;
            }

            var halves = Vector128.Narrow(words.GetLower(), words.GetUpper());
            if (sizeof(T) == 2)
            {
                halves.Store((ushort*)to);
                return;
            }

            *(ulong*)to = Vector128.Narrow(halves, halves).AsUInt64().ToScalar();
        }

        private static Vector512<long> Int64(Vector256<int> v) => Avx512F.IsSupported
            ? Avx512F.ConvertToVector512Int64(v)
            : Vector512.Create(Vector256.WidenLower(v), Vector256.WidenUpper(v));

        private static Vector512<long> UInt64(Vector256<uint> v) => Avx512F.IsSupported
            ? Avx512F.ConvertToVector512UInt64(v).AsInt64()
            : Vector512.Create(Vector256.WidenLower(v), Vector256.WidenUpper(v)).AsInt64();
    }
}
