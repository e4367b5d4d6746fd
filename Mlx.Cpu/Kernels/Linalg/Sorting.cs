namespace Mlx.Cpu.Kernels.Linalg;

/// <summary>
/// Orders values and the rows that belong to them, with as few moves of rows as can be.
/// </summary>
internal static unsafe class Sorting
{
    public static void Ascending<T>(double* keys, int n, T* rows, long width) where T : unmanaged =>
        Order(keys, n, rows, (T*)null, width, 0, 1);

    public static void Descending<T>(
        double* keys, int n, T* first, long firstWidth, T* second, long secondWidth)
        where T : unmanaged =>
        Order(keys, n, first, second, firstWidth, secondWidth, -1);

    private static void Order<T>(
        double* keys, int n, T* first, T* second, long firstWidth, long secondWidth, int sign)
        where T : unmanaged
    {
        for (var i = 0; i < n - 1; i++)
        {
            var best = i;
            for (var j = i + 1; j < n; j++)
            {
                best = sign * keys[j] < sign * keys[best] ? j : best;
            }

            if (best == i)
            {
                continue;
            }

            (keys[i], keys[best]) = (keys[best], keys[i]);
            if (first != null)
            {
                Lines.Swap(first + (i * firstWidth), first + (best * firstWidth), firstWidth);
            }

            if (second != null)
            {
                Lines.Swap(second + (i * secondWidth), second + (best * secondWidth), secondWidth);
            }
        }
    }
}
