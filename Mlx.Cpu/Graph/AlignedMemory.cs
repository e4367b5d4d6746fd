using System.Runtime.InteropServices;

namespace Mlx.Cpu.Graph;

/// <summary>
/// Native memory that starts on a cache line, and where it is long on a huge page: with pages of
/// 4 KiB, what limits a pass over a long array is the walk to each page, not the memory.
/// </summary>
internal static unsafe partial class AlignedMemory
{
    /// <summary>A line of the cache; no vector straddles two.</summary>
    public const int Alignment = 64;

    /// <summary>The size of a huge page on x64, and on Arm64 with small pages of 4 KiB.</summary>
    private const nuint HugePage = 2 << 20;

    /// <summary>MADV_HUGEPAGE of Linux.</summary>
    private const int AdviseHuge = 14;

    public static byte* Allocate(nuint bytes)
    {
        if (bytes < HugePage || !OperatingSystem.IsLinux())
        {
            return (byte*)NativeMemory.AlignedAlloc(bytes, Alignment);
        }

        var block = (byte*)NativeMemory.AlignedAlloc(bytes, HugePage);

        // Advice: a system that has no huge pages, or none left, gives small ones.
        _ = Advise(block, bytes, AdviseHuge);
        return block;
    }

    public static void Free(byte* block) => NativeMemory.AlignedFree(block);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* block, nuint bytes, int advice);
}
