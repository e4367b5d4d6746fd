using Mlx.Formats;

namespace Mlx.Core;

/// <summary>Opens files, and makes errors name them.</summary>
internal static class Files
{
    public static T Read<T>(string path, Func<ByteSource, T> read)
    {
        ArgumentNullException.ThrowIfNull(path);
        using var source = new FileSource(path);
        return Named(path, () => read(source));
    }

    public static T Read<T>(Stream stream, Func<ByteSource, T> read)
    {
        ArgumentNullException.ThrowIfNull(stream);
        using var source = new StreamSource(stream);
        return Named(NameOf(stream), () => read(source));
    }

    /// <summary>The file appears whole or not at all.</summary>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentNullException.ThrowIfNull(path);
        Named(path, () =>
        {
            WholeFile.Write(path, write);
            return true;
        });
    }

    /// <summary>As <see cref="Write(string, Action{Stream})"/>, for who writes to a path.</summary>
    public static void Make(string path, Action<string> make)
    {
        ArgumentNullException.ThrowIfNull(path);
        Named(path, () =>
        {
            WholeFile.Make(path, make);
            return true;
        });
    }

    public static void Write(Stream stream, Action<Stream> write)
    {
        ArgumentNullException.ThrowIfNull(stream);
        Named(NameOf(stream), () =>
        {
            write(stream);
            return true;
        });
    }

    /// <summary>Arrays by name; those made already are given back when one fails.</summary>
    public static Dictionary<string, MlxArray> Collect(Action<Dictionary<string, MlxArray>> load)
    {
        var arrays = new Dictionary<string, MlxArray>();
        try
        {
            load(arrays);
            return arrays;
        }
        catch
        {
            foreach (var a in arrays.Values)
            {
                a.Dispose();
            }

            throw;
        }
    }

    private static string NameOf(Stream stream) => (stream as FileStream)?.Name ?? "the stream";

    private static T Named<T>(string name, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (FileFaultException e)
        {
            throw new MlxFileException(name, e.Key, e.Reason, e.InnerException);
        }
    }
}
