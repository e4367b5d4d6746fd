using System.Runtime.CompilerServices;
using Mlx.Core.Abi;

namespace Mlx.Core;

/// <summary>
/// Runs a function on shapes and dtypes alone: in a trace, so that nothing is computed and no array
/// owns memory, and past the shapes that do not fit, so that all of them are told at once.
/// </summary>
/// <remarks>
/// Where an op refuses its operands, the check notes it and, if the op leaves no doubt about the
/// shape that was meant (elementwise ops, matrix products, norms, attention), goes on with that
/// shape. Elsewhere it ends there. So the first mismatch is a fact, and a later one may be a
/// consequence of an earlier. Values are not looked at: an index out of range is not found.
/// </remarks>
public sealed class ShapeCheck
{
    // Checks under way in the process: what every call looks at, so that it costs nothing else.
    private static int active;

    [ThreadStatic] private static ShapeCheck? current;

    private readonly IReadOnlyList<string> names;
    private readonly Func<MlxArray[], MlxArray[]> function;
    private readonly List<(MlxArray Array, Scope? Scope)> held = [];
    private readonly Dictionary<MlxArray, string[]> origins =
        new(ReferenceEqualityComparer.Instance);
    private readonly List<ShapeMismatch> mismatches = [];
    private (int[] Shape, DType DType)[]? outputs;
    private Exception? noted;

    private ShapeCheck(IReadOnlyList<string> names, Func<MlxArray[], MlxArray[]> function) =>
        (this.names, this.function) = (names, function);

    internal static bool IsActive
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Volatile.Read(ref active) != 0;
    }

    /// <summary>Checks a function.</summary>
    /// <param name="function">Runs once; what it makes is freed.</param>
    /// <param name="names">What mismatches call the arguments.</param>
    /// <param name="arguments">Give shapes and dtypes; they are not computed.</param>
    /// <exception cref="ArgumentException">There are more or fewer names than arguments.</exception>
    public static ShapeReport Run(
        Func<MlxArray[], MlxArray[]> function,
        IReadOnlyList<string> names,
        params ReadOnlySpan<MlxArray> arguments)
    {
        ArgumentNullException.ThrowIfNull(function);
        ArgumentNullException.ThrowIfNull(names);
        if (names.Count != arguments.Length)
        {
            throw new ArgumentException(
                $"{names.Count} names were given for {arguments.Length} arguments", nameof(names));
        }

        var check = new ShapeCheck(names, function);
        using var traced = new CompiledFunction(check.Traced);
        try
        {
            foreach (var made in traced.Apply(arguments))
            {
                made.Dispose();
            }
        }
        catch (Done)
        {
            // All is known: there is nothing to compile.
        }

        return new ShapeReport(check.outputs, check.mismatches);
    }

    /// <summary>An op begins to use an operand.</summary>
    internal static void Use(MlxArray array) =>
        current?.held.Add((array, ThreadContext.Current.Scope));

    /// <summary>An op is done with an operand.</summary>
    internal static void EndUse(MlxArray array)
    {
        if (current is { } check)
        {
            var at = check.held.FindLastIndex(x => ReferenceEquals(x.Array, array));
            if (at >= 0)
            {
                check.held.RemoveAt(at);
            }
        }
    }

    /// <summary>An op made an array: it comes from where its operands come from.</summary>
    internal static void Make(MlxArray array)
    {
        if (current is { } check)
        {
            check.origins[array] = [.. check.Operands().SelectMany(check.OriginsOf).Distinct()];
        }
    }

    /// <summary>An op failed: notes it and answers what it would have made, if that is clear.</summary>
    internal static MlxArray? Recover(string op)
    {
        if (current is not { } check)
        {
            return null;
        }

        var operands = check.Operands();
        var likely = LikelyShapes.Of(op, [.. operands.Select(a => a.Shape.ToArray())]);
        var failure = Result.Exception(op);
        check.Note(failure, operands, isLast: likely is null);
        if (likely is null)
        {
            check.noted = failure;
            throw failure;
        }

        var dtype = operands.Select(a => a.DType).Aggregate(DTypes.Promote);
        var made = Ops.Zeros(likely, dtype);
        check.origins[made] = [.. operands.SelectMany(check.OriginsOf).Distinct()];
        return made;
    }

    private MlxArray[] Traced(MlxArray[] arguments)
    {
        for (var i = 0; i < arguments.Length; i++)
        {
            origins[arguments[i]] = [names[i]];
        }

        Interlocked.Increment(ref active);
        var outer = current;
        current = this;
        try
        {
            var made = function(arguments);
            outputs = [.. made.Select(a => (a.Shape.ToArray(), a.DType))];
        }
        catch (Exception e) when (e is MlxException or ArgumentException)
        {
            if (!ReferenceEquals(e, noted))
            {
                Note(e, [], isLast: true);
            }
        }
        finally
        {
            current = outer;
            Interlocked.Decrement(ref active);
        }

        throw new Done();
    }

    private void Note(Exception e, MlxArray[] operands, bool isLast)
    {
        var (op, message) = e is MlxException x
            ? (x.Function, x.EngineMessage)
            : ("", e.Message);
        mismatches.Add(new ShapeMismatch(
            op.Replace("mlx_", "", StringComparison.Ordinal),
            message.StartsWith("[eval]", StringComparison.Ordinal)
                ? "the function reads values, and a check of shapes has none"
                : message,
            [.. operands.Select(a => new ShapeOperand(a.Shape.ToArray(), OriginsOf(a)))],
            isLast));
    }

    /// <summary>
    /// The operands of the op at hand: those in use, but not what a call around this one uses.
    /// </summary>
    private MlxArray[] Operands()
    {
        var scope = ThreadContext.Current.Scope;
        return [.. held.Where(x => x.Scope == scope).Select(x => x.Array)];
    }

    private string[] OriginsOf(MlxArray array) => origins.TryGetValue(array, out var o) ? o : [];

    /// <summary>Leaves the trace, which has told all it can.</summary>
    private sealed class Done : Exception;
}
