using System.Runtime.InteropServices;
using System.Text;

namespace Mlx.Cpu.Abi;

/// <summary>
/// The process's C library, for what is its own: a <c>FILE*</c> can be written only by the library
/// that made it, and a program's output and its end stay in order only where all use the same.
/// </summary>
internal static unsafe class CLibrary
{
    private static readonly Lazy<nint> Fwrite = new(() => Find("fwrite"));
    private static readonly Lazy<nint> PutS = new(() => Find("puts"));
    private static readonly Lazy<nint> ExitProcess = new(() => Find("exit"));

    /// <summary>Writes all of the text to a <c>FILE*</c>.</summary>
    public static void Write(void* file, string text)
    {
        var write = (delegate* unmanaged[Cdecl]<byte*, nuint, nuint, void*, nuint>)Fwrite.Value;
        var bytes = Encoding.UTF8.GetBytes(text);
        fixed (byte* data = bytes)
        {
            if (write(data, 1, (nuint)bytes.Length, file) != (nuint)bytes.Length)
            {
                throw new IOException("the C stream did not take all of the text");
            }
        }
    }

    /// <summary>Writes a line to C's standard output.</summary>
    public static void WriteLine(string line)
    {
        var write = (delegate* unmanaged[Cdecl]<byte*, int>)PutS.Value;
        fixed (byte* text = Encoding.UTF8.GetBytes(line + '\0'))
        {
            _ = write(text);
        }
    }

    /// <summary>Ends the process as C does: what was registered for its end runs.</summary>
    public static void Exit(int status) =>
        ((delegate* unmanaged[Cdecl]<int, void>)ExitProcess.Value)(status);

    private static nint Find(string name)
    {
        string[] files = OperatingSystem.IsWindows() ? ["ucrtbase.dll", "msvcrt.dll"]
            : OperatingSystem.IsMacOS() ? ["libSystem.dylib"]
            : ["libc.so.6", "libc.so"];
        foreach (var file in files)
        {
            if (NativeLibrary.TryLoad(file, out var library)
                && NativeLibrary.TryGetExport(library, name, out var function))
            {
                return function;
            }
        }

        throw new DllNotFoundException($"no C library with {name}");
    }
}
