using System.Numerics;

namespace Mlx.Cpu.Ops;

/// <summary>
/// Puts the k-th item where a sort would put it, smaller ones before and larger ones behind.
/// Short sequences are left in the order in which C++'s nth_element leaves them (introselect with
/// the median of three, Musser 1997, as in GNU's library), because that order shows: in MLX's
/// results, and in which tangent goes where.
/// </summary>
internal static unsafe class Introselect
{
    /// <summary>Longer sequences are parted by counting, which is faster.</summary>
    public const int Longest = 2048;

    /// <summary>False if the sequence fights back; then nothing is known of its order.</summary>
    public static bool TryRun<T>(T* items, int n, int k) where T : unmanaged, IComparable<T>
    {
        var (first, last) = (0, n);
        for (var depth = 2 * BitOperations.Log2((uint)n); last - first > 3; depth--)
        {
            if (depth == 0)
            {
                return false;
            }

            MedianToFirst(items, first, first + 1, first + (last - first) / 2, last - 1);
            var cut = Cut(items, first + 1, last, items[first]);
            (first, last) = cut <= k ? (cut, last) : (first, cut);
        }

        for (var i = first + 1; i < last; i++)
        {
            var item = items[i];
            var at = i;
            for (; at > first && item.CompareTo(items[at - 1]) < 0; at--)
            {
                items[at] = items[at - 1];
            }

            items[at] = item;
        }

        return true;
    }

    private static int Cut<T>(T* items, int first, int last, T pivot)
        where T : unmanaged, IComparable<T>
    {
        while (true)
        {
            while (items[first].CompareTo(pivot) < 0)
            {
                first++;
            }

            last--;
            while (pivot.CompareTo(items[last]) < 0)
            {
                last--;
            }

            if (first >= last)
            {
                return first;
            }

            (items[first], items[last]) = (items[last], items[first]);
            first++;
        }
    }

    private static void MedianToFirst<T>(T* items, int to, int a, int b, int c)
        where T : unmanaged, IComparable<T>
    {
        var (ab, bc, ac) = (Less(a, b), Less(b, c), Less(a, c));
        var median = ab ? (bc ? b : ac ? c : a) : ac ? a : bc ? c : b;
        (items[to], items[median]) = (items[median], items[to]);

        bool Less(int i, int j) => items[i].CompareTo(items[j]) < 0;
    }
}
