using System.Runtime.CompilerServices;
using Mlx.Core.Abi;
using Mlx.Core.Engines;

namespace Mlx.Core;

public sealed unsafe partial class MlxArray
{
    /// <summary>Computes the elements, unless they are computed already.</summary>
    public void Eval()
    {
        using var pin = new Pin(this);
        if (MlxThread.IsHere)
        {
            EvalHere(pin.Handle);
        }
        else
        {
            MlxThread.Run(EvalHere, pin.Handle);
        }
    }

    /// <summary>Computes several arrays in one go.</summary>
    public static void Eval(params ReadOnlySpan<MlxArray> arrays)
    {
        using var vector = new PinnedVector(arrays);
        MlxThread.Run(EvalVectorHere, vector.Handle);
    }

    /// <summary>Starts to compute several arrays and returns; reading one waits for it.</summary>
    public static void AsyncEval(params ReadOnlySpan<MlxArray> arrays)
    {
        using var vector = new PinnedVector(arrays);
        MlxThread.Run(
            static v => Result.Check(Native.mlx_async_eval(v), nameof(Native.mlx_async_eval)),
            vector.Handle);
    }

    /// <summary>Starts to compute this array and returns; reading it waits.</summary>
    public void AsyncEval() => AsyncEval(this);

    /// <summary>Computes the array and reads its only element.</summary>
    /// <typeparam name="T">The .NET type of the array's dtype.</typeparam>
    /// <exception cref="InvalidOperationException">
    /// The array has another dtype, or another number of elements than one.
    /// </exception>
    public T Item<T>() where T : unmanaged
    {
        Require<T>("Item");
        using var pin = new Pin(this);
        if ((shape is { } s ? Shapes.Size(s) : (long)Native.mlx_array_size(pin.Handle)) != 1)
        {
            throw new InvalidOperationException(
                $"Item reads an array of one element; this one has the shape {Shapes.Text(Shape)}");
        }

        T value = default;
        if (MlxThread.IsHere)
        {
            ItemHere((pin.Handle, sizeof(T), (nint)(&value)));
        }
        else
        {
            MlxThread.Run(ItemHere, (pin.Handle, sizeof(T), (nint)(&value)));
        }

        return value;
    }

    /// <summary>Computes the array and copies its elements, row by row.</summary>
    /// <typeparam name="T">The .NET type of the array's dtype.</typeparam>
    /// <exception cref="InvalidOperationException">The array has another dtype.</exception>
    public T[] ToArray<T>() where T : unmanaged
    {
        Require<T>("ToArray");
        var elements = GC.AllocateUninitializedArray<T>(checked((int)Size));
        Read(elements.AsSpan());
        return elements;
    }

    /// <summary>Computes the array and copies its elements, row by row.</summary>
    /// <typeparam name="T">The .NET type of the array's dtype.</typeparam>
    /// <param name="destination">At least as long as the array has elements.</param>
    /// <exception cref="InvalidOperationException">The array has another dtype.</exception>
    /// <exception cref="ArgumentException">The destination is too short.</exception>
    public void CopyTo<T>(Span<T> destination) where T : unmanaged
    {
        Require<T>("CopyTo");
        if (destination.Length < Size)
        {
            throw new ArgumentException(
                $"the destination has {destination.Length} elements, the array of shape "
                + $"{Shapes.Text(Shape)} has {Size}",
                nameof(destination));
        }

        Read(destination[..(int)Size]);
    }

    /// <summary>
    /// Computes the array and lends its elements, row by row, for the length of
    /// <paramref name="read"/>; no copy is made where they already lie so.
    /// </summary>
    /// <exception cref="InvalidOperationException">The array has another dtype.</exception>
    public TResult Borrow<T, TResult>(Func<ReadOnlySpan<T>, TResult> read) where T : unmanaged
    {
        Require<T>("Borrow");
        ArgumentNullException.ThrowIfNull(read);
        using var rows = new Rows(this);
        return read(new ReadOnlySpan<T>(rows.Data, checked((int)Size)));
    }

    /// <summary>
    /// The only element as a number, whatever the dtype; complex numbers have none.
    /// </summary>
    /// <exception cref="InvalidOperationException">
    /// The array is complex or has another number of elements than one.
    /// </exception>
    public double ToScalar() => DType switch
    {
        DType.Float32 => Item<float>(),
        DType.Float64 => Item<double>(),
        DType.Float16 => (double)Item<Half>(),
        DType.BFloat16 => Item<BFloat16>(),
        DType.Bool => Item<bool>() ? 1 : 0,
        DType.UInt8 => Item<byte>(),
        DType.UInt16 => Item<ushort>(),
        DType.UInt32 => Item<uint>(),
        DType.UInt64 => Item<ulong>(),
        DType.Int8 => Item<sbyte>(),
        DType.Int16 => Item<short>(),
        DType.Int32 => Item<int>(),
        DType.Int64 => Item<long>(),
        var d => throw new InvalidOperationException($"ToScalar: {d.Name()} is no real number"),
    };

    /// <summary>Computes the array and prints it as MLX does, large ones abridged.</summary>
    public override string ToString()
    {
        if (IsDisposed)
        {
            return "array(disposed)";
        }

        Eval();
        using var pin = new Pin(this);
        mlx_string s = default;
        var status = Native.mlx_array_tostring(&s, pin.Handle);
        return Text.Take(status, s, nameof(Native.mlx_array_tostring));
    }

    /// <summary>Writes the elements, row by row, in the machine's order.</summary>
    internal void WriteTo(Stream stream)
    {
        const int Chunk = 1 << 30;
        using var rows = new Rows(this);
        var left = NBytes;
        for (var p = (byte*)rows.Data; left > 0; p += Chunk, left -= Chunk)
        {
            stream.Write(new ReadOnlySpan<byte>(p, (int)Math.Min(left, Chunk)));
        }
    }

    // By size, not by type: mlx-c exports the 16-bit floats on some platforms only, and copies
    // bits.
    private static void ItemHere((mlx_array Array, int Bytes, nint Value) x)
    {
        var (a, bytes, p) = x;
        var status = bytes switch
        {
            1 => Native.mlx_array_item_uint8((byte*)p, a),
            2 => Native.mlx_array_item_uint16((ushort*)p, a),
            4 => Native.mlx_array_item_uint32((uint*)p, a),
            _ => Native.mlx_array_item_uint64((ulong*)p, a),
        };
        Result.Check(status, "mlx_array_item");
    }

    private static void EvalHere(mlx_array a)
    {
        Result.Check(Native.mlx_array_eval(a), nameof(Native.mlx_array_eval));
        MemoryPressure.Update();
    }

    internal static void EvalVectorHere(mlx_vector_array v)
    {
        Result.Check(Native.mlx_eval(v), nameof(Native.mlx_eval));
        MemoryPressure.Update();
    }

    private void Require<T>(string member) where T : unmanaged
    {
        if (DTypes.Of<T>() != DType)
        {
            throw new InvalidOperationException(
                $"{member}: the array's dtype is {DType.Name()}, which does not read as "
                + $"{typeof(T).Name}; convert it with AsType first");
        }
    }

    private void Read<T>(Span<T> destination) where T : unmanaged
    {
        using var rows = new Rows(this);
        new ReadOnlySpan<T>(rows.Data, destination.Length).CopyTo(destination);
    }

    /// <summary>
    /// The computed elements in row-major order: in place, or in a copy made for reading.
    /// </summary>
    private readonly ref struct Rows : IDisposable
    {
        private readonly MlxArray array;
        private readonly mlx_array copy;

        public readonly void* Data;

        public Rows(MlxArray array)
        {
            this.array = array;
            array.Eval();
            var a = array.Acquire();
            try
            {
                byte inOrder;
                var status = Native._mlx_array_is_row_contiguous(&inOrder, a);
                Result.Check(status, nameof(Native._mlx_array_is_row_contiguous));
                if (inOrder == 0)
                {
                    mlx_array c = default;
                    status = Native.mlx_contiguous(&c, a, 0, MlxStream.HandleOf(null));
                    Result.Check(status, nameof(Native.mlx_contiguous));
                    copy = c;
                    MlxThread.Run(EvalHere, c);
                    a = c;
                }

                Data = Native.mlx_array_data_uint8(a);
                if (Data == null && array.Size > 0)
                {
                    Result.Check(1, nameof(Native.mlx_array_data_uint8));
                }
            }
            catch
            {
                Dispose();
                throw;
            }
        }

        public void Dispose()
        {
            if (copy.ctx != 0)
            {
                _ = Native.mlx_array_free(copy);
            }

            array.Release();
        }
    }
}
