using Mlx.Formats;

namespace Mlx.Core;

/// <summary>One tensor of a safetensors file.</summary>
/// <param name="Name">Its key.</param>
/// <param name="DType">The dtype it loads as.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Offset">Where its bytes start in the file.</param>
/// <param name="Bytes">How many they are.</param>
public sealed record SafetensorsEntry(
    string Name, DType DType, IReadOnlyList<int> Shape, long Offset, long Bytes);

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
    // A header of a multiple of eight bytes, and the widest elements first.
    private const int Alignment = 8;

    /// <summary>What a file holds, without its data.</summary>
    /// <exception cref="MlxFileException">The header is malformed.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static IReadOnlyList<SafetensorsEntry> ReadHeader(string path) =>
        Files.Read(path, source => SafetensorsHeader.Read(source).Tensors.Select(Entry).ToList());

    /// <summary>
    /// Loads all tensors. The file is mapped into memory: the embedded engine reads it in place, as
    /// its parts are used, so it must not be changed meanwhile (replacing it is fine).
    /// </summary>
    /// <exception cref="MlxFileException">The file is malformed.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file must not be read.</exception>
    public static SafetensorsFile Load(string path) => Load(path, static _ => true);

    /// <summary>Loads the tensors whose names are <paramref name="wanted"/>.</summary>
    /// <exception cref="MlxFileException">The file is malformed.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static SafetensorsFile Load(string path, Func<string, bool> wanted)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        return Files.Read(path, source => Load(source, wanted));
    }

    /// <summary>Loads all tensors from a stream, which must hold nothing else.</summary>
    /// <exception cref="ArgumentException">The stream cannot seek.</exception>
    /// <exception cref="MlxFileException">What the stream holds is malformed.</exception>
    public static SafetensorsFile Load(Stream stream) =>
        Files.Read(stream, source => Load(source, static _ => true));

    /// <summary>
    /// Computes the arrays and writes them. The file appears whole or not at all: it is written
    /// beside its place and then moved there.
    /// </summary>
    /// <exception cref="MlxFileException">
    /// The file cannot be written, or a name is given twice.
    /// </exception>
    public static void Save(
        string path,
        IEnumerable<KeyValuePair<string, MlxArray>> arrays,
        IReadOnlyDictionary<string, string>? metadata = null)
    {
        var ordered = Computed(arrays);
        Files.Write(path, stream => Write(stream, ordered, metadata));
    }

    /// <summary>
    /// As <see cref="Save(string, IEnumerable{KeyValuePair{string, MlxArray}},
    /// IReadOnlyDictionary{string, string}?)"/>, one array after the other: each is computed when
    /// its turn comes and disposed once it is written, so that files may be larger than memory.
    /// </summary>
    /// <exception cref="MlxFileException">
    /// The file cannot be written, or a name is given twice.
    /// </exception>
    public static void SaveConsuming(
        string path,
        IEnumerable<KeyValuePair<string, MlxArray>> arrays,
        IReadOnlyDictionary<string, string>? metadata = null)
    {
        var ordered = Ordered(arrays);
        Files.Write(path, stream => Write(stream, ordered, metadata, a => a.Dispose()));
    }

    /// <summary>Computes the arrays and writes them to a stream.</summary>
    /// <exception cref="MlxFileException">A name is given twice.</exception>
    public static void Save(
        Stream stream,
        IEnumerable<KeyValuePair<string, MlxArray>> arrays,
        IReadOnlyDictionary<string, string>? metadata = null)
    {
        var ordered = Computed(arrays);
        Files.Write(stream, s => Write(s, ordered, metadata));
    }

    private static SafetensorsEntry Entry(SafetensorsTensor t) =>
        new(t.Name, (DType)t.Type, t.Shape, t.Offset, t.Bytes);

    private static SafetensorsFile Load(ByteSource source, Func<string, bool> wanted)
    {
        var header = SafetensorsHeader.Read(source);
        using var loader = ArrayLoader.Mapped(source);
        var arrays = Files.Collect(arrays =>
        {
            foreach (var t in header.Tensors.Where(t => wanted(t.Name)))
            {
                arrays.Add(t.Name, loader.Load(t.Offset, t.Shape, t.Type));
            }
        });
        return new SafetensorsFile(
            arrays, header.Metadata.ToDictionary(m => m.Key, m => m.Value));
    }

    private static KeyValuePair<string, MlxArray>[] Ordered(
        IEnumerable<KeyValuePair<string, MlxArray>> arrays)
    {
        ArgumentNullException.ThrowIfNull(arrays);
        return [.. SafetensorsHeader.Order(arrays, a => (ElementType)a.Value.DType, a => a.Key)];
    }

    private static KeyValuePair<string, MlxArray>[] Computed(
        IEnumerable<KeyValuePair<string, MlxArray>> arrays)
    {
        var ordered = Ordered(arrays);
        MlxArray.Eval([.. ordered.Select(a => a.Value)]);
        return ordered;
    }

    private static void Write(
        Stream stream,
        KeyValuePair<string, MlxArray>[] arrays,
        IReadOnlyDictionary<string, string>? metadata,
        Action<MlxArray>? written = null)
    {
        stream.Write(SafetensorsHeader.Write(
            arrays.Select(a => (a.Key, (ElementType)a.Value.DType, a.Value.Shape.ToArray())),
            metadata ?? new Dictionary<string, string>(),
            Alignment));
        foreach (var (_, a) in arrays)
        {
            a.WriteTo(stream);
            written?.Invoke(a);
        }
    }
}
