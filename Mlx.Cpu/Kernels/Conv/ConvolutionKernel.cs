using System.Numerics;
using System.Runtime.InteropServices;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Ops;

namespace Mlx.Cpu.Kernels;

/// <summary>
/// Convolutions as matrix products over the windows of the input, one for each group.
/// </summary>
internal static unsafe class ConvolutionKernel<T>
    where T : unmanaged, INumber<T>
{
    /// <summary>More than the depth or width of any panel.</summary>
    private const int Zeros = 4096;

    /// <summary>y = windows of x times weights: (rows, k) by (k, channels out).</summary>
    public static void Forward(Node x, Node w, Node y, ConvSettings settings)
    {
        using var windows = new Windows(x, w.Shape, y, settings);
        using var weight = new Contiguous(w, false);
        var (rows, each, k) = (windows.Rows, windows.Each, windows.K);
        for (var g = 0; g < settings.Groups; g++)
        {
            var geometry = windows.OfGroup(g);
            Product<LeftPatches<T>>(
                rows, each, k, new((T*)&geometry, 0, 0),
                new((T*)weight.Data + (g * each * k), 1, k), y.As<T>() + (g * each),
                windows.Channels);
        }
    }

    /// <summary>dw = cotangents^T times windows of x: (channels out, rows) by (rows, k).</summary>
    public static void WeightGradient(Node x, Node dy, Node dw, ConvSettings settings)
    {
        using var windows = new Windows(x, dw.Shape, dy, settings);
        using var cotangents = new Contiguous(dy, false);
        var (rows, each, k) = (windows.Rows, windows.Each, windows.K);
        for (var g = 0; g < settings.Groups; g++)
        {
            var geometry = windows.OfGroup(g);
            Product<RightPatches<T>>(
                each, k, rows, new((T*)cotangents.Data + (g * each), 1, windows.Channels),
                new((T*)&geometry, 0, 0), dw.As<T>() + (g * each * k), k);
        }
    }

    /// <summary>The windows of x, and the sizes of the products over them.</summary>
    private readonly ref struct Windows : IDisposable
    {
        private readonly Contiguous input;
        private readonly PackBuffer zeros;
        private readonly PatchGeometry<T> geometry;

        /// <summary>Positions of the window, over all of the batch.</summary>
        public readonly long Rows;

        /// <summary>Elements of a window in one group.</summary>
        public readonly long K;

        /// <summary>Channels of the output, and those of one group.</summary>
        public readonly int Channels, Each;

        public Windows(Node x, int[] weight, Node y, ConvSettings settings)
        {
            input = new Contiguous(x, true);
            zeros = new PackBuffer(Zeros * (nuint)sizeof(T));
            NativeMemory.Clear(zeros.Data, Zeros * (nuint)sizeof(T));
            geometry = Geometry(
                x.Shape, input.Strides, weight, y.Shape, settings, (T*)zeros.Data);
            Channels = y.Shape[^1];
            Each = Channels / settings.Groups;
            Rows = y.Size / Math.Max(Channels, 1);
            K = Shapes.Size(weight.AsSpan(1));
        }

        public PatchGeometry<T> OfGroup(int g)
        {
            var own = geometry;
            own.Input = (T*)input.Data + (g * geometry.Channels);
            return own;
        }

        public void Dispose()
        {
            zeros.Dispose();
            input.Dispose();
        }
    }

    private static void Product<TFormat>(
        long m, long n, long k, MatrixView<T> a, MatrixView<T> b, T* c, long cRow)
        where TFormat : struct, IOperandFormat<T, T, T>
    {
        if (m > 0 && n > 0 && k > 0)
        {
            GemmDispatch.Blocked<T, T, T, TFormat>(m, n, k, a, b, c, cRow, false);
        }
        else
        {
            for (long i = 0; i < m; i++)
            {
                NativeMemory.Clear(c + (i * cRow), (nuint)(n * sizeof(T)));
            }
        }
    }

    /// <summary>One to three spatial axes as three.</summary>
    private static PatchGeometry<T> Geometry(
        int[] input, long[] strides, int[] weight, int[] output, ConvSettings settings, T* zeros)
    {
        var one = new PatchAxis
        {
            In = 1,
            Out = 1,
            Kernel = 1,
            Stride = 1,
            KernelDilation = 1,
            InputDilation = 1,
        };
        var geometry = new PatchGeometry<T>
        {
            BatchStep = (nint)strides[0],
            Depth = one,
            Height = one,
            Channels = weight[^1],
            Zeros = zeros,
        };
        var spatial = input.Length - 2;
        for (var i = 0; i < spatial; i++)
        {
            var axis = new PatchAxis
            {
                In = input[i + 1],
                Out = output[i + 1],
                Kernel = weight[i + 1],
                Stride = settings.Stride[i],
                Padding = settings.PaddingLow[i],
                KernelDilation = settings.KernelDilation[i],
                InputDilation = settings.InputDilation[i],
                Flip = settings.Flip,
                Step = (nint)strides[i + 1],
            };
            switch (spatial - i)
            {
                case 3: geometry.Depth = axis; break;
                case 2: geometry.Height = axis; break;
                default: geometry.Width = axis; break;
            }
        }

        return geometry;
    }

    /// <summary>
    /// An array as contiguous T: in place if it is that (for the input adjoining channels are
    /// enough), else a copy.
    /// </summary>
    private readonly ref struct Contiguous : IDisposable
    {
        private readonly PackBuffer buffer;

        public readonly byte* Data;
        public readonly long[] Strides;

        public Contiguous(Node x, bool anyStrides)
        {
            var same = x.Dtype.Size() == sizeof(T);
            if (same && (x.IsRow || (anyStrides && x.Strides[^1] == 1)))
            {
                Data = x.Data;
                Strides = x.Strides;
                return;
            }

            var elements = (nuint)x.Size;
            buffer = new PackBuffer(elements * (nuint)(sizeof(T) + (same ? 0 : x.Dtype.Size())));
            Data = buffer.Data;
            Strides = Node.RowStrides(x.Shape);
            if (same)
            {
                Strided.CopyRow(x, Data);
                return;
            }

            var narrow = Data + (elements * (nuint)sizeof(T));
            Strided.CopyRow(x, narrow);
            Widening.Widen(x.Dtype)(narrow, 1, Data, x.Size);
        }

        public void Dispose()
        {
            if (buffer.Data != null)
            {
                buffer.Dispose();
            }
        }
    }
}
