namespace Mlx.Cpu.Kernels;

/// <summary>One axis of a loop: its length and how far a step goes in the input and the output.
/// </summary>
internal struct LoopAxis(long length, long inStride, long outStride)
{
    public long Length = length;
    public long In = inStride;
    public long Out = outStride;

    /// <summary>
    /// Sorts axes from the longest to the shortest input stride (steps of zero first) and merges
    /// those that follow one another without a gap; answers how many are left.
    /// </summary>
    public static int Simplify(Span<LoopAxis> axes)
    {
        for (var i = 1; i < axes.Length; i++)
        {
            var axis = axes[i];
            var j = i - 1;
            for (; j >= 0 && axes[j].Reach < axis.Reach; j--)
            {
                axes[j + 1] = axes[j];
            }

            axes[j + 1] = axis;
        }

        return Join(axes);
    }

    /// <summary>The same in the order given: merges axes that follow one another without a gap.
    /// </summary>
    public static int Join(Span<LoopAxis> axes)
    {
        var count = 0;
        foreach (var axis in axes)
        {
            if (count > 0 && axes[count - 1].In == axis.In * axis.Length
                && axes[count - 1].Out == axis.Out * axis.Length)
            {
                axes[count - 1] = new(axes[count - 1].Length * axis.Length, axis.In, axis.Out);
            }
            else
            {
                axes[count++] = axis;
            }
        }

        return count;
    }

    private readonly ulong Reach => In == 0 ? ulong.MaxValue : (ulong)Math.Abs(In);
}

/// <summary>
/// Walks nested axes in order, keeping the offsets into the input and the output.
/// </summary>
/// <remarks>The index has to be a scratch array as long as the axes.</remarks>
internal unsafe ref struct AxisWalk
{
    private readonly LoopAxis* axes;
    private readonly long* index;
    private readonly int last;

    public long In;
    public long Out;

    public AxisWalk(LoopAxis* axes, int count, long* index, long start)
    {
        this.axes = axes;
        this.index = index;
        last = count - 1;
        for (var a = last; a >= 0; a--)
        {
            index[a] = 0;
            if (start > 0)
            {
                var i = start % axes[a].Length;
                start /= axes[a].Length;
                index[a] = i;
                In += i * axes[a].In;
                Out += i * axes[a].Out;
            }
        }
    }

    /// <summary>Steps to the next position; after the last one comes the first again.</summary>
    public void Next()
    {
        for (var a = last; a >= 0; a--)
        {
            ref var axis = ref axes[a];
            In += axis.In;
            Out += axis.Out;
            if (++index[a] < axis.Length)
            {
                return;
            }

            In -= axis.In * axis.Length;
            Out -= axis.Out * axis.Length;
            index[a] = 0;
        }
    }
}
