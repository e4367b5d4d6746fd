using System.Numerics;

namespace Mlx.Cpu.Kernels;

/// <summary>Single and double precision: what is stored is what is computed with.</summary>
internal readonly unsafe struct SameFormat<T> : IOperandFormat<T, T, T>
    where T : unmanaged, INumber<T>
{
    public static bool IsInPlace => true;

    public static bool SumsInPlace => true;

    public static void PackA(
        MatrixView<T> a, nint row, nint depthStart, nint rows, nint depth, int width, T* panels) =>
        PanelPacking.Pack(
            a.Data + (row * a.RowStride) + (depthStart * a.ColumnStride),
            a.RowStride, a.ColumnStride, rows, depth, width, panels);

    public static void PackB(
        MatrixView<T> b, nint depthStart, nint column, nint columns, nint depth, int width,
        T* panels) =>
        PackA(b.Transposed, column, depthStart, columns, depth, width, panels);

    public static void StoreRow(T* sums, T* c, nint count, bool add)
    {
        for (nint j = 0; j < count; j++)
        {
            c[j] = add ? c[j] + sums[j] : sums[j];
        }
    }
}
