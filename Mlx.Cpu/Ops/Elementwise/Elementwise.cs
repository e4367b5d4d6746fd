using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;

namespace Mlx.Cpu.Ops;

/// <summary>
/// An op that treats each position by itself. All inputs have the output's shape (builders insert
/// broadcasts), so batching is the op itself and derivatives need no reductions. Being of this
/// type is what makes an op fuse under <c>compile</c>.
/// </summary>
internal abstract unsafe class ElementwisePrimitive : Primitive
{
    /// <summary>
    /// The loop: inputs, output, count, and a bit for each input that is a single element. In
    /// place is allowed: the output may be one of the inputs.
    /// </summary>
    public abstract Kernel Kernel(Node[] inputs, Dtype output);

    /// <summary>
    /// Rough cost of an element against an addition; sets when cores are worth waking.
    /// </summary>
    public virtual int Cost => 1;

    public sealed override void Eval(Node[] inputs, Node[] outputs) =>
        ElementwiseLoop.Run(Kernel(inputs, outputs[0].Dtype), Cost, inputs, outputs[0]);

    /// <summary>
    /// Brings the mapped axes to the front, gives the rest an axis of length one.
    /// </summary>
    public override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> axes)
    {
        var aligned = Transforms.Batching.Align(inputs, axes, out var shape);
        return ([Node.Lazy(shape, OutputDtype(aligned), this, aligned)], [0]);
    }

    /// <summary>The result's dtype for (promoted) inputs.</summary>
    public virtual Dtype OutputDtype(Node[] inputs) => inputs[0].Dtype;
}
