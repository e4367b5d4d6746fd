namespace Mlx.Cpu.IO;

/// <summary>Where bytes go, one after the other.</summary>
internal abstract unsafe class ByteSink : IDisposable
{
    public abstract void Write(ReadOnlySpan<byte> bytes);

    /// <summary>All has been written.</summary>
    public virtual void Finish()
    {
    }

    public virtual void Dispose()
    {
    }

    public void Write(byte* from, long bytes)
    {
        const int Most = 1 << 28;
        for (long done = 0; done < bytes; done += Most)
        {
            Write(new ReadOnlySpan<byte>(from + done, (int)Math.Min(Most, bytes - done)));
        }
    }
}

/// <summary>
/// A file that appears under its name only when it is complete. So a failed save leaves what was
/// there, and arrays mapped from the old file keep their bytes.
/// </summary>
internal sealed class FileSink : ByteSink
{
    private readonly string path;
    private readonly string temporary;
    private readonly FileStream stream;
    private bool finished;

    public FileSink(string path, string op)
    {
        this.path = path;
        temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            stream = new FileStream(
                temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException
            or NotSupportedException or ArgumentException)
        {
            throw new IOException($"[{op}] Failed to open file {path}: {e.Message}", e);
        }
    }

    public override void Write(ReadOnlySpan<byte> bytes) => stream.Write(bytes);

    public override void Finish()
    {
        stream.Dispose();
        File.Move(temporary, path, true);
        finished = true;
    }

    public override void Dispose()
    {
        if (!finished)
        {
            stream.Dispose();
            File.Delete(temporary);
        }
    }
}
