namespace Mlx.Core;

/// <summary>Writes files that appear whole or not at all.</summary>
internal static class WholeFile
{
    public static void Write(string path, Action<Stream> write) => Make(path, beside =>
    {
        using var stream = new FileStream(beside, FileMode.CreateNew, FileAccess.Write);
        write(stream);
        stream.Flush(flushToDisk: true);
    });

    /// <summary>For who writes to a path: it gets one beside the file's place.</summary>
    public static void Make(string path, Action<string> make)
    {
        var beside = Beside(path);
        try
        {
            make(beside);
            File.Move(beside, path, overwrite: true);
        }
        catch
        {
            File.Delete(beside);
            throw;
        }
    }

    /// <summary>A name that nobody has, in the same folder.</summary>
    public static string Beside(string path) => $"{path}.{Guid.NewGuid():N}.tmp";
}
