namespace Mlx.Cpu.Graph;

/// <summary>Prints arrays as MLX prints them.</summary>
internal static class Printing
{
    public static string Format(Node n) => throw new NotSupportedException("[print] to come");
}
