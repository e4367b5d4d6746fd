using Mlx.Cpu.Graph;
using Mlx.Formats;

namespace Mlx.Cpu.Export;

/// <summary>
/// A constant that still lies in its file. It is read when it is first needed, as MLX does it, so
/// that looking at a file costs little more than its graph.
/// </summary>
internal sealed unsafe class FileConstant(Storage file, long offset) : Primitive
{
    public override void Eval(Node[] inputs, Node[] outputs)
    {
        var to = outputs[0];
        to.Allocate();
        Buffer.MemoryCopy(file.Pointer + offset, to.Data, to.Bytes, to.Bytes);
        if (to.Dtype == Dtype.Bool)
        {
            Elements.ToBools(to.Data, to.Bytes);
        }
    }
}
