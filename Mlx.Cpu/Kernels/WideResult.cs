using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Kernels;

/// <summary>Half precision by way of a whole result in float32.</summary>
internal static unsafe class WideResult
{
    /// <summary>Runs a kernel on an allocated output, or on a float32 stand-in for it.</summary>
    public static void Eval(Node output, Action<Node> kernel)
    {
        output.Allocate();
        if (!output.Dtype.IsHalf())
        {
            kernel(output);
            return;
        }

        var wide = Node.Allocated(output.Shape, Dtype.Float32);
        kernel(wide);
        Widening.Narrow(output.Dtype)(wide.Data, output.Data, 1, output.Size);
        wide.Drop();
    }
}
