using System.Runtime.CompilerServices;
using Mlx.Core.Abi;
using Mlx.Core.Engines;

namespace Mlx.Core;

/// <summary>
/// An immutable, lazily computed array of numbers. Its dtype and shape are known at once; its
/// elements are computed by <see cref="Eval()"/>, by reading and by printing. It owns one handle of
/// the engine: free it with <see cref="Dispose"/> or a <see cref="Scope"/>, else its finalizer
/// does. Safe to use from several threads.
/// </summary>
public sealed unsafe partial class MlxArray : IDisposable
{
    // Set in `uses` once the array is disposed; the rest counts the calls that use the handle now.
    private const int Disposed = int.MinValue;

    private nint handle;
    private int[]? shape;
    private Scope? owner;
    private int uses;
    private sbyte dtype = -1;

    private MlxArray(nint handle)
    {
        this.handle = handle;
        var state = ThreadContext.Current;
        state.Created++;
        if (state.Scope is { } scope)
        {
            owner = scope;
            scope.Add(this);
        }
    }

    /// <summary>The net under arrays that nobody freed.</summary>
    ~MlxArray() => Free();

    /// <summary>The element type.</summary>
    public DType DType
    {
        get
        {
            if (dtype < 0)
            {
                using var pin = new Pin(this);
                dtype = (sbyte)Native.mlx_array_dtype(pin.Handle);
            }

            return (DType)dtype;
        }
    }

    /// <summary>The length of each axis.</summary>
    public ReadOnlySpan<int> Shape => ShapeArray;

    /// <summary>The number of axes.</summary>
    public int NDim => ShapeArray.Length;

    /// <summary>The number of elements.</summary>
    public long Size
    {
        get
        {
            long n = 1;
            foreach (var d in ShapeArray)
            {
                n *= d;
            }

            return n;
        }
    }

    /// <summary>Bytes of one element.</summary>
    public int ItemSize => DType.Size();

    /// <summary>Bytes of all elements, as if they lay side by side.</summary>
    public long NBytes => Size * ItemSize;

    /// <summary>
    /// How many elements apart the neighbours of each axis lie in memory. Evaluates the array,
    /// because only then is it decided.
    /// </summary>
    public long[] Strides
    {
        get
        {
            Eval();
            using var pin = new Pin(this);
            var strides = new long[NDim];
            var p = Native.mlx_array_strides(pin.Handle);
            for (var i = 0; i < strides.Length; i++)
            {
                strides[i] = (long)p[i];
            }

            return strides;
        }
    }

    /// <summary>True once the handle is given back; the array cannot be used any more.</summary>
    public bool IsDisposed => Volatile.Read(ref uses) < 0;

    /// <summary>The shape without a copy; not to be written to.</summary>
    internal int[] ShapeArray => shape ?? ReadShape();

    internal Scope? Owner
    {
        get => owner;
        set => owner = value;
    }

    /// <summary>The length of an axis; negative axes count from the last.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such axis.</exception>
    public int Dim(int axis)
    {
        var s = ShapeArray;
        var i = axis < 0 ? axis + s.Length : axis;
        return (uint)i < (uint)s.Length ? s[i] : throw new ArgumentOutOfRangeException(
            nameof(axis), axis, $"an array of shape {Shapes.Text(s)} has no axis {axis}");
    }

    /// <summary>
    /// Gives the handle back at once, or, when another thread's call uses it, as soon as that is
    /// done. Disposing twice is allowed.
    /// </summary>
    public void Dispose()
    {
        var before = Interlocked.Or(ref uses, Disposed);
        if (before >= 0)
        {
            GC.SuppressFinalize(this);
            if (before == 0)
            {
                Free();
            }
        }
    }

    /// <summary>Takes over a handle that the engine made.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static MlxArray Own(mlx_array a)
    {
        var array = new MlxArray(a.ctx);
        if (ShapeCheck.IsActive)
        {
            ShapeCheck.Make(array);
        }

        return array;
    }

    /// <summary>Keeps the handle valid until <see cref="Release"/>.</summary>
    /// <exception cref="ObjectDisposedException">The array is disposed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal mlx_array Acquire()
    {
        if (Interlocked.Increment(ref uses) < 0)
        {
            ThrowDisposed();
        }

        if (ShapeCheck.IsActive)
        {
            ShapeCheck.Use(this);
        }

        return new mlx_array { ctx = handle };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Release()
    {
        if (ShapeCheck.IsActive)
        {
            ShapeCheck.EndUse(this);
        }

        if (Interlocked.Decrement(ref uses) == Disposed)
        {
            Free();
        }
    }

    private void ThrowDisposed()
    {
        Release();
        throw new ObjectDisposedException(
            nameof(MlxArray), "This array was disposed, by Dispose or at the end of its scope.");
    }

    // Whoever finds the handle frees it, so that several last users do no harm.
    private void Free()
    {
        var h = Interlocked.Exchange(ref handle, 0);
        if (h != 0)
        {
            _ = Native.mlx_array_free(new mlx_array { ctx = h });
            ThreadContext.Current.Freed++;
        }
    }

    private int[] ReadShape()
    {
        using var pin = new Pin(this);
        var n = (int)Native.mlx_array_ndim(pin.Handle);
        return shape = n == 0
            ? []
            : new ReadOnlySpan<int>(Native.mlx_array_shape(pin.Handle), n).ToArray();
    }
}
