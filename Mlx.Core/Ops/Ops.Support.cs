using Mlx.Core.Abi;

namespace Mlx.Core;

/// <summary>What padding fills in.</summary>
public enum PadMode
{
    /// <summary>One value.</summary>
    Constant,

    /// <summary>The element at the edge.</summary>
    Edge,
}

public static partial class Ops
{
    private static (MlxArray, MlxArray) Two(MlxArray[] r) => (r[0], r[1]);

    private static (MlxArray, MlxArray, MlxArray?) Packed(MlxArray[] r) =>
        (r[0], r[1], r.Length > 2 ? r[2] : null);

    // MLX 0.31.2 divides by zero when it scatters nothing.
    private static bool IsNothing(MlxArray updates) => updates.Size == 0;

    private static int[] AllAxes(MlxArray a)
    {
        var axes = new int[a.NDim];
        for (var i = 0; i < axes.Length; i++)
        {
            axes[i] = i;
        }

        return axes;
    }

    /// <summary>The steps of a slice; 1 along every axis where none are given.</summary>
    private static ReadOnlySpan<int> Steps(ReadOnlySpan<int> given, Span<int> scratch)
    {
        if (given.IsEmpty)
        {
            scratch.Fill(1);
            return scratch;
        }

        return given.Contains(0)
            ? throw new ArgumentException("Slice: a step is zero", nameof(given))
            : given;
    }

    private static string NameOf(PadMode mode) => mode == PadMode.Edge ? "edge" : "constant";

    private static MlxArray Padded(
        MlxArray a, int width, MlxArray? value, PadMode mode, MlxStream? stream)
    {
        if (value is not null)
        {
            return Call.PadSymmetric(a, width, value, NameOf(mode), stream);
        }

        using var zero = MlxArray.Scalar(0, a.DType);
        return Call.PadSymmetric(a, width, zero, NameOf(mode), stream);
    }

    private static MlxArray Padded(
        MlxArray a,
        ReadOnlySpan<int> axes,
        ReadOnlySpan<int> low,
        ReadOnlySpan<int> high,
        MlxArray? value,
        PadMode mode,
        MlxStream? stream)
    {
        using var zero = value is null ? MlxArray.Scalar(0, a.DType) : null;
        var all = new int[3 * a.NDim];
        return TryPadAll(a.NDim, axes, low, high, all)
            ? Call.Pad(
                a, all.AsSpan(0, a.NDim), all.AsSpan(a.NDim, a.NDim), all.AsSpan(2 * a.NDim),
                value ?? zero!, NameOf(mode), stream)
            : Call.Pad(a, axes, low, high, value ?? zero!, NameOf(mode), stream);
    }

    /// <summary>
    /// Names every axis, with its low and high widths. MLX 0.31.2 looks the widths up by axis
    /// number in the derivative, and with some axes only, or negative ones, reads beyond their end.
    /// False where the engine is to refuse.
    /// </summary>
    private static bool TryPadAll(
        int rank,
        ReadOnlySpan<int> axes,
        ReadOnlySpan<int> low,
        ReadOnlySpan<int> high,
        Span<int> all)
    {
        if (low.Length != axes.Length || high.Length != axes.Length)
        {
            return false;
        }

        var named = all[..rank];
        for (var i = 0; i < axes.Length; i++)
        {
            var axis = axes[i] < 0 ? axes[i] + rank : axes[i];
            if (axis < 0 || axis >= rank || named[axis] != 0)
            {
                return false;
            }

            named[axis] = 1;
            all[rank + axis] = low[i];
            all[2 * rank + axis] = high[i];
        }

        for (var axis = 0; axis < rank; axis++)
        {
            named[axis] = axis;
        }

        return true;
    }

    // The engine believes strides; a view beyond the elements would read foreign memory.
    private static MlxArray Strided(
        MlxArray a,
        ReadOnlySpan<int> shape,
        ReadOnlySpan<long> strides,
        long offset,
        MlxStream? stream)
    {
        if (shape.Length != strides.Length)
        {
            throw new ArgumentException(
                $"AsStrided: {strides.Length} strides for the shape {Shapes.Text(shape)}",
                nameof(strides));
        }

        long first = offset, last = offset;
        for (var i = 0; i < shape.Length; i++)
        {
            var reach = checked((shape[i] - 1L) * strides[i]);
            first += Math.Min(reach, 0);
            last += Math.Max(reach, 0);
        }

        if (Shapes.Size(shape) > 0 && (first < 0 || last >= a.Size) || offset < 0)
        {
            throw new ArgumentException(
                $"AsStrided: shape {Shapes.Text(shape)}, strides "
                + $"({string.Join(", ", strides.ToArray())}) and offset {offset} reach from {first}"
                + $" to {last}, outside the {a.Size} elements of an array of shape "
                + Shapes.Text(a.Shape),
                nameof(strides));
        }

        return Call.AsStrided(a, shape, strides, (nuint)offset, stream);
    }
}

public static partial class Linalg
{
    private static (MlxArray, MlxArray, MlxArray) Three(MlxArray[] r) => (r[0], r[1], r[2]);
}

public static partial class Fourier
{
    private static ReadOnlySpan<int> LastTwo => [-2, -1];

    private static ReadOnlySpan<int> OrLastTwo(ReadOnlySpan<int> axes) =>
        axes.IsEmpty ? LastTwo : axes;

    private static ReadOnlySpan<int> OrAll(MlxArray a, ReadOnlySpan<int> axes)
    {
        if (!axes.IsEmpty)
        {
            return axes;
        }

        var all = new int[a.NDim];
        for (var i = 0; i < all.Length; i++)
        {
            all[i] = i;
        }

        return all;
    }

    /// <summary>
    /// The lengths of a transform where none are given: those of the axes, except that the last one
    /// of an inverse half spectrum of m terms is 2 (m - 1).
    /// </summary>
    private static ReadOnlySpan<int> Lengths(
        MlxArray a, ReadOnlySpan<int> given, ReadOnlySpan<int> axes, bool isHalf)
    {
        if (!given.IsEmpty)
        {
            return given;
        }

        var lengths = new int[axes.Length];
        for (var i = 0; i < lengths.Length; i++)
        {
            lengths[i] = a.Dim(axes[i]);
        }

        if (isHalf && lengths.Length > 0)
        {
            lengths[^1] = 2 * (lengths[^1] - 1);
        }

        return lengths;
    }
}
