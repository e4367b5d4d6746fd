using System.Buffers.Binary;
using System.Text.Json;

namespace Mlx.Formats;

/// <summary>One tensor of a safetensors file; <c>Offset</c> counts from the start of the file.
/// </summary>
internal sealed record SafetensorsTensor(
    string Name, ElementType Type, int[] Shape, long Offset, long Bytes);

/// <summary>
/// The header of a safetensors file (https://github.com/huggingface/safetensors). None of it is
/// believed: the length must fit the file, the JSON must be one object of the form that the format
/// describes, every size must follow from shape and dtype, and the tensors must cover the data
/// without gap, overlap or rest.
/// </summary>
internal sealed partial class SafetensorsHeader
{
    private const string MetadataKey = "__metadata__";
    private const int PrefixBytes = 8;
    private const long LongestText = 100_000_000;

    private readonly List<SafetensorsTensor> tensors = [];
    private readonly List<(string Key, string Value)> metadata = [];
    private readonly long dataStart;
    private readonly long dataBytes;

    private SafetensorsHeader(long dataStart, long dataBytes)
    {
        this.dataStart = dataStart;
        this.dataBytes = dataBytes;
    }

    /// <summary>In the order of the header.</summary>
    public IReadOnlyList<SafetensorsTensor> Tensors => tensors;

    public IReadOnlyList<(string Key, string Value)> Metadata => metadata;

    public static SafetensorsHeader Read(ByteSource source)
    {
        // Before the source is asked for its length: a stream of a C program is read in the order
        // in which MLX reads it.
        Span<byte> prefix = stackalloc byte[PrefixBytes];
        source.Read(0, prefix);
        var length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length is < 2 or >= LongestText)
        {
            throw new FileFaultException(
                $"a header takes from 2 to {LongestText - 1} bytes, not {length}");
        }

        var text = source.Take(PrefixBytes, (long)length, "the header");
        var start = PrefixBytes + (long)length;
        var header = new SafetensorsHeader(start, source.Length - start);
        try
        {
            header.Parse(text);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // The reader's word for text that is no UTF-8 is InvalidOperationException.
            throw new FileFaultException($"the header is not valid JSON: {e.Message}", inner: e);
        }

        header.CheckCover(source.HasSpareRoom);
        return header;
    }

    private void Parse(byte[] text)
    {
        // The format wants the object at once: no byte order mark, no space.
        if (text[0] != '{')
        {
            throw new FileFaultException("the header does not start with '{'");
        }

        var reader = new Utf8JsonReader(text);
        var names = new HashSet<string>();
        reader.Read();
        while (Property(ref reader) is { } name)
        {
            Expect(names.Add(name), name, "comes twice");
            Expect(!name.Contains('\0'), name, Elements.ZeroInName);
            if (name == MetadataKey)
            {
                ParseMetadata(ref reader);
            }
            else
            {
                tensors.Add(ParseTensor(name, ref reader));
            }
        }

        // Anything but white space after the object throws here.
        while (reader.Read())
        {
        }
    }

    private void ParseMetadata(ref Utf8JsonReader reader)
    {
        // MLX writes null where there is none.
        if (reader.TokenType == JsonTokenType.Null)
        {
            return;
        }

        Expect(reader.TokenType == JsonTokenType.StartObject, MetadataKey, "is not an object");
        var keys = new HashSet<string>();
        while (Property(ref reader) is { } key)
        {
            Expect(keys.Add(key), MetadataKey, $"'{key}' comes twice");
            Expect(!key.Contains('\0'), MetadataKey, Elements.ZeroInName);
            Expect(
                reader.TokenType == JsonTokenType.String, MetadataKey, $"'{key}' is not a string");
            metadata.Add((key, reader.GetString()!));
        }
    }

    private SafetensorsTensor ParseTensor(string name, ref Utf8JsonReader reader)
    {
        Expect(reader.TokenType == JsonTokenType.StartObject, name, "is not an object");
        string? dtype = null;
        List<long>? shape = null;
        List<long>? offsets = null;
        while (Property(ref reader) is { } field)
        {
            switch (field)
            {
                case "dtype":
                    Expect(dtype is null, name, "has two dtypes");
                    Expect(
                        reader.TokenType == JsonTokenType.String, name, "its dtype is no string");
                    dtype = reader.GetString();
                    break;
                case "shape":
                    Expect(shape is null, name, "has two shapes");
                    shape = Sizes(name, field, Elements.MaxRank, ref reader);
                    break;
                case "data_offsets":
                    Expect(offsets is null, name, "has data_offsets twice");
                    offsets = Sizes(name, field, 2, ref reader);
                    break;
                default:
                    // As the format's own reader and MLX do.
                    reader.Skip();
                    break;
            }
        }

        Expect(dtype is not null, name, "has no dtype");
        Expect(shape is not null, name, "has no shape");
        Expect(offsets is { Count: 2 }, name, "does not have two data_offsets");
        return Check(name, dtype!, shape!, offsets![0], offsets[1]);
    }

    private SafetensorsTensor Check(
        string name, string dtype, List<long> shape, long begin, long end)
    {
        var type = TypeOf(dtype)
            ?? throw new FileFaultException($"has the unknown dtype '{dtype}'", name);
        foreach (var length in shape)
        {
            Expect(length <= int.MaxValue, name, $"has an axis of length {length}");
        }

        int[] lengths = [.. shape.Select(d => (int)d)];
        Expect(
            begin <= end && end <= dataBytes,
            name,
            $"has the data_offsets [{begin}, {end}], but the file has {dataBytes} bytes of data");
        Expect(
            Elements.Bytes(type, lengths) == end - begin,
            name,
            $"{dtype} of shape {Elements.Text(lengths)} does not take the {end - begin} bytes that "
            + $"the data_offsets [{begin}, {end}] hold");
        return new SafetensorsTensor(name, type, lengths, dataStart + begin, end - begin);
    }

    private static List<long> Sizes(string name, string field, int most, ref Utf8JsonReader reader)
    {
        Expect(reader.TokenType == JsonTokenType.StartArray, name, $"its {field} is not a list");
        var sizes = new List<long>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            var size = -1L;
            var isSize = reader.TokenType == JsonTokenType.Number
                && reader.TryGetInt64(out size)
                && size >= 0;
            Expect(isSize, name, $"its {field} holds something that is no size");
            Expect(sizes.Count < most, name, $"its {field} has more than {most} sizes");
            sizes.Add(size);
        }

        return sizes;
    }

    private void CheckCover(bool hasSpareRoom)
    {
        var at = dataStart;
        foreach (var t in tensors.OrderBy(t => t.Offset).ThenBy(t => t.Bytes))
        {
            Expect(
                t.Offset == at,
                t.Name,
                $"starts at byte {t.Offset - dataStart} of the data, but the tensor before it ends "
                + $"at {at - dataStart}");
            at += t.Bytes;
        }

        if (at < dataStart + dataBytes && !hasSpareRoom)
        {
            throw new FileFaultException(
                $"{dataStart + dataBytes - at} bytes after the last tensor belong to none");
        }
    }

    /// <summary>The name of the next property, with the reader on its value; null at the end.
    /// </summary>
    private static string? Property(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.PropertyName)
        {
            return null;
        }

        var name = reader.GetString();
        reader.Read();
        return name;
    }

    private static void Expect(bool holds, string name, string reason)
    {
        if (!holds)
        {
            throw new FileFaultException(reason, name);
        }
    }
}
