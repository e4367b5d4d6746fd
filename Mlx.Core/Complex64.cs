using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Mlx.Core;

/// <summary>
/// A complex number of two singles, as arrays of <see cref="DType.Complex64"/> store it.
/// </summary>
/// <param name="Real">The real part.</param>
/// <param name="Imaginary">The imaginary part.</param>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct Complex64(float Real, float Imaginary)
{
    /// <summary>Exact.</summary>
    public static implicit operator Complex(Complex64 x) => new(x.Real, x.Imaginary);

    /// <summary>Rounds both parts.</summary>
    public static explicit operator Complex64(Complex x) => new((float)x.Real, (float)x.Imaginary);

    /// <summary>A real number.</summary>
    public static implicit operator Complex64(float x) => new(x, 0);

    /// <summary>As MLX prints it: <c>1+2j</c>.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{Real}{(Imaginary < 0 ? "" : "+")}{Imaginary}j");
}
