using System.Diagnostics;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace Mlx.Cpu.Threading;

/// <summary>One parallel loop as the workers see it.</summary>
internal readonly unsafe struct Loop(
    delegate*<void*, long, long, void> invoke, void* body, long count, long grain, int degree)
{
    public readonly delegate*<void*, long, long, void> Invoke = invoke;
    public readonly void* Body = body;
    public readonly long Count = count;
    public readonly long Grain = grain;
    public readonly int Degree = degree;

    /// <summary>
    /// Claims the next chunk: an eighth of a thread's share of what is left, in whole grains.
    /// A thread that starts late or is preempted then costs little, and the last chunks, for
    /// which the others wait, are single grains.
    /// </summary>
    public bool TryClaim(ref long next, out long start, out long end)
    {
        start = Volatile.Read(ref next);
        while (start < Count)
        {
            long chunk = (Count - start) / (8L * Degree) / Grain * Grain;
            end = Math.Min(start + Math.Max(chunk, Grain), Count);
            long seen = Interlocked.CompareExchange(ref next, end, start);
            if (seen == start)
            {
                return true;
            }

            start = seen;
        }

        end = start;
        return false;
    }
}

/// <summary>
/// The process's worker threads and the one loop they share.
/// </summary>
/// <remarks>
/// <para>
/// A loop is opened, worked on, closed. A worker counts itself in before it reads the loop and
/// out when no chunk is left; the opener closes the gate and waits only for those inside. Both
/// facts, open and how many are inside, live in one word, so neither can be missed.
/// </para>
/// <para>
/// Between loops a worker spins for <see cref="SpinMicroseconds"/> at a time, which catches the next
/// phase of the same kernel within a microsecond, and gives way in between, so that a busy
/// neighbour loses little. After <see cref="AwakeMicroseconds"/> without a loop it sleeps until it
/// is called, and an idle process uses no processor time. Sleeping sooner costs more than the call:
/// schedulers that pack threads, as those of virtual machines may, wake it on the caller's own
/// processor, and it takes milliseconds of work until they part the two again.
/// </para>
/// </remarks>
internal static unsafe class WorkerPool
{
    private const int SpinMicroseconds = 20;
    private const int AwakeMicroseconds = 2000;
    private const int Open = 1 << 30;

    /// <summary>
    /// The shared words, each on cache lines of its own (128 bytes: processors fetch lines in
    /// pairs), since some are polled while others are hammered.
    /// </summary>
    [StructLayout(LayoutKind.Explicit, Size = 640)]
    private struct Shared
    {
        [FieldOffset(128)] public int Generation;
        [FieldOffset(256)] public int Gate;
        [FieldOffset(384)] public long Next;
        [FieldOffset(512)] public int Owned;
    }

    private static readonly object Bell = new();
    private static Shared s_shared;
    private static Loop s_loop;
    private static int s_seats;
    private static int s_asleep;
    private static bool s_started;
    private static Exception? s_failure;

    [ThreadStatic]
    private static bool t_insideLoop;

    /// <summary>
    /// MLX_CPU_THREADS where it is a positive number, else the processors this process may use.
    /// </summary>
    public static int ThreadCount { get; } =
        int.TryParse(Environment.GetEnvironmentVariable("MLX_CPU_THREADS"), out int threads)
        && threads > 0
            ? Math.Min(threads, 1024)
            : Environment.ProcessorCount;

    /// <summary>Whether this thread is running a chunk now.</summary>
    public static bool IsInsideLoop => t_insideLoop;

    /// <summary>Takes the workers, unless another thread's loop has them.</summary>
    public static bool TryAcquire() =>
        Volatile.Read(ref s_shared.Owned) == 0
        && Interlocked.CompareExchange(ref s_shared.Owned, 1, 0) == 0;

    /// <summary>
    /// Runs a loop on the workers that <see cref="TryAcquire"/> took, and lets go of them.
    /// </summary>
    public static void RunAndRelease(in Loop loop)
    {
        ExceptionDispatchInfo? failure = null;
        try
        {
            StartWorkers();
            s_loop = loop;
            s_seats = loop.Degree - 1;
            s_shared.Next = 0;
            Interlocked.Add(ref s_shared.Gate, Open);
            Interlocked.Increment(ref s_shared.Generation);
            CallSleepers((int)Math.Min(loop.Degree - 1, (loop.Count - 1) / loop.Grain));
            WorkOn();
            Interlocked.Add(ref s_shared.Gate, -Open);
            WaitUntilEmpty();
            if (s_failure is not null)
            {
                failure = ExceptionDispatchInfo.Capture(s_failure);
                s_failure = null;
            }
        }
        finally
        {
            Volatile.Write(ref s_shared.Owned, 0);
        }

        failure?.Throw();
    }

    /// <summary>Claims and runs chunks until none is left. Never throws.</summary>
    private static void WorkOn()
    {
        t_insideLoop = true;
        Loop loop = s_loop;
        try
        {
            while (loop.TryClaim(ref s_shared.Next, out long start, out long end))
            {
                loop.Invoke(loop.Body, start, end);
            }
        }
        catch (Exception failure)
        {
            Interlocked.CompareExchange(ref s_failure, failure, null);
            Volatile.Write(ref s_shared.Next, loop.Count);
        }
        finally
        {
            t_insideLoop = false;
        }
    }

    /// <summary>
    /// Waits for the workers inside. One that was preempted in mid-chunk may take a scheduler's
    /// slice to return, so after a short spin this gives way to it.
    /// </summary>
    private static void WaitUntilEmpty()
    {
        long start = Stopwatch.GetTimestamp();
        while (Volatile.Read(ref s_shared.Gate) != 0)
        {
            if (!SpinFor(start))
            {
                Thread.Yield();
            }
        }
    }

    private static void WorkerMain()
    {
        int seen = 0;
        while (true)
        {
            long idle = Stopwatch.GetTimestamp();
            long spin = idle;
            int generation;
            while ((generation = Volatile.Read(ref s_shared.Generation)) == seen)
            {
                if (SpinFor(spin))
                {
                    continue;
                }

                Thread.Yield();
                spin = Stopwatch.GetTimestamp();
                if (spin - idle > Stopwatch.Frequency / 1_000_000 * AwakeMicroseconds)
                {
                    Sleep(seen);
                }
            }

            seen = generation;
            if (Interlocked.Increment(ref s_shared.Gate) > Open
                && Interlocked.Decrement(ref s_seats) >= 0)
            {
                WorkOn();
            }

            Interlocked.Decrement(ref s_shared.Gate);
        }
    }

    /// <summary>Pauses a moment; false once the spinning time since start is over.</summary>
    private static bool SpinFor(long start)
    {
        Thread.SpinWait(4);
        return (Stopwatch.GetTimestamp() - start) * (1_000_000 / SpinMicroseconds)
            < Stopwatch.Frequency;
    }

    /// <summary>
    /// Sleeps until called. The sleeper counts itself before it looks at the generation again,
    /// and the opener raises the generation before it looks at the count, so no call is lost.
    /// </summary>
    private static void Sleep(int seen)
    {
        lock (Bell)
        {
            Interlocked.Increment(ref s_asleep);
            while (Volatile.Read(ref s_shared.Generation) == seen)
            {
                Monitor.Wait(Bell);
            }

            Interlocked.Decrement(ref s_asleep);
        }
    }

    private static void CallSleepers(int wanted)
    {
        if (Volatile.Read(ref s_asleep) == 0)
        {
            return;
        }

        lock (Bell)
        {
            for (int i = Math.Min(wanted, s_asleep); i > 0; i--)
            {
                Monitor.Pulse(Bell);
            }
        }
    }

    private static void StartWorkers()
    {
        if (s_started)
        {
            return;
        }

        s_started = true;
        for (int i = 1; i < ThreadCount; i++)
        {
            new Thread(WorkerMain) { IsBackground = true, Name = $"mlx-cpu-{i}" }.Start();
        }
    }
}
