using System.Buffers.Binary;
using System.Text.Json;

namespace Mlx.Core;

/// <summary>One tensor of a safetensors file.</summary>
/// <param name="Name">Its key.</param>
/// <param name="DType">The dtype it loads as.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Offset">Where its bytes start in the file.</param>
/// <param name="Bytes">How many they are.</param>
public sealed record SafetensorsEntry(
    string Name, DType DType, IReadOnlyList<int> Shape, long Offset, long Bytes);

/// <summary>
/// Reads the header of a safetensors file and believes none of it: the length must fit the file,
/// the JSON must be one object of the form the format describes, every size must follow from its
/// shape and dtype, and the tensors must cover the data without gap, overlap or rest.
/// </summary>
internal sealed class SafetensorsHeader
{
    private const long LongestHeader = 100_000_000;

    private readonly string path;
    private readonly List<SafetensorsEntry> entries = [];
    private readonly Dictionary<string, string> metadata = [];
    private long dataStart;
    private long dataLength;

    private SafetensorsHeader(string path) => this.path = path;

    public IReadOnlyList<SafetensorsEntry> Entries => entries;

    public IReadOnlyDictionary<string, string> Metadata => metadata;

    public static SafetensorsHeader Read(string path, FileStream stream)
    {
        var header = new SafetensorsHeader(path);
        var json = header.ReadJson(stream);
        try
        {
            header.Parse(json);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // The reader's word for text that is no UTF-8 is InvalidOperationException.
            throw header.Wrong(null, $"the header is not valid JSON: {e.Message}", e);
        }

        header.CheckCover();
        return header;
    }

    private byte[] ReadJson(FileStream stream)
    {
        Span<byte> prefix = stackalloc byte[8];
        if (stream.Length < prefix.Length)
        {
            throw Wrong(null, $"{stream.Length} bytes are too few for a safetensors file");
        }

        stream.ReadExactly(prefix);
        var length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        var rest = stream.Length - prefix.Length;
        if (length is < 2 or >= LongestHeader || length > (ulong)rest)
        {
            throw Wrong(
                null,
                $"the header is said to take {length} bytes; {rest} follow, and at most "
                + $"{LongestHeader} are allowed");
        }

        var json = new byte[length];
        stream.ReadExactly(json);
        dataStart = prefix.Length + (long)length;
        dataLength = stream.Length - dataStart;
        return json[0] == '{' ? json : throw Wrong(null, "the header does not start with '{'");
    }

    private void Parse(byte[] json)
    {
        var options = new JsonReaderOptions { MaxDepth = 4 };
        var reader = new Utf8JsonReader(json, options);
        var names = new HashSet<string>();
        reader.Read();
        while (Next(ref reader, JsonTokenType.EndObject))
        {
            var name = reader.GetString()!;
            if (!names.Add(name))
            {
                throw Wrong(name, "occurs twice");
            }

            reader.Read();
            if (name == "__metadata__")
            {
                ParseMetadata(ref reader);
            }
            else
            {
                entries.Add(ParseEntry(name, ref reader));
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

        Expect(reader.TokenType == JsonTokenType.StartObject, "__metadata__", "is not an object");
        while (Next(ref reader, JsonTokenType.EndObject))
        {
            var key = reader.GetString()!;
            reader.Read();
            Expect(
                reader.TokenType == JsonTokenType.String,
                "__metadata__",
                $"'{key}' is not a string");
            metadata[key] = reader.GetString()!;
        }
    }

    private SafetensorsEntry ParseEntry(string name, ref Utf8JsonReader reader)
    {
        Expect(reader.TokenType == JsonTokenType.StartObject, name, "is not an object");
        string? dtypeName = null;
        List<long>? shape = null;
        List<long>? offsets = null;
        while (Next(ref reader, JsonTokenType.EndObject))
        {
            var field = reader.GetString()!;
            reader.Read();
            switch (field)
            {
                case "dtype":
                    Expect(dtypeName is null, name, "has two dtypes");
                    Expect(reader.TokenType == JsonTokenType.String, name, "its dtype is no text");
                    dtypeName = reader.GetString();
                    break;
                case "shape":
                    Expect(shape is null, name, "has two shapes");
                    shape = Integers(name, field, ref reader);
                    break;
                case "data_offsets":
                    Expect(offsets is null, name, "has data_offsets twice");
                    offsets = Integers(name, field, ref reader);
                    break;
                default:
                    throw Wrong(name, $"has the unknown field '{field}'");
            }
        }

        Expect(dtypeName is not null, name, "has no dtype");
        Expect(shape is not null, name, "has no shape");
        Expect(offsets is { Count: 2 }, name, "must have two data_offsets");
        return Check(name, dtypeName!, shape!, offsets![0], offsets[1]);
    }

    private SafetensorsEntry Check(
        string name, string dtypeName, List<long> shape, long begin, long end)
    {
        var dtype = DTypeOf(dtypeName) ?? throw Wrong(name, $"has the unknown dtype '{dtypeName}'");
        Expect(
            begin <= end && end <= dataLength,
            name,
            $"has the data_offsets [{begin}, {end}], but the file has {dataLength} bytes of data");
        var wanted = (UInt128)dtype.Size();
        foreach (var d in shape)
        {
            Expect(d <= int.MaxValue, name, $"has an axis of length {d}, which is too long");
            wanted = wanted > ulong.MaxValue ? wanted : wanted * (ulong)d;
        }

        Expect(
            wanted == (ulong)(end - begin),
            name,
            $"{dtypeName} of shape ({string.Join(", ", shape)}) takes {wanted} bytes, but "
            + $"data_offsets [{begin}, {end}] hold {end - begin}");
        int[] dims = [.. shape.Select(d => (int)d)];
        return new SafetensorsEntry(name, dtype, dims, dataStart + begin, end - begin);
    }

    private List<long> Integers(string name, string field, ref Utf8JsonReader reader)
    {
        Expect(reader.TokenType == JsonTokenType.StartArray, name, $"its {field} is not a list");
        var list = new List<long>();
        while (Next(ref reader, JsonTokenType.EndArray))
        {
            var n = -1L;
            var isSize = reader.TokenType == JsonTokenType.Number
                && reader.TryGetInt64(out n)
                && n >= 0;
            Expect(isSize, name, $"its {field} holds something that is no size");
            list.Add(n);
        }

        return list;
    }

    private void CheckCover()
    {
        var at = dataStart;
        foreach (var e in entries.OrderBy(e => e.Offset).ThenBy(e => e.Bytes))
        {
            Expect(
                e.Offset == at,
                e.Name,
                $"starts at byte {e.Offset - dataStart} of the data; the tensor before it ends at "
                + $"{at - dataStart}");
            at += e.Bytes;
        }

        if (at != dataStart + dataLength)
        {
            throw Wrong(
                null, $"{dataStart + dataLength - at} bytes after the last tensor belong to none");
        }
    }

    private bool Next(ref Utf8JsonReader reader, JsonTokenType end) =>
        reader.Read() ? reader.TokenType != end : throw Wrong(null, "the header ends too early");

    private void Expect(bool holds, string name, string reason)
    {
        if (!holds)
        {
            throw Wrong(name, reason);
        }
    }

    private MlxFileException Wrong(string? key, string reason, Exception? inner = null) =>
        new(path, key, reason, inner);

    private static DType? DTypeOf(string name) => name switch
    {
        "BOOL" => DType.Bool,

        // MLX has no 8-bit floats; it hands out their bytes (see Ops.FromFp8).
        "U8" or "F8_E4M3" => DType.UInt8,
        "U16" => DType.UInt16,
        "U32" => DType.UInt32,
        "U64" => DType.UInt64,
        "I8" => DType.Int8,
        "I16" => DType.Int16,
        "I32" => DType.Int32,
        "I64" => DType.Int64,
        "F16" => DType.Float16,
        "F32" => DType.Float32,
        "F64" => DType.Float64,
        "BF16" => DType.BFloat16,
        "C64" => DType.Complex64,
        _ => null,
    };

    /// <summary>The format's name of a dtype.</summary>
    public static string NameOf(DType dtype) => dtype switch
    {
        DType.Bool => "BOOL",
        DType.UInt8 => "U8",
        DType.UInt16 => "U16",
        DType.UInt32 => "U32",
        DType.UInt64 => "U64",
        DType.Int8 => "I8",
        DType.Int16 => "I16",
        DType.Int32 => "I32",
        DType.Int64 => "I64",
        DType.Float16 => "F16",
        DType.Float32 => "F32",
        DType.Float64 => "F64",
        DType.BFloat16 => "BF16",
        _ => "C64",
    };
}
