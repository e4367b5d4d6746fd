using System.Runtime.CompilerServices;

namespace Mlx.Cpu.Threading;

/// <summary>
/// The fork-join loop that every parallel kernel is written with.
/// </summary>
/// <remarks>
/// <para>
/// The caller takes part, and threads claim chunks from a shared counter: large ones first, then
/// ever smaller ones, so that they finish together. Nothing waits for a thread that never came:
/// on a machine with busy neighbours the caller just does more of the work itself.
/// </para>
/// <para>
/// A call from inside a body, and a call while another thread's loop holds the workers, runs on
/// the calling thread. So loops nest and mix freely and can never deadlock.
/// </para>
/// </remarks>
internal static class ParallelFor
{
    /// <summary>How many threads a loop may use, the caller included.</summary>
    /// <remarks>Tests and benchmarks lower it; it never exceeds the workers there are.</remarks>
    public static int Degree
    {
        get => Volatile.Read(ref field);
        set => Volatile.Write(ref field, Math.Clamp(value, 1, WorkerPool.ThreadCount));
    } = WorkerPool.ThreadCount;

    /// <summary>How many threads a loop started here and now would be given at most.</summary>
    public static int AvailableDegree => WorkerPool.IsInsideLoop ? 1 : Degree;

    /// <summary>
    /// Runs <paramref name="body"/> over the indices below <paramref name="count"/>, in chunks
    /// that start at multiples of <paramref name="grain"/>.
    /// </summary>
    /// <param name="count">How many indices there are; nothing runs when it is not positive.
    /// </param>
    /// <param name="grain">The fewest indices worth handing to another thread: some five
    /// microseconds of work. A loop no longer than this is a plain call.</param>
    /// <param name="body">The loop body. It is passed by value and shared by the threads in
    /// place; what it computes leaves it through pointers it holds.</param>
    /// <exception cref="Exception">The first exception a chunk threw, after every thread has
    /// left the loop; chunks not yet started by then are skipped.</exception>
    public static unsafe void Run<TBody>(long count, long grain, TBody body)
        where TBody : struct, IRangeBody
    {
        int degree;
        if (count <= grain || (degree = AvailableDegree) == 1 || !WorkerPool.TryAcquire())
        {
            if (count > 0)
            {
                body.Run(0, count);
            }

            return;
        }

        // The body is this frame's own copy: it cannot move, and whatever objects it refers to
        // are kept alive by this frame until every thread has left.
        WorkerPool.RunAndRelease(
            new Loop(
                &Invoke<TBody>, Unsafe.AsPointer(ref body), count, Math.Max(grain, 1), degree));
    }

    private static unsafe void Invoke<TBody>(void* body, long start, long end)
        where TBody : struct, IRangeBody =>
        Unsafe.AsRef<TBody>(body).Run(start, end);
}
