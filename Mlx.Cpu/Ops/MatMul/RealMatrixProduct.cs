using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;

namespace Mlx.Cpu.Ops;

/// <summary>An op made of products of real matrices, with the product of its dtype at hand.</summary>
internal abstract unsafe class RealMatrixProduct : Primitive
{
    public sealed override void Eval(Node[] inputs, Node[] outputs)
    {
        var c = outputs[0];
        c.Allocate();
        if (c.Size == 0)
        {
            return;
        }

        switch (c.Dtype)
        {
            case Dtype.Float32: Run<float>(&Gemm.Single, inputs, c); break;
            case Dtype.Float64: Run<double>(&Gemm.Double, inputs, c); break;
            case Dtype.Float16: Run<Half>(&Gemm.Half, inputs, c); break;
            default: Run<ushort>(&Gemm.BFloat16, inputs, c); break;
        }
    }

    protected abstract void Run<T>(
        delegate*<
            long, long, long, MatrixView<T>, MatrixView<T>, T*, long, bool, void> product,
        Node[] inputs, Node c)
        where T : unmanaged;
}
