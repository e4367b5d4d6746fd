using System.Buffers.Binary;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Mlx.Formats;

internal sealed partial class SafetensorsHeader
{
    /// <summary>The format's names of element types, in the order of the enum.</summary>
    private static readonly string[] Names =
    [
        "BOOL", "U8", "U16", "U32", "U64", "I8", "I16", "I32", "I64", "F16", "F32", "F64", "BF16",
        "C64",
    ];

    /// <summary>
    /// An order for files that will be mapped: widest elements first, then by name. Behind a header
    /// of a multiple of eight bytes every tensor is then aligned to its elements.
    /// </summary>
    public static IEnumerable<T> Order<T>(
        IEnumerable<T> tensors, Func<T, ElementType> type, Func<T, string> name) =>
        tensors.OrderByDescending(t => type(t).Size()).ThenBy(name, StringComparer.Ordinal);

    /// <summary>
    /// Length and header of tensors that follow one another in this order, padded with spaces to a
    /// multiple of <paramref name="alignment"/>. It lists them by name, as MLX does.
    /// </summary>
    public static byte[] Write(
        IEnumerable<(string Name, ElementType Type, int[] Shape)> tensors,
        IEnumerable<KeyValuePair<string, string>> metadata,
        int alignment)
    {
        using var buffer = new MemoryStream();
        buffer.SetLength(PrefixBytes);
        buffer.Position = PrefixBytes;
        var options = new JsonWriterOptions
        {
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        };
        using (var json = new Utf8JsonWriter(buffer, options))
        {
            json.WriteStartObject();
            WriteMetadata(json, metadata);
            WriteTensors(json, tensors);
            json.WriteEndObject();
        }

        while (buffer.Length % alignment != 0)
        {
            buffer.WriteByte((byte)' ');
        }

        var header = buffer.ToArray();
        var length = header.Length - PrefixBytes;
        if (length >= LongestText)
        {
            throw new FileFaultException($"the header would take {length} bytes, which none reads");
        }

        BinaryPrimitives.WriteInt64LittleEndian(header, length);
        return header;
    }

    private static void WriteMetadata(
        Utf8JsonWriter json, IEnumerable<KeyValuePair<string, string>> metadata)
    {
        var isEmpty = true;
        foreach (var (key, value) in metadata)
        {
            if (isEmpty)
            {
                json.WriteStartObject(MetadataKey);
                isEmpty = false;
            }

            json.WriteString(key, value);
        }

        if (!isEmpty)
        {
            json.WriteEndObject();
        }
    }

    private static void WriteTensors(
        Utf8JsonWriter json, IEnumerable<(string Name, ElementType Type, int[] Shape)> tensors)
    {
        var places = new SortedDictionary<string, SafetensorsTensor>(StringComparer.Ordinal);
        long at = 0;
        foreach (var (name, type, shape) in tensors)
        {
            var bytes = Elements.Bytes(type, shape)
                ?? throw new FileFaultException("has more axes than a reader takes", name);
            Expect(name != MetadataKey, name, "is the name of the metadata, not of a tensor");
            Expect(
                places.TryAdd(name, new SafetensorsTensor(name, type, shape, at, bytes)),
                name,
                "is given twice");
            at += bytes;
        }

        foreach (var t in places.Values)
        {
            json.WriteStartObject(t.Name);
            json.WriteStartArray("data_offsets");
            json.WriteNumberValue(t.Offset);
            json.WriteNumberValue(t.Offset + t.Bytes);
            json.WriteEndArray();
            json.WriteString("dtype", Names[(int)t.Type]);
            json.WriteStartArray("shape");
            foreach (var length in t.Shape)
            {
                json.WriteNumberValue(length);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }
    }

    private static ElementType? TypeOf(string name)
    {
        // MLX has no 8-bit floats: it hands out their bits, of which from_fp8 makes numbers.
        if (name == "F8_E4M3")
        {
            return ElementType.UInt8;
        }

        var i = Array.IndexOf(Names, name);
        return i < 0 ? null : (ElementType)i;
    }
}
