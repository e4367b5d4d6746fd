namespace Mlx.Core;

/// <summary>
/// Tells the garbage collector what the engine holds for arrays, so that a program which leaves
/// arrays to their finalizers is collected in time. Looked at after evaluations, because only these
/// take memory, and passed on only when it moved far: a training loop in flat memory tells nothing.
/// </summary>
internal static class MemoryPressure
{
    private const long Step = 32 << 20;

    private static readonly Lock Gate = new();
    private static long told;

    public static void Update()
    {
        var active = Memory.Active;
        if (Math.Abs(active - Volatile.Read(ref told)) >= Step)
        {
            Tell(active);
        }
    }

    private static void Tell(long active)
    {
        long change;
        lock (Gate)
        {
            change = active - told;
            told = active;
        }

        if (change > 0)
        {
            GC.AddMemoryPressure(change);
        }
        else if (change < 0)
        {
            GC.RemoveMemoryPressure(-change);
        }
    }
}
