using System.Numerics;
using System.Runtime.InteropServices;

namespace Mlx.Cpu.Graph;

/// <summary>A pair of float32, as C's <c>float _Complex</c> lies in memory.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct Complex64(float Re, float Im)
{
    public static implicit operator Complex(Complex64 z) => new(z.Re, z.Im);

    public static explicit operator Complex64(Complex z) => new((float)z.Real, (float)z.Imaginary);

    public static Complex64 operator +(Complex64 a, Complex64 b) => new(a.Re + b.Re, a.Im + b.Im);

    public static Complex64 operator -(Complex64 a, Complex64 b) => new(a.Re - b.Re, a.Im - b.Im);

    public static Complex64 operator -(Complex64 a) => new(-a.Re, -a.Im);

    public static Complex64 operator *(Complex64 a, Complex64 b) =>
        new(a.Re * b.Re - a.Im * b.Im, a.Re * b.Im + a.Im * b.Re);

    public static Complex64 operator /(Complex64 a, Complex64 b) => (Complex64)((Complex)a / b);

    /// <summary>MLX orders complex numbers by the real part, then the imaginary.</summary>
    public static bool operator <(Complex64 a, Complex64 b) =>
        a.Re < b.Re || a.Re == b.Re && a.Im < b.Im;

    public static bool operator >(Complex64 a, Complex64 b) => b < a;

    public static bool operator <=(Complex64 a, Complex64 b) =>
        a.Re < b.Re || a.Re == b.Re && a.Im <= b.Im;

    public static bool operator >=(Complex64 a, Complex64 b) => b <= a;
}
