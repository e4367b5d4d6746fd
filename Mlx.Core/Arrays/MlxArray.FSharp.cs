using Mlx.Core.Abi;

namespace Mlx.Core;

// Members by which F# finds its operators and functions: a ** b, exp x, sqrt x, abs x ... C# reads
// better with Ops.Exp(x).
public sealed unsafe partial class MlxArray
{
    /// <summary>a to the power of b (F# <c>**</c>).</summary>
    public static MlxArray Pow(MlxArray a, MlxArray b) => Call.Power(a, b, null);

    /// <summary>a to the power of b (F# <c>**</c>).</summary>
    public static MlxArray Pow(MlxArray a, float b) =>
        Weak.Right(&Native.mlx_power, a, b, nameof(Native.mlx_power));

    /// <summary>a to the power of b (F# <c>**</c>).</summary>
    public static MlxArray Pow(MlxArray a, double b) =>
        Weak.Right(&Native.mlx_power, a, b, nameof(Native.mlx_power));

    /// <summary>a to the power of b (F# <c>**</c>).</summary>
    public static MlxArray Pow(MlxArray a, int b) =>
        Weak.Right(&Native.mlx_power, a, b, nameof(Native.mlx_power));

    /// <summary>Absolute values.</summary>
    public static MlxArray Abs(MlxArray a) => Call.Abs(a, null);

    /// <summary>e^x.</summary>
    public static MlxArray Exp(MlxArray a) => Call.Exp(a, null);

    /// <summary>Natural logarithm.</summary>
    public static MlxArray Log(MlxArray a) => Call.Log(a, null);

    /// <summary>Logarithm to base 10.</summary>
    public static MlxArray Log10(MlxArray a) => Call.Log10(a, null);

    /// <summary>Square root.</summary>
    public static MlxArray Sqrt(MlxArray a) => Call.Sqrt(a, null);

    /// <summary>Sine.</summary>
    public static MlxArray Sin(MlxArray a) => Call.Sin(a, null);

    /// <summary>Cosine.</summary>
    public static MlxArray Cos(MlxArray a) => Call.Cos(a, null);

    /// <summary>Tangent.</summary>
    public static MlxArray Tan(MlxArray a) => Call.Tan(a, null);

    /// <summary>Arc sine.</summary>
    public static MlxArray Asin(MlxArray a) => Call.Arcsin(a, null);

    /// <summary>Arc cosine.</summary>
    public static MlxArray Acos(MlxArray a) => Call.Arccos(a, null);

    /// <summary>Arc tangent.</summary>
    public static MlxArray Atan(MlxArray a) => Call.Arctan(a, null);

    /// <summary>Hyperbolic sine.</summary>
    public static MlxArray Sinh(MlxArray a) => Call.Sinh(a, null);

    /// <summary>Hyperbolic cosine.</summary>
    public static MlxArray Cosh(MlxArray a) => Call.Cosh(a, null);

    /// <summary>Hyperbolic tangent.</summary>
    public static MlxArray Tanh(MlxArray a) => Call.Tanh(a, null);

    /// <summary>The integers at or below.</summary>
    public static MlxArray Floor(MlxArray a) => Call.Floor(a, null);

    /// <summary>The integers at or above.</summary>
    public static MlxArray Ceiling(MlxArray a) => Call.Ceil(a, null);
}
