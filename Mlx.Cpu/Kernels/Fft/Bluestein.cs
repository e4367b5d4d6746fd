using System.Collections.Concurrent;
using System.Numerics;
using System.Runtime.InteropServices;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Kernels.Fft;

/// <summary>
/// A transform of any length n as a convolution: x[j] w^(j^2/2) with w^(-j^2/2), done by transforms
/// of the next power of two beyond 2n (Bluestein 1970).
/// </summary>
internal sealed unsafe class Bluestein
{
    private static readonly ConcurrentDictionary<int, Bluestein> Plans = new();

    private readonly int n;
    private readonly int padded;
    private readonly Complex64[] chirp;

    /// <summary>The transform of the conjugate chirp, divided by the padded length.</summary>
    private readonly Complex64[] filter;

    private Bluestein(int n)
    {
        this.n = n;
        padded = (int)BitOperations.RoundUpToPowerOf2((uint)(2 * n - 1));
        chirp = new Complex64[n];
        var b = new Complex64[padded];
        for (var j = 0; j < n; j++)
        {
            // j^2 / 2 turns of 1/n: reduced exactly before the angle is taken.
            var (sin, cos) = Math.SinCos(-Math.PI * ((long)j * j % (2L * n)) / n);
            chirp[j] = new Complex64((float)cos, (float)sin);
            b[j] = new Complex64((float)cos, (float)-sin);
            b[(padded - j) % padded] = b[j];
        }

        fixed (Complex64* p = b)
        {
            RowFft.Run(p, 1, padded, false);
        }

        filter = Array.ConvertAll(b, z => new Complex64(z.Re / padded, z.Im / padded));
    }

    public static Bluestein For(int n) => Plans.GetOrAdd(n, static length => new Bluestein(length));

    public void Run(Complex64* row, bool inverse)
    {
        using var scratch = new Scratch((long)padded * sizeof(Complex64));
        var a = (Complex64*)scratch.Pointer;
        for (var j = 0; j < n; j++)
        {
            a[j] = Product(inverse ? Swapped(row[j]) : row[j], chirp[j]);
        }

        NativeMemory.Clear(a + n, (nuint)(padded - n) * (nuint)sizeof(Complex64));
        RowFft.Run(a, 1, padded, false);
        for (var j = 0; j < padded; j++)
        {
            a[j] = Product(a[j], filter[j]);
        }

        RowFft.Run(a, 1, padded, true);
        for (var j = 0; j < n; j++)
        {
            var z = Product(a[j], chirp[j]);
            row[j] = inverse ? Swapped(z) : z;
        }
    }

    private static Complex64 Swapped(Complex64 z) => new(z.Im, z.Re);

    private static Complex64 Product(Complex64 a, Complex64 b) =>
        new(a.Re * b.Re - a.Im * b.Im, a.Re * b.Im + a.Im * b.Re);
}
