using System.Text;

namespace Mlx.Core.Abi;

/// <summary>Nullables become C's value-and-flag structs.</summary>
internal static class Optional
{
    public static mlx_optional_int Of(int? x) =>
        new() { value = x.GetValueOrDefault(), has_value = x.HasValue ? (byte)1 : (byte)0 };

    public static mlx_optional_float Of(float? x) =>
        new() { value = x.GetValueOrDefault(), has_value = x.HasValue ? (byte)1 : (byte)0 };

    public static mlx_optional_dtype Of(DType? x) => new()
    {
        value = (mlx_dtype)x.GetValueOrDefault(),
        has_value = x.HasValue ? (byte)1 : (byte)0,
    };
}

/// <summary>Strings to C.</summary>
internal static class Utf8
{
    /// <summary>Bytes a caller puts on its stack; names of modes and axes fit.</summary>
    public const int Small = 128;

    /// <summary>
    /// Zero-terminated UTF-8 in <paramref name="buffer"/>, or on the heap when too long.
    /// </summary>
    public static Span<byte> Encode(string text, Span<byte> buffer)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Contains('\0'))
        {
            throw new ArgumentException(
                "a string for the engine must not contain NUL", nameof(text));
        }

        var needed = Encoding.UTF8.GetMaxByteCount(text.Length) + 1;
        if (needed > buffer.Length)
        {
            buffer = new byte[needed];
        }

        var n = Encoding.UTF8.GetBytes(text, buffer);
        buffer[n] = 0;
        return buffer[..(n + 1)];
    }
}

/// <summary>Strings from C.</summary>
internal static unsafe class Text
{
    public static string From(byte* s) =>
        System.Runtime.InteropServices.Marshal.PtrToStringUTF8((nint)s) ?? "";

    /// <summary>Reads and frees a string the engine made.</summary>
    public static string Take(int status, mlx_string s, string function)
    {
        try
        {
            Result.Check(status, function);
            return From(Native.mlx_string_data(s));
        }
        finally
        {
            _ = Native.mlx_string_free(s);
        }
    }
}
