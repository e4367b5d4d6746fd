using Mlx.Cpu.Abi;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;
using Mlx.Cpu.Transforms.Compile;

namespace Mlx.Cpu.Export;

/// <summary>
/// Writes traces of a function to a file that MLX reads, one for each signature it is called with.
/// </summary>
/// <remarks>
/// The file appears under its name with the first trace, and is whole after each: a trace is
/// appended before the header counts it. What a failed one has left behind it, readers ignore.
/// </remarks>
internal sealed unsafe class FunctionExporter(
    string path, NamedFunction function, IDisposable? lifetime, bool shapeless) : IDisposable
{
    private readonly GrowingFile file = new(path);
    private readonly FileNumbers numbers = new();
    private readonly List<Signature> written = [];
    private readonly LittleEndianWriter writer = new();
    private bool isWriting;

    /// <summary>
    /// Traces the function on stand-ins for these arguments, and writes the trace.
    /// </summary>
    public void Export(Node[] positional, ArrayMap? named)
    {
        if (isWriting)
        {
            throw new InvalidOperationException(
                "[export_function] Attempting to write behind a trace that could not be written.");
        }

        var (inputs, names) = Signature.Order(positional, named);
        if (written.Exists(s => s.Fits(inputs, names, shapeless)))
        {
            throw new InvalidOperationException(
                "[export_function] Attempting to export a function twice with the same signature " +
                "is not allowed.");
        }

        // Builders, and what is lowered, must know that the shapes at hand are an example.
        using var shapes = ShapelessTrace.Enter(shapeless);
        using var nursery = Nursery.Enter();
        using var trace = Trace.Of(all => Call(all, names), inputs);
        Write(
            new Signature(names, Array.ConvertAll(inputs, n => (n.Shape, n.Dtype))),
            new Tape(trace.Inputs, trace.Outputs, inputs, numbers));
    }

    public void Dispose()
    {
        file.Dispose();
        lifetime?.Dispose();
    }

    private Held Call(Node[] inputs, string[] names)
    {
        using var map = new ArrayMap();
        var count = inputs.Length - names.Length;
        for (var i = 0; i < names.Length; i++)
        {
            map.Put(names[i], inputs[count + i]);
        }

        return function(inputs[..count], map);
    }

    private void Write(Signature signature, Tape tape)
    {
        isWriting = true;
        if (written.Count == 0)
        {
            WriteHeader(0);
        }

        writer.Clear();
        writer.Size((ulong)signature.Names.Length);
        Array.ForEach(signature.Names, writer.Text);
        writer.Sizes(tape.InputIds);
        writer.Size((ulong)signature.Inputs.Length);
        foreach (var (shape, dtype) in signature.Inputs)
        {
            writer.Ints(shape);
            writer.Dtype(dtype);
        }

        writer.Sizes(tape.OutputIds);
        writer.Size((ulong)tape.Entries.Count);
        foreach (var entry in tape.Entries)
        {
            Write(entry);
        }

        file.Append(writer.Written);
        written.Add(signature);
        WriteHeader(written.Count);
        file.Publish();
        isWriting = false;
    }

    private void Write(Tape.Entry entry)
    {
        writer.Size(entry.Ids[0]);
        writer.Bool(entry.Head is not null);
        if (entry.Head is not null)
        {
            writer.Bytes(entry.Head);
            writer.Size((ulong)entry.Ids.Length - 1);
            if (entry.Ids.Length > 1)
            {
                writer.Sizes(entry.Ids);
            }

            writer.Bytes(entry.Tail);
            return;
        }

        writer.Bool(entry.Constant is not null);
        if (entry.Constant is { } constant && !numbers.IsWritten(entry.Ids[0]))
        {
            numbers.MarkWritten(entry.Ids[0]);
            writer.Ints(constant.Shape);
            writer.Dtype(constant.Dtype);
            file.Append(writer.Written);
            writer.Clear();
            using var rows = new RowData(constant);
            file.Append(rows.Data, constant.Bytes);
        }
    }

    /// <summary>
    /// The version of MLX whose format this is, how many traces, and of which kind.
    /// </summary>
    private void WriteHeader(int count)
    {
        writer.Clear();
        writer.Text(CpuEngine.Version);
        writer.Int(count);
        writer.Bool(shapeless);
        file.Begin(writer.Written);
    }
}
