using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Ops;

// Until sort and scan land (delete each line then, and this file at last).
internal static partial class Op
{
    public static Node CumProd(Node a, int axis, bool reverse, bool inclusive) =>
        throw new NotSupportedException("[cumprod] to come");

    public static Node Sort(Node a, int axis) => throw new NotSupportedException("[sort] to come");
}
