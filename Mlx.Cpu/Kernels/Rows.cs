using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Kernels;

/// <summary>
/// The rows (last axis) of an array of any strides, one after the other, as contiguous T: in place
/// if they are that already, else moved into a buffer.
/// </summary>
internal unsafe ref struct RowReader<T>
    where T : unmanaged
{
    private readonly byte* data;
    private readonly int size;
    private readonly long stride;
    private readonly long length;
    private readonly T* buffer;
    private readonly delegate*<byte*, long, byte*, long, void> widen;
    private AxisWalk walk;

    /// <param name="x">The array; its rank is one at least.</param>
    /// <param name="start">The first row.</param>
    /// <param name="axes">Scratch of as many axes as the array has.</param>
    /// <param name="index">Scratch of the same length.</param>
    /// <param name="buffer">Room for a row, unless <see cref="IsDirect"/>.</param>
    public RowReader(Node x, long start, LoopAxis* axes, long* index, T* buffer)
    {
        var count = 0;
        for (var a = 0; a < x.Rank - 1; a++)
        {
            if (x.Shape[a] != 1)
            {
                axes[count++] = new(x.Shape[a], x.Strides[a], 0);
            }
        }

        count = LoopAxis.Join(new Span<LoopAxis>(axes, count));
        walk = new AxisWalk(axes, count, index, start);
        data = x.Data;
        size = x.Dtype.Size();
        stride = x.Strides[^1];
        length = x.Shape[^1];
        this.buffer = buffer;
        widen = IsDirect(x) ? null : Widening.Widen(x.Dtype);
    }

    /// <summary>Whether rows are read in place.</summary>
    public static bool IsDirect(Node x) =>
        x.Dtype.Size() == sizeof(T) && (x.Strides[^1] == 1 || x.Shape[^1] == 1);

    /// <summary>The row, valid until the next call.</summary>
    public T* Next()
    {
        var at = data + (walk.In * size);
        walk.Next();
        if (widen == null)
        {
            return (T*)at;
        }

        widen(at, stride, (byte*)buffer, length);
        return buffer;
    }
}

/// <summary>Writes rows computed as T to a row-major array, rounding to half precision.</summary>
internal readonly unsafe ref struct RowWriter<T>(Node y, T* buffer)
    where T : unmanaged
{
    private readonly byte* data = y.Data;
    private readonly long length = y.Shape[^1];
    private readonly int size = y.Dtype.Size();
    private readonly delegate*<byte*, byte*, long, long, void> narrow =
        y.Dtype.Size() == sizeof(T) ? null : Widening.Narrow(y.Dtype);

    /// <summary>Where to compute the row.</summary>
    public T* Begin(long row) => narrow == null ? (T*)data + (row * length) : buffer;

    /// <summary>The row is computed.</summary>
    public void End(long row)
    {
        if (narrow != null)
        {
            narrow((byte*)buffer, data + (row * length * size), 1, length);
        }
    }
}
