using Mlx.Cpu.Transforms.Compile;

namespace Mlx.Cpu.Abi;

/// <summary>
/// compile.h for bindings that keep no closure between calls: traces are remembered under a
/// number that stands for the function, and constants that it closed over.
/// </summary>
internal static unsafe class DetailCompile
{
    private static readonly Dictionary<Key, Closure> Known = [];

    [RawExport("mlx_detail_compile")]
    public static void Compile(
        mlx_closure* result, mlx_closure f, nuint id, bool shapeless, ulong* constants,
        nuint count)
    {
        var key = new Key(id, new ReadOnlySpan<ulong>(constants, checked((int)count)).ToArray());
        lock (Known)
        {
            if (!Known.TryGetValue(key, out var known))
            {
                var inner = Closures.Get(f).Another();
                var compiled = new Compiled(inner.Function);
                known = new Closure(compiled.Call, Lifetime.Of(compiled, inner));
                Known[key] = known;
            }

            Closures.Set(result, known.Another());
        }
    }

    [RawExport("mlx_detail_compile_erase")]
    public static void Erase(nuint id) => Forget(k => k.Id == id);

    [RawExport("mlx_detail_compile_clear_cache")]
    public static void Clear() => Forget(_ => true);

    private static void Forget(Predicate<Key> which)
    {
        List<Closure> dropped = [];
        lock (Known)
        {
            foreach (var key in Known.Keys.Where(k => which(k)).ToArray())
            {
                Known.Remove(key, out var closure);
                dropped.Add(closure!);
            }
        }

        // Outside the lock: a user's destructor may run.
        dropped.ForEach(c => c.Dispose());
    }

    private readonly struct Key(nuint id, ulong[] constants) : IEquatable<Key>
    {
        private readonly ulong[] constants = constants;

        public nuint Id { get; } = id;

        public bool Equals(Key other) =>
            Id == other.Id && constants.AsSpan().SequenceEqual(other.constants);

        public override bool Equals(object? other) => other is Key k && Equals(k);

        public override int GetHashCode()
        {
            var hash = new HashCode();
            hash.Add(Id);
            foreach (var c in constants)
            {
                hash.Add(c);
            }

            return hash.ToHashCode();
        }
    }
}
