using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Ops;

namespace Mlx.Cpu.Kernels;

/// <summary>
/// Combines elements with what lies at their target, for slice updates and scatters.
/// </summary>
internal static unsafe class Updates
{
    /// <summary>
    /// The output becomes the source, which it takes over (to be overwritten in part) or copies.
    /// </summary>
    public static void Start(Node source, Node output)
    {
        if (source.IsDense)
        {
            if (output.CanTake(source))
            {
                output.Share(source);
                return;
            }

            output.AllocateLike(source);
            Transfer.CopyFlat(source.Data, output.Data, source.Bytes);
        }
        else
        {
            output.Allocate();
            Transfer.CopyRow(source, output.Data);
        }
    }

    /// <summary>
    /// target[i] = target[i] (mode) update[i] over a shape with strides on both sides.
    /// </summary>
    public static void Apply(
        UpdateMode mode, Dtype dtype, byte* update, ReadOnlySpan<long> updateStrides,
        byte* target, ReadOnlySpan<long> targetStrides, ReadOnlySpan<int> shape)
    {
        if (mode == UpdateMode.Replace)
        {
            Transfer.Copy(update, updateStrides, target, targetStrides, shape, dtype.Size());
            return;
        }

        var rank = shape.Length;
        var inner = rank > 0 ? shape[rank - 1] : 1;
        var (us, ts) = rank > 0 ? (updateStrides[rank - 1], targetStrides[rank - 1]) : (1, 1);
        var line = LineFor(mode, dtype);
        var width = dtype.Size();
        Span<int> index = stackalloc int[rank + 1];
        index.Clear();
        if (Shapes.Size(shape) == 0)
        {
            return;
        }

        while (true)
        {
            line(update, us, target, ts, inner);
            var axis = rank - 2;
            for (; axis >= 0; axis--)
            {
                update += updateStrides[axis] * width;
                target += targetStrides[axis] * width;
                if (++index[axis] < shape[axis])
                {
                    break;
                }

                index[axis] = 0;
                update -= updateStrides[axis] * shape[axis] * width;
                target -= targetStrides[axis] * shape[axis] * width;
            }

            if (axis < 0)
            {
                return;
            }
        }
    }

    /// <summary>One row: update, its step, target, its step, count.</summary>
    public static delegate*<byte*, long, byte*, long, long, void> LineFor(
        UpdateMode mode, Dtype dtype) => dtype switch
        {
            Dtype.Bool => Line<byte, BoolArithmetic>(mode),
            Dtype.UInt8 => Line<byte, Native<byte>>(mode),
            Dtype.UInt16 => Line<ushort, Native<ushort>>(mode),
            Dtype.UInt32 => Line<uint, Native<uint>>(mode),
            Dtype.UInt64 => Line<ulong, Native<ulong>>(mode),
            Dtype.Int8 => Line<sbyte, Native<sbyte>>(mode),
            Dtype.Int16 => Line<short, Native<short>>(mode),
            Dtype.Int32 => Line<int, Native<int>>(mode),
            Dtype.Int64 => Line<long, Native<long>>(mode),
            Dtype.Float16 => Line<Half, Native<Half>>(mode),
            Dtype.Float32 => Line<float, Native<float>>(mode),
            Dtype.Float64 => Line<double, Native<double>>(mode),
            Dtype.BFloat16 => Line<ushort, BFloat16Arithmetic>(mode),
            _ => Line<Complex64, ComplexArithmetic>(mode),
        };

    private static delegate*<byte*, long, byte*, long, long, void> Line<T, A>(UpdateMode mode)
        where T : unmanaged where A : struct, IArithmetic<T> => mode switch
        {
            UpdateMode.Replace => &Replace<T>,
            UpdateMode.Add => &Add<T, A>,
            UpdateMode.Prod => &Combine<T, Product<T, A>>,
            UpdateMode.Max => &Combine<T, Larger<T, A>>,
            _ => &Combine<T, Smaller<T, A>>,
        };

    private static void Replace<T>(byte* update, long us, byte* target, long ts, long n)
        where T : unmanaged
    {
        if (n == 1)
        {
            *(T*)target = *(T*)update;
        }
        else
        {
            Transfer.Line(update, us, target, ts, n, sizeof(T));
        }
    }

    private static void Add<T, A>(byte* update, long us, byte* target, long ts, long n)
        where T : unmanaged where A : struct, IArithmetic<T>
    {
        if (typeof(T) == typeof(float) && us == 1 && ts == 1 && n is >= 8 and <= int.MaxValue)
        {
            var t = new Span<float>(target, (int)n);
            TensorPrimitives.Add(new ReadOnlySpan<float>(update, (int)n), t, t);
            return;
        }

        Combine<T, Sum<T, A>>(update, us, target, ts, n);
    }

    private static void Combine<T, C>(byte* update, long us, byte* target, long ts, long n)
        where T : unmanaged where C : struct, ICombine<T>
    {
        var u = (T*)update;
        var t = (T*)target;
        for (long i = 0; i < n; i++)
        {
            *t = C.Of(*t, *u);
            u += us;
            t += ts;
        }
    }

    private interface ICombine<T>
    {
        static abstract T Of(T old, T update);
    }

    private readonly struct Sum<T, A> : ICombine<T>
        where T : unmanaged where A : struct, IArithmetic<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Of(T old, T update) => A.Add(old, update);
    }

    private readonly struct Product<T, A> : ICombine<T>
        where T : unmanaged where A : struct, IArithmetic<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Of(T old, T update) => A.Multiply(old, update);
    }

    /// <summary>The larger one, or NaN if either is.</summary>
    private readonly struct Larger<T, A> : ICombine<T>
        where T : unmanaged where A : struct, IArithmetic<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Of(T old, T update) => A.Less(update, old) || A.IsNaN(old) ? old : update;
    }

    private readonly struct Smaller<T, A> : ICombine<T>
        where T : unmanaged where A : struct, IArithmetic<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Of(T old, T update) => A.Less(old, update) || A.IsNaN(old) ? old : update;
    }
}
