using System.Runtime.InteropServices;
using System.Text;

namespace Mlx.Core.Abi;

/// <summary>
/// What C functions write to a <c>FILE*</c>, as text: by a temporary file, since that is all that
/// every C library can write to.
/// </summary>
internal static unsafe class TemporaryCFile
{
    private static readonly Lazy<nint> Open = new(() => Find("fopen"));
    private static readonly Lazy<nint> Close = new(() => Find("fclose"));

    public delegate void Writer(void* file);

    /// <exception cref="IOException">There is no temporary file to be had.</exception>
    public static string Read(Writer write)
    {
        var path = Path.GetTempFileName();
        try
        {
            var open = (delegate* unmanaged[Cdecl]<byte*, byte*, void*>)Open.Value;
            void* file;
            fixed (byte* name = Encoding.UTF8.GetBytes(path + '\0'))
            fixed (byte* mode = "wb\0"u8)
            {
                file = open(name, mode);
            }

            if (file == null)
            {
                throw new IOException($"the C library cannot open {path}");
            }

            try
            {
                write(file);
            }
            finally
            {
                _ = ((delegate* unmanaged[Cdecl]<void*, int>)Close.Value)(file);
            }

            return File.ReadAllText(path);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static nint Find(string name)
    {
        string[] files = OperatingSystem.IsWindows() ? ["ucrtbase.dll"]
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
