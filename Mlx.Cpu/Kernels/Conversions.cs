using System.Numerics;
using System.Runtime.CompilerServices;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Kernels;

/// <summary>
/// From any dtype to any other, as C converts: integers wrap, floats truncate, complex numbers
/// lose their imaginary part, and anything but 0 is true. Pairs that occur in inner loops pass
/// through vectors of float32, float64 or int64 (<see cref="Recoding"/>); the rest go one by one.
/// </summary>
internal static unsafe class Conversions
{
    public static Kernel Kernel(Dtype from, Dtype to)
    {
        var vectors = Recoding.Kernel(from, to);
        return vectors != null ? vectors : from switch
        {
            Dtype.Bool or Dtype.UInt8 => From<byte>(to),
            Dtype.UInt16 => From<ushort>(to),
            Dtype.UInt32 => From<uint>(to),
            Dtype.UInt64 => From<ulong>(to),
            Dtype.Int8 => From<sbyte>(to),
            Dtype.Int16 => From<short>(to),
            Dtype.Int32 => From<int>(to),
            Dtype.Int64 => From<long>(to),
            Dtype.Float16 => From<Float16>(to),
            Dtype.Float32 => From<float>(to),
            Dtype.Float64 => From<double>(to),
            Dtype.BFloat16 => From<BFloat16>(to),
            _ => From<Complex64>(to),
        };
    }

    private static Kernel From<T>(Dtype to) where T : unmanaged => to switch
    {
        Dtype.Bool => &Loops.Map<Cast<T, bool>, T, bool>,
        Dtype.UInt8 => &Loops.Map<Cast<T, byte>, T, byte>,
        Dtype.UInt16 => &Loops.Map<Cast<T, ushort>, T, ushort>,
        Dtype.UInt32 => &Loops.Map<Cast<T, uint>, T, uint>,
        Dtype.UInt64 => &Loops.Map<Cast<T, ulong>, T, ulong>,
        Dtype.Int8 => &Loops.Map<Cast<T, sbyte>, T, sbyte>,
        Dtype.Int16 => &Loops.Map<Cast<T, short>, T, short>,
        Dtype.Int32 => &Loops.Map<Cast<T, int>, T, int>,
        Dtype.Int64 => &Loops.Map<Cast<T, long>, T, long>,
        Dtype.Float16 => &Loops.Map<Cast<T, Float16>, T, Float16>,
        Dtype.Float32 => &Loops.Map<Cast<T, float>, T, float>,
        Dtype.Float64 => &Loops.Map<Cast<T, double>, T, double>,
        Dtype.BFloat16 => &Loops.Map<Cast<T, BFloat16>, T, BFloat16>,
        _ => &Loops.Map<Cast<T, Complex64>, T, Complex64>,
    };

    /// <summary>One element of storage, told apart from a plain 16-bit integer.</summary>
    private readonly record struct Float16(ushort Bits);

    private readonly record struct BFloat16(ushort Bits);

    private readonly struct Cast<TIn, TOut> : IUnary<TIn, TOut>
        where TIn : unmanaged
        where TOut : unmanaged
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TOut Of(TIn x)
        {
            // Each branch is settled when the method is compiled.
            if (typeof(TIn) == typeof(Float16))
            {
                return Cast<float, TOut>.Of((float)BitConverter.UInt16BitsToHalf(As<ushort>(x)));
            }

            if (typeof(TIn) == typeof(BFloat16))
            {
                return Cast<float, TOut>.Of(BF16.Get(As<ushort>(x)));
            }

            if (typeof(TIn) == typeof(Complex64))
            {
                return Cast<float, TOut>.Of(As<Complex64>(x).Re);
            }

            return typeof(TIn) == typeof(byte) ? Number<byte>(x)
                : typeof(TIn) == typeof(ushort) ? Number<ushort>(x)
                : typeof(TIn) == typeof(uint) ? Number<uint>(x)
                : typeof(TIn) == typeof(ulong) ? Number<ulong>(x)
                : typeof(TIn) == typeof(sbyte) ? Number<sbyte>(x)
                : typeof(TIn) == typeof(short) ? Number<short>(x)
                : typeof(TIn) == typeof(int) ? Number<int>(x)
                : typeof(TIn) == typeof(long) ? Number<long>(x)
                : typeof(TIn) == typeof(float) ? Real<float>(x)
                : Real<double>(x);
        }

        private static T As<T>(TIn value) => Unsafe.BitCast<TIn, T>(value);

        private static TOut To<T>(T value) => Unsafe.BitCast<T, TOut>(value);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static TOut Number<T>(TIn value) where T : unmanaged, INumberBase<T>
        {
            var v = As<T>(value);
            return typeof(TOut) == typeof(bool) ? To(v != T.Zero)
                : typeof(TOut) == typeof(byte) ? To(byte.CreateTruncating(v))
                : typeof(TOut) == typeof(ushort) ? To(ushort.CreateTruncating(v))
                : typeof(TOut) == typeof(uint) ? To(uint.CreateTruncating(v))
                : typeof(TOut) == typeof(ulong) ? To(ulong.CreateTruncating(v))
                : typeof(TOut) == typeof(sbyte) ? To(sbyte.CreateTruncating(v))
                : typeof(TOut) == typeof(short) ? To(short.CreateTruncating(v))
                : typeof(TOut) == typeof(int) ? To(int.CreateTruncating(v))
                : typeof(TOut) == typeof(long) ? To(long.CreateTruncating(v))
                : typeof(TOut) == typeof(double) ? To(double.CreateTruncating(v))
                : Single(float.CreateTruncating(v));
        }

        /// <summary>
        /// x86's truncation, which C programs have come to expect: out of range wraps for the
        /// narrow types; NaN is the smallest integer, that is 0 in the narrow ones.
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static TOut Real<T>(TIn value) where T : unmanaged, IFloatingPoint<T>
        {
            var v = As<T>(value);
            return typeof(TOut) == typeof(bool) ? To(v != T.Zero)
                : typeof(TOut) == typeof(byte) ? To((byte)T.ConvertToIntegerNative<int>(v))
                : typeof(TOut) == typeof(ushort) ? To((ushort)T.ConvertToIntegerNative<int>(v))
                : typeof(TOut) == typeof(uint) ? To((uint)T.ConvertToIntegerNative<long>(v))
                : typeof(TOut) == typeof(ulong) ? To(
                    double.CreateTruncating(v) < 9223372036854775808.0
                        ? (ulong)T.ConvertToIntegerNative<long>(v)
                        : T.ConvertToIntegerNative<ulong>(v))
                : typeof(TOut) == typeof(sbyte) ? To((sbyte)T.ConvertToIntegerNative<int>(v))
                : typeof(TOut) == typeof(short) ? To((short)T.ConvertToIntegerNative<int>(v))
                : typeof(TOut) == typeof(int) ? To(T.ConvertToIntegerNative<int>(v))
                : typeof(TOut) == typeof(long) ? To(T.ConvertToIntegerNative<long>(v))
                : typeof(TOut) == typeof(double) ? To(double.CreateTruncating(v))
                : Single(float.CreateTruncating(v));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static TOut Single(float v) =>
            typeof(TOut) == typeof(float) ? To(v)
            : typeof(TOut) == typeof(Float16) ? To(BitConverter.HalfToUInt16Bits((Half)v))
            : typeof(TOut) == typeof(BFloat16) ? To(BF16.Of(v))
            : To(new Complex64(v, 0));
    }
}
