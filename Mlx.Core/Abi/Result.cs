using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Mlx.Core.Abi;

/// <summary>Turns statuses and result handles into exceptions and arrays.</summary>
internal static unsafe class Result
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Check(int status, string function)
    {
        if (status != 0)
        {
            Throw(function);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static MlxArray Array(int status, mlx_array result, string function) =>
        status == 0 ? MlxArray.Own(result) : Failed(function);

    public static (MlxArray, MlxArray) Pair(
        int status, mlx_array first, mlx_array second, string function)
    {
        Check(status, function);
        return (MlxArray.Own(first), MlxArray.Own(second));
    }

    /// <summary>Takes the elements out of a result vector and frees it.</summary>
    public static MlxArray[] Arrays(int status, mlx_vector_array vector, string function)
    {
        try
        {
            Check(status, function);
            return Elements(vector);
        }
        finally
        {
            _ = Native.mlx_vector_array_free(vector);
        }
    }

    /// <summary>New arrays for the elements of a vector that stays with its owner.</summary>
    public static MlxArray[] Elements(mlx_vector_array vector)
    {
        var arrays = new MlxArray[(int)Native.mlx_vector_array_size(vector)];
        for (var i = 0; i < arrays.Length; i++)
        {
            mlx_array a = default;
            var status = Native.mlx_vector_array_get(&a, vector, (nuint)i);
            arrays[i] = Array(status, a, "mlx_vector_array_get");
        }

        return arrays;
    }

    private static void Throw(string function) => throw Exception(function);

    private static MlxArray Failed(string function) =>
        (ShapeCheck.IsActive ? ShapeCheck.Recover(function) : null) ?? throw Exception(function);

    /// <summary>The exception of the call that just failed on this thread.</summary>
    public static MlxException Exception(string function)
    {
        var state = ThreadContext.Current;
        var (message, thrown) = (state.EngineMessage, state.Thrown);
        (state.EngineMessage, state.Thrown) = (null, null);

        // What a user's function threw comes out as it was, with its stack.
        thrown?.Throw();
        return new MlxException(function, message ?? "the engine gave no reason");
    }

    /// <summary>
    /// The error handler given to the engine: called on the thread whose call fails.
    /// </summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static void OnError(byte* message, void* data)
    {
        _ = data;
        var text = Text.From(message);

        // mlx-c ends its messages with " at file:line" of its own source, which helps nobody here.
        var at = text.LastIndexOf(" at ", StringComparison.Ordinal);
        var isPlace = at > 0
            && text.AsSpan(at).Contains(".cpp:", StringComparison.Ordinal)
            && char.IsAsciiDigit(text[^1]);
        ThreadContext.Current.EngineMessage = isPlace ? text[..at] : text;
    }
}
