using Mlx.Cpu.Graph;
using Mlx.Cpu.IO;

namespace Mlx.Cpu.Abi;

/// <summary>The object behind <c>mlx_io_gguf</c>; counts on its arrays.</summary>
internal sealed class GgufHandle : IDisposable
{
    public readonly ArrayMap Arrays = new();
    public readonly Dictionary<string, object> Metadata = [];

    public static GgufHandle Of(GgufContent content)
    {
        var handle = new GgufHandle();
        foreach (var (name, array) in content.Arrays)
        {
            handle.Arrays.Put(name, array);
        }

        foreach (var (key, value) in content.Metadata)
        {
            handle.PutMetadata(key, value);
        }

        return handle;
    }

    public GgufContent Content()
    {
        var content = new GgufContent();
        for (var i = 0; i < Arrays.Count; i++)
        {
            content.Arrays.Add((Arrays[i].Key.Text, Arrays[i].Value));
        }

        content.Metadata.AddRange(Metadata.Select(m => (m.Key, m.Value)));
        return content;
    }

    /// <summary>The first value of a key stays, as in MLX.</summary>
    public void PutMetadata(string key, object value)
    {
        if (Metadata.TryAdd(key, value))
        {
            (value as Node)?.Retain();
        }
    }

    public void Dispose()
    {
        Arrays.Dispose();
        foreach (var n in Metadata.Values.OfType<Node>())
        {
            n.Release();
        }

        Metadata.Clear();
    }
}

/// <summary>io.h and io_types.h: gguf.</summary>
internal static unsafe class GgufFiles
{
    [RawExport("mlx_load_gguf")]
    public static void Load(mlx_io_gguf* result, byte* file, mlx_stream stream) =>
        Handles.Replace(
            &result->ctx,
            Handles.New(GgufHandle.Of(Files.Read("load_gguf", Strings.Get(file), Gguf.Load))));

    [RawExport("mlx_save_gguf")]
    public static void Save(byte* file, mlx_io_gguf gguf)
    {
        var content = Get(gguf).Content();
        Files.Write("save_gguf", Strings.Get(file), ".gguf", s => Gguf.Save(s, content));
    }

    [RawExport("mlx_io_gguf_new")]
    public static mlx_io_gguf New() => new() { ctx = Handles.New(new GgufHandle()) };

    [RawExport("mlx_io_gguf_free")]
    public static void Free(mlx_io_gguf gguf) => Handles.Free(gguf.ctx);

    [RawExport("mlx_io_gguf_get_keys")]
    public static void GetKeys(mlx_vector_string* keys, mlx_io_gguf gguf) =>
        StringVectors.Set(keys, Get(gguf).Arrays.Keys);

    [RawExport("mlx_io_gguf_get_array")]
    public static Status GetArray(mlx_array* array, mlx_io_gguf gguf, byte* key)
    {
        if (!Get(gguf).Arrays.TryGet(Strings.Get(key), out var n))
        {
            return Status.NotFound;
        }

        Handles.Set(array, n);
        return Status.Ok;
    }

    [RawExport("mlx_io_gguf_get_metadata_array")]
    public static Status GetMetadataArray(mlx_array* result, mlx_io_gguf gguf, byte* key)
    {
        var status = Find<Node>(gguf, key, out var value);
        if (status == Status.Ok)
        {
            Handles.Set(result, value!);
        }

        return status;
    }

    [RawExport("mlx_io_gguf_get_metadata_string")]
    public static Status GetMetadataString(mlx_string* result, mlx_io_gguf gguf, byte* key)
    {
        var status = Find<string>(gguf, key, out var value);
        if (status == Status.Ok)
        {
            Strings.Set(result, value!);
        }

        return status;
    }

    [RawExport("mlx_io_gguf_get_metadata_vector_string")]
    public static Status GetMetadataStrings(mlx_vector_string* result, mlx_io_gguf gguf, byte* key)
    {
        var status = Find<string[]>(gguf, key, out var value);
        if (status == Status.Ok)
        {
            StringVectors.Set(result, value!);
        }

        return status;
    }

    [RawExport("mlx_io_gguf_has_metadata_array")]
    public static Status HasMetadataArray(byte* flag, mlx_io_gguf gguf, byte* key) =>
        Has<Node>(flag, gguf, key);

    [RawExport("mlx_io_gguf_has_metadata_string")]
    public static Status HasMetadataString(byte* flag, mlx_io_gguf gguf, byte* key) =>
        Has<string>(flag, gguf, key);

    [RawExport("mlx_io_gguf_has_metadata_vector_string")]
    public static Status HasMetadataStrings(byte* flag, mlx_io_gguf gguf, byte* key) =>
        Has<string[]>(flag, gguf, key);

    [RawExport("mlx_io_gguf_set_array")]
    public static void SetArray(mlx_io_gguf gguf, byte* key, mlx_array array)
    {
        var (arrays, name) = (Get(gguf).Arrays, Strings.Get(key));
        if (!arrays.TryGet(name, out _))
        {
            arrays.Put(name, Handles.Node(array));
        }
    }

    [RawExport("mlx_io_gguf_set_metadata_array")]
    public static void SetMetadataArray(mlx_io_gguf gguf, byte* key, mlx_array array) =>
        Get(gguf).PutMetadata(Strings.Get(key), Handles.Node(array));

    [RawExport("mlx_io_gguf_set_metadata_string")]
    public static void SetMetadataString(mlx_io_gguf gguf, byte* key, byte* text) =>
        Get(gguf).PutMetadata(Strings.Get(key), Strings.Get(text));

    [RawExport("mlx_io_gguf_set_metadata_vector_string")]
    public static void SetMetadataStrings(mlx_io_gguf gguf, byte* key, mlx_vector_string texts) =>
        Get(gguf).PutMetadata(
            Strings.Get(key), StringVectors.Get(texts).Items.Select(t => t.Text).ToArray());

    private static GgufHandle Get(mlx_io_gguf gguf) => Handles.Get<GgufHandle>(gguf.ctx);

    private static Status Find<T>(mlx_io_gguf gguf, byte* key, out T? value) where T : class
    {
        var found = Get(gguf).Metadata.TryGetValue(Strings.Get(key), out var any);
        value = any as T;
        return !found ? Status.NotFound : value is null ? Status.WrongType : Status.Ok;
    }

    private static Status Has<T>(byte* flag, mlx_io_gguf gguf, byte* key) where T : class
    {
        var status = Find<T>(gguf, key, out _);
        *flag = status == Status.Ok ? (byte)1 : (byte)0;
        return status == Status.NotFound ? status : Status.Ok;
    }
}
