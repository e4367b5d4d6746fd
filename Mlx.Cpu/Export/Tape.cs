using Mlx.Cpu.Graph;
using Mlx.Cpu.Transforms;

namespace Mlx.Cpu.Export;

/// <summary>
/// The graph of a traced function as MLX writes it down: entries in an order in which they can run,
/// each under a number. What MLX cannot write is lowered, what repeats is written once, and what
/// leads to no output is left out.
/// </summary>
internal sealed class Tape
{
    // MLX's own number for a CPU, and for its first stream.
    private const int Cpu = 0;

    private readonly FileNumbers numbers;
    private readonly HashSet<Node> examples;
    private readonly Dictionary<Node, ulong> ids = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<byte[], ulong[]> known = new(BytesComparer.Instance);
    private readonly LittleEndianWriter scratch = new();
    private List<Entry> entries = [];

    /// <param name="inputs">What stands for the arguments.</param>
    /// <param name="outputs">What the function made of them.</param>
    /// <param name="examples">The arguments it was traced for, which it must not use.</param>
    /// <param name="numbers">Those of the file.</param>
    public Tape(Node[] inputs, Node[] outputs, Node[] examples, FileNumbers numbers)
    {
        this.numbers = numbers;
        this.examples = new HashSet<Node>(examples, ReferenceEqualityComparer.Instance);
        foreach (var input in inputs)
        {
            ids[input] = numbers.Next();
            entries.Add(new Entry([ids[input]], []));
        }

        foreach (var output in outputs)
        {
            Visit(output);
        }

        InputIds = Array.ConvertAll(inputs, n => ids[n]);
        OutputIds = Array.ConvertAll(outputs, n => ids[n]);
        Prune();
    }

    public ulong[] InputIds { get; }

    public ulong[] OutputIds { get; }

    public IReadOnlyList<Entry> Entries => entries;

    /// <summary>
    /// An op (whose bytes stand before and behind the numbers of its outputs), a constant, or an
    /// input, which has nothing but its number.
    /// </summary>
    internal sealed record Entry(
        ulong[] Ids, ulong[] Inputs, Node? Constant = null, byte[]? Head = null,
        byte[]? Tail = null);

    /// <summary>Writes down a node and all it needs.</summary>
    private void Visit(Node root) => GraphWalk.DepthFirst(root, Open, Close);

    private Node? Open(Node n)
    {
        if (ids.ContainsKey(n))
        {
            return null;
        }

        if (examples.Contains(n))
        {
            throw new ArgumentException(
                "[export_function] Attempting to export a function with uncaptured inputs is " +
                "not allowed: it uses an array that it is called with, not its argument.");
        }

        if (n.Primitive is FileConstant)
        {
            Evaluator.Eval(n);
        }

        if (n.HasData)
        {
            AddConstant(n);
            return null;
        }

        return n.Primitive is null
            ? throw new InvalidOperationException(
                "[export_function] The function uses an argument of another function that is " +
                "being traced.")
            : GraphWalk.Step(n);
    }

    private void AddConstant(Node n)
    {
        var id = numbers.OfConstant(n);
        ids[n] = id;
        if (known.TryAdd(BitConverter.GetBytes(id), [id]))
        {
            entries.Add(new Entry([id], [], Constant: n));
        }
    }

    private void Close(Node step)
    {
        var outputs = GraphWalk.Outputs(step);
        var primitive = step.Primitive!;
        if (primitive.Lower(step.Inputs) is { } lowered)
        {
            for (var i = 0; i < outputs.Length; i++)
            {
                Visit(lowered[i]);
                ids[outputs[i]] = ids[lowered[i]];
            }

            return;
        }

        var form = Forms.Of(primitive) ?? throw new NotSupportedException(
            $"[export_function] Unable to serialize primitive {primitive.Name}.");
        var inputs = Array.ConvertAll(step.Inputs, n => ids[n]);
        var (head, tail) = (Head(form, primitive, inputs), Tail(outputs));
        byte[] key = [.. head, .. tail];
        if (!known.TryGetValue(key, out var made))
        {
            known[key] = made = Array.ConvertAll(outputs, _ => numbers.Next());
            entries.Add(new Entry(made, inputs, null, head, tail));
        }

        for (var i = 0; i < outputs.Length; i++)
        {
            ids[outputs[i]] = made[i];
        }
    }

    private byte[] Head(Form form, Primitive primitive, ulong[] inputs)
    {
        scratch.Clear();
        scratch.Sizes(inputs);
        scratch.Int(0);
        scratch.Int(Cpu);
        scratch.Int(0);
        scratch.Text(form.Name);
        form.Write(primitive, scratch);
        return scratch.Written.ToArray();
    }

    private byte[] Tail(Node[] outputs)
    {
        scratch.Clear();
        if (outputs.Length == 1)
        {
            scratch.Ints(outputs[0].Shape);
            scratch.Dtype(outputs[0].Dtype);
            return scratch.Written.ToArray();
        }

        scratch.Size((ulong)outputs.Length);
        foreach (var o in outputs)
        {
            scratch.Ints(o.Shape);
        }

        scratch.Size((ulong)outputs.Length);
        foreach (var o in outputs)
        {
            scratch.Dtype(o.Dtype);
        }

        return scratch.Written.ToArray();
    }

    private void Prune()
    {
        var live = new HashSet<ulong>(OutputIds);
        var kept = new List<Entry>(entries.Count);
        for (var i = entries.Count - 1; i >= 0; i--)
        {
            if (Array.Exists(entries[i].Ids, live.Contains))
            {
                kept.Add(entries[i]);
                live.UnionWith(entries[i].Inputs);
            }
        }

        kept.Reverse();
        entries = kept;
    }
}

/// <summary>
/// The numbers that a file has given out; a constant keeps its own through all traces.
/// </summary>
internal sealed class FileNumbers
{
    private readonly Dictionary<Node, ulong> constants = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<(Dtype, ulong), ulong> scalars = [];
    private readonly HashSet<ulong> written = [];
    private ulong last;

    public ulong Next() => ++last;

    /// <summary>Scalars of equal dtype and bits are one.</summary>
    public unsafe ulong OfConstant(Node n)
    {
        if (n.Rank > 0)
        {
            return constants.TryGetValue(n, out var id) ? id : constants[n] = Next();
        }

        ulong bits = 0;
        Buffer.MemoryCopy(n.Data, &bits, sizeof(ulong), n.Dtype.Size());
        return scalars.TryGetValue((n.Dtype, bits), out var same)
            ? same
            : scalars[(n.Dtype, bits)] = Next();
    }

    public bool IsWritten(ulong constant) => written.Contains(constant);

    public void MarkWritten(ulong constant) => written.Add(constant);
}

internal sealed class BytesComparer : IEqualityComparer<byte[]>
{
    public static readonly BytesComparer Instance = new();

    public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

    public int GetHashCode(byte[] bytes)
    {
        var h = new HashCode();
        h.AddBytes(bytes);
        return h.ToHashCode();
    }
}
