using Mlx.Core;
using Mlx.Core.Abi;

namespace Mlx.Tests.Support;

/// <summary>map.h as dictionaries, in the engine's order.</summary>
internal static unsafe class EngineMaps
{
    public static Dictionary<string, MlxArray> Read(mlx_map_string_to_array map)
    {
        var found = new Dictionary<string, MlxArray>();
        var it = Native.mlx_map_string_to_array_iterator_new(map);
        byte* key;
        while (true)
        {
            mlx_array value = default;
            if (Native.mlx_map_string_to_array_iterator_next(&key, &value, it) != 0)
            {
                break;
            }

            found.Add(Text.From(key), MlxArray.Own(value));
        }

        _ = Native.mlx_map_string_to_array_iterator_free(it);
        return found;
    }

    public static Dictionary<string, object> Read(mlx_map_string_to_string map)
    {
        var found = new Dictionary<string, object>();
        var it = Native.mlx_map_string_to_string_iterator_new(map);
        byte* key;
        byte* value;
        while (Native.mlx_map_string_to_string_iterator_next(&key, &value, it) == 0)
        {
            found.Add(Text.From(key), Text.From(value));
        }

        _ = Native.mlx_map_string_to_string_iterator_free(it);
        return found;
    }

    public static mlx_map_string_to_array Of(IEnumerable<KeyValuePair<string, MlxArray>> arrays)
    {
        var map = Native.mlx_map_string_to_array_new();
        foreach (var (name, array) in arrays)
        {
            using var pin = new Pin(array);
            fixed (byte* key = EngineFiles.Text(name))
            {
                _ = Native.mlx_map_string_to_array_insert(map, key, pin.Handle);
            }
        }

        return map;
    }

    public static mlx_map_string_to_string Of(IEnumerable<KeyValuePair<string, object>> texts)
    {
        var map = Native.mlx_map_string_to_string_new();
        foreach (var (name, value) in texts)
        {
            fixed (byte* key = EngineFiles.Text(name), text = EngineFiles.Text((string)value))
            {
                _ = Native.mlx_map_string_to_string_insert(map, key, text);
            }
        }

        return map;
    }

    public static string[] Read(mlx_vector_string texts)
    {
        var found = new string[(int)Native.mlx_vector_string_size(texts)];
        for (var i = 0; i < found.Length; i++)
        {
            byte* text;
            Result.Check(
                Native.mlx_vector_string_get(&text, texts, (nuint)i), "mlx_vector_string_get");
            found[i] = Text.From(text);
        }

        return found;
    }
}
