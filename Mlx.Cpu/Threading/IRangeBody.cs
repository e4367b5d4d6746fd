namespace Mlx.Cpu.Threading;

/// <summary>
/// A loop body over a half-open range of indices. Implemented by structs, so that the loop is
/// compiled once per body with the call inlined, and a parallel loop allocates nothing.
/// </summary>
internal interface IRangeBody
{
    /// <summary>
    /// Handles the indices from <paramref name="start"/> up to, not including,
    /// <paramref name="end"/>. Several threads run disjoint ranges of one body at a time.
    /// </summary>
    void Run(long start, long end);
}
