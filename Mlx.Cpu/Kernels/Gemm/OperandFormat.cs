using System.Numerics;

namespace Mlx.Cpu.Kernels;

/// <summary>
/// How the elements of a multiplication become those the register tiles compute with, and back.
/// </summary>
/// <typeparam name="TIn">The element type of A and B.</typeparam>
/// <typeparam name="TAcc">The type that is multiplied and summed.</typeparam>
/// <typeparam name="TOut">The type C is made of.</typeparam>
internal unsafe interface IOperandFormat<TIn, TAcc, TOut>
    where TIn : unmanaged
    where TAcc : unmanaged
    where TOut : unmanaged
{
    /// <summary>Whether the tiles may read A and B, and write C, where they are.</summary>
    static abstract bool IsInPlace { get; }

    /// <summary>Whether C is made of <typeparamref name="TAcc"/> and is summed up in place.
    /// </summary>
    static abstract bool SumsInPlace { get; }

    /// <summary>Packs a panel of A: rows are the lanes.</summary>
    static abstract void PackA(
        MatrixView<TIn> a, nint row, nint depthStart, int rows, nint depth, int width, TAcc* panel);

    /// <summary>Packs a panel of B: columns are the lanes.</summary>
    static abstract void PackB(
        MatrixView<TIn> b, nint depthStart, nint column, int columns, nint depth, int width,
        TAcc* panel);

    /// <summary>C = round(sums), or C = round(C + sums), for one row.</summary>
    static abstract void StoreRow(TAcc* sums, TOut* c, nint count, bool add);
}

/// <summary>Single and double precision: what is stored is what is computed with.</summary>
internal readonly unsafe struct SameFormat<T> : IOperandFormat<T, T, T>
    where T : unmanaged, INumber<T>
{
    public static bool IsInPlace => true;

    public static bool SumsInPlace => true;

    public static void PackA(
        MatrixView<T> a, nint row, nint depthStart, int rows, nint depth, int width, T* panel) =>
        PanelPacking.Pack(
            a.Data + (row * a.RowStride) + (depthStart * a.ColumnStride),
            a.RowStride, a.ColumnStride, rows, depth, width, panel);

    public static void PackB(
        MatrixView<T> b, nint depthStart, nint column, int columns, nint depth, int width,
        T* panel) =>
        PackA(b.Transposed, column, depthStart, columns, depth, width, panel);

    public static void StoreRow(T* sums, T* c, nint count, bool add)
    {
        for (nint j = 0; j < count; j++)
        {
            c[j] = add ? c[j] + sums[j] : sums[j];
        }
    }
}
