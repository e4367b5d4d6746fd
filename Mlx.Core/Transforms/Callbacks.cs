using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Mlx.Core.Abi;

namespace Mlx.Core;

/// <summary>The derivative of a custom function: one cotangent for each primal.</summary>
/// <param name="primals">The arguments.</param>
/// <param name="cotangents">One for each output.</param>
/// <param name="outputs">What the function gave.</param>
public delegate MlxArray[] VjpRule(MlxArray[] primals, MlxArray[] cotangents, MlxArray[] outputs);

/// <summary>The forward derivative of a custom function: one tangent for each output.</summary>
/// <param name="primals">The arguments.</param>
/// <param name="tangents">One for each argument in <paramref name="argNums"/>.</param>
/// <param name="argNums">The arguments that have a tangent.</param>
public delegate MlxArray[] JvpRule(MlxArray[] primals, MlxArray[] tangents, int[] argNums);

/// <summary>A custom function over one more axis: the outputs, and where they carry it.</summary>
/// <param name="inputs">The arguments.</param>
/// <param name="axes">Where each carries the axis; -1 for not at all.</param>
public delegate (MlxArray[] Outputs, int[] Axes) VmapRule(MlxArray[] inputs, int[] axes);

/// <summary>
/// What the engine calls back: runs a user's function in a scope of its own. Nothing is thrown
/// across C; an exception is put by and its status sends the engine back to our caller, who
/// rethrows it.
/// </summary>
internal static unsafe class Callbacks
{
    private static int live;

    /// <summary>Functions the engine still holds.</summary>
    public static int LiveCount => Volatile.Read(ref live);

    /// <summary>
    /// A payload for the engine, which gives it back to <see cref="FreePayload"/>.
    /// </summary>
    public static void* Payload(Delegate f)
    {
        ArgumentNullException.ThrowIfNull(f);
        Interlocked.Increment(ref live);
        return (void*)GCHandle.ToIntPtr(GCHandle.Alloc(f));
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static void FreePayload(void* payload)
    {
        GCHandle.FromIntPtr((nint)payload).Free();
        Interlocked.Decrement(ref live);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static int Function(mlx_vector_array* result, mlx_vector_array inputs, void* payload)
    {
        try
        {
            using var scope = Scope.Enter();
            var f = Target<Func<MlxArray[], MlxArray[]>>(payload);
            Return(result, f(Result.Elements(inputs)), "function");
            return 0;
        }
        catch (Exception e)
        {
            return PutBy(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static int Named(
        mlx_vector_array* result,
        mlx_vector_array inputs,
        mlx_map_string_to_array named,
        void* payload)
    {
        try
        {
            using var scope = Scope.Enter();
            var f = Target<NamedFunction>(payload);
            Return(result, f(Result.Elements(inputs), NamedArrays.Read(named)), "function");
            return 0;
        }
        catch (Exception e)
        {
            return PutBy(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static int Vjp(
        mlx_vector_array* result,
        mlx_vector_array primals,
        mlx_vector_array cotangents,
        mlx_vector_array outputs,
        void* payload)
    {
        try
        {
            using var scope = Scope.Enter();
            var rule = Target<VjpRule>(payload);
            var r = rule(
                Result.Elements(primals), Result.Elements(cotangents), Result.Elements(outputs));
            Return(result, r, "vjp rule");
            return 0;
        }
        catch (Exception e)
        {
            return PutBy(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static int Jvp(
        mlx_vector_array* result,
        mlx_vector_array primals,
        mlx_vector_array tangents,
        int* argNums,
        nuint count,
        void* payload)
    {
        try
        {
            using var scope = Scope.Enter();
            var numbers = new ReadOnlySpan<int>(argNums, (int)count).ToArray();
            var r = Target<JvpRule>(payload)(
                Result.Elements(primals), Result.Elements(tangents), numbers);
            Return(result, r, "jvp rule");
            return 0;
        }
        catch (Exception e)
        {
            return PutBy(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static int Vmap(
        mlx_vector_array* result,
        mlx_vector_int* resultAxes,
        mlx_vector_array inputs,
        int* axes,
        nuint count,
        void* payload)
    {
        try
        {
            using var scope = Scope.Enter();
            var numbers = new ReadOnlySpan<int>(axes, (int)count).ToArray();
            var (outputs, places) = Target<VmapRule>(payload)(Result.Elements(inputs), numbers);
            Return(result, outputs, "vmap rule");
            fixed (int* p = places)
            {
                var status = Native.mlx_vector_int_set_data(resultAxes, p, (nuint)places.Length);
                Result.Check(status, nameof(Native.mlx_vector_int_set_data));
            }

            return 0;
        }
        catch (Exception e)
        {
            return PutBy(e);
        }
    }

    private static T Target<T>(void* payload) where T : Delegate =>
        (T)GCHandle.FromIntPtr((nint)payload).Target!;

    private static void Return(mlx_vector_array* result, MlxArray[]? outputs, string what)
    {
        if (outputs is null || Array.Exists(outputs, static a => a is null))
        {
            throw new InvalidOperationException($"The {what} returned null where an array is due.");
        }

        using var vector = new PinnedVector(outputs);
        var status = Native.mlx_vector_array_set(result, vector.Handle);
        Result.Check(status, nameof(Native.mlx_vector_array_set));
    }

    private static int PutBy(Exception e)
    {
        ThreadContext.Current.Thrown = ExceptionDispatchInfo.Capture(e);
        return 1;
    }
}
