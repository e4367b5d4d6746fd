using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Mlx.Formats;

/// <summary>
/// What files hold, numbered as <c>mlx_dtype</c> is: each layer's own enum converts by a cast.
/// </summary>
internal enum ElementType
{
    Bool,
    UInt8,
    UInt16,
    UInt32,
    UInt64,
    Int8,
    Int16,
    Int32,
    Int64,
    Float16,
    Float32,
    Float64,
    BFloat16,
    Complex64,
}

/// <summary>Sizes of elements and arrays, and their bytes as memory wants them.</summary>
internal static unsafe class Elements
{
    /// <summary>As many axes as NumPy allows; kernels keep some words for each on their stack.
    /// </summary>
    public const int MaxRank = 64;

    /// <summary>What is wrong with a name that C programs would see only the start of.</summary>
    public const string ZeroInName = "has a zero byte in its name";

    // Spans are counted in int.
    private const int Stride = 1 << 28;

    public static int Size(this ElementType type) => type switch
    {
        ElementType.Bool or ElementType.UInt8 or ElementType.Int8 => 1,
        ElementType.UInt16 or ElementType.Int16 or ElementType.Float16 or ElementType.BFloat16 => 2,
        ElementType.UInt32 or ElementType.Int32 or ElementType.Float32 => 4,
        _ => 8,
    };

    /// <summary>The name that MLX prints.</summary>
    public static string Name(this ElementType type) => type.ToString().ToLowerInvariant();

    public static string Text(ReadOnlySpan<int> shape) => $"({string.Join(", ", shape.ToArray())})";

    /// <summary>
    /// Bytes of an array; null when there are too many axes, or when they would not fit into a
    /// memory even if no length were zero (strides are products of lengths).
    /// </summary>
    public static long? Bytes(ElementType type, ReadOnlySpan<int> shape)
    {
        if (shape.Length > MaxRank)
        {
            return null;
        }

        Int128 bytes = type.Size();
        foreach (var length in shape)
        {
            bytes *= Math.Max(1, length);
            if (bytes > long.MaxValue)
            {
                return null;
            }
        }

        return shape.Contains(0) ? 0 : (long)bytes;
    }

    /// <summary>Turns big-endian elements round; a complex number is two floats.</summary>
    public static void Swap(byte* data, long bytes, ElementType type)
    {
        for (; bytes > 0; data += Stride, bytes -= Stride)
        {
            var part = new Span<byte>(data, (int)Math.Min(Stride, bytes));
            switch (type is ElementType.Complex64 ? 4 : type.Size())
            {
                case 2: Swap(MemoryMarshal.Cast<byte, ushort>(part)); break;
                case 4: Swap(MemoryMarshal.Cast<byte, uint>(part)); break;
                case 8: Swap(MemoryMarshal.Cast<byte, ulong>(part)); break;
            }
        }
    }

    /// <summary>Whether each byte is 0 or 1, as a bool in memory must be.</summary>
    public static bool AreBools(byte* data, long count)
    {
        for (; count > 0; data += Stride, count -= Stride)
        {
            var part = new ReadOnlySpan<byte>(data, (int)Math.Min(Stride, count));
            if (part.ContainsAnyInRange((byte)2, byte.MaxValue))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Makes 1 of every byte that is not 0.</summary>
    public static void ToBools(byte* data, long count)
    {
        if (AreBools(data, count))
        {
            return;
        }

        for (long i = 0; i < count; i++)
        {
            data[i] = data[i] == 0 ? (byte)0 : (byte)1;
        }
    }

    private static void Swap(Span<ushort> x) => BinaryPrimitives.ReverseEndianness(x, x);

    private static void Swap(Span<uint> x) => BinaryPrimitives.ReverseEndianness(x, x);

    private static void Swap(Span<ulong> x) => BinaryPrimitives.ReverseEndianness(x, x);
}
