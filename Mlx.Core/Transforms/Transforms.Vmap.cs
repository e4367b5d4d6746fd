using Mlx.Core.Abi;
using Mlx.Core.Engines;

namespace Mlx.Core;

public static unsafe partial class Transforms
{
    // How the engine writes "not mapped".
    private const int None = -1;

    /// <summary>
    /// The function over one more axis of its arguments, as if called for each slice and stacked,
    /// but in one go (<c>mlx.core.vmap</c>).
    /// </summary>
    /// <param name="function">A function of slices.</param>
    /// <param name="inAxes">
    /// Where each argument carries the axis, null for one that is shared; all the first when
    /// absent.
    /// </param>
    /// <param name="outAxes">Where each output carries it; all the first when absent.</param>
    public static Func<MlxArray[], MlxArray[]> Vmap(
        Func<MlxArray[], MlxArray[]> function, int?[]? inAxes = null, int?[]? outAxes = null)
    {
        return Vmap(function, inAxes, () => outAxes);
    }

    /// <summary>As the other, for places that are known when the function has run.</summary>
    internal static Func<MlxArray[], MlxArray[]> Vmap(
        Func<MlxArray[], MlxArray[]> function, int?[]? inAxes, Func<int?[]?> outAxes)
    {
        ArgumentNullException.ThrowIfNull(function);
        return xs => MlxThread.Run(Mapped, (new Closure(function), xs, inAxes, outAxes));
    }

    /// <summary>As the other, for one array and its first axis (<c>mlx.core.vmap</c>).</summary>
    public static Func<MlxArray, MlxArray> Vmap(
        Func<MlxArray, MlxArray> function, int inAxis = 0, int outAxis = 0)
    {
        var f = Vmap(Listed(function), [inAxis], [outAxis]);
        return x => f([x])[0];
    }

    private static MlxArray[] Mapped(
        (Closure F, MlxArray[] Inputs, int?[]? InAxes, Func<int?[]?> OutAxes) x)
    {
        using var f = x.F;
        using var use = f.Handle.Acquire();
        using var inputs = new PinnedVector(x.Inputs);
        var inAxes = Places(x.InAxes, x.Inputs.Length, "inAxes", i => x.Inputs[i].NDim);
        mlx_vector_array tracedIn = default;
        mlx_vector_array tracedOut = default;
        try
        {
            fixed (int* ins = inAxes)
            {
                var status = Native.mlx_detail_vmap_trace(
                    &tracedIn,
                    &tracedOut,
                    Closure.Of(use),
                    inputs.Handle,
                    ins,
                    (nuint)inAxes.Length);
                Result.Check(status, nameof(Native.mlx_detail_vmap_trace));
                var outAxes = OutPlaces(x.OutAxes(), tracedOut);
                fixed (int* outs = outAxes)
                {
                    mlx_vector_array result = default;
                    status = Native.mlx_detail_vmap_replace(
                        &result,
                        inputs.Handle,
                        tracedIn,
                        tracedOut,
                        ins,
                        (nuint)inAxes.Length,
                        outs,
                        (nuint)outAxes.Length);
                    return Result.Arrays(status, result, nameof(Native.mlx_detail_vmap_replace));
                }
            }
        }
        finally
        {
            _ = Native.mlx_vector_array_free(tracedIn);
            _ = Native.mlx_vector_array_free(tracedOut);
        }
    }

    private static int[] OutPlaces(int?[]? axes, mlx_vector_array traced)
    {
        var outputs = Result.Elements(traced);
        try
        {
            // An output of the trace has not got the mapped axis yet.
            return Places(axes, outputs.Length, "outAxes", i => outputs[i].NDim + 1);
        }
        finally
        {
            Array.ForEach(outputs, static o => o.Dispose());
        }
    }

    private static int[] Places(int?[]? axes, int count, string name, Func<int, int> rank)
    {
        if (axes is not null && axes.Length != count)
        {
            throw new ArgumentException(
                $"Vmap: {axes.Length} axes were given for {count} arrays", name);
        }

        var places = new int[count];
        for (var i = 0; i < count; i++)
        {
            var n = rank(i);
            var axis = axes is null ? 0 : axes[i];
            places[i] = axis switch
            {
                null => None,
                { } a when a >= -n && a < n => a < 0 ? a + n : a,
                { } a => throw new ArgumentException(
                    $"Vmap: array {i} has {n} axes, not one at {a}", name),
            };
        }

        return places;
    }
}
