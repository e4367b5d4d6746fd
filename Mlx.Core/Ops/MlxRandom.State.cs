using Mlx.Core.Abi;

namespace Mlx.Core;

// The implicit key belongs to Core, not to the engine: MLX keeps one for each OS thread, so a draw
// after an await would come from another sequence. The sequence itself is MLX's: split, keep the
// first, draw with the second.
public static partial class MlxRandom
{
    private static readonly Lock Gate = new();
    private static MlxArray? key;

    /// <summary>
    /// Restarts the sequence of draws that are given no key. A compiled function draws its implicit
    /// keys when it is traced, so it repeats its numbers; give it a key as an argument
    /// (<c>mlx.core.random.seed</c>).
    /// </summary>
    public static void Seed(ulong seed)
    {
        lock (Gate)
        {
            Replace(Key(seed));
        }
    }

    /// <summary>The next key of the implicit sequence.</summary>
    private static MlxArray Next()
    {
        lock (Gate)
        {
            if (key is null)
            {
                Replace(Key((ulong)DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()));
            }

            var (next, draw) = Call.RandomSplit(key!, null);
            Replace(next);
            return draw;
        }
    }

    private static void Replace(MlxArray next)
    {
        key?.Dispose();

        // It outlives the scope that happens to be open.
        next.Owner = null;
        key = next;
    }
}
