namespace Mlx.Core;

/// <summary>A value in the metadata of a gguf file.</summary>
public abstract record GgufValue
{
    private GgufValue()
    {
    }

    /// <summary>A text.</summary>
    public static implicit operator GgufValue(string text) => new Text(text);

    /// <summary>A list of texts.</summary>
    public static implicit operator GgufValue(string[] texts) => new Texts(texts);

    /// <summary>A number (no axes) or a list of numbers (one axis).</summary>
    public static implicit operator GgufValue(MlxArray numbers) => new Numbers(numbers);

    /// <summary>A text.</summary>
    /// <param name="Value">The text.</param>
    public sealed record Text(string Value) : GgufValue;

    /// <summary>A list of texts.</summary>
    /// <param name="Values">The texts.</param>
    public sealed record Texts(IReadOnlyList<string> Values) : GgufValue;

    /// <summary>A number or a list of numbers; float64 is narrowed to float32, as in MLX.</summary>
    /// <param name="Value">No axes for a number, one axis for a list.</param>
    public sealed record Numbers(MlxArray Value) : GgufValue;
}
