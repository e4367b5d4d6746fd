using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;

namespace Mlx.Cpu.Ops;

/// <summary>The greater of two; NaN if either is. Where they are equal the slope is y's.</summary>
internal sealed unsafe class Maximum : NumberPrimitive<Maximum.Numbers, LogicalOr.Bits>
{
    public static readonly Maximum Instance = new();

    protected override Node? Push(int arg, Node d, Node x, Node y, Node z) =>
        Op.Where(arg == 0 ? Op.Greater(x, y) : Op.LessEqual(x, y), d, Op.Scalar(0, d.Dtype));

    internal readonly struct Numbers : INumberOperator
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<T> Of<T>(Vector512<T> x, Vector512<T> y) where T : unmanaged =>
            typeof(T) == typeof(float) || typeof(T) == typeof(double)
                ? Vector512.ConditionalSelect(
                    Vector512.GreaterThan(x, y) | ~Vector512.Equals(x, x), x, y)
                : Vector512.Max(x, y);

        public static Vector512<float> Pairs(Vector512<float> x, Vector512<float> y) =>
            ComplexLanes.Each(x, y, &Of);

        private static Complex64 Of(Complex64 x, Complex64 y) =>
            float.IsNaN(x.Re) || float.IsNaN(x.Im) || x > y ? x : y;
    }
}

/// <summary>The lesser of two; NaN if either is. Where they are equal the slope is y's.</summary>
internal sealed unsafe class Minimum : NumberPrimitive<Minimum.Numbers, LogicalAnd.Bits>
{
    public static readonly Minimum Instance = new();

    protected override Node? Push(int arg, Node d, Node x, Node y, Node z) =>
        Op.Where(arg == 0 ? Op.Less(x, y) : Op.GreaterEqual(x, y), d, Op.Scalar(0, d.Dtype));

    internal readonly struct Numbers : INumberOperator
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<T> Of<T>(Vector512<T> x, Vector512<T> y) where T : unmanaged =>
            typeof(T) == typeof(float) || typeof(T) == typeof(double)
                ? Vector512.ConditionalSelect(
                    Vector512.LessThan(x, y) | ~Vector512.Equals(x, x), x, y)
                : Vector512.Min(x, y);

        public static Vector512<float> Pairs(Vector512<float> x, Vector512<float> y) =>
            ComplexLanes.Each(x, y, &Of);

        private static Complex64 Of(Complex64 x, Complex64 y) =>
            float.IsNaN(x.Re) || float.IsNaN(x.Im) || x < y ? x : y;
    }
}

internal static partial class Op
{
    [Export("mlx_maximum")]
    [Serialized]
    public static Node Maximum(Node a, Node b) => Promoted(a, b, Ops.Maximum.Instance, "maximum");

    [Export("mlx_minimum")]
    [Serialized]
    public static Node Minimum(Node a, Node b) => Promoted(a, b, Ops.Minimum.Instance, "minimum");

    /// <summary>
    /// Not below the one bound, not above the other; a bound may be absent, not both.
    /// </summary>
    [Export("mlx_clip")]
    public static Node Clip(Node a, Node? min, Node? max)
    {
        if (min is null && max is null)
        {
            throw new ArgumentException("[clip] At most one of a_min and a_max may be absent.");
        }

        var result = min is null ? a : Maximum(a, min);
        return max is null ? result : Minimum(result, max);
    }
}
