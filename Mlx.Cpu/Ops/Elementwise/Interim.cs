using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Ops;

// Until the reductions land (delete this file then).
internal static partial class Op
{
    public static Node All(Node a, bool keepdims) => throw new NotSupportedException("[all] to come");
}
