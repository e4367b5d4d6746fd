using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;
using Mlx.Cpu.Ops;
using Mlx.Formats;

namespace Mlx.Cpu.IO;

/// <summary>NumPy's file of one array.</summary>
internal static unsafe class Npy
{
    public static Node Load(ByteSource source)
    {
        var header = NpyHeader.Read(source);
        if (!header.IsFortran || header.Shape.Length < 2)
        {
            return Read(header.Shape);
        }

        // Column-major elements are the row-major ones of the reversed shape.
        return Op.Transpose(Read([.. header.Shape.Reverse()]));

        Node Read(int[] shape) => NodeFiles.Read(
            source, header.Start, shape, (Dtype)header.Type, header.IsSwapped);
    }

    /// <summary>
    /// As it lies, if that is row-major or column-major. An empty array is written too (MLX
    /// refuses it).
    /// </summary>
    public static void Save(Stream stream, Node array)
    {
        Evaluator.Eval(array);
        var isFortran = !array.IsRow && IsColumnMajor(array);
        stream.Write(NpyHeader.Write((ElementType)array.Dtype, array.Shape, isFortran));
        if (isFortran)
        {
            NodeFiles.Write(stream, array.Data, array.Bytes);
        }
        else
        {
            NodeFiles.WriteRow(stream, array);
        }
    }

    private static bool IsColumnMajor(Node n)
    {
        int[] shape = [.. n.Shape.Reverse()];
        long[] strides = [.. n.Strides.Reverse()];
        return (Node.LayoutOf(shape, strides) & Layout.Row) != 0;
    }
}
