using System.Text;
using Mlx.Cpu.Abi;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Ops;

/// <summary>
/// Sums of products named by letters: <c>ij,jk->ik</c> is the matrix product. Operands are
/// contracted two at a time, as one batched matrix product each.
/// </summary>
internal sealed class Einsum
{
    /// <summary>An operand and the letters of its axes.</summary>
    private readonly record struct Term(Node Value, string Letters);

    private readonly List<Term> terms = [];
    private readonly Dictionary<char, long> lengths = [];
    private readonly string output;

    public Einsum(string subscripts, Node[] operands)
    {
        if (operands.Length == 0)
        {
            throw new ArgumentException("[einsum] At least one operand is required.");
        }

        var text = subscripts.Replace(" ", "");
        var arrow = text.IndexOf("->", StringComparison.Ordinal);
        var inputs = (arrow < 0 ? text : text[..arrow]).Split(',');
        if (inputs.Length != operands.Length)
        {
            throw new ArgumentException(
                $"[einsum] Number of operands, {operands.Length}, does not match number of " +
                $"input subscripts, {inputs.Length}, in '{subscripts}'.");
        }

        var spare = Spare(text);
        var longest = 0;
        for (var i = 0; i < inputs.Length; i++)
        {
            var letters = Expand(inputs[i], spare, operands[i].Rank, ref longest);
            if (letters.Length != operands[i].Rank)
            {
                throw new ArgumentException(
                    $"[einsum] Invalid number of subscripts {letters.Length} for input {i} of " +
                    $"shape {Shapes.Text(operands[i].Shape)}.");
            }

            Measure(operands[i], letters, i);
            terms.Add(Diagonal(new Term(operands[i], letters)));
        }

        var result = arrow < 0 ? Implicit(inputs) : text[(arrow + 2)..];
        var most = longest;
        output = Expand(result, spare, -1, ref most);
        if (output.Distinct().Count() != output.Length)
        {
            throw new ArgumentException(
                $"[einsum] Repeat indices not allowed in output of '{subscripts}'.");
        }

        if (output.FirstOrDefault(c => !lengths.ContainsKey(c)) is var missing and not '\0')
        {
            throw new ArgumentException(
                $"[einsum] Output index '{missing}' of '{subscripts}' is in no input.");
        }
    }

    public Node Run()
    {
        while (terms.Count > 1)
        {
            var (i, j) = BestPair();
            var product = Contract(terms[i], terms[j], Needed(i, j));
            terms.RemoveAt(j);
            terms.RemoveAt(i);
            terms.Add(product);
        }

        var (value, letters) = SumOut(terms[0], output);
        return Op.Transpose(value, output.Select(c => letters.IndexOf(c)).ToArray());
    }

    // ---- reading the subscripts ------------------------------------------------------------

    /// <summary>Letters that do not occur: they stand for the axes of an ellipsis.</summary>
    private static string Spare(string text)
    {
        var spare = new StringBuilder();
        for (var i = 0; i < 52; i++)
        {
            var c = (char)(i < 26 ? 'a' + i : 'A' + i - 26);
            if (!text.Contains(c))
            {
                spare.Append(c);
            }
        }

        return spare.ToString();
    }

    /// <summary>
    /// Replaces the ellipsis; of all operands' ellipses the last axes belong together. The output
    /// (rank -1) has as many as the longest.
    /// </summary>
    private static string Expand(string letters, string spare, int rank, ref int longest)
    {
        var at = letters.IndexOf("...", StringComparison.Ordinal);
        var plain = at < 0 ? letters : letters.Remove(at, 3);
        foreach (var c in plain)
        {
            if (!char.IsAsciiLetter(c))
            {
                throw new ArgumentException(
                    c == '.' && at >= 0 && plain.Contains("...")
                        ? $"[einsum] Only one ellipsis per subscript is allowed but found more " +
                          $"in '{letters}'."
                        : $"[einsum] Subscripts must be letters, but got '{c}' in '{letters}'.");
            }
        }

        if (at < 0)
        {
            return letters;
        }

        var length = rank < 0 ? longest : rank - plain.Length;
        if (length < 0 || length > spare.Length)
        {
            throw new ArgumentException(
                $"[einsum] Operand with {rank} dimensions has insufficient dimensions for " +
                $"subscript '{letters}'.");
        }

        longest = Math.Max(longest, length);
        return plain.Insert(at, spare[^length..]);
    }

    /// <summary>Without an arrow: what occurs once, in alphabetical order, after an ellipsis.
    /// </summary>
    private static string Implicit(string[] inputs)
    {
        var all = string.Concat(inputs);
        var once = all.Where(c => c != '.' && all.Count(d => d == c) == 1).Order();
        return (all.Contains('.') ? "..." : "") + string.Concat(once);
    }

    private void Measure(Node operand, string letters, int number)
    {
        for (var axis = 0; axis < letters.Length; axis++)
        {
            var (c, length) = (letters[axis], operand.Shape[axis]);
            var known = lengths.GetValueOrDefault(c, 1);
            if (length != 1 && known != 1 && length != known)
            {
                throw new ArgumentException(
                    $"[einsum] Cannot broadcast dimension {axis} of input {number} with shape " +
                    $"{Shapes.Text(operand.Shape)} to size {known}.");
            }

            lengths[c] = lengths.ContainsKey(c) ? Math.Max(known, length) : length;
        }
    }

    // ---- contracting -----------------------------------------------------------------------

    /// <summary>A letter that occurs twice in one operand takes its diagonal.</summary>
    private static Term Diagonal(Term term)
    {
        var (value, letters) = term;
        for (var i = 0; i < letters.Length; i++)
        {
            var j = letters.IndexOf(letters[i], i + 1);
            if (j < 0)
            {
                continue;
            }

            var n = value.Shape[i];
            if (value.Shape[j] != n)
            {
                throw new ArgumentException(
                    $"[einsum] Dimensions of repeated subscript '{letters[i]}' do not have the " +
                    $"same size in shape {Shapes.Text(value.Shape)}.");
            }

            // Both axes last and as one: the diagonal is every (n + 1)-th element.
            var flat = Op.AxesLast(value, [i, j]);
            var step = new int[flat.Rank];
            Array.Fill(step, 1);
            step[^1] = n + 1;
            value = Op.Slice(flat, new int[flat.Rank], flat.Shape, step);
            letters = letters.Remove(j, 1).Remove(i, 1) + letters[i];
            i = -1;
        }

        return new Term(value, letters);
    }

    /// <summary>
    /// The pair whose product shrinks the operands most; pairs without a common letter only where
    /// there is no other. Greedy, as in opt_einsum (D. Smith and J. Gray, 2018).
    /// </summary>
    private (int First, int Second) BestPair()
    {
        var best = (0, 1);
        var least = (Outer: true, Growth: double.PositiveInfinity);
        for (var i = 0; i < terms.Count; i++)
        {
            for (var j = i + 1; j < terms.Count; j++)
            {
                var needed = Needed(i, j);
                var union = terms[i].Letters.Union(terms[j].Letters);
                var growth = Size(union.Where(needed.Contains))
                    - Size(terms[i].Letters) - Size(terms[j].Letters);
                var score = (Outer: !terms[i].Letters.Intersect(terms[j].Letters).Any(), growth);
                if (score.CompareTo(least) < 0)
                {
                    (least, best) = (score, (i, j));
                }
            }
        }

        return best;
    }

    /// <summary>The letters that the output or another operand still asks for.</summary>
    private string Needed(int i, int j) =>
        output + string.Concat(terms.Where((_, k) => k != i && k != j).Select(t => t.Letters));

    private double Size(IEnumerable<char> letters) =>
        letters.Aggregate(1.0, (size, c) => size * lengths[c]);

    private static Term SumOut(Term term, string needed)
    {
        var axes = new List<int>();
        for (var i = 0; i < term.Letters.Length; i++)
        {
            if (!needed.Contains(term.Letters[i]))
            {
                axes.Add(i);
            }
        }

        return axes.Count == 0 ? term : new Term(
            Op.Sum(term.Value, axes.ToArray(), false),
            string.Concat(term.Letters.Where(needed.Contains)));
    }

    private static Term Contract(Term a, Term b, string needed)
    {
        a = SumOut(a, needed + b.Letters);
        b = SumOut(b, needed + a.Letters);
        var common = a.Letters.Where(c => b.Letters.Contains(c)).ToArray();
        var batch = string.Concat(common.Where(needed.Contains));
        var summed = string.Concat(common.Where(c => !needed.Contains(c)));
        var onlyA = string.Concat(a.Letters.Where(c => !b.Letters.Contains(c)));
        var onlyB = string.Concat(b.Letters.Where(c => !a.Letters.Contains(c)));
        var result = batch + onlyA + onlyB;
        if (summed.Length == 0)
        {
            var x = Order(a, batch + onlyA);
            var y = Order(b, batch + onlyB);
            var wide = Op.Reshape(x, [.. x.Shape, .. Enumerable.Repeat(1, onlyB.Length)]);
            var spread = Op.Reshape(y, [
                .. y.Shape[..batch.Length], .. Enumerable.Repeat(1, onlyA.Length),
                .. y.Shape[batch.Length..]]);
            return new Term(Op.Multiply(wide, spread), result);
        }

        var left = Order(a, batch + onlyA + summed);
        var right = Order(b, batch + summed + onlyB);
        (left, right) = Match(
            left, batch.Length + onlyA.Length, right, batch.Length, summed.Length);
        var rows = left.Shape[batch.Length..^summed.Length];
        var columns = right.Shape[(batch.Length + summed.Length)..];
        var k = (int)Shapes.Size(left.Shape.AsSpan(left.Rank - summed.Length));
        var product = Op.MatMul(
            Op.Reshape(left, [.. left.Shape[..batch.Length], (int)Shapes.Size(rows), k]),
            Op.Reshape(right, [.. right.Shape[..batch.Length], k, (int)Shapes.Size(columns)]));
        return new Term(
            Op.Reshape(product, [.. product.Shape[..batch.Length], .. rows, .. columns]), result);
    }

    private static Node Order(Term term, string letters) =>
        Op.Transpose(term.Value, letters.Select(c => term.Letters.IndexOf(c)).ToArray());

    /// <summary>Axes that are summed over have one length: those of length one are repeated.
    /// </summary>
    private static (Node, Node) Match(Node a, int atA, Node b, int atB, int count)
    {
        var shapeA = (int[])a.Shape.Clone();
        var shapeB = (int[])b.Shape.Clone();
        for (var i = 0; i < count; i++)
        {
            var length = shapeA[atA + i] == 1 ? shapeB[atB + i] : shapeA[atA + i];
            shapeA[atA + i] = length;
            shapeB[atB + i] = length;
        }

        return (Op.BroadcastTo(a, shapeA), Op.BroadcastTo(b, shapeB));
    }
}

internal static partial class Op
{
    [Export("mlx_einsum")]
    public static Node Einsum(string subscripts, Node[] operands) =>
        new Einsum(subscripts, operands).Run();
}
