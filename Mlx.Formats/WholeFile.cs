namespace Mlx.Formats;

/// <summary>
/// Writes files that appear whole or not at all: beside their place, then moved there. So a save
/// that fails leaves what was there before, and arrays mapped from the old file keep their bytes.
/// </summary>
internal static class WholeFile
{
    /// <exception cref="FileFaultException">The file cannot be written.</exception>
    public static void Write(string path, Action<Stream> write) => Make(path, beside =>
    {
        using var stream = new FileStream(beside, FileMode.CreateNew, FileAccess.Write);
        write(stream);
        stream.Flush(flushToDisk: true);
    });

    /// <summary>For who writes to a path: it gets one beside the file's place.</summary>
    /// <exception cref="FileFaultException">The file cannot be written.</exception>
    public static void Make(string path, Action<string> make)
    {
        var beside = "";
        try
        {
            var target = Target(path);
            beside = Beside(target);
            make(beside);
            KeepMode(target, beside);
            File.Move(beside, target, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Forget(beside);
            var reason = e.Message.Replace(beside, path, StringComparison.Ordinal);
            throw new FileFaultException($"cannot be written: {reason}", inner: e);
        }
        catch
        {
            Forget(beside);
            throw;
        }
    }

    /// <summary>A name that nobody has, in the same folder; short, since names have limits.
    /// </summary>
    public static string Beside(string path) =>
        Path.Combine(Path.GetDirectoryName(path) ?? "", $".{Guid.NewGuid():N}.tmp");

    /// <summary>A link stays one: what it points to is replaced.</summary>
    private static string Target(string path)
    {
        var full = Path.GetFullPath(path);
        return new FileInfo(full).LinkTarget is null
            ? full
            : File.ResolveLinkTarget(full, returnFinalTarget: true)!.FullName;
    }

    /// <summary>Who may read a file that is replaced may read the new one.</summary>
    private static void KeepMode(string old, string beside)
    {
        if (!OperatingSystem.IsWindows() && File.Exists(old))
        {
            File.SetUnixFileMode(beside, File.GetUnixFileMode(old));
        }
    }

    /// <summary>Must not hide the error that led here.</summary>
    private static void Forget(string beside)
    {
        try
        {
            if (beside.Length > 0)
            {
                File.Delete(beside);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
    }
}
