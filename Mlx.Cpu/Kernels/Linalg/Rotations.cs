using System.Numerics;
using Mlx.Cpu.Threading;

namespace Mlx.Cpu.Kernels.Linalg;

/// <summary>
/// Plane rotations of rows of a matrix, collected and then applied together: slab of columns by
/// slab, so that the rows they keep coming back to stay in the cache, and slabs in parallel.
/// </summary>
internal unsafe ref struct Rotations<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    private const int Capacity = 1 << 14;

    /// <summary>Elements of a slab that fit the first cache.</summary>
    private const int SlabElements = 6144;

    private readonly T* matrix;
    private readonly int rows;
    private readonly long columns;
    private readonly Scratch<Entry> log;
    private int count;

    /// <summary>A null matrix: nobody asked for the vectors.</summary>
    public Rotations(T* matrix, int rows, long columns)
    {
        this.matrix = matrix;
        this.rows = rows;
        this.columns = columns;
        log = new(matrix == null ? 0 : Capacity);
    }

    /// <summary>(row i, row j) becomes (c i + s j, c j - s i).</summary>
    public void Add(int i, int j, double c, double s)
    {
        if (matrix == null)
        {
            return;
        }

        if (count == Capacity)
        {
            Apply();
        }

        log.Data[count++] = new(i, j, T.CreateTruncating(c), T.CreateTruncating(s));
    }

    public void Negate(int row)
    {
        if (matrix != null)
        {
            Apply();
            Lines.Scale(-T.One, matrix + (row * columns), columns);
        }
    }

    public void Apply()
    {
        var slab = Math.Max(64, SlabElements / Math.Max(rows, 1) / 16 * 16);
        var slabs = (columns + slab - 1) / slab;
        var work = (double)count * slab;
        ParallelFor.Run(
            slabs, 1 + (long)(20_000 / Math.Max(work, 1)),
            new Slabs(matrix, columns, log.Data, count, slab));
        count = 0;
    }

    /// <summary>Applies what is left, and ends.</summary>
    public void Finish()
    {
        if (matrix != null)
        {
            Apply();
        }

        log.Dispose();
    }

    private readonly record struct Entry(int I, int J, T C, T S);

    private readonly struct Slabs(T* matrix, long columns, Entry* log, int count, long slab)
        : IRangeBody
    {
        public void Run(long start, long end)
        {
            for (var b = start; b < end; b++)
            {
                var from = matrix + (b * slab);
                var width = Math.Min(slab, columns - (b * slab));
                for (var r = 0; r < count; r++)
                {
                    var e = log[r];
                    Lines.Rotate(from + (e.I * columns), from + (e.J * columns), e.C, e.S, width);
                }
            }
        }
    }
}
