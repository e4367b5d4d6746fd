using Mlx.Cpu.Graph;
using Mlx.Formats;

namespace Mlx.Cpu.IO;

/// <summary>
/// A source that waits for its arrays to be computed before it is read. Each of them counts on it.
/// </summary>
internal abstract class LazySource : ByteSource
{
    public abstract void Retain();
}

/// <summary>
/// Elements that a C program's stream will be asked for when they are needed, as MLX asks for them.
/// Nothing may be merged or asked for twice: the stream is let go after the first time.
/// </summary>
internal sealed class Load : Primitive
{
    private readonly LazySource source;
    private readonly long offset;
    private readonly bool isSwapped;
    private int done;

    public Load(LazySource source, long offset, bool isSwapped)
    {
        (this.source, this.offset, this.isSwapped) = (source, offset, isSwapped);
        source.Retain();
    }

    public override bool IsPure => false;

    public override void Eval(Node[] inputs, Node[] outputs)
    {
        outputs[0].Allocate();
        try
        {
            NodeFiles.Fill(outputs[0], source, offset, isSwapped);
        }
        catch
        {
            // Not computed: whoever asks again gets the error again, not what was read so far.
            outputs[0].Drop();
            throw;
        }

        LetGo();
    }

    private void LetGo()
    {
        if (Interlocked.Exchange(ref done, 1) == 0)
        {
            source.Dispose();
            GC.SuppressFinalize(this);
        }
    }

    /// <summary>Nobody wanted the elements.</summary>
    ~Load() => LetGo();
}
