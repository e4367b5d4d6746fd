using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;

namespace Mlx.Cpu.Ops;

internal static unsafe partial class Op
{
    public static Node Scalar(bool value) => Scalar(&value, Dtype.Bool);

    public static Node Scalar(int value) => Scalar(&value, Dtype.Int32);

    public static Node Scalar(float value) => Scalar(&value, Dtype.Float32);

    public static Node Scalar(double value) => Scalar(&value, Dtype.Float64);

    public static Node Scalar(Complex64 value) => Scalar(&value, Dtype.Complex64);

    /// <summary>A value in the dtype of what stands beside it.</summary>
    public static Node Scalar(double value, Dtype dtype)
    {
        var n = Node.Allocated(Shapes.Scalar, dtype);
        ElementTypes.Run(dtype, new Store(n, value));
        return n;
    }

    internal readonly struct Store(Node n, double value) : IDtypeAction
    {
        public void Run<T, A>() where T : unmanaged where A : struct, IArithmetic<T> =>
            *n.As<T>() = A.From(value);
    }

    private static Node Scalar(void* value, Dtype dtype) =>
        Node.Copied(value, Shapes.Scalar, dtype);
}
