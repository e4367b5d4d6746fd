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

    /// <summary>Packs panels of A: rows are the lanes.</summary>
    static abstract void PackA(
        MatrixView<TIn> a, nint row, nint depthStart, nint rows, nint depth, int width,
        TAcc* panels);

    /// <summary>Packs panels of B: columns are the lanes.</summary>
    static abstract void PackB(
        MatrixView<TIn> b, nint depthStart, nint column, nint columns, nint depth, int width,
        TAcc* panels);

    /// <summary>C = round(sums), or C = round(C + sums), for one row.</summary>
    static abstract void StoreRow(TAcc* sums, TOut* c, nint count, bool add);
}
