using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;
using Mlx.Formats;

namespace Mlx.Cpu.IO;

/// <summary>What a gguf file holds: a metadata value is a Node, a string or a string[].</summary>
internal sealed class GgufContent
{
    public readonly List<(string Name, Node Array)> Arrays = [];
    public readonly List<(string Key, object Value)> Metadata = [];

    /// <summary>Gives up what has been read: the file turned out to be wrong.</summary>
    public void Drop()
    {
        Arrays.ForEach(a => a.Array.Drop());
        foreach (var n in Metadata.Select(m => m.Value).OfType<Node>())
        {
            n.Drop();
        }
    }
}

/// <summary>
/// Tensors and metadata of llama.cpp's files. Tensors that arrays can hold are views into the
/// mapped file; quantized ones become what the quantized products take, or half floats.
/// </summary>
internal static unsafe class Gguf
{
    public static GgufContent Load(FileSource source)
    {
        var header = GgufHeader.Read(source);
        var map = NodeFiles.Map(source)!;
        var content = new GgufContent();
        map.Retain();
        try
        {
            foreach (var (key, value) in header.Metadata)
            {
                content.Metadata.Add((key, value is GgufNumbers n ? OfNumbers(n) : value));
            }

            foreach (var t in header.Tensors)
            {
                Load(content, source, map, t);
            }

            return content;
        }
        catch
        {
            content.Drop();
            throw;
        }
        finally
        {
            map.Release();
        }
    }

    public static void Save(Stream stream, GgufContent content)
    {
        var arrays = content.Arrays;
        Evaluator.Eval([
            .. arrays.Select(a => a.Array),
            .. content.Metadata.Select(m => m.Value).OfType<Node>()]);
        var header = GgufHeader.Write(
            [.. arrays.Select(a => (a.Name, (ElementType)a.Array.Dtype, a.Array.Shape))],
            [.. content.Metadata.Select(m => (m.Key, m.Value is Node n ? Numbers(n) : m.Value))],
            out var alignment);
        stream.Write(header);
        foreach (var (_, array) in arrays)
        {
            NodeFiles.WriteRow(stream, array);
            stream.Write(new byte[GgufHeader.Padding(array.Bytes, alignment)]);
        }
    }

    private static void Load(GgufContent content, ByteSource source, Storage map, GgufTensor t)
    {
        if (t.Type.Direct() is { } direct)
        {
            var array = NodeFiles.Read(source, map, t.Offset, t.Shape, (Dtype)direct);
            content.Arrays.Add((t.Name, array));
            return;
        }

        var from = map.Pointer + t.Offset;
        var blocks = t.Bytes / t.Type.Block()!.Value.Bytes;
        if (t.Type.CodeBits() is { } bits)
        {
            Split(content, t, from, blocks, bits);
            return;
        }

        var half = Node.Allocated(t.Shape, Dtype.Float16);
        GgufBlocks.ToHalf(t.Type, from, blocks, half.As<Half>());
        content.Arrays.Add((t.Name, half));
    }

    private static void Split(
        GgufContent content, GgufTensor t, byte* from, long blocks, int bits)
    {
        var last = t.Shape.Length - 1;
        var groups = Shapes.With(t.Shape, last, t.Shape[last] / GgufBlocks.Group);
        var words = Shapes.With(t.Shape, last, t.Shape[last] / (32 / bits));
        var weight = Node.Allocated(words, Dtype.UInt32);
        var scales = Node.Allocated(groups, Dtype.Float16);
        var biases = Node.Allocated(groups, Dtype.Float16);
        GgufBlocks.Split(
            t.Type, from, blocks, weight.As<byte>(), scales.As<Half>(), biases.As<Half>());
        var names = GgufBlocks.Names(t.Name);
        content.Arrays.Add((t.Name, weight));
        content.Arrays.Add((names.Scales, scales));
        content.Arrays.Add((names.Biases, biases));
    }

    private static Node OfNumbers(GgufNumbers numbers)
    {
        fixed (byte* data = numbers.Data)
        {
            return Node.Copied(data, numbers.Shape, (Dtype)numbers.Type);
        }
    }

    private static GgufNumbers Numbers(Node n)
    {
        using var row = new RowData(n);
        var data = new ReadOnlySpan<byte>(row.Data, checked((int)n.Bytes)).ToArray();
        return new GgufNumbers((ElementType)n.Dtype, n.Shape, data);
    }
}
