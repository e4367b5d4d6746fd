using Mlx.Core.Abi;

namespace Mlx.Core;

// The few ops that read better after the array than around it; all others are in Ops.
public sealed partial class MlxArray
{
    /// <summary>With the axes in reverse order.</summary>
    public MlxArray T => Call.Transpose(this, null);

    /// <summary>Converted to another dtype.</summary>
    public MlxArray AsType(DType dtype) => Call.Astype(this, dtype, null);

    /// <summary>The elements in another shape; one length may be -1.</summary>
    public MlxArray Reshape(params ReadOnlySpan<int> shape) => Call.Reshape(this, shape, null);

    /// <summary>With the axes in another order.</summary>
    public MlxArray Transpose(params ReadOnlySpan<int> axes) => axes.IsEmpty
        ? Call.Transpose(this, null)
        : Call.TransposeAxes(this, axes, null);

    /// <summary>The matrix product.</summary>
    public MlxArray Matmul(MlxArray b) => Call.Matmul(this, b, null);
}
