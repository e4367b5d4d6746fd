namespace Mlx.Cpu.Kernels;

/// <summary>
/// The register tiles of one instruction set: the full tile, which sets the panel sizes, and
/// smaller ones for what is left at the edges.
/// </summary>
internal unsafe interface ITileKernel<T>
    where T : unmanaged
{
    /// <summary>Rows of the full tile, and so of a packed panel of A.</summary>
    static abstract int Rows { get; }

    /// <summary>Columns of the full tile, and so of a packed panel of B.</summary>
    static abstract int Columns { get; }

    /// <summary>The rows that the tile for this many rows computes.</summary>
    static abstract int RoundRows(int rows);

    /// <summary>The columns that the tile for this many columns computes.</summary>
    static abstract int RoundColumns(int columns);

    /// <summary>C = A B or C += A B for one tile of the rounded size.</summary>
    static abstract void Run(
        int rows, int columns,
        nint depth, T* a, nint aRow, nint aColumn, T* b, nint bRow, T* c, nint cRow, bool add);
}

/// <summary>Tiles of three heights, each one or two vectors wide.</summary>
internal readonly unsafe struct TileKernel<T, TVector, TLanes, TLow, TMiddle, TFull>
    : ITileKernel<T>
    where T : unmanaged
    where TVector : struct
    where TLanes : struct, ISimdLanes<T, TVector>
    where TLow : struct, IConstant
    where TMiddle : struct, IConstant
    where TFull : struct, IConstant
{
    public static int Rows => TFull.Value;

    public static int Columns => 2 * TLanes.Count;

    public static int RoundRows(int rows) =>
        rows <= TLow.Value ? TLow.Value : rows <= TMiddle.Value ? TMiddle.Value : TFull.Value;

    public static int RoundColumns(int columns) =>
        columns <= TLanes.Count ? TLanes.Count : 2 * TLanes.Count;

    public static void Run(
        int rows, int columns,
        nint depth, T* a, nint aRow, nint aColumn, T* b, nint bRow, T* c, nint cRow, bool add)
    {
        if (rows > TMiddle.Value)
        {
            Run<TFull>(columns, depth, a, aRow, aColumn, b, bRow, c, cRow, add);
        }
        else if (rows > TLow.Value)
        {
            Run<TMiddle>(columns, depth, a, aRow, aColumn, b, bRow, c, cRow, add);
        }
        else
        {
            Run<TLow>(columns, depth, a, aRow, aColumn, b, bRow, c, cRow, add);
        }
    }

    private static void Run<TRows>(
        int columns,
        nint depth, T* a, nint aRow, nint aColumn, T* b, nint bRow, T* c, nint cRow, bool add)
        where TRows : struct, IConstant
    {
        if (columns > TLanes.Count)
        {
            RegisterTile<T, TVector, TLanes, TRows, N2>.Run(
                depth, a, aRow, aColumn, b, bRow, c, cRow, add);
        }
        else
        {
            RegisterTile<T, TVector, TLanes, TRows, N1>.Run(
                depth, a, aRow, aColumn, b, bRow, c, cRow, add);
        }
    }
}
