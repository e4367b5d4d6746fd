using Mlx.Core;
using Mlx.Core.Abi;

namespace Mlx.Tests.Support;

/// <summary>
/// io.h of the engine itself: Core reads files without it, C programs have nothing else. Metadata
/// is text, a list of texts, or an array.
/// </summary>
public static unsafe class EngineFiles
{
    public static MlxArray LoadNpy(string path)
    {
        fixed (byte* file = Text(path))
        {
            var f = file;
            return Load((r, s) => Native.mlx_load(r, f, s), "mlx_load");
        }
    }

    public static MlxArray LoadNpy(MemoryFile file)
    {
        using var reader = new Reader(file);
        var handle = reader.Handle;
        return Load((r, s) => Native.mlx_load_reader(r, handle, s), "mlx_load_reader");
    }

    public static void SaveNpy(string path, MlxArray array)
    {
        using var pin = new Pin(array);
        fixed (byte* file = Text(path))
        {
            Result.Check(Native.mlx_save(file, pin.Handle), "mlx_save");
        }
    }

    public static void SaveNpy(MemoryFile file, MlxArray array)
    {
        using var pin = new Pin(array);
        using var writer = new Writer(file);
        Result.Check(Native.mlx_save_writer(writer.Handle, pin.Handle), "mlx_save_writer");
    }

    public static EngineContent LoadSafetensors(string path)
    {
        fixed (byte* file = Text(path))
        {
            var f = file;
            return Load(
                (a, m, s) => Native.mlx_load_safetensors(a, m, f, s), "mlx_load_safetensors");
        }
    }

    public static EngineContent LoadSafetensors(MemoryFile file)
    {
        using var reader = new Reader(file);
        var handle = reader.Handle;
        return Load(
            (a, m, s) => Native.mlx_load_safetensors_reader(a, m, handle, s),
            "mlx_load_safetensors_reader");
    }

    public static void SaveSafetensors(string path, EngineContent content)
    {
        fixed (byte* file = Text(path))
        {
            var f = file;
            Save(
                content,
                (a, m) => Native.mlx_save_safetensors(f, a, m),
                "mlx_save_safetensors");
        }
    }

    public static void SaveSafetensors(MemoryFile file, EngineContent content)
    {
        using var writer = new Writer(file);
        var handle = writer.Handle;
        Save(
            content,
            (a, m) => Native.mlx_save_safetensors_writer(handle, a, m),
            "mlx_save_safetensors_writer");
    }

    internal static byte[] Text(string text) => [.. System.Text.Encoding.UTF8.GetBytes(text), 0];

    private static MlxArray Load(NpyCall call, string function)
    {
        var stream = Native.mlx_default_cpu_stream_new();
        try
        {
            mlx_array a = default;
            return Result.Array(call(&a, stream), a, function);
        }
        finally
        {
            _ = Native.mlx_stream_free(stream);
        }
    }

    private static EngineContent Load(SafetensorsCall call, string function)
    {
        var stream = Native.mlx_default_cpu_stream_new();
        var arrays = Native.mlx_map_string_to_array_new();
        var texts = Native.mlx_map_string_to_string_new();
        try
        {
            Result.Check(call(&arrays, &texts, stream), function);
            return new EngineContent(EngineMaps.Read(arrays), EngineMaps.Read(texts));
        }
        finally
        {
            _ = Native.mlx_map_string_to_string_free(texts);
            _ = Native.mlx_map_string_to_array_free(arrays);
            _ = Native.mlx_stream_free(stream);
        }
    }

    private static void Save(EngineContent content, SaveCall call, string function)
    {
        var arrays = EngineMaps.Of(content.Arrays);
        var texts = EngineMaps.Of(content.Metadata);
        try
        {
            Result.Check(call(arrays, texts), function);
        }
        finally
        {
            _ = Native.mlx_map_string_to_string_free(texts);
            _ = Native.mlx_map_string_to_array_free(arrays);
        }
    }

    private delegate int NpyCall(mlx_array* result, mlx_stream stream);

    private delegate int SafetensorsCall(
        mlx_map_string_to_array* arrays, mlx_map_string_to_string* texts, mlx_stream stream);

    private delegate int SaveCall(mlx_map_string_to_array arrays, mlx_map_string_to_string texts);

    private readonly ref struct Reader(MemoryFile file)
    {
        public readonly mlx_io_reader Handle =
            Native.mlx_io_reader_new(file.Keep(), MemoryFile.Table);

        public void Dispose() => _ = Native.mlx_io_reader_free(Handle);
    }

    private readonly ref struct Writer(MemoryFile file)
    {
        public readonly mlx_io_writer Handle =
            Native.mlx_io_writer_new(file.Keep(), MemoryFile.Table);

        public void Dispose() => _ = Native.mlx_io_writer_free(Handle);
    }
}

/// <summary>What a file holds; in a gguf file a value is text, texts or an array.</summary>
public sealed record EngineContent(
    IReadOnlyDictionary<string, MlxArray> Arrays, IReadOnlyDictionary<string, object> Metadata);
