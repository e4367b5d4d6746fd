using System.Numerics;
using System.Runtime.Intrinsics;

namespace Mlx.Cpu.Kernels;

/// <summary>The Hadamard matrices that others are made of.</summary>
/// <remarks>From N. Sloane's library, http://neilsloane.com/hadamard; a set bit is +1.</remarks>
internal static class HadamardMatrix
{
    private static ReadOnlySpan<uint> Order12 =>
    [
        0xFFD, 0x554, 0xC37, 0x691, 0xDF, 0xA45, 0x373, 0x919, 0xDC3, 0x469, 0x70F, 0x1A5,
    ];

    private static ReadOnlySpan<uint> Order20 =>
    [
        0x6CC21, 0xD1C42, 0xAB884, 0x5F108, 0xB6610, 0x9C83E, 0x3945D, 0x7289B, 0xE5117,
        0xCA60F, 0xF05AC, 0xE8B58, 0xD92B1, 0xBA163, 0x7C2C6, 0x8592, 0x10B05, 0x2122A, 0x42074,
        0x840C9,
    ];

    private static ReadOnlySpan<uint> Order28 =>
    [
        0x3296181, 0x6528382, 0xC854704, 0x92A8E08, 0x2751C10, 0x4CA7820, 0x994B0C0, 0x4B980BC,
        0x9534178, 0x2A6C271, 0x54D8463, 0xA9B0847, 0x536500F, 0xA4CE01E, 0x7804CDA, 0xF009935,
        0xE21326A, 0xC6224D5, 0x8E409AB, 0x1E81356, 0x3D0262D, 0x30ED66, 0x41DACD, 0x83B51B,
        0x1072AB6, 0x20E15EC, 0x41C2B59, 0x81856B3,
    ];

    /// <summary>The order m of the small matrix, and the power of two that multiplies it.
    /// </summary>
    public static (int Small, int Power) Decompose(int n)
    {
        foreach (var small in (ReadOnlySpan<int>)[1, 12, 20, 28])
        {
            if (n % small == 0 && BitOperations.IsPow2(n / small))
            {
                return (small, n / small);
            }
        }

        throw new ArgumentException(
            $"[hadamard_transform] Only supports n = m*2^k where m in (1, 12, 20, 28), not {n}.");
    }

    public static ReadOnlySpan<uint> Rows(int order) => order switch
    {
        12 => Order12,
        20 => Order20,
        _ => Order28,
    };
}

/// <summary>
/// Multiplies a row by a Hadamard matrix: butterflies within each run of a power of two, then the
/// small matrix across the runs.
/// </summary>
internal readonly unsafe struct HadamardKernel<T>(float scale, bool transposed) : IRowKernel<T>
    where T : unmanaged, INumber<T>
{
    public void Run(T* x, T* y, long count)
    {
        var (small, power) = HadamardMatrix.Decompose((int)count);
        if (x != y)
        {
            new Span<T>(x, (int)count).CopyTo(new Span<T>(y, (int)count));
        }

        for (var run = 0; run < small; run++)
        {
            Butterflies(y + (run * power), power);
        }

        var factor = T.CreateTruncating(scale);
        if (small == 1)
        {
            for (var i = 0; i < power; i++)
            {
                y[i] *= factor;
            }

            return;
        }

        var rows = HadamardMatrix.Rows(small);
        var sums = stackalloc T[small];
        for (var i = 0; i < power; i++)
        {
            for (var r = 0; r < small; r++)
            {
                var sum = T.Zero;
                for (var c = 0; c < small; c++)
                {
                    var plus = transposed ? rows[c] >> r : rows[r] >> c;
                    sum = (plus & 1) != 0 ? sum + y[i + (c * power)] : sum - y[i + (c * power)];
                }

                sums[r] = sum * factor;
            }

            for (var r = 0; r < small; r++)
            {
                y[i + (r * power)] = sums[r];
            }
        }
    }

    private static void Butterflies(T* y, int n)
    {
        for (var half = 1; half < n; half *= 2)
        {
            for (var start = 0; start < n; start += 2 * half)
            {
                var (low, high) = ((nint)(y + start), (nint)(y + start + half));
                var i = 0;
                for (; i <= half - Vector512<T>.Count; i += Vector512<T>.Count)
                {
                    var a = Vector512.Load((T*)low + i);
                    var b = Vector512.Load((T*)high + i);
                    (a + b).Store((T*)low + i);
                    (a - b).Store((T*)high + i);
                }

                for (; i < half; i++)
                {
                    var (a, b) = (((T*)low)[i], ((T*)high)[i]);
                    ((T*)low)[i] = a + b;
                    ((T*)high)[i] = a - b;
                }
            }
        }
    }
}
