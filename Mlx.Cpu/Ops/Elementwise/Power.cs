using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;

namespace Mlx.Cpu.Ops;

/// <summary>
/// x^y. Integers by repeated squaring; a negative exponent gives the whole part of the fraction
/// (MLX 0.31.2 does not return from it).
/// </summary>
internal sealed unsafe class Power : DividingPrimitive<Power.Floats, Power.Integers>
{
    public static readonly Power Instance = new();

    public override int Cost => 32;

    /// <summary>y x^(y-1), and z log x, which is 0 where z is.</summary>
    protected override Node? Push(int arg, Node d, Node x, Node y, Node z) => arg == 0
        ? d * (y * Op.Power(x, y - 1))
        : d * Op.Where(z, Op.Log(x) * z, Op.Scalar(0, z.Dtype));

    internal readonly struct Floats : IFloatOperator
    {
        public static V Of<V>(V x, V y) where V : struct, IFloatVector<V> =>
            VectorMath<V>.Pow(x, y);

        public static Vector512<double> Of(Vector512<double> x, Vector512<double> y) =>
            Lanes.Each(x, y, &Math.Pow);

        public static Complex Of(Complex x, Complex y) => Complex.Pow(x, y);
    }

    internal readonly struct Integers : IIntegerOperator
    {
        public static T Of<T>(T x, T y) where T : unmanaged, IBinaryInteger<T>
        {
            if (T.IsNegative(y))
            {
                return x == T.One || x == T.Zero - T.One && T.IsEvenInteger(y) ? T.One
                    : x == T.Zero - T.One ? x : T.Zero;
            }

            var result = T.One;
            for (; !T.IsZero(y); y >>>= 1)
            {
                if (!T.IsEvenInteger(y))
                {
                    result *= x;
                }

                x *= x;
            }

            return result;
        }
    }
}

internal static partial class Op
{
    [Export("mlx_power")]
    [Serialized]
    public static Node Power(Node a, Node b) => Promoted(a, b, Ops.Power.Instance, "power");
}
