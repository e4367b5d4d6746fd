using Mlx.Cpu.Ops;

namespace Mlx.Cpu.Graph;

/// <summary>
/// Operators, so that slopes read as formulas. A number takes the dtype of the node beside it.
/// </summary>
internal sealed partial class Node
{
    public static Node operator +(Node a, Node b) => Op.Add(a, b);

    public static Node operator +(Node a, double b) => Op.Add(a, Op.Scalar(b, a.Dtype));

    public static Node operator +(double a, Node b) => Op.Add(Op.Scalar(a, b.Dtype), b);

    public static Node operator -(Node a, Node b) => Op.Subtract(a, b);

    public static Node operator -(Node a, double b) => Op.Subtract(a, Op.Scalar(b, a.Dtype));

    public static Node operator -(double a, Node b) => Op.Subtract(Op.Scalar(a, b.Dtype), b);

    public static Node operator *(Node a, Node b) => Op.Multiply(a, b);

    public static Node operator *(Node a, double b) => Op.Multiply(a, Op.Scalar(b, a.Dtype));

    public static Node operator *(double a, Node b) => Op.Multiply(Op.Scalar(a, b.Dtype), b);

    public static Node operator /(Node a, Node b) => Op.Divide(a, b);

    public static Node operator /(Node a, double b) => Op.Divide(a, Op.Scalar(b, a.Dtype));

    public static Node operator /(double a, Node b) => Op.Divide(Op.Scalar(a, b.Dtype), b);

    public static Node operator -(Node a) => Op.Negative(a);
}
