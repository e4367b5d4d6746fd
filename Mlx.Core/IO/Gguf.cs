using Mlx.Formats;

namespace Mlx.Core;

/// <summary>What <see cref="Gguf.Load(string)"/> found in a file.</summary>
/// <param name="Arrays">The tensors by name, in the order of the file.</param>
/// <param name="Metadata">The values by key.</param>
public sealed record GgufFile(
    IReadOnlyDictionary<string, MlxArray> Arrays, IReadOnlyDictionary<string, GgufValue> Metadata);

/// <summary>
/// The files of llama.cpp: tensors, many of them quantized, and metadata. Every length and offset
/// is checked before it is used.
/// </summary>
public static class Gguf
{
    /// <summary>
    /// Loads all tensors and the metadata. A tensor <c>a.weight</c> in Q4_0, Q4_1 or Q8_0 becomes
    /// what <c>Ops.QuantizedMatmul</c> takes, in groups of 32: <c>a.weight</c>, <c>a.scales</c> and
    /// <c>a.biases</c>. Other quantized tensors (Q5_0, Q5_1, Q2_K to Q6_K) and bfloat16 become
    /// float16. The file is mapped, as for <see cref="Safetensors.Load(string)"/>.
    /// </summary>
    /// <exception cref="MlxFileException">
    /// The file is malformed, or has a type of tensor that is not among these.
    /// </exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file must not be read.</exception>
    public static GgufFile Load(string path) => Files.Read(path, Load);

    /// <summary>Loads from a stream, which must hold nothing else.</summary>
    /// <exception cref="ArgumentException">The stream cannot seek.</exception>
    /// <exception cref="MlxFileException">What the stream holds is malformed.</exception>
    public static GgufFile Load(Stream stream) => Files.Read(stream, Load);

    /// <summary>
    /// Computes the arrays and writes them, unquantized (float16/32/64, int8/16/32/64), and the
    /// metadata (texts, bools, integers, float32). The file appears whole or not at all.
    /// </summary>
    /// <exception cref="MlxFileException">
    /// The file cannot be written, or cannot hold one of the arrays or values.
    /// </exception>
    public static void Save(
        string path,
        IEnumerable<KeyValuePair<string, MlxArray>> arrays,
        IReadOnlyDictionary<string, GgufValue>? metadata = null)
    {
        var list = Computed(arrays);
        Files.Write(path, stream => Write(stream, list, metadata));
    }

    /// <summary>Computes the arrays and writes them to a stream.</summary>
    /// <exception cref="MlxFileException">The format cannot hold what is given.</exception>
    public static void Save(
        Stream stream,
        IEnumerable<KeyValuePair<string, MlxArray>> arrays,
        IReadOnlyDictionary<string, GgufValue>? metadata = null)
    {
        var list = Computed(arrays);
        Files.Write(stream, s => Write(s, list, metadata));
    }

    private static GgufFile Load(ByteSource source)
    {
        var header = GgufHeader.Read(source);
        using var loader = ArrayLoader.Mapped(source);
        var arrays = Files.Collect(arrays =>
        {
            foreach (var t in header.Tensors)
            {
                Load(loader, t, arrays);
            }
        });
        var metadata = header.Metadata.ToDictionary(m => m.Key, m => ValueOf(m.Value));
        return new GgufFile(arrays, metadata);
    }

    private static unsafe void Load(
        ArrayLoader loader, GgufTensor t, Dictionary<string, MlxArray> arrays)
    {
        if (t.Type.Direct() is { } direct)
        {
            arrays.Add(t.Name, loader.Load(t.Offset, t.Shape, direct));
            return;
        }

        var blocks = t.Bytes / t.Type.Block()!.Value.Bytes;
        if (t.Type.CodeBits() is { } bits)
        {
            Split(loader, t, blocks, bits, arrays);
            return;
        }

        using var half = new BlockMemory(blocks * t.Type.Block()!.Value.Weights * sizeof(Half));
        loader.Borrow(
            t.Offset,
            t.Bytes,
            from => GgufBlocks.ToHalf(t.Type, from, blocks, (Half*)half.Start));
        arrays.Add(t.Name, half.Array(0, t.Shape, DType.Float16));
    }

    private static unsafe void Split(
        ArrayLoader loader,
        GgufTensor t,
        long blocks,
        int bits,
        Dictionary<string, MlxArray> arrays)
    {
        using var codes = new BlockMemory(blocks * GgufBlocks.Group * bits / 8);
        using var scales = new BlockMemory(blocks * sizeof(Half));
        using var biases = new BlockMemory(blocks * sizeof(Half));
        loader.Borrow(t.Offset, t.Bytes, from => GgufBlocks.Split(
            t.Type, from, blocks, codes.Start, (Half*)scales.Start, (Half*)biases.Start));
        int[] words = [.. t.Shape[..^1], t.Shape[^1] / (32 / bits)];
        int[] groups = [.. t.Shape[..^1], t.Shape[^1] / GgufBlocks.Group];
        var names = GgufBlocks.Names(t.Name);
        arrays.Add(t.Name, codes.Array(0, words, DType.UInt32));
        arrays.Add(names.Scales, scales.Array(0, groups, DType.Float16));
        arrays.Add(names.Biases, biases.Array(0, groups, DType.Float16));
    }

    private static GgufValue ValueOf(object value) => value switch
    {
        string text => text,
        string[] texts => texts,
        GgufNumbers n => MlxArray.FromBytes(n.Data, n.Shape, (DType)n.Type),
        _ => throw new ArgumentOutOfRangeException(nameof(value)),
    };

    private static KeyValuePair<string, MlxArray>[] Computed(
        IEnumerable<KeyValuePair<string, MlxArray>> arrays)
    {
        ArgumentNullException.ThrowIfNull(arrays);
        KeyValuePair<string, MlxArray>[] list = [.. arrays];
        MlxArray.Eval([.. list.Select(a => a.Value)]);
        return list;
    }

    private static void Write(
        Stream stream,
        KeyValuePair<string, MlxArray>[] arrays,
        IReadOnlyDictionary<string, GgufValue>? metadata)
    {
        stream.Write(GgufHeader.Write(
            [.. arrays.Select(a => (a.Key, (ElementType)a.Value.DType, a.Value.Shape.ToArray()))],
            [.. (metadata ?? new Dictionary<string, GgufValue>()).Select(
                m => (m.Key, Stored(m.Value)))],
            out var alignment));
        foreach (var (_, a) in arrays)
        {
            a.WriteTo(stream);
            stream.Write(new byte[GgufHeader.Padding(a.NBytes, alignment)]);
        }
    }

    private static object Stored(GgufValue value) => value switch
    {
        GgufValue.Text text => text.Value,
        GgufValue.Texts texts => texts.Values.ToArray(),
        GgufValue.Numbers { Value: var a } => new GgufNumbers(
            (ElementType)a.DType, a.Shape.ToArray(), Bytes(a)),
        _ => throw new ArgumentNullException(nameof(value)),
    };

    private static byte[] Bytes(MlxArray a)
    {
        using var buffer = new MemoryStream();
        a.WriteTo(buffer);
        return buffer.ToArray();
    }
}
