using System.Collections.Concurrent;

namespace Mlx.Cpu.Graph;

/// <summary>
/// Evaluates on a thread of its own, in order of arrival. A failure is not lost: the nodes stay
/// unevaluated, so whoever reads them runs into it again.
/// </summary>
internal static class AsyncEvaluator
{
    private static readonly BlockingCollection<Node[]> Queue = [];
    private static readonly Lock Starting = new();
    private static Thread? worker;
    private static long submitted;
    private static long done;

    public static void Submit(Node[] roots)
    {
        var held = new Held(roots);
        lock (Starting)
        {
            if (worker is null)
            {
                worker = new Thread(Work) { IsBackground = true, Name = "mlx async eval" };
                worker.Start();
            }

            submitted++;
        }

        Queue.Add(held.Nodes);
    }

    /// <summary>Waits until everything submitted so far has been evaluated.</summary>
    public static void Drain()
    {
        var target = Interlocked.Read(ref submitted);
        lock (Queue)
        {
            while (done < target)
            {
                Monitor.Wait(Queue);
            }
        }
    }

    private static void Work()
    {
        foreach (var roots in Queue.GetConsumingEnumerable())
        {
            try
            {
                Evaluator.Eval(roots);
            }
            catch
            {
                // Read again where somebody can be told.
            }

            foreach (var n in roots)
            {
                n.Release();
            }

            // This thread now waits for work with the array still on its stack.
            Array.Clear(roots);

            lock (Queue)
            {
                done++;
                Monitor.PulseAll(Queue);
            }
        }
    }
}
