using Mlx.Core;
using Mlx.Core.Abi;

namespace Mlx.Tests.Support;

/// <summary>The gguf functions of io.h and io_types.h.</summary>
public static unsafe class EngineGguf
{
    /// <summary>Loads a file. The ABI cannot list metadata: its keys have to be known.</summary>
    public static EngineContent Load(string path, IEnumerable<string> keys)
    {
        var stream = Native.mlx_default_cpu_stream_new();
        var gguf = Native.mlx_io_gguf_new();
        try
        {
            fixed (byte* file = EngineFiles.Text(path))
            {
                Result.Check(Native.mlx_load_gguf(&gguf, file, stream), "mlx_load_gguf");
            }

            var metadata = new Dictionary<string, object>();
            foreach (var key in keys)
            {
                if (Metadata(gguf, key) is { } value)
                {
                    metadata.Add(key, value);
                }
            }

            return new EngineContent(Arrays(gguf), metadata);
        }
        finally
        {
            _ = Native.mlx_io_gguf_free(gguf);
            _ = Native.mlx_stream_free(stream);
        }
    }

    public static void Save(string path, EngineContent content)
    {
        var gguf = Native.mlx_io_gguf_new();
        try
        {
            foreach (var (name, array) in content.Arrays)
            {
                using var pin = new Pin(array);
                fixed (byte* key = EngineFiles.Text(name))
                {
                    _ = Native.mlx_io_gguf_set_array(gguf, key, pin.Handle);
                }
            }

            foreach (var (name, value) in content.Metadata)
            {
                Set(gguf, name, value);
            }

            fixed (byte* file = EngineFiles.Text(path))
            {
                Result.Check(Native.mlx_save_gguf(file, gguf), "mlx_save_gguf");
            }
        }
        finally
        {
            _ = Native.mlx_io_gguf_free(gguf);
        }
    }

    private static Dictionary<string, MlxArray> Arrays(mlx_io_gguf gguf)
    {
        var keys = Native.mlx_vector_string_new();
        try
        {
            Result.Check(Native.mlx_io_gguf_get_keys(&keys, gguf), "mlx_io_gguf_get_keys");
            return EngineMaps.Read(keys).ToDictionary(k => k, k => Array(gguf, k));
        }
        finally
        {
            _ = Native.mlx_vector_string_free(keys);
        }
    }

    private static MlxArray Array(mlx_io_gguf gguf, string name)
    {
        mlx_array a = default;
        fixed (byte* key = EngineFiles.Text(name))
        {
            var status = Native.mlx_io_gguf_get_array(&a, gguf, key);
            return Result.Array(status, a, "mlx_io_gguf_get_array");
        }
    }

    private static object? Metadata(mlx_io_gguf gguf, string name)
    {
        byte has;
        fixed (byte* key = EngineFiles.Text(name))
        {
            if (Native.mlx_io_gguf_has_metadata_string(&has, gguf, key) == 0 && has != 0)
            {
                mlx_string text = default;
                var status = Native.mlx_io_gguf_get_metadata_string(&text, gguf, key);
                return Text.Take(status, text, "mlx_io_gguf_get_metadata_string");
            }

            if (Native.mlx_io_gguf_has_metadata_vector_string(&has, gguf, key) == 0 && has != 0)
            {
                var texts = Native.mlx_vector_string_new();
                _ = Native.mlx_io_gguf_get_metadata_vector_string(&texts, gguf, key);
                var found = EngineMaps.Read(texts);
                _ = Native.mlx_vector_string_free(texts);
                return found;
            }

            if (Native.mlx_io_gguf_has_metadata_array(&has, gguf, key) == 0 && has != 0)
            {
                mlx_array a = default;
                var status = Native.mlx_io_gguf_get_metadata_array(&a, gguf, key);
                return Result.Array(status, a, "mlx_io_gguf_get_metadata_array");
            }
        }

        return null;
    }

    private static void Set(mlx_io_gguf gguf, string name, object value)
    {
        fixed (byte* key = EngineFiles.Text(name))
        {
            switch (value)
            {
                case string text:
                    fixed (byte* t = EngineFiles.Text(text))
                    {
                        _ = Native.mlx_io_gguf_set_metadata_string(gguf, key, t);
                    }

                    break;
                case string[] texts:
                    var list = Native.mlx_vector_string_new();
                    foreach (var text in texts)
                    {
                        fixed (byte* t = EngineFiles.Text(text))
                        {
                            _ = Native.mlx_vector_string_append_value(list, t);
                        }
                    }

                    _ = Native.mlx_io_gguf_set_metadata_vector_string(gguf, key, list);
                    _ = Native.mlx_vector_string_free(list);
                    break;
                case MlxArray array:
                    using (var pin = new Pin(array))
                    {
                        _ = Native.mlx_io_gguf_set_metadata_array(gguf, key, pin.Handle);
                    }

                    break;
            }
        }
    }
}
