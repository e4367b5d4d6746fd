using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Mlx.Cpu.Ops;

/// <summary>
/// Scans of four-byte elements, sixteen at a time: in four steps every lane takes in the lanes 1,
/// 2, 4 and 8 before it (Hillis and Steele, "Data parallel algorithms", 1986), and then what came
/// before the vector. Only that last step waits for the vector before.
/// </summary>
internal static unsafe class PrefixLine
{
    private const int Count = 16;

    /// <summary>Does as many elements as fill vectors; answers how many.</summary>
    public static long Run<T, S>(
        T* from, T* to, long n, bool reverse, bool inclusive, ref T carry)
        where T : unmanaged where S : struct, IScan<T>
    {
        var before = Vector512.Create(carry);
        var first = Vector512.Create(S.First);
        long done = 0;
        for (; done + Count <= n; done += Count)
        {
            var at = reverse ? n - done - Count : done;
            var x = Vector512.Load(from + at);
            if (reverse)
            {
                x = Reversed(x);
            }

            if (S.NeedsOrder(x))
            {
                OneByOne<T, S>(x, to + at, reverse, inclusive, ref before);
                continue;
            }

            x = S.Of(Shifted1(x, first), x);
            x = S.Of(Shifted2(x, first), x);
            x = S.Of(Shifted4(x, first), x);
            x = S.Of(Shifted8(x, first), x);
            var result = S.Of(before, x);
            if (!inclusive)
            {
                x = Shifted1(result, before);
            }
            else
            {
                x = result;
            }

            before = Last(result);
            (reverse ? Reversed(x) : x).Store(to + at);
        }

        carry = before[0];
        return done;
    }

    private static void OneByOne<T, S>(
        Vector512<T> x, T* to, bool reverse, bool inclusive, ref Vector512<T> before)
        where T : unmanaged where S : struct, IScan<T>
    {
        var carry = before[0];
        for (var i = 0; i < Count; i++)
        {
            var next = S.Of(carry, x[i]);
            to[reverse ? Count - 1 - i : i] = inclusive ? next : carry;
            carry = next;
        }

        before = Vector512.Create(carry);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<T> Shifted1<T>(Vector512<T> x, Vector512<T> fill)
        where T : unmanaged =>
        Select(
            Vector512.Create(-1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), fill,
            Vector512.Shuffle(
                x.AsInt32(),
                Vector512.Create(0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<T> Shifted2<T>(Vector512<T> x, Vector512<T> fill)
        where T : unmanaged =>
        Select(
            Vector512.Create(-1, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), fill,
            Vector512.Shuffle(
                x.AsInt32(),
                Vector512.Create(0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<T> Shifted4<T>(Vector512<T> x, Vector512<T> fill)
        where T : unmanaged =>
        Select(
            Vector512.Create(-1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), fill,
            Vector512.Shuffle(
                x.AsInt32(),
                Vector512.Create(0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<T> Shifted8<T>(Vector512<T> x, Vector512<T> fill)
        where T : unmanaged =>
        Select(
            Vector512.Create(-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0), fill,
            Vector512.Shuffle(
                x.AsInt32(),
                Vector512.Create(0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<T> Reversed<T>(Vector512<T> x) where T : unmanaged =>
        Vector512.Shuffle(
            x.AsInt32(),
            Vector512.Create(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0))
            .As<int, T>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<T> Last<T>(Vector512<T> x) where T : unmanaged =>
        Vector512.Shuffle(x.AsInt32(), Vector512.Create(15)).As<int, T>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<T> Select<T>(Vector512<int> mask, Vector512<T> fill, Vector512<int> x)
        where T : unmanaged =>
        Vector512.ConditionalSelect(mask, fill.AsInt32(), x).As<int, T>();
}
