using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Kernels;

/// <summary>y = f(x) for every lane type it is used with.</summary>
internal interface IUnary
{
    static abstract Vector512<T> Of<T>(Vector512<T> x) where T : unmanaged;
}

/// <summary>z = f(x, y) for every lane type it is used with.</summary>
internal interface IBinary
{
    static abstract Vector512<T> Of<T>(Vector512<T> x, Vector512<T> y) where T : unmanaged;
}

/// <summary>
/// One element at a time: for what has no vector form, or no lanes (complex numbers).
/// </summary>
internal interface IUnary<TIn, TOut>
{
    static abstract TOut Of(TIn x);
}

/// <inheritdoc cref="IUnary{TIn, TOut}"/>
internal interface IBinary<TIn, TOut>
{
    static abstract TOut Of(TIn x, TIn y);
}

/// <summary>
/// The loops of elementwise kernels; each instantiation is a <c>Kernel</c>. A single-element input
/// is spread over a vector in a small buffer that the loop reads again and again, and a tail
/// shorter than a vector is computed in such a buffer too: so one formula serves every position,
/// and a result does not depend on where in an array it stands.
/// </summary>
internal static unsafe class Loops
{
    private const MethodImplOptions Hot = MethodImplOptions.AggressiveOptimization;

    [MethodImpl(Hot)]
    public static void Unary<TOp, TElement, T>(byte** inputs, byte* output, long n, uint scalars)
        where TOp : struct, IUnary
        where TElement : struct, IElement<T>
        where T : unmanaged
    {
        var pad = stackalloc byte[64];
        var bytes = Vector512<T>.Count * TElement.Size;
        var x = Input(inputs, 0, scalars, TElement.Size, pad, bytes, out var dx);
        var rest = n * TElement.Size;
        for (; rest >= bytes; rest -= bytes)
        {
            TElement.Store(TOp.Of(TElement.Load(x)), output);
            x += dx;
            output += bytes;
        }

        if (rest > 0)
        {
            Tail(x, dx, rest, pad);
            TElement.Store(TOp.Of(TElement.Load(pad)), pad);
            Unsafe.CopyBlockUnaligned(output, pad, (uint)rest);
        }
    }

    [MethodImpl(Hot)]
    public static void Binary<TOp, TElement, T>(byte** inputs, byte* output, long n, uint scalars)
        where TOp : struct, IBinary
        where TElement : struct, IElement<T>
        where T : unmanaged
    {
        var pad = stackalloc byte[128];
        var bytes = Vector512<T>.Count * TElement.Size;
        var x = Input(inputs, 0, scalars, TElement.Size, pad, bytes, out var dx);
        var y = Input(inputs, 1, scalars, TElement.Size, pad + 64, bytes, out var dy);
        var rest = n * TElement.Size;
        for (; rest >= bytes; rest -= bytes)
        {
            TElement.Store(TOp.Of(TElement.Load(x), TElement.Load(y)), output);
            x += dx;
            y += dy;
            output += bytes;
        }

        if (rest > 0)
        {
            Tail(x, dx, rest, pad);
            Tail(y, dy, rest, pad + 64);
            TElement.Store(TOp.Of(TElement.Load(pad), TElement.Load(pad + 64)), pad);
            Unsafe.CopyBlockUnaligned(output, pad, (uint)rest);
        }
    }

    /// <summary>
    /// The operator answers a lane mask; the output is one byte an element, 0 or 1.
    /// </summary>
    [MethodImpl(Hot)]
    public static void Compare<TOp, TElement, T>(byte** inputs, byte* output, long n, uint scalars)
        where TOp : struct, IBinary
        where TElement : struct, IElement<T>
        where T : unmanaged
    {
        var pad = stackalloc byte[128];
        var count = Vector512<T>.Count;
        var bytes = count * TElement.Size;
        var x = Input(inputs, 0, scalars, TElement.Size, pad, bytes, out var dx);
        var y = Input(inputs, 1, scalars, TElement.Size, pad + 64, bytes, out var dy);
        for (; n >= count; n -= count)
        {
            Lanes.StoreMask(TOp.Of(TElement.Load(x), TElement.Load(y)), output);
            x += dx;
            y += dy;
            output += count;
        }

        if (n > 0)
        {
            Tail(x, dx, n * TElement.Size, pad);
            Tail(y, dy, n * TElement.Size, pad + 64);
            Lanes.StoreMask(TOp.Of(TElement.Load(pad), TElement.Load(pad + 64)), pad);
            Unsafe.CopyBlockUnaligned(output, pad, (uint)n);
        }
    }

    /// <summary>1 where an element is not 0 (NaN is not), else 0.</summary>
    [MethodImpl(Hot)]
    public static void Truth<TElement, T>(byte** inputs, byte* output, long n, uint scalars)
        where TElement : struct, IElement<T>
        where T : unmanaged
    {
        var pad = stackalloc byte[64];
        var count = Vector512<T>.Count;
        var x = Input(inputs, 0, scalars, TElement.Size, pad, count * TElement.Size, out var dx);
        for (; n >= count; n -= count)
        {
            Lanes.StoreMask(~Vector512.Equals(TElement.Load(x), Vector512<T>.Zero), output);
            x += dx;
            output += count;
        }

        if (n > 0)
        {
            Tail(x, dx, n * TElement.Size, pad);
            Lanes.StoreMask(~Vector512.Equals(TElement.Load(pad), Vector512<T>.Zero), pad);
            Unsafe.CopyBlockUnaligned(output, pad, (uint)n);
        }
    }

    /// <summary>Byte condition ? x : y, over elements of any type of the size of T.</summary>
    [MethodImpl(Hot)]
    public static void Select<T>(byte** inputs, byte* output, long n, uint scalars)
        where T : unmanaged
    {
        var pad = stackalloc byte[192];
        var count = Vector512<T>.Count;
        var c = Input(inputs, 0, scalars, 1, pad, count, out var dc);
        var x = Input(inputs, 1, scalars, sizeof(T), pad + 64, 64, out var dx);
        var y = Input(inputs, 2, scalars, sizeof(T), pad + 128, 64, out var dy);
        for (; n >= count; n -= count)
        {
            var chosen = Vector512.ConditionalSelect(
                Lanes.LoadMask<T>(c), Vector512.Load((T*)x), Vector512.Load((T*)y));
            chosen.Store((T*)output);
            c += dc;
            x += dx;
            y += dy;
            output += 64;
        }

        if (n > 0)
        {
            Tail(c, dc, n, pad);
            Tail(x, dx, n * sizeof(T), pad + 64);
            Tail(y, dy, n * sizeof(T), pad + 128);
            var tail = Vector512.ConditionalSelect(
                Lanes.LoadMask<T>(pad),
                Vector512.Load((T*)(pad + 64)),
                Vector512.Load((T*)(pad + 128)));
            Unsafe.CopyBlockUnaligned(output, &tail, (uint)(n * sizeof(T)));
        }
    }

    /// <summary>From one storage format to another, through the same lanes.</summary>
    [MethodImpl(Hot)]
    public static void Recode<TFrom, TTo, T>(byte** inputs, byte* output, long n, uint scalars)
        where TFrom : struct, IElement<T>
        where TTo : struct, IElement<T>
        where T : unmanaged
    {
        var pad = stackalloc byte[64];
        var count = Vector512<T>.Count;
        var x = Input(inputs, 0, scalars, TFrom.Size, pad, count * TFrom.Size, out var dx);
        for (; n >= count; n -= count)
        {
            TTo.Store(TFrom.Load(x), output);
            x += dx;
            output += count * TTo.Size;
        }

        if (n > 0)
        {
            Tail(x, dx, n * TFrom.Size, pad);
            TTo.Store(TFrom.Load(pad), pad);
            Unsafe.CopyBlockUnaligned(output, pad, (uint)(n * TTo.Size));
        }
    }

    [MethodImpl(Hot)]
    public static void Map<TOp, TIn, TOut>(byte** inputs, byte* output, long n, uint scalars)
        where TOp : struct, IUnary<TIn, TOut>
        where TIn : unmanaged
        where TOut : unmanaged
    {
        var x = (TIn*)inputs[0];
        var to = (TOut*)output;
        if (scalars != 0)
        {
            var value = TOp.Of(*x);
            for (long i = 0; i < n; i++)
            {
                to[i] = value;
            }

            return;
        }

        for (long i = 0; i < n; i++)
        {
            to[i] = TOp.Of(x[i]);
        }
    }

    [MethodImpl(Hot)]
    public static void Zip<TOp, TIn, TOut>(byte** inputs, byte* output, long n, uint scalars)
        where TOp : struct, IBinary<TIn, TOut>
        where TIn : unmanaged
        where TOut : unmanaged
    {
        var x = (TIn*)inputs[0];
        var y = (TIn*)inputs[1];
        var to = (TOut*)output;
        var dx = (scalars & 1) != 0 ? 0 : 1;
        var dy = (scalars & 2) != 0 ? 0 : 1;
        for (long i = 0; i < n; i++)
        {
            to[i] = TOp.Of(*x, *y);
            x += dx;
            y += dy;
        }
    }

    /// <summary>
    /// Where to read input <paramref name="i"/>, and how far to go on after each vector.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* Input(
        byte** inputs, int i, uint scalars, int size, byte* pad, int bytes, out int step)
    {
        var at = inputs[i];
        if ((scalars >> i & 1) == 0)
        {
            step = bytes;
            return at;
        }

        switch (size)
        {
            case 1: Vector512.Create(*at).Store(pad); break;
            case 2: Vector512.Create(*(ushort*)at).Store((ushort*)pad); break;
            case 4: Vector512.Create(*(uint*)at).Store((uint*)pad); break;
            default: Vector512.Create(*(ulong*)at).Store((ulong*)pad); break;
        }

        step = 0;
        return pad;
    }

    /// <summary>The last elements, into the buffer unless they are spread there already.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Tail(byte* x, int step, long bytes, byte* pad)
    {
        if (step != 0)
        {
            Vector512<byte>.Zero.Store(pad);
            Unsafe.CopyBlockUnaligned(pad, x, (uint)bytes);
        }
    }
}
