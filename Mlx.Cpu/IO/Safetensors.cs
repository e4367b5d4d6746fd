using Mlx.Cpu.Graph;
using Mlx.Formats;

namespace Mlx.Cpu.IO;

/// <summary>
/// Named arrays behind a JSON header. Arrays of a file are views into its mapped pages, so that
/// loading costs nothing until they are read.
/// </summary>
internal static class Safetensors
{
    public static (List<(string Name, Node Array)> Arrays, SafetensorsHeader Header) Load(
        ByteSource source)
    {
        var header = SafetensorsHeader.Read(source);
        var arrays = new List<(string Name, Node Array)>(header.Tensors.Count);
        var map = header.Tensors.Count > 0 ? NodeFiles.Map(source) : null;
        map?.Retain();
        try
        {
            foreach (var t in header.Tensors)
            {
                arrays.Add((
                    t.Name, NodeFiles.Read(source, map, t.Offset, t.Shape, (Dtype)t.Type)));
            }

            return (arrays, header);
        }
        catch
        {
            arrays.ForEach(a => a.Array.Drop());
            throw;
        }
        finally
        {
            map?.Release();
        }
    }

    /// <summary>To a file that is going to be mapped.</summary>
    public static void SaveAligned(
        Stream stream, (string Name, Node Array)[] arrays,
        IEnumerable<KeyValuePair<string, string>> metadata)
    {
        var ordered = SafetensorsHeader.Order(
            arrays, a => (ElementType)a.Array.Dtype, a => a.Name);
        Save(stream, [.. ordered], metadata, 8);
    }

    /// <summary>In the order given, with the bytes that MLX writes.</summary>
    public static void Save(
        Stream stream, (string Name, Node Array)[] arrays,
        IEnumerable<KeyValuePair<string, string>> metadata) => Save(stream, arrays, metadata, 1);

    private static void Save(
        Stream stream, (string Name, Node Array)[] arrays,
        IEnumerable<KeyValuePair<string, string>> metadata, int alignment)
    {
        Evaluator.Eval(Array.ConvertAll(arrays, a => a.Array));
        var tensors = arrays.Select(a => (a.Name, (ElementType)a.Array.Dtype, a.Array.Shape));
        var header = SafetensorsHeader.Write(tensors, metadata, alignment);
        stream.Write(header.AsSpan(0, sizeof(ulong)));
        stream.Write(header.AsSpan(sizeof(ulong)));
        foreach (var (_, array) in arrays)
        {
            NodeFiles.WriteRow(stream, array);
        }
    }
}
