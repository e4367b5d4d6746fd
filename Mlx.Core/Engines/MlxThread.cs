using System.Runtime.ExceptionServices;
using Mlx.Core.Abi;

namespace Mlx.Core.Engines;

/// <summary>
/// The one thread that owns MLX's streams and compile caches. From MLX 0.31.2 on these
/// belong to the OS thread that made them, so evaluation, compiled calls and reads come here; so do
/// transforms, whose stack of running traces MLX keeps once for the process and unguarded. Graphs
/// are built anywhere. The caller waits, so its scope and its ambient stream can serve the work;
/// work that starts more work runs it in place. Our own engine needs none of this and runs
/// everything where it is called.
/// </summary>
internal static class MlxThread
{
    private const int StackBytes = 64 << 20;

    // A plain object, because the owning thread sleeps on it.
    private static readonly object Sleep = new();
    private static readonly Queue<Job> Jobs = new();

    // A hop costs a microsecond while both sides spin, five and more when one sleeps; so both spin
    // for a little (some 5 us; more would starve a busy machine) before they do.
    private static readonly int Spins = Environment.ProcessorCount > 1 ? 100 : 0;

    private static bool started;
    private static bool asleep;
    private static volatile int waiting;

    [ThreadStatic] private static bool isOwner;

    /// <summary>True where engine work may run in place.</summary>
    public static bool IsHere => isOwner || !Engine.IsMlx;

    /// <summary>
    /// Runs the work on the owning thread and waits; exceptions come out unchanged.
    /// </summary>
    public static void Run<T>(Action<T> work, T state)
    {
        if (IsHere)
        {
            work(state);
            return;
        }

        var job = Job<T>.OfThread ??= new Job<T>();
        job.Begin(work, state, isAwaited: true);
        Enqueue(job);
        job.Wait();
    }

    /// <summary>As the other, for work with an answer.</summary>
    public static TResult Run<T, TResult>(Func<T, TResult> work, T state)
    {
        if (IsHere)
        {
            return work(state);
        }

        var question = new Question<T, TResult>(work, state);
        Run(static q => q.Ask(), question);
        return question.Answer!;
    }

    /// <summary>Leaves work to the owning thread without waiting, as finalizers must.</summary>
    public static void Post<T>(Action<T> work, T state)
    {
        if (IsHere)
        {
            work(state);
            return;
        }

        var job = new Job<T>();
        job.Begin(work, state, isAwaited: false);
        Enqueue(job);
    }

    private static void Enqueue(Job job)
    {
        lock (Sleep)
        {
            if (!started)
            {
                started = true;
                new Thread(Loop, StackBytes) { IsBackground = true, Name = "MLX" }.Start();
            }

            Jobs.Enqueue(job);
            waiting = Jobs.Count;
            if (asleep)
            {
                Monitor.Pulse(Sleep);
            }
        }
    }

    private static void Loop()
    {
        isOwner = true;
        while (true)
        {
            for (var i = 0; i < Spins && waiting == 0; i++)
            {
                Thread.SpinWait(1);
            }

            Job job;
            lock (Sleep)
            {
                while (Jobs.Count == 0)
                {
                    asleep = true;
                    Monitor.Wait(Sleep);
                    asleep = false;
                }

                job = Jobs.Dequeue();
                waiting = Jobs.Count;
            }

            job.Execute();
        }
    }

    private sealed class Question<T, TResult>(Func<T, TResult> work, T state)
    {
        public TResult? Answer { get; private set; }

        public void Ask() => Answer = work(state);
    }

    private abstract class Job
    {
        private readonly ManualResetEventSlim done = new(initialState: false, spinCount: 0);
        private Scope? scope;
        private ExecutionContext? context;
        private ExceptionDispatchInfo? error;

        // Who does not wait may leave the scope before the work runs.
        protected void Capture(bool isAwaited)
        {
            done.Reset();
            error = null;
            scope = isAwaited ? ThreadContext.Current.Scope : null;
            context = isAwaited ? ExecutionContext.Capture() : null;
        }

        public void Execute()
        {
            var state = ThreadContext.Current;
            var own = state.Scope;
            state.Scope = scope;
            try
            {
                if (context is null)
                {
                    Invoke();
                }
                else
                {
                    ExecutionContext.Run(context, static job => ((Job)job!).Invoke(), this);
                }
            }
            catch (Exception e)
            {
                error = ExceptionDispatchInfo.Capture(e);
            }
            finally
            {
                state.Scope = own;
                (scope, context) = (null, null);
                done.Set();
            }
        }

        public void Wait()
        {
            for (var i = 0; i < Spins && !done.IsSet; i++)
            {
                Thread.SpinWait(1);
            }

            done.Wait();
            var e = error;
            error = null;
            e?.Throw();
        }

        protected abstract void Invoke();
    }

    private sealed class Job<T> : Job
    {
        /// <summary>A waiting thread has one job at a time, so it keeps the object.</summary>
        [ThreadStatic] public static Job<T>? OfThread;

        private Action<T>? work;
        private T? state;

        public void Begin(Action<T> newWork, T newState, bool isAwaited)
        {
            (work, state) = (newWork, newState);
            Capture(isAwaited);
        }

        protected override void Invoke()
        {
            var (w, s) = (work!, state!);
            (work, state) = (null, default);
            w(s);
        }
    }
}
