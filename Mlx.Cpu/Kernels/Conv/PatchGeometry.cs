using System.Runtime.CompilerServices;

namespace Mlx.Cpu.Kernels;

/// <summary>One spatial axis of a convolution.</summary>
internal struct PatchAxis
{
    public int In;
    public int Out;
    public int Kernel;
    public int Stride;
    public int Padding;
    public int KernelDilation;
    public int InputDilation;
    public bool Flip;

    /// <summary>Elements from one position of the input to the next.</summary>
    public nint Step;

    /// <summary>Where the window of an output position begins; negative in the padding.</summary>
    public readonly int Begin(int output) => (output * Stride) - Padding;

    /// <summary>
    /// The input position under a tap of the kernel in the window that begins at
    /// <paramref name="begin"/>; negative if there is none: padding, or a gap of a dilated input.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly int Position(int begin, int tap)
    {
        var at = begin + ((Flip ? Kernel - 1 - tap : tap) * KernelDilation);
        if (InputDilation != 1)
        {
            if (at < 0 || at % InputDilation != 0)
            {
                return -1;
            }

            at /= InputDilation;
        }

        return (uint)at < (uint)In ? at : -1;
    }
}

/// <summary>
/// The matrix whose rows are the windows of a convolution: one for each output position, in the
/// order of taps and, within a tap, channels. It exists only piece by piece, as panels of a
/// matrix product (implicit im2col).
/// </summary>
internal unsafe struct PatchGeometry<T>
    where T : unmanaged
{
    /// <summary>The input (batch, depth, height, width, channels): channels adjoin.</summary>
    public T* Input;
    public nint BatchStep;
    public PatchAxis Depth;
    public PatchAxis Height;
    public PatchAxis Width;

    /// <summary>Channels in a window: those of a group.</summary>
    public int Channels;

    /// <summary>As many zeros as a panel is deep, for windows that reach outside.</summary>
    public T* Zeros;

    /// <summary>The taps' elements for the window that begins at the given position, or zeros.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly T* At(in Window window, in Tap tap)
    {
        var d = Depth.Position(window.Depth, tap.Depth);
        var h = Height.Position(window.Height, tap.Height);
        var w = Width.Position(window.Width, tap.Width);
        return (d | h | w) < 0
            ? Zeros
            : (T*)window.Batch + (d * Depth.Step) + (h * Height.Step) + (w * Width.Step);
    }

    /// <summary>The window of an output position, counted over all of them.</summary>
    public readonly Window WindowAt(nint row)
    {
        var (rest, w) = Math.DivRem(row, Width.Out);
        (rest, var h) = Math.DivRem(rest, Height.Out);
        (var n, var d) = Math.DivRem(rest, Depth.Out);
        return new Window
        {
            Batch = Input + (n * BatchStep),
            Depth = Depth.Begin((int)d),
            Height = Height.Begin((int)h),
            Width = Width.Begin((int)w),
            Left = (int)(Width.Out - w),
        };
    }

    /// <summary>Moves to the window of the next output position.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Next(ref Window window, nint row)
    {
        if (--window.Left > 0)
        {
            window.Width += Width.Stride;
        }
        else
        {
            window = WindowAt(row + 1);
        }
    }

    public readonly Tap TapAt(nint tap)
    {
        var (rest, w) = Math.DivRem((int)tap, Width.Kernel);
        var (d, h) = Math.DivRem(rest, Height.Kernel);
        return new Tap { Depth = d, Height = h, Width = w };
    }
}

/// <summary>Where a window begins, and how many are left in its line.</summary>
internal unsafe struct Window
{
    public void* Batch;
    public int Depth;
    public int Height;
    public int Width;
    public int Left;
}

/// <summary>A position in the kernel.</summary>
internal struct Tap
{
    public int Depth;
    public int Height;
    public int Width;
}
