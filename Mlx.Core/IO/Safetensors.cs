using System.Buffers.Binary;
using System.Text.Json;

namespace Mlx.Core;

/// <summary>What <see cref="Safetensors.Load(string)"/> found in a file.</summary>
/// <param name="Arrays">The tensors by name, in the order of the header.</param>
/// <param name="Metadata">The texts the file carries.</param>
public sealed record SafetensorsFile(
    IReadOnlyDictionary<string, MlxArray> Arrays, IReadOnlyDictionary<string, string> Metadata);

/// <summary>
/// Files of named tensors (https://github.com/huggingface/safetensors). Every length and offset is
/// checked before it is used.
/// </summary>
public static class Safetensors
{
    /// <summary>What a file holds, without its data.</summary>
    /// <exception cref="MlxFileException">The header is malformed.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static IReadOnlyList<SafetensorsEntry> ReadHeader(string path)
    {
        using var stream = File.OpenRead(path);
        return SafetensorsHeader.Read(path, stream).Entries;
    }

    /// <summary>
    /// Loads all tensors. The file is mapped into memory: the embedded engine reads it in place, as
    /// its parts are used, so it must not be changed meanwhile (replacing it is fine).
    /// </summary>
    /// <exception cref="MlxFileException">The file is malformed.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static SafetensorsFile Load(string path) => Load(path, static _ => true);

    /// <summary>Loads the tensors whose names are <paramref name="wanted"/>.</summary>
    /// <exception cref="MlxFileException">The file is malformed.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static SafetensorsFile Load(string path, Func<string, bool> wanted)
    {
        using var stream = File.OpenRead(path);
        var header = SafetensorsHeader.Read(path, stream);
        var arrays = new Dictionary<string, MlxArray>(header.Entries.Count);
        using var mapping = new FileMapping(stream);
        foreach (var e in header.Entries)
        {
            if (wanted(e.Name))
            {
                arrays.Add(e.Name, mapping.Array(e.Offset, e.Bytes, [.. e.Shape], e.DType));
            }
        }

        return new SafetensorsFile(arrays, header.Metadata);
    }

    /// <summary>
    /// Computes the arrays and writes them. The file appears whole or not at all: it is written
    /// beside its place and then moved there.
    /// </summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Save(
        string path,
        IEnumerable<KeyValuePair<string, MlxArray>> arrays,
        IReadOnlyDictionary<string, string>? metadata = null)
    {
        // Widest elements first, so that every tensor is aligned to its elements.
        KeyValuePair<string, MlxArray>[] sorted =
        [
            .. arrays
                .OrderByDescending(a => a.Value.ItemSize)
                .ThenBy(a => a.Key, StringComparer.Ordinal),
        ];
        var twice = sorted.GroupBy(a => a.Key).FirstOrDefault(g => g.Count() > 1);
        if (twice is not null)
        {
            throw new MlxFileException(path, twice.Key, "is given twice");
        }

        MlxArray.Eval([.. sorted.Select(a => a.Value)]);
        WholeFile.Write(path, stream =>
        {
            var json = Header(sorted, metadata);
            Span<byte> length = stackalloc byte[8];
            BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)json.Length);
            stream.Write(length);
            stream.Write(json);
            foreach (var (_, a) in sorted)
            {
                a.WriteTo(stream);
            }
        });
    }

    private static byte[] Header(
        KeyValuePair<string, MlxArray>[] arrays, IReadOnlyDictionary<string, string>? metadata)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                json.WriteStartObject("__metadata__");
                foreach (var (key, value) in metadata)
                {
                    json.WriteString(key, value);
                }

                json.WriteEndObject();
            }

            long at = 0;
            foreach (var (name, a) in arrays)
            {
                json.WriteStartObject(name);
                json.WriteString("dtype", SafetensorsHeader.NameOf(a.DType));
                json.WriteStartArray("shape");
                foreach (var d in a.Shape)
                {
                    json.WriteNumberValue(d);
                }

                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(at);
                json.WriteNumberValue(at += a.NBytes);
                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        // Spaces bring the data to a multiple of eight, as the format allows.
        while (buffer.Length % 8 != 0)
        {
            buffer.WriteByte((byte)' ');
        }

        return buffer.ToArray();
    }
}
