using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Ops;

internal static partial class Op
{
    public static Node Sum(Node a, ReadOnlySpan<int> axes, bool keepdims) =>
        throw new NotSupportedException("[sum] to come");
}
