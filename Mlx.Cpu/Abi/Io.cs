using Mlx.Cpu.Graph;
using Mlx.Cpu.IO;

namespace Mlx.Cpu.Abi;

/// <summary>io.h: arrays from files and readers, to files and writers. Nothing is read lazily.</summary>
internal static unsafe class Io
{
    [RawExport("mlx_load")]
    public static void Load(mlx_array* result, byte* file, mlx_stream stream)
    {
        using var source = new FileSource(Strings.Get(file), "load");
        Handles.Set(result, Npy.Load(source));
    }

    [RawExport("mlx_load_reader")]
    public static void Load(mlx_array* result, mlx_io_reader reader, mlx_stream stream) =>
        Handles.Set(result, Npy.Load(Readers.Source(reader, "load")));

    [RawExport("mlx_save")]
    public static void Save(byte* file, mlx_array array)
    {
        var node = Handles.Node(array);
        using var sink = new FileSink(Named(file, ".npy"), "save");
        Npy.Save(sink, node);
        sink.Finish();
    }

    [RawExport("mlx_save_writer")]
    public static void Save(mlx_io_writer writer, mlx_array array) =>
        Npy.Save(Writers.Sink(writer, "save"), Handles.Node(array));

    [RawExport("mlx_load_safetensors")]
    public static void LoadSafetensors(
        mlx_map_string_to_array* arrays, mlx_map_string_to_string* metadata, byte* file,
        mlx_stream stream)
    {
        using var source = new FileSource(Strings.Get(file), "load_safetensors");
        LoadSafetensors(arrays, metadata, source);
    }

    [RawExport("mlx_load_safetensors_reader")]
    public static void LoadSafetensors(
        mlx_map_string_to_array* arrays, mlx_map_string_to_string* metadata, mlx_io_reader reader,
        mlx_stream stream) =>
        LoadSafetensors(arrays, metadata, Readers.Source(reader, "load_safetensors"));

    [RawExport("mlx_save_safetensors")]
    public static void SaveSafetensors(
        byte* file, mlx_map_string_to_array arrays, mlx_map_string_to_string metadata)
    {
        using var sink = new FileSink(Named(file, ".safetensors"), "save_safetensors");
        SaveSafetensors(sink, arrays, metadata);
        sink.Finish();
    }

    [RawExport("mlx_save_safetensors_writer")]
    public static void SaveSafetensors(
        mlx_io_writer writer, mlx_map_string_to_array arrays, mlx_map_string_to_string metadata) =>
        SaveSafetensors(Writers.Sink(writer, "save_safetensors"), arrays, metadata);

    private static void LoadSafetensors(
        mlx_map_string_to_array* arrays, mlx_map_string_to_string* metadata, ByteSource source)
    {
        var (loaded, texts) = Safetensors.Load(source);
        var nodes = new ArrayMap();
        loaded.ForEach(a => nodes.Put(a.Name, a.Array));
        var strings = new StringMap();
        texts.ForEach(t => strings.Put(t.Key, t.Value));
        ArrayMaps.Set(arrays, nodes);
        StringMaps.Set(metadata, strings);
    }

    private static void SaveSafetensors(
        ByteSink sink, mlx_map_string_to_array arrays, mlx_map_string_to_string metadata)
    {
        var (nodes, texts) = (ArrayMaps.Get(arrays), StringMaps.Get(metadata));
        Safetensors.Save(
            sink,
            Enumerable.Range(0, nodes.Count).Select(i => (nodes[i].Key.Text, nodes[i].Value)),
            Enumerable.Range(0, texts.Count).Select(i => (texts[i].Key.Text, texts[i].Value.Text)));
    }

    /// <summary>As MLX does, a name without the ending gets it.</summary>
    private static string Named(byte* file, string ending)
    {
        var path = Strings.Get(file);
        return path.EndsWith(ending, StringComparison.Ordinal) ? path : path + ending;
    }
}
