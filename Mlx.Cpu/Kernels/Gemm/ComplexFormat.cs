using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Kernels;

/// <summary>
/// Complex products as real ones of twice the depth and width, for the tiles that exist.
/// </summary>
/// <remarks>
/// A row (a + bi) of A is read as the floats a, b; an element (c + di) of B becomes two rows of
/// two: (c, d) and (-d, c). Then a row of A times B sums to (ac - bd, ad + bc), which is how C
/// lies in memory. All four real products of a complex one are needed anyway, so this runs at the
/// full rate of the tiles, and only packing knows of it. Depth and columns here count floats, and
/// blocks and panels are even, so a number is never split.
/// </remarks>
internal readonly unsafe struct ComplexFormat : IOperandFormat<Complex64, float, float>
{
    public static bool IsInPlace => false;

    public static bool SumsInPlace => true;

    public static void PackA(
        MatrixView<Complex64> a, nint row, nint depthStart, nint rows, nint depth, int width,
        float* panels)
    {
        Complex64* source = a.Data + (row * a.RowStride) + (depthStart / 2 * a.ColumnStride);
        for (nint first = 0; first < rows; first += width, panels += width * depth)
        {
            for (nint i = 0; i < width; i++)
            {
                Complex64* from = source + ((first + i) * a.RowStride);
                float* to = panels + i;
                bool exists = first + i < rows;
                for (nint p = depth; p > 0; p -= 2, from += a.ColumnStride, to += 2 * width)
                {
                    Complex64 x = exists ? *from : default;
                    to[0] = x.Re;
                    to[width] = x.Im;
                }
            }
        }
    }

    public static void PackB(
        MatrixView<Complex64> b, nint depthStart, nint column, nint columns, nint depth, int width,
        float* panels)
    {
        Complex64* source = b.Data + (depthStart / 2 * b.RowStride) + (column / 2 * b.ColumnStride);
        for (nint first = 0; first < columns; first += width)
        {
            for (nint p = 0; p < depth; p += 2, panels += 2 * width)
            {
                Complex64* from = source + (p / 2 * b.RowStride) + (first / 2 * b.ColumnStride);
                for (nint j = 0; j < width; j += 2, from += b.ColumnStride)
                {
                    Complex64 x = first + j < columns ? *from : default;
                    panels[j] = x.Re;
                    panels[j + 1] = x.Im;
                    panels[width + j] = -x.Im;
                    panels[width + j + 1] = x.Re;
                }
            }
        }
    }

    public static void StoreRow(float* sums, float* c, nint count, bool add) =>
        SameFormat<float>.StoreRow(sums, c, count, add);
}
