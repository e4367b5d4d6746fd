using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Mlx.Cpu.Graph;

internal static class Spans
{
    /// <summary>
    /// The span came from a null pointer: an optional list that is absent, as against an empty one.
    /// </summary>
    public static bool IsNull<T>(ReadOnlySpan<T> span) =>
        Unsafe.IsNullRef(ref MemoryMarshal.GetReference(span));
}
