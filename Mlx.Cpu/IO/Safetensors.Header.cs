using System.Text.Encodings.Web;
using System.Text.Json;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.IO;

/// <summary>The JSON header of a safetensors file; nothing in it is believed.</summary>
internal sealed class Header
{
    public const string Op = "load_safetensors";

    private const string MetadataKey = "__metadata__";

    public readonly List<Tensor> Tensors = [];

    public readonly List<(string Key, string Value)> Metadata = [];

    internal sealed record Tensor(string Name, Dtype Dtype, int[] Shape, long Begin, long End);

    /// <summary>What the header says of <paramref name="dataBytes"/> bytes of data.</summary>
    public static Header Parse(
        ReadOnlySpan<byte> json, long dataBytes, bool hasSpareRoom, string label)
    {
        try
        {
            // The format wants the object at once, without a byte order mark.
            if (json[0] != '{')
            {
                throw new FormatException("the header is no JSON object.");
            }

            var header = new Header();
            var reader = new Utf8JsonReader(json);
            header.Read(ref reader);
            header.CheckPlaces(dataBytes, hasSpareRoom);
            return header;
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            throw new InvalidDataException($"[{Op}] {label}: {e.Message}", e);
        }
    }

    private void Read(ref Utf8JsonReader reader)
    {
        var names = new HashSet<string>();
        reader.Read();
        while (Property(ref reader) is { } name)
        {
            if (!names.Add(name))
            {
                throw new FormatException($"the name '{name}' comes twice.");
            }

            reader.Read();
            if (name == MetadataKey)
            {
                ReadMetadata(ref reader);
            }
            else
            {
                Tensors.Add(ReadTensor(ref reader, name));
            }
        }

        // Spaces may follow, as padding; anything else is an error of the reader.
        while (reader.Read())
        {
        }
    }

    private void ReadMetadata(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.Null)
        {
            return;
        }

        Expect(reader.TokenType == JsonTokenType.StartObject, MetadataKey, "is no object");
        var keys = new HashSet<string>();
        while (Property(ref reader) is { } key)
        {
            reader.Read();
            Expect(reader.TokenType == JsonTokenType.String, MetadataKey, $"'{key}' is no text");
            Expect(keys.Add(key), MetadataKey, $"'{key}' comes twice");
            Metadata.Add((key, reader.GetString()!));
        }
    }

    private static Tensor ReadTensor(ref Utf8JsonReader reader, string name)
    {
        Expect(reader.TokenType == JsonTokenType.StartObject, name, "is no object");
        Dtype? dtype = null;
        int[]? shape = null;
        long[]? offsets = null;
        while (Property(ref reader) is { } field)
        {
            reader.Read();
            switch (field)
            {
                case "dtype" when dtype is null:
                    Expect(reader.TokenType == JsonTokenType.String, name, "dtype is no text");
                    dtype = DtypeOf(reader.GetString()!, name);
                    break;
                case "shape" when shape is null:
                    shape = Array.ConvertAll(
                        Numbers(ref reader, name, "shape", int.MaxValue), d => (int)d);
                    break;
                case "data_offsets" when offsets is null:
                    offsets = Numbers(ref reader, name, "data_offsets", long.MaxValue);
                    break;
                default:
                    throw new FormatException($"tensor '{name}': unexpected field '{field}'.");
            }
        }

        if (dtype is null || shape is null || offsets is not { Length: 2 })
        {
            throw new FormatException(
                $"tensor '{name}' needs a dtype, a shape and two data_offsets.");
        }

        var bytes = Npy.Bytes(shape, dtype.Value.Size());
        Expect(
            bytes >= 0 && offsets[1] - offsets[0] == bytes, name,
            $"data_offsets ({offsets[0]}, {offsets[1]}) are not the {bytes} bytes of shape " +
            Shapes.Text(shape));
        return new Tensor(name, dtype.Value, shape, offsets[0], offsets[1]);
    }

    private static long[] Numbers(ref Utf8JsonReader reader, string name, string field, long most)
    {
        Expect(reader.TokenType == JsonTokenType.StartArray, name, $"{field} is no list");
        var numbers = new List<long>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            long value = -1;
            var fits = reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out value)
                && value >= 0 && value <= most;
            Expect(fits, name, $"{field} holds what is no length");
            numbers.Add(value);
        }

        return [.. numbers];
    }

    /// <summary>The next property's name, or null at the end of the object.</summary>
    private static string? Property(ref Utf8JsonReader reader)
    {
        reader.Read();
        return reader.TokenType == JsonTokenType.PropertyName ? reader.GetString() : null;
    }

    /// <summary>One tensor behind the other, from the first byte to the last of a file.</summary>
    private void CheckPlaces(long dataBytes, bool hasSpareRoom)
    {
        long end = 0;
        foreach (var t in Tensors.OrderBy(t => t.Begin).ThenBy(t => t.End))
        {
            Expect(
                t.Begin == end, t.Name,
                $"begins at {t.Begin}, but the data before it ends at {end}");
            end = t.End;
        }

        if (end > dataBytes || (end < dataBytes && !hasSpareRoom))
        {
            throw new FormatException(
                $"the tensors take {end} bytes, but the file has {dataBytes} bytes of data. " +
                "Perhaps an incomplete download or corrupt file?");
        }
    }

    private static void Expect(bool holds, string name, string complaint)
    {
        if (!holds)
        {
            throw new FormatException($"tensor '{name}' {complaint}.");
        }
    }

    private static Dtype DtypeOf(string name, string tensor) => name switch
    {
        // 8-bit floats come as their bits; mlx_from_fp8 makes numbers of them.
        "F8_E4M3" => Dtype.UInt8,
        _ => Array.FindIndex(Names, n => n == name) is var i and >= 0
            ? (Dtype)i
            : throw new FormatException($"tensor '{tensor}' has the unsupported dtype {name}."),
    };

    private static readonly string[] Names =
    [
        "BOOL", "U8", "U16", "U32", "U64", "I8", "I16", "I32", "I64", "F16", "F32", "F64", "BF16",
        "C64",
    ];

    public static byte[] Write(
        (string Name, Node Array)[] arrays, IEnumerable<(string Key, string Value)> metadata)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions
        {
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        }))
        {
            json.WriteStartObject();
            var pairs = metadata.ToArray();
            if (pairs.Length > 0)
            {
                json.WriteStartObject(MetadataKey);
                foreach (var (key, value) in pairs)
                {
                    json.WriteString(key, value);
                }

                json.WriteEndObject();
            }

            long at = 0;
            foreach (var (name, array) in arrays)
            {
                json.WriteStartObject(name);
                json.WriteString("dtype", Names[(int)array.Dtype]);
                json.WriteStartArray("shape");
                foreach (var d in array.Shape)
                {
                    json.WriteNumberValue(d);
                }

                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(at);
                json.WriteNumberValue(at += array.Bytes);
                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        while (buffer.Length % 8 != 0)
        {
            buffer.WriteByte((byte)' ');
        }

        return buffer.ToArray();
    }
}
