namespace Mlx.Cpu.Kernels;

/// <summary>
/// An input matrix in place: any strides, counted in elements, so that a transposed, sliced or
/// broadcast array is multiplied without being copied first.
/// </summary>
internal readonly unsafe struct MatrixView<T>(T* data, long rowStride, long columnStride)
    where T : unmanaged
{
    public readonly T* Data = data;
    public readonly nint RowStride = (nint)rowStride;
    public readonly nint ColumnStride = (nint)columnStride;

    public MatrixView<T> Transposed => new(Data, ColumnStride, RowStride);

    /// <summary>The matrix that starts the given number of elements further on.</summary>
    public MatrixView<T> Offset(long elements) => new(Data + elements, RowStride, ColumnStride);
}
