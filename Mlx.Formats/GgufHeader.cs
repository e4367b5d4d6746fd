using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Mlx.Formats;

/// <summary>One tensor of a gguf file; <c>Offset</c> counts from the start of the file.</summary>
internal sealed record GgufTensor(
    string Name, GgufType Type, int[] Shape, long Offset, long Bytes);

/// <summary>A number (no axes) or a list of numbers in the metadata of a gguf file.</summary>
internal sealed record GgufNumbers(ElementType Type, int[] Shape, byte[] Data);

/// <summary>
/// What stands before the tensors of a gguf file (versions 2 and 3, little-endian). The file is
/// not trusted: every length is checked against what is there before it is used, and tensors may
/// neither overlap nor leave the file.
/// </summary>
internal sealed partial class GgufHeader
{
    private const uint Magic = 0x46554747;
    private const uint Version = 3;
    private const uint TextType = 8;
    private const uint ListType = 9;
    private const int MaxRank = 8;
    private const long DefaultAlignment = 32;
    private const string AlignmentKey = "general.alignment";
    private const string WrongAlignment = "must be a uint32, a multiple of 8, at most 2^20";

    /// <summary>Types of metadata by number; null where a value is no number.</summary>
    private static readonly ElementType?[] NumberTypes =
    [
        ElementType.UInt8, ElementType.Int8, ElementType.UInt16, ElementType.Int16,
        ElementType.UInt32, ElementType.Int32, ElementType.Float32, ElementType.Bool, null, null,
        ElementType.UInt64, ElementType.Int64, ElementType.Float64,
    ];

    private readonly List<GgufTensor> tensors = [];
    private readonly List<(string Key, object Value)> metadata = [];
    private readonly ByteCursor cursor;
    private long alignment = DefaultAlignment;

    private GgufHeader(ByteSource source) => cursor = new ByteCursor(source);

    public IReadOnlyList<GgufTensor> Tensors => tensors;

    /// <summary>A value is <see cref="GgufNumbers"/>, a string or a string[].</summary>
    public IReadOnlyList<(string Key, object Value)> Metadata => metadata;

    public static GgufHeader Read(ByteSource source)
    {
        var header = new GgufHeader(source);
        header.Parse(source.Length);
        return header;
    }

    private void Parse(long end)
    {
        if (cursor.Number<uint>() != Magic)
        {
            throw new FileFaultException("it does not begin with GGUF");
        }

        var version = cursor.Number<uint>();
        if (version is not (2 or 3))
        {
            throw new FileFaultException($"the version {version} is neither 2 nor 3");
        }

        // The least that one takes bounds the counts.
        var tensorCount = cursor.Count(8 + 4 + 4 + 8, "tensors");
        var valueCount = cursor.Count(8 + 4 + 1, "metadata values");
        ParseMetadata(valueCount);
        ParseTensors(tensorCount);
        var start = Align(cursor.Position, alignment);
        for (var i = 0; i < tensors.Count; i++)
        {
            tensors[i] = tensors[i] with { Offset = start + tensors[i].Offset };
        }

        CheckPlaces(end);
    }

    private void ParseMetadata(int count)
    {
        var keys = new HashSet<string>();
        for (var i = 0; i < count; i++)
        {
            var key = cursor.Text();
            var value = Value(key);
            Expect(keys.Add(key), key, "comes twice in the metadata");
            Expect(!key.Contains('\0'), key, Elements.ZeroInName);
            metadata.Add((key, value));
            if (key == AlignmentKey)
            {
                alignment = Alignment(value)
                    ?? throw new FileFaultException(WrongAlignment, key);
            }
        }
    }

    private void ParseTensors(int count)
    {
        var names = new HashSet<string>();
        for (var i = 0; i < count; i++)
        {
            var tensor = Tensor();
            tensors.Add(tensor);
            Expect(names.Add(tensor.Name), tensor.Name, "comes twice");
            Expect(!tensor.Name.Contains('\0'), tensor.Name, Elements.ZeroInName);
            if (tensor.Type.CodeBits() is not null)
            {
                var (scales, biases) = GgufBlocks.Names(tensor.Name);
                Expect(
                    names.Add(scales) && names.Add(biases),
                    tensor.Name,
                    "has scales or biases whose names are taken");
            }
        }
    }

    /// <summary>A tensor with the offset as the file has it.</summary>
    private GgufTensor Tensor()
    {
        var name = cursor.Text();
        var rank = cursor.Number<uint>();
        Expect(rank <= MaxRank, name, $"has {rank} axes");
        var shape = new int[rank];
        for (var i = shape.Length - 1; i >= 0; i--)
        {
            var length = cursor.Number<ulong>();
            Expect(length <= int.MaxValue, name, $"has an axis of length {length}");
            shape[i] = (int)length;
        }

        var type = (GgufType)cursor.Number<uint>();
        var offset = cursor.Number<ulong>();
        Expect(offset <= long.MaxValue / 2, name, $"has the offset {offset}");
        var block = type.Block()
            ?? throw new FileFaultException($"has the type {type}, which cannot be read", name);
        Expect(
            block.Weights == 1 || (rank > 0 && shape[^1] % block.Weights == 0),
            name,
            $"its last axis is no multiple of {block.Weights}, as {type} wants it");

        // Beyond 2^63 elements of 8 bytes there is no array to hold what a file of blocks says.
        var elements = Elements.Bytes(ElementType.Int64, shape) / sizeof(long)
            ?? throw new FileFaultException($"has the shape {Elements.Text(shape)}", name);
        var bytes = elements / block.Weights * block.Bytes;
        return new GgufTensor(name, type, shape, (long)offset, bytes);
    }

    private void CheckPlaces(long end)
    {
        GgufTensor? last = null;
        foreach (var t in tensors.OrderBy(t => t.Offset).ThenBy(t => t.Bytes))
        {
            Expect(t.Offset % alignment == 0, t.Name, $"is not aligned to {alignment} bytes");
            Expect(
                last is null || t.Offset >= last.Offset + last.Bytes,
                t.Name,
                $"overlaps '{last?.Name}'");
            Expect(
                t.Bytes == 0 || t.Bytes <= end - t.Offset,
                t.Name,
                $"takes {t.Bytes} bytes from byte {t.Offset} on, but the file ends at {end}");
            last = t;
        }
    }

    private object Value(string key)
    {
        var type = cursor.Number<uint>();
        if (type == TextType)
        {
            return cursor.Text();
        }

        if (type != ListType)
        {
            return Numbers(key, NumberType(key, type), [], 1);
        }

        type = cursor.Number<uint>();
        if (type == TextType)
        {
            // Grows as texts are read, since a short file may promise many.
            var texts = new List<string>();
            for (var left = cursor.Count(sizeof(ulong), "texts"); left > 0; left--)
            {
                texts.Add(cursor.Text());
            }

            return texts.ToArray();
        }

        var number = NumberType(key, type);
        var count = cursor.Count(number.Size(), "numbers");
        return Numbers(key, number, [count], count);
    }

    private static ElementType NumberType(string key, uint type) =>
        type < NumberTypes.Length && NumberTypes[type] is { } number
            ? number
            : throw new FileFaultException(
                type == ListType ? "is a list of lists" : $"has the unknown type {type}", key);

    private GgufNumbers Numbers(string key, ElementType type, int[] shape, long count)
    {
        var data = cursor.Bytes(count * type.Size());
        switch (type)
        {
            case ElementType.Bool when data.AsSpan().ContainsAnyInRange((byte)2, byte.MaxValue):
                throw new FileFaultException("has a bool that is neither 0 nor 1", key);

            // MLX has no float64 metadata.
            case ElementType.Float64:
                var doubles = MemoryMarshal.Cast<byte, double>(data);
                var singles = new float[doubles.Length];
                for (var i = 0; i < singles.Length; i++)
                {
                    singles[i] = (float)doubles[i];
                }

                return new GgufNumbers(
                    ElementType.Float32, shape, MemoryMarshal.AsBytes(singles.AsSpan()).ToArray());
            default:
                return new GgufNumbers(type, shape, data);
        }
    }

    private static long? Alignment(object value) =>
        value is GgufNumbers { Type: ElementType.UInt32, Shape: [] } n
            && BinaryPrimitives.ReadUInt32LittleEndian(n.Data) is > 0 and <= 1 << 20 and var a
            && a % 8 == 0
            ? a
            : null;

    private static long Align(long offset, long alignment) =>
        (offset + alignment - 1) / alignment * alignment;

    private static void Expect(bool holds, string name, string reason)
    {
        if (!holds)
        {
            throw new FileFaultException(reason, name);
        }
    }
}
