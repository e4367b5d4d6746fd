using System.Numerics;

namespace Mlx.Core;

// The implicit key belongs to Core, not to the engine: MLX keeps one for each OS thread, so a draw
// after an await would come from another sequence. The sequence itself is MLX's (split, keep the
// first, draw with the second), computed here: two numbers need no array.
public static partial class MlxRandom
{
    private static readonly Lock Gate = new();
    private static (uint, uint)? key;

    /// <summary>
    /// Restarts the sequence of draws that are given no key. A compiled function draws its implicit
    /// keys when it is traced, so it repeats its numbers; give it a key as an argument
    /// (<c>mlx.core.random.seed</c>).
    /// </summary>
    public static void Seed(ulong seed)
    {
        lock (Gate)
        {
            key = KeyOf(seed);
        }
    }

    /// <summary>The next key of the implicit sequence.</summary>
    private static MlxArray Next()
    {
        uint a, b;
        lock (Gate)
        {
            var k = key ?? KeyOf((ulong)DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());

            // Four words of random bits, of which one hash makes the first and third, another the
            // second and fourth; read by rows they are the two new keys.
            var (next1, draw1) = Threefry(k, (0, 2));
            var (next2, draw2) = Threefry(k, (1, 3));
            key = (next1, next2);
            (a, b) = (draw1, draw2);
        }

        return MlxArray.From([a, b]);
    }

    private static (uint, uint) KeyOf(ulong seed) => ((uint)(seed >> 32), (uint)seed);

    /// <summary>
    /// Threefry-2x32 with 20 rounds (Salmon et al., Parallel random numbers: as easy as 1, 2, 3).
    /// </summary>
    private static (uint, uint) Threefry((uint, uint) key, (uint, uint) count)
    {
        ReadOnlySpan<int> rotations = [13, 15, 26, 6, 17, 29, 16, 24];
        ReadOnlySpan<uint> keys = [key.Item1, key.Item2, key.Item1 ^ key.Item2 ^ 0x1BD1_1BDA];
        var (x, y) = (count.Item1 + keys[0], count.Item2 + keys[1]);
        for (var i = 0; i < 5; i++)
        {
            foreach (var r in rotations.Slice(4 * (i % 2), 4))
            {
                x += y;
                y = BitOperations.RotateLeft(y, r) ^ x;
            }

            x += keys[(i + 1) % 3];
            y += keys[(i + 2) % 3] + (uint)i + 1;
        }

        return (x, y);
    }
}
