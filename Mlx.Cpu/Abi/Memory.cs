using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Abi;

/// <summary>memory.h: the pool's accounts, in bytes.</summary>
internal static unsafe class Memory
{
    [RawExport("mlx_clear_cache")]
    public static void ClearCache() => StoragePool.Clear();

    [RawExport("mlx_get_active_memory")]
    public static void Active(nuint* bytes) => *bytes = (nuint)StoragePool.ActiveBytes;

    [RawExport("mlx_get_cache_memory")]
    public static void Cached(nuint* bytes) => *bytes = (nuint)StoragePool.CachedBytes;

    [RawExport("mlx_get_peak_memory")]
    public static void Peak(nuint* bytes) => *bytes = (nuint)StoragePool.PeakBytes;

    [RawExport("mlx_reset_peak_memory")]
    public static void ResetPeak() => StoragePool.ResetPeak();

    [RawExport("mlx_get_memory_limit")]
    public static void Limit(nuint* bytes) => *bytes = (nuint)StoragePool.MemoryLimit;

    [RawExport("mlx_set_memory_limit")]
    public static void SetLimit(nuint* old, nuint limit) =>
        *old = (nuint)StoragePool.SetMemoryLimit((long)limit);

    [RawExport("mlx_set_cache_limit")]
    public static void SetCacheLimit(nuint* old, nuint limit) =>
        *old = (nuint)StoragePool.SetCacheLimit((long)limit);

    /// <summary>Wired memory is a notion of Metal; a CPU has none to set.</summary>
    [RawExport("mlx_set_wired_limit")]
    public static void SetWiredLimit(nuint* old, nuint limit) => *old = 0;

    [RawExport("mlx_version")]
    public static void Version(mlx_string* text) => Strings.Set(text, CpuEngine.Version);
}
