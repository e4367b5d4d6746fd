namespace Mlx.Cpu.Export;

/// <summary>
/// A file to which parts are added. It is begun beside its place, so that what was there stays
/// whole (and mapped, where somebody looks into it) until there is something to put in its stead.
/// </summary>
internal sealed unsafe class GrowingFile : IDisposable
{
    private readonly string path;
    private readonly string temporary;
    private readonly FileStream stream;
    private bool published;

    public GrowingFile(string path)
    {
        this.path = path;
        temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            stream = new FileStream(
                temporary, FileMode.CreateNew, FileAccess.Write,
                FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException
            or NotSupportedException or ArgumentException)
        {
            throw new IOException($"[export_function] Failed to open {path}: {e.Message}", e);
        }
    }

    /// <summary>Writes over the beginning; what is longer than that goes to the end.</summary>
    public void Begin(ReadOnlySpan<byte> bytes)
    {
        stream.Position = 0;
        stream.Write(bytes);
        stream.Position = stream.Length;
    }

    public void Append(ReadOnlySpan<byte> bytes) => stream.Write(bytes);

    public void Append(byte* from, long bytes)
    {
        const int Most = 1 << 28;
        for (long done = 0; done < bytes; done += Most)
        {
            stream.Write(new ReadOnlySpan<byte>(from + done, (int)Math.Min(Most, bytes - done)));
        }
    }

    /// <summary>Puts the file in its place, if it is not there yet; it goes on growing.</summary>
    public void Publish()
    {
        stream.Flush();
        if (!published)
        {
            File.Move(temporary, path, overwrite: true);
            published = true;
        }
    }

    public void Dispose()
    {
        stream.Dispose();
        if (!published)
        {
            File.Delete(temporary);
        }
    }
}
