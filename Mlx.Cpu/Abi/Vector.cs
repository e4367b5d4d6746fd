using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Abi;

/// <summary>vector.h for arrays; the other element types are in Vectors.Other.cs.</summary>
internal static unsafe class ArrayVectors
{
    [RawExport("mlx_vector_array_new")]
    public static mlx_vector_array New() => Wrap([]);

    [RawExport("mlx_vector_array_set")]
    public static void Set(mlx_vector_array* target, mlx_vector_array source) =>
        Handles.Set(target, Handles.Nodes(source));

    [RawExport("mlx_vector_array_free")]
    public static void Free(mlx_vector_array v) => Handles.Free(v.ctx);

    [RawExport("mlx_vector_array_new_data")]
    public static mlx_vector_array NewData(mlx_array* data, nuint size) => Wrap(Read(data, size));

    [RawExport("mlx_vector_array_new_value")]
    public static mlx_vector_array NewValue(mlx_array value) => Wrap([Handles.Node(value)]);

    [RawExport("mlx_vector_array_set_data")]
    public static void SetData(mlx_vector_array* target, mlx_array* data, nuint size) =>
        Handles.Set(target, Read(data, size));

    [RawExport("mlx_vector_array_set_value")]
    public static void SetValue(mlx_vector_array* target, mlx_array value) =>
        Handles.Set(target, [Handles.Node(value)]);

    [RawExport("mlx_vector_array_append_data")]
    public static void AppendData(mlx_vector_array v, mlx_array* data, nuint size)
    {
        foreach (var n in Read(data, size))
        {
            Handles.Get<NodeVector>(v.ctx).Add(n);
        }
    }

    [RawExport("mlx_vector_array_append_value")]
    public static void AppendValue(mlx_vector_array v, mlx_array value) =>
        Handles.Get<NodeVector>(v.ctx).Add(Handles.Node(value));

    [RawExport("mlx_vector_array_size")]
    public static nuint Size(mlx_vector_array v) =>
        (nuint)Handles.Get<NodeVector>(v.ctx).Items.Count;

    [RawExport("mlx_vector_array_get")]
    public static void Get(mlx_array* result, mlx_vector_array v, nuint index)
    {
        var items = Handles.Get<NodeVector>(v.ctx).Items;
        if (index >= (nuint)items.Count)
        {
            throw new ArgumentOutOfRangeException(
                nameof(index), $"[vector_array_get] index {index} of {items.Count} elements.");
        }

        Handles.Set(result, items[(int)index]);
    }

    private static mlx_vector_array Wrap(Node[] nodes) =>
        new() { ctx = Handles.New(new NodeVector(nodes)) };

    private static Node[] Read(mlx_array* data, nuint size)
    {
        var nodes = new Node[(int)size];
        for (var i = 0; i < nodes.Length; i++)
        {
            nodes[i] = Handles.Node(data[i]);
        }

        return nodes;
    }
}
