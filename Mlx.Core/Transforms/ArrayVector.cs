using Mlx.Core.Abi;
using Mlx.Core.Engines;

namespace Mlx.Core;

/// <summary>
/// A list of arrays on the engine's side. A training step keeps parameters and optimizer state in
/// one, so that a step costs a constant number of calls however many arrays there are; they become
/// <see cref="MlxArray"/>s only when looked at. Not collected by scopes; used by one thread at a
/// time.
/// </summary>
public sealed unsafe class ArrayVector : IDisposable
{
    private readonly VectorHandle owner;

    // Known as long as no function has replaced the contents; -1 otherwise.
    private int count = -1;

    /// <summary>A list of the given arrays.</summary>
    public ArrayVector(params ReadOnlySpan<MlxArray> arrays)
    {
        var v = Native.mlx_vector_array_new();
        owner = new VectorHandle(v.ctx);
        Append(arrays);
    }

    internal ArrayVector(mlx_vector_array vector) => owner = new VectorHandle(vector.ctx);

    /// <summary>How many arrays there are.</summary>
    public int Count
    {
        get
        {
            using var use = owner.Acquire();
            return count >= 0 ? count : count = (int)Native.mlx_vector_array_size(Of(use));
        }
    }

    /// <summary>One of the arrays; see <see cref="Get"/>.</summary>
    public MlxArray this[int index] => Get(index);

    /// <summary>One of the arrays, as a new handle.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such element.</exception>
    public MlxArray Get(int index)
    {
        using var use = owner.Acquire();
        mlx_array a = default;
        try
        {
            ArgumentOutOfRangeException.ThrowIfNegative(index);
            var status = Native.mlx_vector_array_get(&a, Of(use), (nuint)index);
            return Result.Array(status, a, nameof(Native.mlx_vector_array_get));
        }
        catch (MlxException) when (index >= Count)
        {
            // Asking beforehand would be one more call for each element of a long loop.
            throw new ArgumentOutOfRangeException(
                nameof(index), index, $"the vector has {Count} elements");
        }
    }

    /// <summary>All the arrays, as new handles.</summary>
    public MlxArray[] ToArray()
    {
        using var use = owner.Acquire();
        return Result.Elements(Of(use));
    }

    /// <summary>Adds an array at the end.</summary>
    public void Append(MlxArray array)
    {
        using var use = owner.Acquire();
        using var pin = new Pin(array);
        count = -1;
        var status = Native.mlx_vector_array_append_value(Of(use), pin.Handle);
        Result.Check(status, nameof(Native.mlx_vector_array_append_value));
    }

    /// <summary>Adds arrays at the end, all in one call.</summary>
    public void Append(ReadOnlySpan<MlxArray> arrays)
    {
        if (arrays.IsEmpty)
        {
            return;
        }

        using var use = owner.Acquire();
        using var pins = new Pins(arrays);
        count = -1;
        fixed (mlx_array* data = pins.Handles)
        {
            var status = Native.mlx_vector_array_append_data(Of(use), data, (nuint)arrays.Length);
            Result.Check(status, nameof(Native.mlx_vector_array_append_data));
        }
    }

    /// <summary>
    /// Keeps the first <paramref name="length"/> arrays; costs calls in their number.
    /// </summary>
    public void Truncate(int length)
    {
        var all = ToArray();
        try
        {
            ArgumentOutOfRangeException.ThrowIfNegative(length);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(length, all.Length);
            using var use = owner.Acquire();
            using var pins = new Pins(all.AsSpan(0, length));
            var v = Of(use);
            count = -1;
            fixed (mlx_array* data = pins.Handles)
            {
                var status = Native.mlx_vector_array_set_data(&v, data, (nuint)length);
                Result.Check(status, nameof(Native.mlx_vector_array_set_data));
            }

            owner.Replace(v.ctx);
        }
        finally
        {
            Array.ForEach(all, static a => a.Dispose());
        }
    }

    /// <summary>Computes all the arrays in one go.</summary>
    public void Eval()
    {
        using var use = owner.Acquire();
        MlxThread.Run(MlxArray.EvalVectorHere, Of(use));
    }

    /// <summary>Starts to compute all the arrays and returns.</summary>
    public void AsyncEval()
    {
        using var use = owner.Acquire();
        MlxThread.Run(
            static v => Result.Check(Native.mlx_async_eval(v), nameof(Native.mlx_async_eval)),
            Of(use));
    }

    /// <summary>Gives the list back; its arrays live on where they have handles.</summary>
    public void Dispose() => owner.Dispose();

    /// <summary>The result of a function over this list.</summary>
    internal ArrayVector Apply(mlx_closure f)
    {
        using var use = owner.Acquire();
        return MlxThread.Run(
            static x =>
            {
                mlx_vector_array result = default;
                var status = Native.mlx_closure_apply(&result, x.f, x.Input);
                Result.Check(status, nameof(Native.mlx_closure_apply));
                return new ArrayVector(result);
            },
            (f, Input: Of(use)));
    }

    /// <summary>
    /// Appends, replaces the contents by the result of a function, and evaluates it.
    /// </summary>
    internal void Step(mlx_closure f, ReadOnlySpan<MlxArray> extra, bool evaluate)
    {
        using var use = owner.Acquire();
        Append(extra);
        var call = new StepCall(f, evaluate);
        try
        {
            MlxThread.Run(static x => x.Vector.StepHere(x.call), (Vector: this, call));
        }
        catch when (!call.IsReplaced && !extra.IsEmpty)
        {
            // What was appended belongs to the call that failed; the next one brings its own.
            Truncate(Count - extra.Length);
            throw;
        }
    }

    private static mlx_vector_array Of(EngineHandle.Use use) => new() { ctx = use.Handle };

    private void StepHere(StepCall call)
    {
        // The engine assigns the result after the call, so one vector can be argument and result;
        // the old elements go before the new ones are computed, which lets their memory be reused.
        var v = new mlx_vector_array { ctx = owner.DangerousGetHandle() };
        var status = Native.mlx_closure_apply(&v, call.Function, v);
        Result.Check(status, nameof(Native.mlx_closure_apply));
        owner.Replace(v.ctx);
        count = -1;
        call.IsReplaced = true;
        if (call.Evaluate)
        {
            MlxArray.EvalVectorHere(v);
        }
    }

    private sealed class StepCall(mlx_closure function, bool evaluate)
    {
        public mlx_closure Function => function;

        public bool Evaluate => evaluate;

        public bool IsReplaced { get; set; }
    }

    private sealed class VectorHandle(nint handle) : EngineHandle(handle)
    {
        // Assigning a vector may move it, which frees the old handle.
        public void Replace(nint moved) => SetHandle(moved);

        protected override void Free(nint h) =>
            _ = Native.mlx_vector_array_free(new mlx_vector_array { ctx = h });
    }
}
