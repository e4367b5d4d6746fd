using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Mlx.Core.Abi;

namespace Mlx.Core;

public sealed unsafe partial class MlxArray
{
    /// <summary>Copies the elements of <paramref name="data"/>, row by row.</summary>
    /// <param name="data">As many elements as the shape has.</param>
    /// <param name="shape">The length of each axis; none for one axis over all the data.</param>
    /// <exception cref="ArgumentException">The shape has another number of elements.</exception>
    /// <example><code>var x = MlxArray.From([1f, 2, 3, 4, 5, 6], 2, 3);</code></example>
    public static MlxArray From<T>(ReadOnlySpan<T> data, params ReadOnlySpan<int> shape)
        where T : unmanaged
    {
        var length = data.Length;
        return Shaped(data, shape.IsEmpty ? new ReadOnlySpan<int>(in length) : shape);
    }

    /// <summary>Copies a .NET array into an array of one axis, or of the shape given.</summary>
    /// <exception cref="ArgumentException">The shape has another number of elements.</exception>
    public static MlxArray From<T>(T[] data, params ReadOnlySpan<int> shape) where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(data);
        return From(new ReadOnlySpan<T>(data), shape);
    }

    /// <summary>Copies a .NET array; for languages without <c>params</c> spans.</summary>
    /// <exception cref="ArgumentException">The shape has another number of elements.</exception>
    public static MlxArray From<T>(T[] data, params int[] shape) where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(data);
        return From(new ReadOnlySpan<T>(data), new ReadOnlySpan<int>(shape));
    }

    /// <summary>Copies a .NET array of two axes.</summary>
    public static MlxArray From<T>(T[,] data) where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(data);
        return Shaped(Elements<T>(data), [data.GetLength(0), data.GetLength(1)]);
    }

    /// <summary>Copies a .NET array of three axes.</summary>
    public static MlxArray From<T>(T[,,] data) where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(data);
        return Shaped(Elements<T>(data), [data.GetLength(0), data.GetLength(1), data.GetLength(2)]);
    }

    /// <summary>Copies a .NET array of four axes.</summary>
    public static MlxArray From<T>(T[,,,] data) where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(data);
        return Shaped(
            Elements<T>(data),
            [data.GetLength(0), data.GetLength(1), data.GetLength(2), data.GetLength(3)]);
    }

    /// <summary>An array without axes that holds one element.</summary>
    public static MlxArray Scalar<T>(T value) where T : unmanaged =>
        Shaped(new ReadOnlySpan<T>(in value), default);

    /// <summary>
    /// An array without axes that holds <paramref name="value"/> converted to a dtype.
    /// </summary>
    /// <exception cref="OverflowException">An integer dtype cannot hold the value.</exception>
    public static MlxArray Scalar(double value, DType dtype) => dtype switch
    {
        DType.Float32 => Scalar((float)value),
        DType.Float16 => Scalar((Half)value),
        DType.BFloat16 => Scalar((BFloat16)value),
        DType.Float64 => Scalar(value),
        DType.Complex64 => Scalar(new Complex64((float)value, 0)),
        DType.Bool => Scalar(value != 0),
        _ => Scalar(checked((long)value), dtype),
    };

    /// <summary>
    /// An array without axes that holds <paramref name="value"/> converted to a dtype.
    /// </summary>
    /// <exception cref="OverflowException">The dtype cannot hold the value.</exception>
    public static MlxArray Scalar(long value, DType dtype) => checked(dtype switch
    {
        DType.Int32 => Scalar((int)value),
        DType.Int64 => Scalar(value),
        DType.UInt8 => Scalar((byte)value),
        DType.UInt16 => Scalar((ushort)value),
        DType.UInt32 => Scalar((uint)value),
        DType.UInt64 => Scalar((ulong)value),
        DType.Int8 => Scalar((sbyte)value),
        DType.Int16 => Scalar((short)value),
        _ => Scalar((double)value, dtype),
    });

    /// <summary>A float32 scalar.</summary>
    public static implicit operator MlxArray(float value) => Scalar(value);

    /// <summary>
    /// A float32 scalar, as a number literal of MLX is; see <see cref="Scalar{T}"/> for float64.
    /// </summary>
    public static implicit operator MlxArray(double value) => Scalar((float)value);

    /// <summary>An int32 scalar.</summary>
    public static implicit operator MlxArray(int value) => Scalar(value);

    /// <summary>An int64 scalar.</summary>
    public static implicit operator MlxArray(long value) => Scalar(value);

    /// <summary>A bool scalar.</summary>
    public static implicit operator MlxArray(bool value) => Scalar(value);

    /// <summary>A complex64 scalar.</summary>
    public static implicit operator MlxArray(Complex64 value) => Scalar(value);

    /// <summary>A complex64 scalar.</summary>
    public static implicit operator MlxArray(Complex value) => Scalar((Complex64)value);

    /// <summary>Copies from raw bytes in the machine's order.</summary>
    /// <exception cref="ArgumentException">The number of bytes does not fit the shape.</exception>
    public static MlxArray FromBytes(
        ReadOnlySpan<byte> data, ReadOnlySpan<int> shape, DType dtype)
    {
        var wanted = checked(Shapes.Size(shape) * dtype.Size());
        if (wanted != data.Length)
        {
            throw new ArgumentException(
                $"{data.Length} bytes were given for {dtype.Name()} of shape {Shapes.Text(shape)}, "
                + $"which takes {wanted}",
                nameof(data));
        }

        return Copy(ref MemoryMarshal.GetReference(data), shape, dtype);
    }

    private static MlxArray Shaped<T>(ReadOnlySpan<T> data, ReadOnlySpan<int> shape)
        where T : unmanaged
    {
        var dtype = DTypes.Of<T>();
        if (Shapes.Size(shape) != data.Length)
        {
            throw new ArgumentException(
                $"{data.Length} elements were given for the shape {Shapes.Text(shape)}",
                nameof(shape));
        }

        return Copy(ref Unsafe.As<T, byte>(ref MemoryMarshal.GetReference(data)), shape, dtype);
    }

    private static MlxArray Copy(ref byte data, ReadOnlySpan<int> shape, DType dtype)
    {
        // The engine wants an address even where there is nothing to copy.
        byte nothing = 0;
        fixed (byte* p = &data)
        fixed (int* s = shape)
        {
            var a = Native.mlx_array_new_data(
                p == null ? &nothing : p, s, shape.Length, (mlx_dtype)dtype);
            if (a.ctx == 0)
            {
                Result.Check(1, nameof(Native.mlx_array_new_data));
            }

            var array = Own(a);
            array.dtype = (sbyte)dtype;
            return array;
        }
    }

    private static ReadOnlySpan<T> Elements<T>(Array data) where T : unmanaged =>
        MemoryMarshal.CreateReadOnlySpan(
            ref Unsafe.As<byte, T>(ref MemoryMarshal.GetArrayDataReference(data)), data.Length);
}
