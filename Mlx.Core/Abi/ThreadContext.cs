using System.Runtime.ExceptionServices;

namespace Mlx.Core.Abi;

/// <summary>
/// What Core keeps for each thread: counters (summed on demand, so counting needs no interlocked
/// operation), the scope that collects new arrays, and what the engine last complained about.
/// </summary>
internal sealed class ThreadContext
{
    private static readonly Lock Gate = new();
    private static readonly List<WeakReference<ThreadContext>> All = [];
    private static Counters retired;

    [ThreadStatic] private static ThreadContext? current;

    /// <summary>Calls of engine functions made by this thread.</summary>
    public long Crossings;

    /// <summary>Array handles this thread took over from the engine.</summary>
    public long Created;

    /// <summary>Array handles this thread gave back.</summary>
    public long Freed;

    /// <summary>The innermost scope, which collects the arrays made on this thread.</summary>
    public Scope? Scope;

    /// <summary>What the engine said about the call that just failed.</summary>
    public string? EngineMessage;

    /// <summary>What a user's function threw inside the engine, on its way out.</summary>
    public ExceptionDispatchInfo? Thrown;

    private bool isRetired;

    public record struct Counters(long Crossings, long Created, long Freed);

    public static ThreadContext Current => current ?? Register();

    /// <summary>The counters of all threads, living and gone.</summary>
    public static Counters Total()
    {
        lock (Gate)
        {
            var sum = retired;
            foreach (var reference in All)
            {
                if (reference.TryGetTarget(out var s) && !s.isRetired)
                {
                    sum = s.AddedTo(sum);
                }
            }

            return sum;
        }
    }

    private static ThreadContext Register()
    {
        var state = new ThreadContext();
        lock (Gate)
        {
            // Tracks resurrection: a state is counted until its finalizer has retired it.
            All.Add(new WeakReference<ThreadContext>(state, trackResurrection: true));
        }

        return current = state;
    }

    private Counters AddedTo(Counters sum) =>
        new(sum.Crossings + Volatile.Read(ref Crossings),
            sum.Created + Volatile.Read(ref Created),
            sum.Freed + Volatile.Read(ref Freed));

    ~ThreadContext()
    {
        lock (Gate)
        {
            retired = AddedTo(retired);
            isRetired = true;
            All.RemoveAll(r => !r.TryGetTarget(out var s) || s.isRetired);
        }
    }
}
