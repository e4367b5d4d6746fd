namespace Mlx.Cpu.Graph;

/// <summary>
/// A trace whose graph will serve arguments of other shapes (of the same ranks). While one runs,
/// builders must not settle by the shapes at hand what depends on them: broadcasting becomes an op
/// of all that are broadcast together, and a number of elements one that is computed.
/// </summary>
internal static class ShapelessTrace
{
    [ThreadStatic] private static int depth;

    /// <summary>Whether the current thread runs one.</summary>
    public static bool IsRunning => depth > 0;

    /// <summary>Starts one, if <paramref name="isShapeless"/>.</summary>
    public static Scope Enter(bool isShapeless)
    {
        depth += isShapeless ? 1 : 0;
        return new Scope(isShapeless);
    }

    public readonly ref struct Scope(bool isShapeless)
    {
        private readonly bool isShapeless = isShapeless;

        public void Dispose() => depth -= isShapeless ? 1 : 0;
    }
}
