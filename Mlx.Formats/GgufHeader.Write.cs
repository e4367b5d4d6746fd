using System.Text;

namespace Mlx.Formats;

internal sealed partial class GgufHeader
{
    /// <summary>
    /// All that stands before the tensors, padded to the alignment. Each tensor is to be padded to
    /// <paramref name="alignment"/> too. What the format or MLX's reader has no place for is
    /// refused here, before a file is touched.
    /// </summary>
    public static byte[] Write(
        IReadOnlyCollection<(string Name, ElementType Type, int[] Shape)> tensors,
        IReadOnlyCollection<(string Key, object Value)> metadata,
        out long alignment)
    {
        alignment = DefaultAlignment;
        using var buffer = new MemoryStream();
        using var writer = new BinaryWriter(buffer);
        writer.Write(Magic);
        writer.Write(Version);
        writer.Write((ulong)tensors.Count);
        writer.Write((ulong)metadata.Count);
        var keys = new HashSet<string>();
        foreach (var (key, value) in metadata)
        {
            Expect(keys.Add(key), key, "is given twice in the metadata");
            WriteText(writer, key);
            WriteValue(writer, key, value);
            if (key == AlignmentKey)
            {
                alignment = Alignment(value)
                    ?? throw new FileFaultException(WrongAlignment, key);
            }
        }

        WriteTensors(writer, tensors, alignment);
        writer.Write(new byte[Padding(buffer.Length, alignment)]);
        return buffer.ToArray();
    }

    /// <summary>Bytes to the next multiple of the alignment.</summary>
    public static long Padding(long offset, long alignment) => Align(offset, alignment) - offset;

    private static void WriteTensors(
        BinaryWriter writer,
        IReadOnlyCollection<(string Name, ElementType Type, int[] Shape)> tensors,
        long alignment)
    {
        var names = new HashSet<string>();
        long offset = 0;
        foreach (var (name, type, shape) in tensors)
        {
            Expect(names.Add(name), name, "is given twice");
            Expect(shape.Length <= MaxRank, name, $"has more than {MaxRank} axes");
            var number = GgufTypes.Of(type)
                ?? throw new FileFaultException(
                    $"is {type.Name()}, which gguf files cannot hold", name);
            WriteText(writer, name);
            writer.Write((uint)shape.Length);
            for (var i = shape.Length - 1; i >= 0; i--)
            {
                writer.Write((ulong)shape[i]);
            }

            writer.Write((uint)number);
            writer.Write((ulong)offset);
            offset = Align(offset + (Elements.Bytes(type, shape) ?? 0), alignment);
        }
    }

    private static void WriteValue(BinaryWriter writer, string key, object value)
    {
        switch (value)
        {
            case string text:
                writer.Write(TextType);
                WriteText(writer, text);
                break;
            case string[] texts:
                writer.Write(ListType);
                writer.Write(TextType);
                writer.Write((ulong)texts.Length);
                foreach (var text in texts)
                {
                    WriteText(writer, text);
                }

                break;
            case GgufNumbers numbers:
                WriteNumbers(writer, key, numbers);
                break;
            default:
                throw new FileFaultException("is neither text nor numbers", key);
        }
    }

    private static void WriteNumbers(BinaryWriter writer, string key, GgufNumbers numbers)
    {
        // MLX narrows float64 metadata and then loses its place in the file: not written.
        var type = Array.IndexOf(NumberTypes, numbers.Type);
        Expect(
            type >= 0 && numbers.Type != ElementType.Float64,
            key,
            $"is {numbers.Type.Name()}, which metadata cannot hold");
        Expect(numbers.Shape.Length <= 1, key, "has more than one axis");
        if (numbers.Shape is [var count])
        {
            writer.Write(ListType);
            writer.Write((uint)type);
            writer.Write((ulong)count);
        }
        else
        {
            writer.Write((uint)type);
        }

        writer.Write(numbers.Data);
    }

    private static void WriteText(BinaryWriter writer, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }
}
