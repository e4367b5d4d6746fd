namespace Mlx.Core;

/// <summary>Arithmetic and printing of shapes.</summary>
internal static class Shapes
{
    /// <summary><c>(2, 3)</c>, as errors print it.</summary>
    public static string Text(ReadOnlySpan<int> shape) => $"({string.Join(", ", shape.ToArray())})";

    /// <summary>The number of elements.</summary>
    /// <exception cref="ArgumentException">A length is negative.</exception>
    public static long Size(ReadOnlySpan<int> shape)
    {
        long n = 1;
        foreach (var d in shape)
        {
            if (d < 0)
            {
                throw new ArgumentException(
                    $"the shape {Text(shape)} has a negative length", nameof(shape));
            }

            n = checked(n * d);
        }

        return n;
    }
}
