using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Kernels.Fft;

/// <summary>Rows along any axis of an array, laid side by side and back.</summary>
internal static unsafe class AxisRows
{
    /// <summary>Rows in place, the inverse with its factor 1/n.</summary>
    public static void Transform(Complex64* rows, long count, int n, bool inverse)
    {
        RowFft.Run(rows, count, n, inverse);
        if (!inverse)
        {
            return;
        }

        var values = new Span<float>(rows, 2);
        for (long i = 0; i < count; i++)
        {
            values = new Span<float>(rows + i * n, 2 * n);
            System.Numerics.Tensors.TensorPrimitives.Multiply(values, 1f / n, values);
        }
    }

    public static void Gather(Node from, int axis, Complex64* rows)
    {
        var n = from.Shape[axis];
        foreach (var row in new RowWalk(from, axis))
        {
            var x = (Complex64*)from.Data + row;
            for (var j = 0; j < n; j++, x += from.Strides[axis])
            {
                *rows++ = *x;
            }
        }
    }

    public static void GatherReal(Node from, int axis, Complex64* rows)
    {
        var n = from.Shape[axis];
        foreach (var row in new RowWalk(from, axis))
        {
            var x = (float*)from.Data + row;
            for (var j = 0; j < n; j++, x += from.Strides[axis])
            {
                *rows++ = new Complex64(*x, 0);
            }
        }
    }

    /// <summary>
    /// Half spectra filled up by their mirror images. The imaginary parts of the first and the
    /// middle term have none and are dropped, as every inverse real transform does.
    /// </summary>
    public static void GatherHalf(Node from, int axis, int n, Complex64* rows)
    {
        var half = n / 2 + 1;
        foreach (var row in new RowWalk(from, axis))
        {
            var x = (Complex64*)from.Data + row;
            for (var k = 0; k < half; k++, x += from.Strides[axis])
            {
                rows[k] = *x;
                if (k == 0 || 2 * k == n)
                {
                    rows[k] = new Complex64(x->Re, 0);
                }
                else
                {
                    rows[n - k] = new Complex64(x->Re, -x->Im);
                }
            }

            rows += n;
        }
    }

    /// <summary>Keeps the first terms of each row, closing the gaps.</summary>
    public static void Crop(Complex64* rows, long count, int n, int kept)
    {
        for (long i = 1; i < count; i++)
        {
            Buffer.MemoryCopy(
                rows + i * n, rows + i * kept, kept * sizeof(Complex64), kept * sizeof(Complex64));
        }
    }

    public static void Scatter(Complex64* rows, Node to, int axis)
    {
        var n = to.Shape[axis];
        foreach (var row in new RowWalk(to, axis))
        {
            var y = (Complex64*)to.Data + row;
            for (var j = 0; j < n; j++, y += to.Strides[axis])
            {
                *y = *rows++;
            }
        }
    }

    public static void ScatterReal(Complex64* rows, Node to, int axis)
    {
        var n = to.Shape[axis];
        foreach (var row in new RowWalk(to, axis))
        {
            var y = (float*)to.Data + row;
            for (var j = 0; j < n; j++, y += to.Strides[axis])
            {
                *y = rows++->Re;
            }
        }
    }

    /// <summary>
    /// Offsets (in elements) of the first element of each row, in row-major order.
    /// </summary>
    private ref struct RowWalk(Node array, int axis)
    {
        private readonly int[] index = new int[array.Rank];
        private bool started;

        public long Current { get; private set; }

        public readonly RowWalk GetEnumerator() => this;

        public bool MoveNext()
        {
            if (!started)
            {
                started = true;
                return array.Size > 0;
            }

            for (var a = array.Rank - 1; a >= 0; a--)
            {
                if (a == axis)
                {
                    continue;
                }

                Current += array.Strides[a];
                if (++index[a] < array.Shape[a])
                {
                    return true;
                }

                Current -= array.Strides[a] * array.Shape[a];
                index[a] = 0;
            }

            return false;
        }
    }
}
