using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Abi;

/// <summary>
/// The object behind a map handle; keys have addresses. The newest entry comes first: so do those
/// of MLX's own maps while they are small, and programs print them in this order.
/// </summary>
internal abstract class Map<T> : IDisposable
{
    private readonly Dictionary<string, int> places = [];
    private readonly List<(Utf8 Key, T Value)> entries = [];

    public int Count => entries.Count;

    public (Utf8 Key, T Value) this[int i] => entries[^(i + 1)];

    public IEnumerable<string> Keys => Enumerable.Range(0, Count).Select(i => this[i].Key.Text);

    public void Put(string key, T value)
    {
        Keep(value);
        if (places.TryGetValue(key, out var at))
        {
            Drop(entries[at].Value);
            entries[at] = (entries[at].Key, value);
        }
        else
        {
            places[key] = entries.Count;
            entries.Add((new Utf8(key), value));
        }
    }

    public bool TryGet(string key, out T value)
    {
        var found = places.TryGetValue(key, out var at);
        value = found ? entries[at].Value : default!;
        return found;
    }

    public void Dispose()
    {
        foreach (var (key, value) in entries)
        {
            key.Dispose();
            Drop(value);
        }

        entries.Clear();
        places.Clear();
    }

    protected abstract void Keep(T value);

    protected abstract void Drop(T value);
}

internal sealed class ArrayMap : Map<Node>
{
    public ArrayMap Copy()
    {
        var copy = new ArrayMap();
        for (var i = Count - 1; i >= 0; i--)
        {
            copy.Put(this[i].Key.Text, this[i].Value);
        }

        return copy;
    }

    protected override void Keep(Node value) => value.Retain();

    protected override void Drop(Node value) => value.Release();
}

internal sealed class StringMap : Map<Utf8>
{
    public void Put(string key, string value) => Put(key, new Utf8(value));

    /// <summary>Every map has strings of its own, because C holds pointers into them.</summary>
    public StringMap Copy()
    {
        var copy = new StringMap();
        for (var i = Count - 1; i >= 0; i--)
        {
            copy.Put(this[i].Key.Text, this[i].Value.Text);
        }

        return copy;
    }

    protected override void Keep(Utf8 value)
    {
    }

    protected override void Drop(Utf8 value) => value.Dispose();
}

/// <summary>The object behind an iterator: what comes next of a map.</summary>
internal sealed class MapIterator(object map)
{
    public readonly object Map = map;
    public int Next;
}

/// <summary>map.h, from strings to arrays.</summary>
internal static unsafe class ArrayMaps
{
    [RawExport("mlx_map_string_to_array_new")]
    public static mlx_map_string_to_array New() => new() { ctx = Handles.New(new ArrayMap()) };

    [RawExport("mlx_map_string_to_array_set")]
    public static void Set(mlx_map_string_to_array* target, mlx_map_string_to_array source) =>
        Set(target, Get(source).Copy());

    [RawExport("mlx_map_string_to_array_free")]
    public static void Free(mlx_map_string_to_array map) => Handles.Free(map.ctx);

    [RawExport("mlx_map_string_to_array_insert")]
    public static void Insert(mlx_map_string_to_array map, byte* key, mlx_array value) =>
        Get(map).Put(Strings.Get(key), Handles.Node(value));

    [RawExport("mlx_map_string_to_array_get")]
    public static Status Find(mlx_array* value, mlx_map_string_to_array map, byte* key)
    {
        if (!Get(map).TryGet(Strings.Get(key), out var node))
        {
            return Status.NotFound;
        }

        Handles.Set(value, node);
        return Status.Ok;
    }

    [RawExport("mlx_map_string_to_array_iterator_new")]
    public static mlx_map_string_to_array_iterator NewIterator(mlx_map_string_to_array map) =>
        new() { ctx = Handles.New(new MapIterator(Get(map))), map_ctx = map.ctx };

    [RawExport("mlx_map_string_to_array_iterator_free")]
    public static void FreeIterator(mlx_map_string_to_array_iterator i) => Handles.Free(i.ctx);

    /// <summary>The key belongs to the map.</summary>
    [RawExport("mlx_map_string_to_array_iterator_next")]
    public static Status Next(byte** key, mlx_array* value, mlx_map_string_to_array_iterator i)
    {
        var at = Handles.Get<MapIterator>(i.ctx);
        var map = (ArrayMap)at.Map;
        if (at.Next >= map.Count)
        {
            return Status.NotFound;
        }

        var (k, v) = map[at.Next++];
        *key = k.Pointer;
        Handles.Set(value, v);
        return Status.Ok;
    }

    public static ArrayMap Get(mlx_map_string_to_array map) => Handles.Get<ArrayMap>(map.ctx);

    public static void Set(mlx_map_string_to_array* target, ArrayMap map) =>
        Handles.Replace(&target->ctx, Handles.New(map));
}

/// <summary>map.h, from strings to strings.</summary>
internal static unsafe class StringMaps
{
    [RawExport("mlx_map_string_to_string_new")]
    public static mlx_map_string_to_string New() => new() { ctx = Handles.New(new StringMap()) };

    [RawExport("mlx_map_string_to_string_set")]
    public static void Set(mlx_map_string_to_string* target, mlx_map_string_to_string source) =>
        Set(target, Get(source).Copy());

    [RawExport("mlx_map_string_to_string_free")]
    public static void Free(mlx_map_string_to_string map) => Handles.Free(map.ctx);

    [RawExport("mlx_map_string_to_string_insert")]
    public static void Insert(mlx_map_string_to_string map, byte* key, byte* value) =>
        Get(map).Put(Strings.Get(key), Strings.Get(value));

    /// <summary>The value belongs to the map.</summary>
    [RawExport("mlx_map_string_to_string_get")]
    public static Status Find(byte** value, mlx_map_string_to_string map, byte* key)
    {
        if (!Get(map).TryGet(Strings.Get(key), out var text))
        {
            return Status.NotFound;
        }

        *value = text.Pointer;
        return Status.Ok;
    }

    [RawExport("mlx_map_string_to_string_iterator_new")]
    public static mlx_map_string_to_string_iterator NewIterator(mlx_map_string_to_string map) =>
        new() { ctx = Handles.New(new MapIterator(Get(map))), map_ctx = map.ctx };

    [RawExport("mlx_map_string_to_string_iterator_free")]
    public static void FreeIterator(mlx_map_string_to_string_iterator i) => Handles.Free(i.ctx);

    [RawExport("mlx_map_string_to_string_iterator_next")]
    public static Status Next(byte** key, byte** value, mlx_map_string_to_string_iterator i)
    {
        var at = Handles.Get<MapIterator>(i.ctx);
        var map = (StringMap)at.Map;
        if (at.Next >= map.Count)
        {
            return Status.NotFound;
        }

        var (k, v) = map[at.Next++];
        *key = k.Pointer;
        *value = v.Pointer;
        return Status.Ok;
    }

    public static StringMap Get(mlx_map_string_to_string map) => Handles.Get<StringMap>(map.ctx);

    public static void Set(mlx_map_string_to_string* target, StringMap map) =>
        Handles.Replace(&target->ctx, Handles.New(map));
}
