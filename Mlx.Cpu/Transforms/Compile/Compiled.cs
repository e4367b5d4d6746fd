using Mlx.Cpu.Abi;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Transforms.Compile;

/// <summary>What <c>mlx_set_compile_mode</c> chooses.</summary>
internal enum CompileMode
{
    Disabled,
    NoSimplify,
    NoFuse,
    Enabled,
}

/// <summary>
/// A function that is traced once for each signature (count, shapes and dtypes of its arguments)
/// and from then on runs as one primitive over a plan.
/// </summary>
internal sealed class Compiled(Function function) : IDisposable
{
    private readonly Dictionary<Signature, CompiledCall> calls = [];
    private readonly Lock gate = new();

    [ThreadStatic] private static int inlining;

    public static CompileMode Mode { get; set; } =
        Environment.GetEnvironmentVariable("MLX_DISABLE_COMPILE") is null
            ? CompileMode.Enabled
            : CompileMode.Disabled;

    /// <summary>
    /// Compiled functions called in here contribute their graph instead of a call, so that the
    /// function being traced is planned as a whole.
    /// </summary>
    public static InliningScope Inlining()
    {
        inlining++;
        return default;
    }

    public readonly ref struct InliningScope
    {
        public void Dispose() => inlining--;
    }

    public Held Call(Node[] arguments)
    {
        if (Mode == CompileMode.Disabled || inlining > 0)
        {
            return function(arguments);
        }

        return CallFor(arguments) is { } call
            ? new Held(call.On(arguments))
            : function(arguments);
    }

    public void Dispose()
    {
        lock (gate)
        {
            foreach (var c in calls.Values)
            {
                c.Dispose();
            }

            calls.Clear();
        }
    }

    /// <summary>
    /// The call for this signature, traced now if need be; null when the function captures an
    /// argument of a transform around it, which no cached trace could stand for.
    /// </summary>
    private CompiledCall? CallFor(Node[] arguments)
    {
        var signature = new Signature(arguments);
        lock (gate)
        {
            if (calls.TryGetValue(signature, out var known))
            {
                return known;
            }
        }

        // Outside the lock, because the user's function runs here and may call this one again.
        var trace = Compile.Trace.Of(function, arguments);
        if (Evaluator.IsTracing && Array.Exists(trace.Constants, c => c.IsTracer))
        {
            trace.Dispose();
            return null;
        }

        Evaluator.Eval(trace.Constants);
        var made = new CompiledCall(trace, Mode);
        lock (gate)
        {
            if (calls.TryAdd(signature, made))
            {
                return made;
            }

            made.Dispose();
            return calls[signature];
        }
    }

    /// <summary>Shapes and dtypes of a list of arguments, as one comparable value.</summary>
    private readonly struct Signature : IEquatable<Signature>
    {
        private readonly int[][] shapes;
        private readonly Dtype[] dtypes;
        private readonly int hash;

        public Signature(Node[] arguments)
        {
            shapes = new int[arguments.Length][];
            dtypes = new Dtype[arguments.Length];
            var h = new HashCode();
            for (var i = 0; i < arguments.Length; i++)
            {
                shapes[i] = arguments[i].Shape;
                dtypes[i] = arguments[i].Dtype;
                h.Add(dtypes[i]);
                foreach (var d in shapes[i])
                {
                    h.Add(d);
                }
            }

            hash = h.ToHashCode();
        }

        public bool Equals(Signature other)
        {
            if (hash != other.hash || shapes.Length != other.shapes.Length)
            {
                return false;
            }

            for (var i = 0; i < shapes.Length; i++)
            {
                if (dtypes[i] != other.dtypes[i] || !Shapes.Same(shapes[i], other.shapes[i]))
                {
                    return false;
                }
            }

            return true;
        }

        public override bool Equals(object? o) => o is Signature s && Equals(s);

        public override int GetHashCode() => hash;
    }
}
