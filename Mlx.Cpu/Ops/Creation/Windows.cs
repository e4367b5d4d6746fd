using Mlx.Cpu.Abi;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Ops;

/// <summary>
/// Evenly spaced numbers, and the window functions of signal processing over them.
/// </summary>
internal static partial class Op
{
    /// <summary>(1 - t) start + t stop for t = 0 ... 1 in <paramref name="num"/> steps.</summary>
    [Export("mlx_linspace")]
    public static Node Linspace(double start, double stop, int num, Dtype dtype)
    {
        if (num < 0)
        {
            throw new ArgumentException(
                $"[linspace] number of samples, {num}, must be non-negative.");
        }

        if (num == 1)
        {
            return AsType(Full([1], Scalar((float)start), Dtype.Float32), dtype);
        }

        var inner = dtype == Dtype.Float64 ? Dtype.Float64 : Dtype.Float32;
        var t = Divide(Arange(0, num, 1, inner), Scalar(num - 1.0, inner));
        var rest = Subtract(Scalar(1.0, inner), t);
        return AsType(
            Add(Multiply(rest, Scalar(start, inner)), Multiply(t, Scalar(stop, inner))), dtype);
    }

    /// <summary>1 - |2 n / (M - 1) - 1|.</summary>
    [Export("mlx_bartlett")]
    public static Node Bartlett(int m) => Window(m, (n, steps) => Subtract(
        Scalar(1f), Abs(Subtract(Multiply(Scalar(2f / steps), n), Scalar(1f)))));

    /// <summary>sin^2(pi n / (M - 1)).</summary>
    [Export("mlx_hanning")]
    public static Node Hanning(int m) => Window(m, (n, steps) =>
        Square(Sin(Multiply(Scalar((float)(Math.PI / steps)), n))));

    /// <summary>0.54 - 0.46 cos(2 pi n / (M - 1)).</summary>
    [Export("mlx_hamming")]
    public static Node Hamming(int m) => Window(m, (n, steps) => Subtract(
        Scalar(0.54f), Multiply(Scalar(0.46f), Turn(n, steps))));

    /// <summary>0.42 - 0.5 cos x + 0.08 cos 2x, for x = 2 pi n / (M - 1).</summary>
    [Export("mlx_blackman")]
    public static Node Blackman(int m) => Window(m, (n, steps) =>
    {
        var cos = Turn(n, steps);
        return Add(
            Subtract(Scalar(0.34f), Multiply(Scalar(0.5f), cos)),
            Multiply(Scalar(0.16f), Square(cos)));
    });

    private static Node Turn(Node n, int steps) =>
        Cos(Multiply(Scalar((float)(2 * Math.PI / steps)), n));

    private static Node Window(int m, Func<Node, int, Node> shape) => m switch
    {
        < 1 => Zeros([0], Dtype.Float32),
        1 => Ones([1], Dtype.Float32),
        _ => shape(Arange(0, m, 1, Dtype.Float32), m - 1),
    };
}
