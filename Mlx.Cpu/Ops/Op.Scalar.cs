using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Ops;

internal static unsafe partial class Op
{
    public static Node Scalar(bool value) => Scalar(&value, Dtype.Bool);

    public static Node Scalar(int value) => Scalar(&value, Dtype.Int32);

    public static Node Scalar(float value) => Scalar(&value, Dtype.Float32);

    public static Node Scalar(double value) => Scalar(&value, Dtype.Float64);

    public static Node Scalar(Complex64 value) => Scalar(&value, Dtype.Complex64);

    private static Node Scalar(void* value, Dtype dtype) =>
        Node.Copied(value, Shapes.Scalar, dtype);
}
