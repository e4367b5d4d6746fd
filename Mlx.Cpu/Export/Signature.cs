using System.Text;
using Mlx.Cpu.Abi;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Export;

/// <summary>
/// What a trace was made for: shapes and dtypes of the arguments, the named ones behind the others
/// in the order of their names.
/// </summary>
internal sealed class Signature(string[] names, (int[] Shape, Dtype Dtype)[] inputs)
{
    public string[] Names { get; } = names;

    public (int[] Shape, Dtype Dtype)[] Inputs { get; } = inputs;

    /// <summary>
    /// The arguments of a call in a trace's order, and the names of the last ones.
    /// </summary>
    public static (Node[] Inputs, string[] Names) Order(Node[] positional, ArrayMap? named)
    {
        if (named is null || named.Count == 0)
        {
            return (positional, []);
        }

        var sorted = Enumerable.Range(0, named.Count)
            .Select(i => (named[i].Key.Text, named[i].Value))
            .OrderBy(p => p.Text, ByteOrder.Instance).ToArray();
        return (
            [.. positional, .. Array.ConvertAll(sorted, p => p.Value)],
            Array.ConvertAll(sorted, p => p.Text));
    }

    /// <summary>
    /// Whether a call fits: as many arguments, all the names that are wanted, and the same shapes
    /// (only ranks, if <paramref name="shapeless"/>) and dtypes. That further names may take the
    /// places of positional arguments is MLX's rule.
    /// </summary>
    public bool Fits(Node[] arguments, string[] names, bool shapeless)
    {
        if (arguments.Length != Inputs.Length || !Array.TrueForAll(Names, names.Contains))
        {
            return false;
        }

        for (var i = 0; i < arguments.Length; i++)
        {
            var (shape, dtype) = Inputs[i];
            var isSame = shapeless
                ? arguments[i].Rank == shape.Length
                : Shapes.Same(arguments[i].Shape, shape);
            if (!isSame || arguments[i].Dtype != dtype)
            {
                return false;
            }
        }

        return true;
    }

    public override string ToString() => Text(Inputs, Names);

    public static string Text((int[] Shape, Dtype Dtype)[] inputs, string[] names)
    {
        var text = new StringBuilder();
        for (var i = 0; i < inputs.Length; i++)
        {
            var named = i - (inputs.Length - names.Length);
            text.Append(i > 0 ? ", " : "").Append(named >= 0 ? $"{names[named]}: " : "")
                .Append(inputs[i].Dtype.Name()).Append(' ').Append(Shapes.Text(inputs[i].Shape));
        }

        return inputs.Length > 0 ? text.ToString() : "no arguments";
    }
}

/// <summary>The order of the bytes of UTF-8, in which MLX sorts names.</summary>
internal sealed class ByteOrder : IComparer<string>
{
    public static readonly ByteOrder Instance = new();

    public int Compare(string? x, string? y) => Encoding.UTF8.GetBytes(x ?? "").AsSpan()
        .SequenceCompareTo(Encoding.UTF8.GetBytes(y ?? ""));
}
