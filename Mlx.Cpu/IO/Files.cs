using Mlx.Formats;

namespace Mlx.Cpu.IO;

/// <summary>
/// Opens what the ABI names, and makes its errors say which function failed on which file.
/// </summary>
internal static class Files
{
    public static T Read<T>(string op, string path, Func<FileSource, T> read)
    {
        using var source = Open(op, path);
        return Read(op, () => $"file {path}", source, read);
    }

    public static T Read<TSource, T>(
        string op, Func<string> label, TSource source, Func<TSource, T> read)
    {
        try
        {
            return read(source);
        }
        catch (FileFaultException e)
        {
            throw new InvalidDataException($"[{op}] {label()}: {e.Message}", e);
        }
    }

    /// <summary>As MLX does, a name without the ending gets it.</summary>
    public static void Write(string op, string path, string ending, Action<Stream> write)
    {
        var whole = path.EndsWith(ending, StringComparison.Ordinal) ? path : path + ending;
        Write(op, () => $"file {whole}", () => WholeFile.Write(whole, write));
    }

    public static void Write(string op, Func<string> label, Action write)
    {
        try
        {
            write();
        }
        catch (FileFaultException e)
        {
            throw new InvalidDataException($"[{op}] {label()}: {e.Message}", e);
        }
    }

    public static FileSource Open(string op, string path)
    {
        try
        {
            return new FileSource(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException
            or ArgumentException)
        {
            throw new IOException($"[{op}] Failed to open file {path}: {e.Message}", e);
        }
    }
}
