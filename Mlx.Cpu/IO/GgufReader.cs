using System.IO.MemoryMappedFiles;
using System.Text;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.IO;

/// <summary>
/// Reads gguf. The file is not trusted: every length is checked against what is there before it is
/// used, tensors may neither overlap nor leave the file, and text must be UTF-8.
/// </summary>
internal sealed unsafe class GgufReader
{
    private static readonly UTF8Encoding Utf8 = new(false, throwOnInvalidBytes: true);

    private readonly byte* data;
    private readonly long length;
    private readonly string file;
    private long at;

    private GgufReader(byte* data, long length, string file)
    {
        this.data = data;
        this.length = length;
        this.file = file;
    }

    public static GgufContent Load(string file)
    {
        if (!File.Exists(file))
        {
            throw new FileNotFoundException($"[load_gguf] Failed to open {file}");
        }

        var length = new FileInfo(file).Length;
        if (length == 0)
        {
            throw new InvalidDataException($"[load_gguf] {file} is empty.");
        }

        using var map = MemoryMappedFile.CreateFromFile(
            file, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
        using var view = map.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
        byte* pointer = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref pointer);
        try
        {
            return new GgufReader(pointer + view.PointerOffset, length, file).Read();
        }
        finally
        {
            view.SafeMemoryMappedViewHandle.ReleasePointer();
        }
    }

    private GgufContent Read()
    {
        if (Number<uint>() != GgufFormat.Magic)
        {
            throw Bad("it does not begin with GGUF");
        }

        var version = Number<uint>();
        if (version is not (2 or 3))
        {
            throw Bad($"version {version} is not 2 or 3");
        }

        // The least that an entry takes bounds the counts before anything is allocated.
        var tensors = Count(8 + 4 + 4 + 8, "tensors");
        var values = Count(8 + 4 + 1, "metadata values");
        var content = new GgufContent();
        var keys = new HashSet<string>();
        long alignment = GgufFormat.DefaultAlignment;
        for (long i = 0; i < values; i++)
        {
            var key = Text();
            var value = Value(Number<uint>());
            if (!keys.Add(key))
            {
                throw Bad($"the key {key} comes twice");
            }

            content.Metadata.Add((key, value));
            if (key == GgufFormat.AlignmentKey)
            {
                alignment = Alignment(value);
            }
        }

        var infos = new List<Tensor>();
        for (long i = 0; i < tensors; i++)
        {
            infos.Add(Info());
        }

        var start = GgufFormat.Align(at, alignment);
        CheckPlaces(infos, start, alignment);
        foreach (var t in infos)
        {
            GgufTensors.Load(content, t.Name, t.Shape, t.Type, data + start + t.Offset);
        }

        var names = new HashSet<string>();
        foreach (var (name, _) in content.Arrays)
        {
            if (!names.Add(name))
            {
                throw Bad($"the tensor {name} comes twice");
            }
        }

        return content;
    }

    private readonly record struct Tensor(
        string Name, int[] Shape, uint Type, long Offset, long Bytes);

    private long Alignment(object value)
    {
        if (value is not Node { Dtype: Dtype.UInt32, Rank: 0 } n || *n.As<uint>() is var a
            && (a == 0 || a % 8 != 0 || a > 1 << 20))
        {
            throw Bad("the alignment is no uint32 that is a multiple of 8");
        }

        return *n.As<uint>();
    }

    private Tensor Info()
    {
        var name = Text();
        var rank = Number<uint>();
        if (rank > GgufFormat.MaxDimensions)
        {
            throw Bad($"the tensor {name} has {rank} dimensions");
        }

        var shape = new int[rank];
        long size = 1;
        for (var i = shape.Length - 1; i >= 0; i--)
        {
            var d = Number<ulong>();
            if (d > int.MaxValue || size * Math.Max((long)d, 1) > 1L << 48)
            {
                throw Bad($"a dimension of the tensor {name} is {d}");
            }

            shape[i] = (int)d;
            size *= Math.Max((long)d, 1);
        }

        var elements = Shapes.Size(shape);
        var type = Number<uint>();
        var offset = Number<ulong>();
        long bytes;
        if (GgufFormat.TensorType(type) is { } dtype)
        {
            bytes = elements * dtype.Size();
        }
        else if (GgufFormat.QuantizedBlock(type) is not { } block)
        {
            throw Bad($"the tensor {name} has the type {type}, which is not supported");
        }
        else if (shape.Length == 0 || shape[^1] % GgufTensors.Group != 0)
        {
            throw Bad($"the last dimension of the tensor {name} is no multiple of 32");
        }
        else
        {
            bytes = elements / GgufTensors.Group * block;
        }

        if (offset > (ulong)length)
        {
            throw Bad($"the tensor {name} begins behind the end");
        }

        return new(name, shape, type, (long)offset, bytes);
    }

    private void CheckPlaces(List<Tensor> tensors, long start, long alignment)
    {
        long end = 0;
        foreach (var t in tensors.OrderBy(t => t.Offset).ThenBy(t => t.Bytes))
        {
            if (t.Offset % alignment != 0)
            {
                throw Bad($"the tensor {t.Name} is not aligned to {alignment} bytes");
            }

            if (t.Offset < end)
            {
                throw Bad($"the tensor {t.Name} overlaps another");
            }

            end = t.Offset + t.Bytes;
            if (start + end > length)
            {
                throw Bad($"the tensor {t.Name} is cut short");
            }
        }
    }

    private object Value(uint type)
    {
        if (type == GgufFormat.TextType)
        {
            return Text();
        }

        if (type != GgufFormat.ArrayType)
        {
            return Numbers(type, [], 1);
        }

        var element = Number<uint>();
        if (element == GgufFormat.TextType)
        {
            var texts = new string[Count(8, "strings")];
            for (var i = 0; i < texts.Length; i++)
            {
                texts[i] = Text();
            }

            return texts;
        }

        var width = NumberType(element).Size();
        var count = Count(width, "elements");
        return Numbers(element, [checked((int)count)], count);
    }

    private Dtype NumberType(uint type) =>
        type < GgufFormat.ValueTypes.Length && GgufFormat.ValueTypes[type] is { } dtype
            ? dtype
            : throw Bad($"the value type {type} is unknown, or an array of arrays");

    /// <summary>MLX has float64 metadata as float32.</summary>
    private Node Numbers(uint type, int[] shape, long count)
    {
        var dtype = NumberType(type);
        var from = Take(count * dtype.Size());
        if (dtype == Dtype.Bool && new ReadOnlySpan<byte>(from, (int)count).ContainsAnyExcept((byte)0, (byte)1))
        {
            throw Bad("a bool is neither 0 nor 1");
        }

        if (dtype != Dtype.Float64)
        {
            return Node.Copied(from, shape, dtype);
        }

        var narrow = Node.Allocated(shape, Dtype.Float32);
        for (long i = 0; i < count; i++)
        {
            narrow.As<float>()[i] = (float)System.Runtime.CompilerServices.Unsafe
                .ReadUnaligned<double>(from + (8 * i));
        }

        return narrow;
    }

    private string Text()
    {
        var n = Number<ulong>();
        if (n > (ulong)(length - at) || n > int.MaxValue)
        {
            throw Bad($"a string of {n} bytes leaves the file");
        }

        try
        {
            return Utf8.GetString(Take((long)n), (int)n);
        }
        catch (DecoderFallbackException)
        {
            throw Bad("a string is not UTF-8");
        }
    }

    private long Count(int least, string what)
    {
        var n = Number<ulong>();
        return n <= (ulong)(length - at) / (ulong)least && n <= int.MaxValue
            ? (long)n
            : throw Bad($"{n} {what} do not fit in the file");
    }

    private T Number<T>() where T : unmanaged =>
        System.Runtime.CompilerServices.Unsafe.ReadUnaligned<T>(Take(sizeof(T)));

    private byte* Take(long bytes)
    {
        if (bytes < 0 || bytes > length - at)
        {
            throw Bad("it is cut short");
        }

        var from = data + at;
        at += bytes;
        return from;
    }

    private InvalidDataException Bad(string why) =>
        new($"[load_gguf] {file} is no valid gguf file: {why}.");
}
