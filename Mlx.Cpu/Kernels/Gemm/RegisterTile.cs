using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Mlx.Cpu.Kernels;

/// <summary>A number known when a generic method is compiled.</summary>
internal interface IConstant
{
    static abstract int Value { get; }
}

internal readonly struct N1 : IConstant
{
    public static int Value => 1;
}

internal readonly struct N2 : IConstant
{
    public static int Value => 2;
}

internal readonly struct N4 : IConstant
{
    public static int Value => 4;
}

internal readonly struct N6 : IConstant
{
    public static int Value => 6;
}

internal readonly struct N8 : IConstant
{
    public static int Value => 8;
}

internal readonly struct N12 : IConstant
{
    public static int Value => 12;
}

/// <summary>
/// The innermost loop: a block of C of up to twelve rows by one or two vectors, held in registers
/// while <c>depth</c> rank-one updates are added to it.
/// </summary>
/// <remarks>
/// <para>
/// Two vectors of B and a broadcast element of A feed two multiply-adds, so the tile does 24
/// multiply-adds for 14 loads: with 32 registers it keeps two FMA units busy and hides their
/// latency. Machines with 16 registers use six rows. Every accumulator has to be a local of its
/// own for the compiler to keep it in a register; the rows a variant lacks are compiled away.
/// </para>
/// <para>
/// A is addressed by two strides and B by one, so the tile reads packed panels and small matrices
/// in place alike; three row pointers with shared offsets keep that within 16 address registers.
/// Compiled at full strength from the first call: there is nothing to profile here.
/// </para>
/// </remarks>
internal static unsafe class RegisterTile<T, TVector, TLanes, TRows, TVectors>
    where T : unmanaged
    where TVector : struct
    where TLanes : struct, ISimdLanes<T, TVector>
    where TRows : struct, IConstant
    where TVectors : struct, IConstant
{
    /// <summary>C = A B, or C += A B, for one tile.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Run(
        nint depth, T* a, nint aRow, nint aColumn, T* b, nint bRow, T* c, nint cRow, bool add)
    {
        TVector c00 = default, c01 = default;
        TVector c10 = default, c11 = default;
        TVector c20 = default, c21 = default;
        TVector c30 = default, c31 = default;
        TVector c40 = default, c41 = default;
        TVector c50 = default, c51 = default;
        TVector c60 = default, c61 = default;
        TVector c70 = default, c71 = default;
        TVector c80 = default, c81 = default;
        TVector c90 = default, c91 = default;
        TVector cA0 = default, cA1 = default;
        TVector cB0 = default, cB1 = default;
        T* a4 = a + (4 * aRow);
        T* a8 = a + (8 * aRow);
        nint aRow2 = 2 * aRow;
        nint aRow3 = 3 * aRow;
        for (int row = 0; row < TRows.Value; row++)
        {
            Prefetch(c + (row * cRow));
        }

        for (; depth > 0; depth--)
        {
            TVector b0 = TLanes.Load(b);
            TVector b1 = TVectors.Value > 1 ? TLanes.Load(b + TLanes.Count) : default;
            b += bRow;

            Update(0, a, b0, b1, ref c00, ref c01);
            Update(1, a + aRow, b0, b1, ref c10, ref c11);
            Update(2, a + aRow2, b0, b1, ref c20, ref c21);
            Update(3, a + aRow3, b0, b1, ref c30, ref c31);
            Update(4, a4, b0, b1, ref c40, ref c41);
            Update(5, a4 + aRow, b0, b1, ref c50, ref c51);
            Update(6, a4 + aRow2, b0, b1, ref c60, ref c61);
            Update(7, a4 + aRow3, b0, b1, ref c70, ref c71);
            Update(8, a8, b0, b1, ref c80, ref c81);
            Update(9, a8 + aRow, b0, b1, ref c90, ref c91);
            Update(10, a8 + aRow2, b0, b1, ref cA0, ref cA1);
            Update(11, a8 + aRow3, b0, b1, ref cB0, ref cB1);

            a += aColumn;
            a4 += aColumn;
            a8 += aColumn;
        }

        if (add)
        {
            AddC(0, c, cRow, ref c00, ref c01);
            AddC(1, c, cRow, ref c10, ref c11);
            AddC(2, c, cRow, ref c20, ref c21);
            AddC(3, c, cRow, ref c30, ref c31);
            AddC(4, c, cRow, ref c40, ref c41);
            AddC(5, c, cRow, ref c50, ref c51);
            AddC(6, c, cRow, ref c60, ref c61);
            AddC(7, c, cRow, ref c70, ref c71);
            AddC(8, c, cRow, ref c80, ref c81);
            AddC(9, c, cRow, ref c90, ref c91);
            AddC(10, c, cRow, ref cA0, ref cA1);
            AddC(11, c, cRow, ref cB0, ref cB1);
        }

        StoreC(0, c, cRow, c00, c01);
        StoreC(1, c, cRow, c10, c11);
        StoreC(2, c, cRow, c20, c21);
        StoreC(3, c, cRow, c30, c31);
        StoreC(4, c, cRow, c40, c41);
        StoreC(5, c, cRow, c50, c51);
        StoreC(6, c, cRow, c60, c61);
        StoreC(7, c, cRow, c70, c71);
        StoreC(8, c, cRow, c80, c81);
        StoreC(9, c, cRow, c90, c91);
        StoreC(10, c, cRow, cA0, cA1);
        StoreC(11, c, cRow, cB0, cB1);
    }

    /// <summary>
    /// Calls for a row of C long before it is added to: rows are often a page apart, where the
    /// processor does not foresee them.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Prefetch(T* c)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch0(c);
            Sse.Prefetch0(c + (TVectors.Value * TLanes.Count) - 1);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Update(
        int row, T* a, TVector b0, TVector b1, ref TVector c0, ref TVector c1)
    {
        if (row < TRows.Value)
        {
            TVector x = TLanes.Broadcast(a);
            c0 = TLanes.MultiplyAdd(x, b0, c0);
            if (TVectors.Value > 1)
            {
                c1 = TLanes.MultiplyAdd(x, b1, c1);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddC(int row, T* c, nint cRow, ref TVector c0, ref TVector c1)
    {
        if (row < TRows.Value)
        {
            c += row * cRow;
            c0 = TLanes.Add(c0, TLanes.Load(c));
            if (TVectors.Value > 1)
            {
                c1 = TLanes.Add(c1, TLanes.Load(c + TLanes.Count));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreC(int row, T* c, nint cRow, TVector c0, TVector c1)
    {
        if (row < TRows.Value)
        {
            c += row * cRow;
            TLanes.Store(c0, c);
            if (TVectors.Value > 1)
            {
                TLanes.Store(c1, c + TLanes.Count);
            }
        }
    }
}
