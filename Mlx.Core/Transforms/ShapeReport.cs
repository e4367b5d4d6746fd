using System.Text;

namespace Mlx.Core;

/// <summary>What <see cref="ShapeCheck"/> found.</summary>
public sealed class ShapeReport
{
    internal ShapeReport(
        IReadOnlyList<(int[] Shape, DType DType)>? outputs,
        IReadOnlyList<ShapeMismatch> mismatches) =>
        (Outputs, Mismatches) = (outputs ?? [], mismatches);

    /// <summary>The results of the function; none where the check ended before.</summary>
    public IReadOnlyList<(int[] Shape, DType DType)> Outputs { get; }

    /// <summary>Everything that does not fit, in the order in which it was met.</summary>
    public IReadOnlyList<ShapeMismatch> Mismatches { get; }

    /// <summary>Whether everything fits.</summary>
    public bool Fits => Mismatches.Count == 0;

    /// <summary>The mismatches, or the shapes of the results.</summary>
    public override string ToString()
    {
        if (Fits)
        {
            return "the shapes fit: " + string.Join(
                ", ", Outputs.Select(o => $"{Shapes.Text(o.Shape)} {o.DType.Name()}"));
        }

        var text = new StringBuilder();
        text.Append(Mismatches.Count == 1 ? "1 mismatch:" : $"{Mismatches.Count} mismatches:");
        foreach (var mismatch in Mismatches)
        {
            text.Append("\n  ").Append(mismatch.ToString().Replace("\n", "\n  "));
        }

        return text.ToString();
    }
}

/// <summary>An op whose operands do not fit.</summary>
/// <param name="Op">Its name in MLX; empty where something else refused.</param>
/// <param name="Message">What was said about it.</param>
/// <param name="Operands">Its operands.</param>
/// <param name="EndsCheck">Whether the check could not go on.</param>
public sealed record ShapeMismatch(
    string Op, string Message, IReadOnlyList<ShapeOperand> Operands, bool EndsCheck)
{
    /// <summary>The op, the shapes, and where they come from.</summary>
    public override string ToString()
    {
        // MLX begins a message with the op, which stands there already.
        var what = Message.StartsWith($"[{Op}] ", StringComparison.Ordinal)
            ? Message[(Op.Length + 3)..]
            : Message;
        var text = new StringBuilder(Wrapped(Op == "" ? what : $"{Op}: {what}"));
        var shapes = Operands.Select(o => Shapes.Text([.. o.Shape])).ToArray();
        var width = shapes.Select(s => s.Length).DefaultIfEmpty().Max();
        for (var i = 0; i < shapes.Length; i++)
        {
            text.Append("\n  ").Append(shapes[i].PadRight(width)).Append("  ");
            text.Append(Operands[i].From());
        }

        return text.Append(EndsCheck ? "\n  the check ends here" : "").ToString();
    }

    /// <summary>In lines that fit a terminal beside the indent of a report.</summary>
    private static string Wrapped(string text)
    {
        const int columns = 92;
        var lines = new StringBuilder();
        var length = 0;
        foreach (var word in text.Split(' '))
        {
            var breaks = length > 0 && length + 1 + word.Length > columns;
            lines.Append(breaks ? "\n    " : length > 0 ? " " : "").Append(word);
            length = breaks ? 4 + word.Length : length + (length > 0 ? 1 : 0) + word.Length;
        }

        return lines.ToString();
    }
}

/// <summary>An operand of an op that failed.</summary>
/// <param name="Shape">Its shape.</param>
/// <param name="Origins">The arguments it was computed from; alone, or a view of it.</param>
public sealed record ShapeOperand(IReadOnlyList<int> Shape, IReadOnlyList<string> Origins)
{
    internal string From() => Origins switch
    {
        [] => "a constant",
        [var only] => $"from {only}",
        [var a, var b] => $"from {a} and {b}",
        [var first, .., var last] => $"from {first} ... {last}, {Origins.Count} in all",
    };
}
