namespace Mlx.Cpu.Abi;

/// <summary>The object behind <c>mlx_vector_vector_array</c>.</summary>
internal sealed class NodeVectors : IDisposable
{
    public readonly List<NodeVector> Items = [];

    public void Add(mlx_vector_array v) => Items.Add(new NodeVector(Handles.Nodes(v)));

    public void Dispose()
    {
        Items.ForEach(v => v.Dispose());
        Items.Clear();
    }
}

/// <summary>The object behind <c>mlx_vector_string</c>; its strings have addresses.</summary>
internal sealed unsafe class StringVector : IDisposable
{
    public readonly List<Utf8> Items = [];

    public static StringVector Of(IEnumerable<string> texts)
    {
        var v = new StringVector();
        v.Items.AddRange(texts.Select(t => new Utf8(t)));
        return v;
    }

    public static StringVector Of(byte** data, nuint size)
    {
        var v = new StringVector();
        v.Add(data, size);
        return v;
    }

    public void Add(byte** data, nuint size)
    {
        for (nuint i = 0; i < size; i++)
        {
            Items.Add(new Utf8(Strings.Get(data[i])));
        }
    }

    public void Dispose()
    {
        Items.ForEach(s => s.Dispose());
        Items.Clear();
    }
}

/// <summary>vector.h for vectors of arrays.</summary>
internal static unsafe class VectorVectors
{
    [RawExport("mlx_vector_vector_array_new")]
    public static mlx_vector_vector_array New() => Wrap(new NodeVectors());

    [RawExport("mlx_vector_vector_array_set")]
    public static void Set(mlx_vector_vector_array* target, mlx_vector_vector_array source)
    {
        var copy = new NodeVectors();
        copy.Items.AddRange(Get(source).Items.Select(v => new NodeVector(v.Items.ToArray())));
        Handles.Replace(&target->ctx, Handles.New(copy));
    }

    [RawExport("mlx_vector_vector_array_free")]
    public static void Free(mlx_vector_vector_array v) => Handles.Free(v.ctx);

    [RawExport("mlx_vector_vector_array_new_data")]
    public static mlx_vector_vector_array NewData(mlx_vector_array* data, nuint size) =>
        Wrap(Read(data, size));

    [RawExport("mlx_vector_vector_array_new_value")]
    public static mlx_vector_vector_array NewValue(mlx_vector_array value) =>
        Wrap(Read(&value, 1));

    [RawExport("mlx_vector_vector_array_set_data")]
    public static void SetData(
        mlx_vector_vector_array* target, mlx_vector_array* data, nuint size) =>
        Handles.Replace(&target->ctx, Handles.New(Read(data, size)));

    [RawExport("mlx_vector_vector_array_set_value")]
    public static void SetValue(mlx_vector_vector_array* target, mlx_vector_array value) =>
        Handles.Replace(&target->ctx, Handles.New(Read(&value, 1)));

    [RawExport("mlx_vector_vector_array_append_data")]
    public static void AppendData(mlx_vector_vector_array v, mlx_vector_array* data, nuint size)
    {
        for (nuint i = 0; i < size; i++)
        {
            Get(v).Add(data[i]);
        }
    }

    [RawExport("mlx_vector_vector_array_append_value")]
    public static void AppendValue(mlx_vector_vector_array v, mlx_vector_array value) =>
        Get(v).Add(value);

    [RawExport("mlx_vector_vector_array_size")]
    public static nuint Size(mlx_vector_vector_array v) => (nuint)Get(v).Items.Count;

    [RawExport("mlx_vector_vector_array_get")]
    public static void Get(mlx_vector_array* result, mlx_vector_vector_array v, nuint index) =>
        Handles.Set(result, Vectors.At(Get(v).Items, index).Items.ToArray());

    private static NodeVectors Get(mlx_vector_vector_array v) => Handles.Get<NodeVectors>(v.ctx);

    private static mlx_vector_vector_array Wrap(NodeVectors v) => new() { ctx = Handles.New(v) };

    private static NodeVectors Read(mlx_vector_array* data, nuint size)
    {
        var v = new NodeVectors();
        for (nuint i = 0; i < size; i++)
        {
            v.Add(data[i]);
        }

        return v;
    }
}

/// <summary>vector.h for integers.</summary>
internal static unsafe class IntVectors
{
    [RawExport("mlx_vector_int_new")]
    public static mlx_vector_int New() => Wrap([]);

    [RawExport("mlx_vector_int_set")]
    public static void Set(mlx_vector_int* target, mlx_vector_int source) =>
        Handles.Replace(&target->ctx, Handles.New(Get(source).ToList()));

    [RawExport("mlx_vector_int_free")]
    public static void Free(mlx_vector_int v) => Handles.Free(v.ctx);

    [RawExport("mlx_vector_int_new_data")]
    public static mlx_vector_int NewData(int* data, nuint size) => Wrap(Read(data, size));

    [RawExport("mlx_vector_int_new_value")]
    public static mlx_vector_int NewValue(int value) => Wrap([value]);

    [RawExport("mlx_vector_int_set_data")]
    public static void SetData(mlx_vector_int* target, int* data, nuint size) =>
        Handles.Replace(&target->ctx, Handles.New(Read(data, size)));

    [RawExport("mlx_vector_int_set_value")]
    public static void SetValue(mlx_vector_int* target, int value) =>
        Handles.Replace(&target->ctx, Handles.New(new List<int> { value }));

    [RawExport("mlx_vector_int_append_data")]
    public static void AppendData(mlx_vector_int v, int* data, nuint size) =>
        Get(v).AddRange(Read(data, size));

    [RawExport("mlx_vector_int_append_value")]
    public static void AppendValue(mlx_vector_int v, int value) => Get(v).Add(value);

    [RawExport("mlx_vector_int_size")]
    public static nuint Size(mlx_vector_int v) => (nuint)Get(v).Count;

    [RawExport("mlx_vector_int_get")]
    public static void Get(int* result, mlx_vector_int v, nuint index) =>
        *result = Vectors.At(Get(v), index);

    private static List<int> Get(mlx_vector_int v) => Handles.Get<List<int>>(v.ctx);

    private static mlx_vector_int Wrap(List<int> v) => new() { ctx = Handles.New(v) };

    private static List<int> Read(int* data, nuint size) =>
        [.. new ReadOnlySpan<int>(data, checked((int)size))];
}

/// <summary>vector.h for strings.</summary>
internal static unsafe class StringVectors
{
    [RawExport("mlx_vector_string_new")]
    public static mlx_vector_string New() => Wrap(new StringVector());

    [RawExport("mlx_vector_string_set")]
    public static void Set(mlx_vector_string* target, mlx_vector_string source) =>
        Set(target, Get(source).Items.Select(s => s.Text));

    [RawExport("mlx_vector_string_free")]
    public static void Free(mlx_vector_string v) => Handles.Free(v.ctx);

    [RawExport("mlx_vector_string_new_data")]
    public static mlx_vector_string NewData(byte** data, nuint size) =>
        Wrap(StringVector.Of(data, size));

    [RawExport("mlx_vector_string_new_value")]
    public static mlx_vector_string NewValue(byte* value) => Wrap(StringVector.Of(&value, 1));

    [RawExport("mlx_vector_string_set_data")]
    public static void SetData(mlx_vector_string* target, byte** data, nuint size) =>
        Handles.Replace(&target->ctx, Handles.New(StringVector.Of(data, size)));

    [RawExport("mlx_vector_string_set_value")]
    public static void SetValue(mlx_vector_string* target, byte* value) =>
        Handles.Replace(&target->ctx, Handles.New(StringVector.Of(&value, 1)));

    [RawExport("mlx_vector_string_append_data")]
    public static void AppendData(mlx_vector_string v, byte** data, nuint size) =>
        Get(v).Add(data, size);

    [RawExport("mlx_vector_string_append_value")]
    public static void AppendValue(mlx_vector_string v, byte* value) => Get(v).Add(&value, 1);

    [RawExport("mlx_vector_string_size")]
    public static nuint Size(mlx_vector_string v) => (nuint)Get(v).Items.Count;

    /// <summary>The string belongs to the vector.</summary>
    [RawExport("mlx_vector_string_get")]
    public static void Get(byte** result, mlx_vector_string v, nuint index) =>
        *result = Vectors.At(Get(v).Items, index).Pointer;

    public static void Set(mlx_vector_string* target, IEnumerable<string> texts) =>
        Handles.Replace(&target->ctx, Handles.New(StringVector.Of(texts)));

    public static StringVector Get(mlx_vector_string v) => Handles.Get<StringVector>(v.ctx);

    private static mlx_vector_string Wrap(StringVector v) => new() { ctx = Handles.New(v) };
}

internal static class Vectors
{
    public static T At<T>(List<T> items, nuint index) => index < (nuint)items.Count
        ? items[(int)index]
        : throw new ArgumentOutOfRangeException(
            nameof(index), $"[vector_get] index {index} of {items.Count} elements.");
}
