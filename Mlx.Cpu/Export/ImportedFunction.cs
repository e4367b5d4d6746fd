using System.Text;
using Mlx.Cpu.Abi;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Export;

/// <summary>
/// A function that was read from a file: a graph for each signature it was traced with.
/// </summary>
internal sealed class ImportedFunction(
    List<ImportedTrace> traces, bool shapeless, Held constants, Storage file) : IDisposable
{
    /// <summary>The graph for these arguments; the results are held for the caller.</summary>
    public Held Call(Node[] positional, ArrayMap? named)
    {
        var (inputs, names) = Signature.Order(positional, named);
        var trace = traces.Find(t => t.Signature.Fits(inputs, names, shapeless))
            ?? throw new ArgumentException(Unmatched(inputs, names));
        using var nursery = Nursery.Enter();
        return new Held(trace.On(inputs));
    }

    /// <summary>
    /// Constants that a graph still waits for are read now; then the file is let go.
    /// </summary>
    public void Dispose()
    {
        constants.Dispose();
        Evaluator.Eval(Array.FindAll(constants.Nodes, n => n.Count > 0 && !n.HasData));
        file.Release();
    }

    private string Unmatched(Node[] inputs, string[] names)
    {
        var text = new StringBuilder(
            "[import_function::call] No imported function found which matches the given " +
            "positional and keyword arguments. Possible functions include:");
        for (var i = 0; i < traces.Count; i++)
        {
            text.Append($"\n  {i + 1}. {traces[i].Signature}");
        }

        var given = Array.ConvertAll(inputs, n => (n.Shape, n.Dtype));
        return text.Append($"\nCalled with {Signature.Text(given, names)}").ToString();
    }
}
