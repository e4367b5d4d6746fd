using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Ops;

// Until the elementwise family lands (delete this file then).
internal static partial class Op
{
    public static Node AsType(Node a, Dtype dtype) => a.Dtype == dtype ? a : throw new NotSupportedException("[astype] to come");
    public static Node Add(Node a, Node b) => throw new NotSupportedException("[add] to come");
    public static Node Multiply(Node a, Node b) => throw new NotSupportedException("[multiply] to come");
    public static Node Maximum(Node a, Node b) => throw new NotSupportedException("[maximum] to come");
    public static Node Minimum(Node a, Node b) => throw new NotSupportedException("[minimum] to come");
    public static Node Equal(Node a, Node b) => throw new NotSupportedException("[equal] to come");
}
