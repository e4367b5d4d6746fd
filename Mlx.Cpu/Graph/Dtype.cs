using System.Numerics;
using System.Runtime.CompilerServices;

namespace Mlx.Cpu.Graph;

/// <summary>Element types, numbered as <c>mlx_dtype</c> numbers them.</summary>
internal enum Dtype
{
    Bool, UInt8, UInt16, UInt32, UInt64, Int8, Int16, Int32, Int64,
    Float16, Float32, Float64, BFloat16, Complex64,
}

internal enum DtypeKind { Bool, Unsigned, Signed, Floating, Complex }

internal static class Dtypes
{
    public const int Count = 14;

    private static ReadOnlySpan<byte> Sizes => [1, 1, 2, 4, 8, 1, 2, 4, 8, 2, 4, 8, 2, 8];

    private static readonly string[] Names =
    [
        "bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64",
        "float16", "float32", "float64", "bfloat16", "complex64",
    ];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Size(this Dtype d) => Sizes[(int)d];

    public static string Name(this Dtype d) => Names[(int)d];

    public static DtypeKind Kind(this Dtype d) => d switch
    {
        Dtype.Bool => DtypeKind.Bool,
        >= Dtype.UInt8 and <= Dtype.UInt64 => DtypeKind.Unsigned,
        >= Dtype.Int8 and <= Dtype.Int64 => DtypeKind.Signed,
        Dtype.Complex64 => DtypeKind.Complex,
        _ => DtypeKind.Floating,
    };

    public static bool IsFloating(this Dtype d) => d.Kind() == DtypeKind.Floating;

    public static bool IsInexact(this Dtype d) => d.Kind() >= DtypeKind.Floating;

    public static bool IsInteger(this Dtype d) =>
        d.Kind() is DtypeKind.Unsigned or DtypeKind.Signed;

    /// <summary>16-bit floats, whose kernels compute in float32.</summary>
    public static bool IsHalf(this Dtype d) => d is Dtype.Float16 or Dtype.BFloat16;

    /// <summary>
    /// Integers and bool become float32, the rest stay: the dtype of sqrt, exp, mean ...
    /// </summary>
    public static Dtype AtLeastFloat(this Dtype d) => d.IsInexact() ? d : Dtype.Float32;

    /// <summary>MLX's promotion of two dtypes (<c>promote_types</c>).</summary>
    public static Dtype Promote(Dtype a, Dtype b)
    {
        if (a == b)
        {
            return a;
        }

        if (a == Dtype.Complex64 || b == Dtype.Complex64)
        {
            return Dtype.Complex64;
        }

        var (ka, kb) = (a.Kind(), b.Kind());
        if (ka == DtypeKind.Floating || kb == DtypeKind.Floating)
        {
            if (ka != kb)
            {
                return ka == DtypeKind.Floating ? a : b;
            }

            // Two 16-bit floats of different layout have no common 16-bit type.
            return a.IsHalf() && b.IsHalf() ? Dtype.Float32 : a.Size() > b.Size() ? a : b;
        }

        if (ka == DtypeKind.Bool)
        {
            return b;
        }

        if (kb == DtypeKind.Bool)
        {
            return a;
        }

        if (ka == kb)
        {
            return a.Size() > b.Size() ? a : b;
        }

        var (signed, unsigned) = ka == DtypeKind.Signed ? (a, b) : (b, a);
        if (signed.Size() > unsigned.Size())
        {
            return signed;
        }

        // The next wider signed type holds both; beyond 64 bits MLX takes float32.
        return unsigned switch
        {
            Dtype.UInt8 => Dtype.Int16,
            Dtype.UInt16 => Dtype.Int32,
            Dtype.UInt32 => Dtype.Int64,
            _ => Dtype.Float32,
        };
    }

    public static Dtype Promote(ReadOnlySpan<Node> nodes)
    {
        var d = Dtype.Bool;
        foreach (var n in nodes)
        {
            d = Promote(d, n.Dtype);
        }

        return d;
    }
}
