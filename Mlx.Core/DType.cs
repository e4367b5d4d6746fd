using Mlx.Core.Abi;

namespace Mlx.Core;

/// <summary>The element types of arrays, numbered as <c>mlx_dtype</c> numbers them.</summary>
public enum DType
{
    /// <summary>True or false, one byte.</summary>
    Bool = mlx_dtype.MLX_BOOL,

    /// <summary>Unsigned 8-bit integer.</summary>
    UInt8 = mlx_dtype.MLX_UINT8,

    /// <summary>Unsigned 16-bit integer.</summary>
    UInt16 = mlx_dtype.MLX_UINT16,

    /// <summary>Unsigned 32-bit integer.</summary>
    UInt32 = mlx_dtype.MLX_UINT32,

    /// <summary>Unsigned 64-bit integer.</summary>
    UInt64 = mlx_dtype.MLX_UINT64,

    /// <summary>Signed 8-bit integer.</summary>
    Int8 = mlx_dtype.MLX_INT8,

    /// <summary>Signed 16-bit integer.</summary>
    Int16 = mlx_dtype.MLX_INT16,

    /// <summary>Signed 32-bit integer.</summary>
    Int32 = mlx_dtype.MLX_INT32,

    /// <summary>Signed 64-bit integer.</summary>
    Int64 = mlx_dtype.MLX_INT64,

    /// <summary>IEEE half precision (<see cref="Half"/>).</summary>
    Float16 = mlx_dtype.MLX_FLOAT16,

    /// <summary>IEEE single precision.</summary>
    Float32 = mlx_dtype.MLX_FLOAT32,

    /// <summary>IEEE double precision (CPU only).</summary>
    Float64 = mlx_dtype.MLX_FLOAT64,

    /// <summary>The upper half of a single (<see cref="Mlx.Core.BFloat16"/>).</summary>
    BFloat16 = mlx_dtype.MLX_BFLOAT16,

    /// <summary>Two singles, real and imaginary (<see cref="Mlx.Core.Complex64"/>).</summary>
    Complex64 = mlx_dtype.MLX_COMPLEX64,
}

/// <summary>Norm of a Fourier transform: which direction is scaled, and by what.</summary>
public enum FftNorm
{
    /// <summary>The inverse is scaled by 1/n.</summary>
    Backward = mlx_fft_norm.MLX_FFT_NORM_BACKWARD,

    /// <summary>Both directions are scaled by 1/sqrt(n).</summary>
    Ortho = mlx_fft_norm.MLX_FFT_NORM_ORTHO,

    /// <summary>The forward transform is scaled by 1/n.</summary>
    Forward = mlx_fft_norm.MLX_FFT_NORM_FORWARD,
}

/// <summary>What can be asked of a <see cref="DType"/>.</summary>
public static class DTypes
{
    private static readonly string[] Names =
    [
        "bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64",
        "float16", "float32", "float64", "bfloat16", "complex64",
    ];

    private static ReadOnlySpan<byte> Sizes => [1, 1, 2, 4, 8, 1, 2, 4, 8, 2, 4, 8, 2, 8];

    /// <summary>Bytes of one element.</summary>
    public static int Size(this DType d) => Sizes[(int)d];

    /// <summary>The name MLX prints: <c>float32</c>.</summary>
    public static string Name(this DType d) => Names[(int)d];

    /// <summary>float16, bfloat16, float32 or float64.</summary>
    public static bool IsFloating(this DType d) =>
        d is DType.Float16 or DType.Float32 or DType.Float64 or DType.BFloat16;

    /// <summary>Floating or complex.</summary>
    public static bool IsInexact(this DType d) => d.IsFloating() || d == DType.Complex64;

    /// <summary>Signed or unsigned integer; bool is none.</summary>
    public static bool IsInteger(this DType d) => d is >= DType.UInt8 and <= DType.Int64;

    /// <summary>Unsigned integer.</summary>
    public static bool IsUnsigned(this DType d) => d is >= DType.UInt8 and <= DType.UInt64;

    /// <summary>
    /// The dtype called <paramref name="name"/>, as <see cref="Name"/> writes it.
    /// </summary>
    /// <exception cref="ArgumentException">No dtype has this name.</exception>
    public static DType Parse(string name)
    {
        var i = Array.IndexOf(Names, name);
        return i >= 0
            ? (DType)i
            : throw new ArgumentException(
                $"'{name}' is not a dtype; there are {string.Join(", ", Names)}", nameof(name));
    }

    /// <summary>
    /// The dtype both operands of a binary op are brought to (<c>mlx.core.result_type</c>).
    /// </summary>
    public static DType Promote(DType a, DType b)
    {
        if (a == b)
        {
            return a;
        }

        if (a == DType.Complex64 || b == DType.Complex64)
        {
            return DType.Complex64;
        }

        if (a.IsFloating() || b.IsFloating())
        {
            if (!a.IsFloating() || !b.IsFloating())
            {
                return a.IsFloating() ? a : b;
            }

            // float16 and bfloat16 have no common 16-bit type.
            return a.Size() == b.Size() ? DType.Float32 : a.Size() > b.Size() ? a : b;
        }

        if (a == DType.Bool || b == DType.Bool)
        {
            return a == DType.Bool ? b : a;
        }

        if (a.IsUnsigned() == b.IsUnsigned())
        {
            return a.Size() > b.Size() ? a : b;
        }

        var (signed, unsigned) = a.IsUnsigned() ? (b, a) : (a, b);
        return signed.Size() > unsigned.Size() ? signed : unsigned switch
        {
            DType.UInt8 => DType.Int16,
            DType.UInt16 => DType.Int32,
            DType.UInt32 => DType.Int64,
            _ => DType.Float32,
        };
    }

    /// <summary>The dtype of elements of the .NET type <typeparamref name="T"/>.</summary>
    /// <exception cref="NotSupportedException">No dtype stores this type.</exception>
    public static DType Of<T>() where T : unmanaged
    {
        if (typeof(T) == typeof(float)) return DType.Float32;
        if (typeof(T) == typeof(int)) return DType.Int32;
        if (typeof(T) == typeof(bool)) return DType.Bool;
        if (typeof(T) == typeof(byte)) return DType.UInt8;
        if (typeof(T) == typeof(sbyte)) return DType.Int8;
        if (typeof(T) == typeof(ushort)) return DType.UInt16;
        if (typeof(T) == typeof(short)) return DType.Int16;
        if (typeof(T) == typeof(uint)) return DType.UInt32;
        if (typeof(T) == typeof(ulong)) return DType.UInt64;
        if (typeof(T) == typeof(long)) return DType.Int64;
        if (typeof(T) == typeof(Half)) return DType.Float16;
        if (typeof(T) == typeof(double)) return DType.Float64;
        if (typeof(T) == typeof(BFloat16)) return DType.BFloat16;
        if (typeof(T) == typeof(Complex64)) return DType.Complex64;
        throw new NotSupportedException(
            $"arrays hold no elements of the .NET type {typeof(T)}; use bool, byte, sbyte, ushort, "
            + "short, uint, int, ulong, long, Half, float, double, BFloat16 or Complex64");
    }
}
