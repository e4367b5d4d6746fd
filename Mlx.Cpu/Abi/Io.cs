using Mlx.Cpu.Graph;
using Mlx.Cpu.IO;
using Mlx.Formats;

namespace Mlx.Cpu.Abi;

/// <summary>
/// io.h: arrays from files and readers, to files and writers. Files are read or mapped at once,
/// readers when an array is needed.
/// </summary>
internal static unsafe class Io
{
    [RawExport("mlx_load")]
    public static void Load(mlx_array* result, byte* file, mlx_stream stream) =>
        Handles.Set(result, FromFile("load", file, Npy.Load));

    [RawExport("mlx_load_reader")]
    public static void Load(mlx_array* result, mlx_io_reader reader, mlx_stream stream) =>
        Handles.Set(result, FromReader("load", reader, Npy.Load));

    [RawExport("mlx_save")]
    public static void Save(byte* file, mlx_array array)
    {
        var node = Handles.Node(array);
        ToFile("save", file, ".npy", stream => Npy.Save(stream, node));
    }

    [RawExport("mlx_save_writer")]
    public static void Save(mlx_io_writer writer, mlx_array array)
    {
        var node = Handles.Node(array);
        ToWriter("save", writer, stream => Npy.Save(stream, node));
    }

    [RawExport("mlx_load_safetensors")]
    public static void LoadSafetensors(
        mlx_map_string_to_array* arrays, mlx_map_string_to_string* metadata, byte* file,
        mlx_stream stream) =>
        Set(arrays, metadata, FromFile("load_safetensors", file, Safetensors.Load));

    [RawExport("mlx_load_safetensors_reader")]
    public static void LoadSafetensors(
        mlx_map_string_to_array* arrays, mlx_map_string_to_string* metadata, mlx_io_reader reader,
        mlx_stream stream) =>
        Set(arrays, metadata, FromReader("load_safetensors", reader, Safetensors.Load));

    [RawExport("mlx_save_safetensors")]
    public static void SaveSafetensors(
        byte* file, mlx_map_string_to_array arrays, mlx_map_string_to_string metadata)
    {
        var (named, texts) = Content(arrays, metadata);
        ToFile(
            "save_safetensors", file, ".safetensors",
            stream => Safetensors.SaveAligned(stream, named, texts));
    }

    [RawExport("mlx_save_safetensors_writer")]
    public static void SaveSafetensors(
        mlx_io_writer writer, mlx_map_string_to_array arrays, mlx_map_string_to_string metadata)
    {
        var (named, texts) = Content(arrays, metadata);
        ToWriter("save_safetensors", writer, stream => Safetensors.Save(stream, named, texts));
    }

    private static T FromFile<T>(string op, byte* file, Func<FileSource, T> read) =>
        Files.Read(op, Strings.Get(file), read);

    private static T FromReader<T>(string op, mlx_io_reader reader, Func<ByteSource, T> read)
    {
        using var source = Readers.Source(reader, op);
        return Files.Read(op, () => source.Label, source, read);
    }

    private static void ToFile(
        string op, byte* file, string ending, Action<System.IO.Stream> write) =>
        Files.Write(op, Strings.Get(file), ending, write);

    private static void ToWriter(string op, mlx_io_writer writer, Action<System.IO.Stream> write)
    {
        var stream = Writers.Stream(writer, op);
        Files.Write(op, () => stream.Label, () => write(stream));
    }

    private static void Set(
        mlx_map_string_to_array* arrays, mlx_map_string_to_string* metadata,
        (List<(string Name, Node Array)> Arrays, SafetensorsHeader Header) loaded)
    {
        var nodes = new ArrayMap();
        loaded.Arrays.ForEach(a => nodes.Put(a.Name, a.Array));
        var texts = new StringMap();
        foreach (var (key, value) in loaded.Header.Metadata)
        {
            texts.Put(key, value);
        }

        ArrayMaps.Set(arrays, nodes);
        StringMaps.Set(metadata, texts);
    }

    private static ((string Name, Node Array)[] Arrays, KeyValuePair<string, string>[] Texts)
        Content(mlx_map_string_to_array arrays, mlx_map_string_to_string metadata)
    {
        var (nodes, texts) = (ArrayMaps.Get(arrays), StringMaps.Get(metadata));
        return (
            [.. Enumerable.Range(0, nodes.Count).Select(i => (nodes[i].Key.Text, nodes[i].Value))],
            [.. Enumerable.Range(0, texts.Count).Select(
                i => KeyValuePair.Create(texts[i].Key.Text, texts[i].Value.Text))]);
    }
}
