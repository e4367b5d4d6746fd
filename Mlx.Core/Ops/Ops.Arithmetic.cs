using Mlx.Core.Abi;

namespace Mlx.Core;

/// <summary>
/// The ops of MLX over arrays, by MLX's names. All are lazy; operands broadcast and promote as in
/// MLX; the last argument is the stream to run on.
/// </summary>
/// <exception cref="MlxException">Shapes, axes or dtypes that do not fit.</exception>
/// <exception cref="ObjectDisposedException">An argument is disposed.</exception>
public static partial class Ops
{
    /// <summary>a + b (<c>mlx.core.add</c>).</summary>
    public static MlxArray Add(MlxArray a, MlxArray b, MlxStream? stream = null) =>
        Call.Add(a, b, stream);

    /// <summary>a - b (<c>mlx.core.subtract</c>).</summary>
    public static MlxArray Subtract(MlxArray a, MlxArray b, MlxStream? stream = null) =>
        Call.Subtract(a, b, stream);

    /// <summary>a * b (<c>mlx.core.multiply</c>).</summary>
    public static MlxArray Multiply(MlxArray a, MlxArray b, MlxStream? stream = null) =>
        Call.Multiply(a, b, stream);

    /// <summary>a / b; integers become float32 (<c>mlx.core.divide</c>).</summary>
    public static MlxArray Divide(MlxArray a, MlxArray b, MlxStream? stream = null) =>
        Call.Divide(a, b, stream);

    /// <summary>a / b rounded down to an integer (<c>mlx.core.floor_divide</c>).</summary>
    public static MlxArray FloorDivide(MlxArray a, MlxArray b, MlxStream? stream = null) =>
        Call.FloorDivide(a, b, stream);

    /// <summary>The remainder of a / b, with the sign of b (<c>mlx.core.remainder</c>).</summary>
    public static MlxArray Remainder(MlxArray a, MlxArray b, MlxStream? stream = null) =>
        Call.Remainder(a, b, stream);

    /// <summary>a to the power of b (<c>mlx.core.power</c>).</summary>
    public static MlxArray Power(MlxArray a, MlxArray b, MlxStream? stream = null) =>
        Call.Power(a, b, stream);

    /// <summary>The larger of a and b; NaN wins (<c>mlx.core.maximum</c>).</summary>
    public static MlxArray Maximum(MlxArray a, MlxArray b, MlxStream? stream = null) =>
        Call.Maximum(a, b, stream);

    /// <summary>The smaller of a and b; NaN wins (<c>mlx.core.minimum</c>).</summary>
    public static MlxArray Minimum(MlxArray a, MlxArray b, MlxStream? stream = null) =>
        Call.Minimum(a, b, stream);

    /// <summary>log(exp(a) + exp(b)), without overflow (<c>mlx.core.logaddexp</c>).</summary>
    public static MlxArray LogAddExp(MlxArray a, MlxArray b, MlxStream? stream = null) =>
        Call.Logaddexp(a, b, stream);

    /// <summary>The angle of the point (b, a), in radians (<c>mlx.core.arctan2</c>).</summary>
    public static MlxArray ArcTan2(MlxArray a, MlxArray b, MlxStream? stream = null) =>
        Call.Arctan2(a, b, stream);

    /// <summary>The quotient rounded down, and the remainder (<c>mlx.core.divmod</c>).</summary>
    public static (MlxArray Quotient, MlxArray Remainder) DivMod(
        MlxArray a, MlxArray b, MlxStream? stream = null) =>
        Two(Call.Divmod(a, b, stream));

    /// <summary>-a (<c>mlx.core.negative</c>).</summary>
    public static MlxArray Negative(MlxArray a, MlxStream? stream = null) =>
        Call.Negative(a, stream);

    /// <summary>Absolute values; the modulus of complex numbers (<c>mlx.core.abs</c>).</summary>
    public static MlxArray Abs(MlxArray a, MlxStream? stream = null) => Call.Abs(a, stream);

    /// <summary>-1, 0 or 1; of a complex number its direction (<c>mlx.core.sign</c>).</summary>
    public static MlxArray Sign(MlxArray a, MlxStream? stream = null) => Call.Sign(a, stream);

    /// <summary>a * a (<c>mlx.core.square</c>).</summary>
    public static MlxArray Square(MlxArray a, MlxStream? stream = null) => Call.Square(a, stream);

    /// <summary>The square root (<c>mlx.core.sqrt</c>).</summary>
    public static MlxArray Sqrt(MlxArray a, MlxStream? stream = null) => Call.Sqrt(a, stream);

    /// <summary>1 / sqrt(a) (<c>mlx.core.rsqrt</c>).</summary>
    public static MlxArray Rsqrt(MlxArray a, MlxStream? stream = null) => Call.Rsqrt(a, stream);

    /// <summary>1 / a (<c>mlx.core.reciprocal</c>).</summary>
    public static MlxArray Reciprocal(MlxArray a, MlxStream? stream = null) =>
        Call.Reciprocal(a, stream);

    /// <summary>e^a (<c>mlx.core.exp</c>).</summary>
    public static MlxArray Exp(MlxArray a, MlxStream? stream = null) => Call.Exp(a, stream);

    /// <summary>e^a - 1, exact near zero (<c>mlx.core.expm1</c>).</summary>
    public static MlxArray Expm1(MlxArray a, MlxStream? stream = null) => Call.Expm1(a, stream);

    /// <summary>The natural logarithm (<c>mlx.core.log</c>).</summary>
    public static MlxArray Log(MlxArray a, MlxStream? stream = null) => Call.Log(a, stream);

    /// <summary>The logarithm to base 2 (<c>mlx.core.log2</c>).</summary>
    public static MlxArray Log2(MlxArray a, MlxStream? stream = null) => Call.Log2(a, stream);

    /// <summary>The logarithm to base 10 (<c>mlx.core.log10</c>).</summary>
    public static MlxArray Log10(MlxArray a, MlxStream? stream = null) => Call.Log10(a, stream);

    /// <summary>log(1 + a), exact near zero (<c>mlx.core.log1p</c>).</summary>
    public static MlxArray Log1p(MlxArray a, MlxStream? stream = null) => Call.Log1p(a, stream);

    /// <summary>1 / (1 + e^-a) (<c>mlx.core.sigmoid</c>).</summary>
    public static MlxArray Sigmoid(MlxArray a, MlxStream? stream = null) => Call.Sigmoid(a, stream);

    /// <summary>The error function (<c>mlx.core.erf</c>).</summary>
    public static MlxArray Erf(MlxArray a, MlxStream? stream = null) => Call.Erf(a, stream);

    /// <summary>The inverse of the error function (<c>mlx.core.erfinv</c>).</summary>
    public static MlxArray ErfInv(MlxArray a, MlxStream? stream = null) => Call.Erfinv(a, stream);

    /// <summary>The integer at or below (<c>mlx.core.floor</c>).</summary>
    public static MlxArray Floor(MlxArray a, MlxStream? stream = null) => Call.Floor(a, stream);

    /// <summary>The integer at or above (<c>mlx.core.ceil</c>).</summary>
    public static MlxArray Ceil(MlxArray a, MlxStream? stream = null) => Call.Ceil(a, stream);

    /// <summary>Rounds to a number of decimals, ties to even (<c>mlx.core.round</c>).</summary>
    public static MlxArray Round(MlxArray a, int decimals = 0, MlxStream? stream = null) =>
        Call.Round(a, decimals, stream);

    /// <summary>min(max(a, min), max); null for no bound (<c>mlx.core.clip</c>).</summary>
    public static MlxArray Clip(
        MlxArray a, MlxArray? min, MlxArray? max, MlxStream? stream = null) =>
        Call.Clip(a, min, max, stream);

    /// <summary>
    /// Replaces NaN and the infinities; null stands for the largest finite number
    /// (<c>mlx.core.nan_to_num</c>).
    /// </summary>
    public static MlxArray NanToNum(
        MlxArray a,
        float nan = 0,
        float? posInf = null,
        float? negInf = null,
        MlxStream? stream = null) =>
        Call.NanToNum(a, nan, posInf, negInf, stream);

    /// <summary>The real part (<c>mlx.core.real</c>).</summary>
    public static MlxArray Real(MlxArray a, MlxStream? stream = null) => Call.Real(a, stream);

    /// <summary>The imaginary part (<c>mlx.core.imag</c>).</summary>
    public static MlxArray Imag(MlxArray a, MlxStream? stream = null) => Call.Imag(a, stream);

    /// <summary>The complex conjugate (<c>mlx.core.conjugate</c>).</summary>
    public static MlxArray Conjugate(MlxArray a, MlxStream? stream = null) =>
        Call.Conjugate(a, stream);

    /// <summary>Radians to degrees (<c>mlx.core.degrees</c>).</summary>
    public static MlxArray Degrees(MlxArray a, MlxStream? stream = null) => Call.Degrees(a, stream);

    /// <summary>Degrees to radians (<c>mlx.core.radians</c>).</summary>
    public static MlxArray Radians(MlxArray a, MlxStream? stream = null) => Call.Radians(a, stream);
}
