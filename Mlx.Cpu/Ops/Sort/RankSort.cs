using System.Numerics;
using System.Runtime.Intrinsics;

namespace Mlx.Cpu.Ops;

/// <summary>
/// For short lines: where a key belongs is how many keys are smaller, or equal and before it. That
/// is n^2 comparisons, but sixteen at a time and without a branch that could be mispredicted.
/// </summary>
internal static unsafe class RankSort
{
    public const int Lanes = 16;

    /// <summary>
    /// The place of every key in a stable sort. There must be room for a vector behind the keys;
    /// it is overwritten.
    /// </summary>
    public static void Ranks(uint* keys, int n, uint* ranks)
    {
        Vector512.Create(uint.MaxValue).Store(keys + n);
        for (var i = 0; i < n; i++)
        {
            var key = Vector512.Create(keys[i]);
            var own = i & ~(Lanes - 1);
            var rank = 0;
            for (var j = 0; j < own; j += Lanes)
            {
                rank += Count(Vector512.LessThanOrEqual(Vector512.Load(keys + j), key));
            }

            var block = Vector512.Load(keys + own);
            var before = (1ul << (i - own)) - 1;
            rank += BitOperations.PopCount(
                Vector512.LessThan(block, key).ExtractMostSignificantBits()
                | (Vector512.Equals(block, key).ExtractMostSignificantBits() & before));
            for (var j = own + Lanes; j < n; j += Lanes)
            {
                rank += Count(Vector512.LessThan(Vector512.Load(keys + j), key));
            }

            ranks[i] = (uint)rank;
        }
    }

    private static int Count(Vector512<uint> mask) =>
        BitOperations.PopCount(mask.ExtractMostSignificantBits());
}
