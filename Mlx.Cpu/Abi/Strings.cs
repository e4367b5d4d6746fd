using System.Runtime.InteropServices;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Abi;

/// <summary>string.h, and C strings in general (UTF-8).</summary>
internal static unsafe class Strings
{
    public static string Get(byte* s) => Marshal.PtrToStringUTF8((nint)s) ?? "";

    public static void Set(mlx_string* target, string value) =>
        Handles.Replace(&target->ctx, Handles.New(new Utf8(value)));

    [RawExport("mlx_string_new")]
    public static mlx_string New() => default;

    [RawExport("mlx_string_new_data")]
    public static mlx_string NewData(byte* s) => new() { ctx = Handles.New(new Utf8(Get(s))) };

    [RawExport("mlx_string_set")]
    public static void Assign(mlx_string* target, mlx_string source) =>
        Set(target, Handles.Get<Utf8>(source.ctx).Text);

    [RawExport("mlx_string_data")]
    public static byte* Data(mlx_string s) =>
        s.ctx == null ? null : Handles.Get<Utf8>(s.ctx).Pointer;

    [RawExport("mlx_string_free")]
    public static void Free(mlx_string s) => Handles.Free(s.ctx);
}

/// <summary>A string with a stable address for C readers.</summary>
internal sealed unsafe class Utf8(string text) : IDisposable
{
    public readonly string Text = text;
    private nint pointer = Marshal.StringToCoTaskMemUTF8(text);

    public byte* Pointer => (byte*)pointer;

    public void Dispose()
    {
        Marshal.FreeCoTaskMem(Interlocked.Exchange(ref pointer, 0));
        GC.SuppressFinalize(this);
    }

    ~Utf8() => Dispose();
}

/// <summary>optional.h: a value and a flag become a nullable.</summary>
internal static class Optional
{
    public static int? Of(mlx_optional_int o) => o.has_value != 0 ? o.value : null;

    public static float? Of(mlx_optional_float o) => o.has_value != 0 ? o.value : null;

    public static Dtype? Of(mlx_optional_dtype o) => o.has_value != 0 ? (Dtype)o.value : null;
}
