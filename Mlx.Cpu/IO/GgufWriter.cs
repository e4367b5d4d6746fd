using System.Text;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;

namespace Mlx.Cpu.IO;

/// <summary>Writes gguf, version 3.</summary>
internal static unsafe class GgufWriter
{
    public static void Save(string file, GgufContent content)
    {
        Evaluator.Eval([.. content.Arrays.Select(a => a.Array),
            .. content.Metadata.Select(m => m.Value).OfType<Node>()]);

        // All of the header before the file is touched: what is refused leaves no file behind.
        var alignment = GgufFormat.DefaultAlignment;
        using var header = new MemoryStream();
        using var w = new BinaryWriter(header);
        w.Write(GgufFormat.Magic);
        w.Write(GgufFormat.Version);
        w.Write((ulong)content.Arrays.Count);
        w.Write((ulong)content.Metadata.Count);
        foreach (var (key, value) in content.Metadata)
        {
            Text(w, key);
            Value(w, key, value);
            if (key == GgufFormat.AlignmentKey && value is Node { Dtype: Dtype.UInt32, Rank: 0 } n)
            {
                alignment = checked((int)Math.Max(*n.As<uint>(), 8));
            }
        }

        long offset = 0;
        foreach (var (name, array) in content.Arrays)
        {
            offset = GgufFormat.Align(offset, alignment);
            Info(w, name, array, offset);
            offset += array.Bytes;
        }

        var path = file.EndsWith(".gguf", StringComparison.Ordinal) ? file : file + ".gguf";
        using var stream = File.Create(path);
        header.WriteTo(stream);
        foreach (var (_, array) in content.Arrays)
        {
            stream.Write(new byte[GgufFormat.Align(stream.Position, alignment) - stream.Position]);
            Elements(stream, array);
        }
    }

    private static void Info(BinaryWriter w, string name, Node array, long offset)
    {
        Text(w, name);
        w.Write((uint)array.Rank);
        for (var i = array.Rank - 1; i >= 0; i--)
        {
            w.Write((ulong)array.Shape[i]);
        }

        w.Write(GgufFormat.TensorNumber(array.Dtype) ?? throw new NotSupportedException(
            $"[save_gguf] dtype {array.Dtype.Name()} is not supported"));
        w.Write((ulong)offset);
    }

    private static void Value(BinaryWriter w, string key, object value)
    {
        switch (value)
        {
            case string text:
                w.Write(GgufFormat.TextType);
                Text(w, text);
                break;
            case string[] texts:
                w.Write(GgufFormat.ArrayType);
                w.Write(GgufFormat.TextType);
                w.Write((ulong)texts.Length);
                foreach (var t in texts)
                {
                    Text(w, t);
                }

                break;
            case Node n:
                Numbers(w, key, n);
                break;
        }
    }

    private static void Numbers(BinaryWriter w, string key, Node n)
    {
        var type = Array.IndexOf(GgufFormat.ValueTypes, n.Dtype);
        if (n.Rank > 1 || n.Size == 0 || type < 0 || n.Dtype == Dtype.Float64)
        {
            throw new ArgumentException(
                $"[save_gguf] Metadata must be a number or a list of numbers, but {key} has " +
                $"shape {Shapes.Text(n.Shape)} and dtype {n.Dtype.Name()}.");
        }

        if (n.Rank == 1)
        {
            w.Write(GgufFormat.ArrayType);
        }

        w.Write((uint)type);
        if (n.Rank == 1)
        {
            w.Write((ulong)n.Size);
        }

        w.Flush();
        Elements(w.BaseStream, n);
    }

    private static void Elements(Stream stream, Node n)
    {
        if (n.IsRow)
        {
            Bytes(stream, n.Data, n.Bytes);
            return;
        }

        var row = Node.Allocated(n.Shape, n.Dtype);
        Transfer.CopyRow(n, row.Data);
        Bytes(stream, row.Data, row.Bytes);
        row.Drop();
    }

    private static void Bytes(Stream stream, byte* from, long bytes)
    {
        const int Chunk = 1 << 26;
        for (long at = 0; at < bytes; at += Chunk)
        {
            stream.Write(new ReadOnlySpan<byte>(from + at, (int)Math.Min(Chunk, bytes - at)));
        }
    }

    private static void Text(BinaryWriter w, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        w.Write((ulong)bytes.Length);
        w.Write(bytes);
    }
}
