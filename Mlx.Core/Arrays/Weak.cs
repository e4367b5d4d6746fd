using Mlx.Core.Abi;

namespace Mlx.Core;

/// <summary>
/// Numbers beside arrays. A number takes the array's dtype where its kind allows (an integer any
/// but bool, a fraction any floating one) and is int32 or float32 otherwise, so x * 2 keeps float16
/// and only a fraction beside integers makes float32. As in MLX, an integer that the array's dtype
/// cannot hold wraps around.
/// </summary>
internal static unsafe class Weak
{
    public static MlxArray Right(
        delegate*<mlx_array*, mlx_array, mlx_array, mlx_stream, int> op,
        MlxArray a,
        double b,
        string name)
    {
        using var left = new Pin(a);
        var right = New(b, a.DType);
        mlx_array res = default;
        var status = op(&res, left.Handle, right, MlxStream.HandleOf(null));
        _ = Native.mlx_array_free(right);
        return Result.Array(status, res, name);
    }

    public static MlxArray Right(
        delegate*<mlx_array*, mlx_array, mlx_array, mlx_stream, int> op,
        MlxArray a,
        long b,
        string name)
    {
        using var left = new Pin(a);
        var right = New(b, a.DType);
        mlx_array res = default;
        var status = op(&res, left.Handle, right, MlxStream.HandleOf(null));
        _ = Native.mlx_array_free(right);
        return Result.Array(status, res, name);
    }

    public static MlxArray Left(
        delegate*<mlx_array*, mlx_array, mlx_array, mlx_stream, int> op,
        double a,
        MlxArray b,
        string name)
    {
        using var right = new Pin(b);
        var left = New(a, b.DType);
        mlx_array res = default;
        var status = op(&res, left, right.Handle, MlxStream.HandleOf(null));
        _ = Native.mlx_array_free(left);
        return Result.Array(status, res, name);
    }

    public static MlxArray Left(
        delegate*<mlx_array*, mlx_array, mlx_array, mlx_stream, int> op,
        long a,
        MlxArray b,
        string name)
    {
        using var right = new Pin(b);
        var left = New(a, b.DType);
        mlx_array res = default;
        var status = op(&res, left, right.Handle, MlxStream.HandleOf(null));
        _ = Native.mlx_array_free(left);
        return Result.Array(status, res, name);
    }

    private static mlx_array New(double x, DType beside)
    {
        var dtype = beside.IsFloating() ? beside : DType.Float32;
        var bits = dtype switch
        {
            DType.Float64 => BitConverter.DoubleToUInt64Bits(x),
            DType.Float16 => BitConverter.HalfToUInt16Bits((Half)x),
            DType.BFloat16 => ((BFloat16)x).ToBits(),
            _ => BitConverter.SingleToUInt32Bits((float)x),
        };
        return Raw(bits, dtype);
    }

    private static mlx_array New(long x, DType beside)
    {
        if (beside.IsInexact())
        {
            return New((double)x, beside);
        }

        var dtype = beside != DType.Bool ? beside
            : x is >= int.MinValue and <= int.MaxValue ? DType.Int32
            : DType.Int64;

        // The low bytes of a two's complement number are its value modulo the dtype's range.
        return Raw((ulong)x, dtype);
    }

    private static mlx_array Raw(ulong bits, DType dtype)
    {
        // Every platform .NET runs MLX on is little-endian: the first bytes are the low ones.
        var a = Native.mlx_array_new_data(&bits, null, 0, (mlx_dtype)dtype);
        Result.Check(a.ctx == 0 ? 1 : 0, nameof(Native.mlx_array_new_data));
        return a;
    }
}
