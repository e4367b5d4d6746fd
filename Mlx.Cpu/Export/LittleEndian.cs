using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Export;

/// <summary>
/// Numbers, lists and texts one behind the other, as <c>.mlxfn</c> files have them.
/// </summary>
internal sealed class LittleEndianWriter
{
    private readonly ArrayBufferWriter<byte> buffer = new();

    public ReadOnlySpan<byte> Written => buffer.WrittenSpan;

    public void Clear() => buffer.ResetWrittenCount();

    public void Byte(byte value)
    {
        buffer.GetSpan(1)[0] = value;
        buffer.Advance(1);
    }

    public void Bytes(ReadOnlySpan<byte> bytes) => buffer.Write(bytes);

    public void Bool(bool value) => Byte(value ? (byte)1 : (byte)0);

    public void Int(int value)
    {
        BinaryPrimitives.WriteInt32LittleEndian(buffer.GetSpan(4), value);
        buffer.Advance(4);
    }

    public void Size(ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(buffer.GetSpan(8), value);
        buffer.Advance(8);
    }

    public void Float(float value) => Int(BitConverter.SingleToInt32Bits(value));

    public void Double(double value) => Size(BitConverter.DoubleToUInt64Bits(value));

    public void Text(string value)
    {
        Size((ulong)Encoding.UTF8.GetByteCount(value));
        Encoding.UTF8.GetBytes(value, buffer);
    }

    public void Ints(ReadOnlySpan<int> values)
    {
        Size((ulong)values.Length);
        foreach (var v in values)
        {
            Int(v);
        }
    }

    public void Sizes(ReadOnlySpan<ulong> values)
    {
        Size((ulong)values.Length);
        foreach (var v in values)
        {
            Size(v);
        }
    }

    /// <summary>The number of the dtype, then the bytes of an element.</summary>
    public void Dtype(Dtype dtype)
    {
        Int((int)dtype);
        Byte((byte)dtype.Size());
    }
}

/// <summary>
/// Reads what <see cref="LittleEndianWriter"/> writes, from memory that nobody vouches for: no
/// count is believed that the bytes left could not hold.
/// </summary>
internal sealed unsafe class LittleEndianReader(byte* start, long length)
{
    /// <summary>More axes than any array has; as many as NumPy allows.</summary>
    private const int MostAxes = 64;

    private readonly byte* start = start;
    private readonly long length = length;

    public long Position { get; private set; }

    public long Left => length - Position;

    public byte Byte() => *Take(1, "a byte");

    public bool Bool() => Byte() switch
    {
        0 => false,
        1 => true,
        var b => throw Malformed($"{b} is neither false nor true"),
    };

    public int Int() => BinaryPrimitives.ReadInt32LittleEndian(Span(4));

    public ulong Size() => BinaryPrimitives.ReadUInt64LittleEndian(Span(8));

    public float Float() => BitConverter.Int32BitsToSingle(Int());

    public double Double() => BitConverter.UInt64BitsToDouble(Size());

    /// <summary>The length of a list whose elements take so many bytes at least.</summary>
    public int Count(int elementBytes, string what)
    {
        var count = Size();
        return count <= (ulong)(Left / elementBytes) ? checked((int)count) : throw Malformed(
            $"{count} {what} would not fit into the {Left} bytes that are left");
    }

    public string Text()
    {
        var n = Count(1, "characters of a text");
        return Encoding.UTF8.GetString(Span(n));
    }

    public int[] Ints()
    {
        var values = new int[Count(4, "numbers")];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = Int();
        }

        return values;
    }

    public ulong[] Sizes(string what = "numbers")
    {
        var values = new ulong[Count(8, what)];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = Size();
        }

        return values;
    }

    public Dtype Dtype()
    {
        var (number, size) = (Int(), Byte());
        var dtype = (Dtype)number;
        return (uint)number < Dtypes.Count && dtype.Size() == size ? dtype : throw Malformed(
            $"there is no dtype {number} of {size} bytes");
    }

    /// <summary>The shape of an array: no negative dimension, no size beyond 64 bits.</summary>
    public int[] Shape(Dtype widest)
    {
        var shape = Ints();
        if (shape.Length > MostAxes)
        {
            throw Malformed($"an array of {shape.Length} dimensions");
        }

        Int128 bytes = widest.Size();
        foreach (var d in shape)
        {
            bytes = d >= 0 ? bytes * Math.Max(d, 1) : throw Malformed($"a dimension of {d}");
            if (bytes > long.MaxValue)
            {
                throw Malformed($"shape {Shapes.Text(shape)} is beyond 64 bits");
            }
        }

        return shape;
    }

    public void Skip(long bytes) => Take(bytes, "the elements of a constant");

    /// <summary>What has been read since some position.</summary>
    public byte[] BytesFrom(long position) =>
        new ReadOnlySpan<byte>(start + position, checked((int)(Position - position))).ToArray();

    public InvalidDataException Malformed(string why) => new($"byte {Position}: {why}");

    private ReadOnlySpan<byte> Span(int bytes) => new(Take(bytes, "a number"), bytes);

    private byte* Take(long bytes, string what)
    {
        if (bytes > Left)
        {
            throw Malformed($"the file ends within {what}: {bytes} bytes wanted, {Left} left");
        }

        var at = start + Position;
        Position += bytes;
        return at;
    }
}
