using Mlx.Core.Abi;

namespace Mlx.Core;

/// <summary>
/// The engine's memory accounts, in bytes (<c>mlx.core.get_active_memory</c> and kin).
/// </summary>
public static unsafe class Memory
{
    /// <summary>Held by arrays.</summary>
    public static long Active
    {
        get
        {
            nuint n;
            Result.Check(Native.mlx_get_active_memory(&n), nameof(Native.mlx_get_active_memory));
            return (long)n;
        }
    }

    /// <summary>Free, kept by the engine for the next arrays.</summary>
    public static long Cache
    {
        get
        {
            nuint n;
            Result.Check(Native.mlx_get_cache_memory(&n), nameof(Native.mlx_get_cache_memory));
            return (long)n;
        }
    }

    /// <summary>
    /// The highest <see cref="Active"/> since the start or <see cref="ResetPeak"/>.
    /// </summary>
    public static long Peak
    {
        get
        {
            nuint n;
            Result.Check(Native.mlx_get_peak_memory(&n), nameof(Native.mlx_get_peak_memory));
            return (long)n;
        }
    }

    /// <summary>Beyond this the engine waits or fails rather than allocate.</summary>
    public static long Limit
    {
        get
        {
            nuint n;
            Result.Check(Native.mlx_get_memory_limit(&n), nameof(Native.mlx_get_memory_limit));
            return (long)n;
        }
    }

    /// <summary>Gives the cache back to the system.</summary>
    public static void ClearCache() =>
        Result.Check(Native.mlx_clear_cache(), nameof(Native.mlx_clear_cache));

    /// <summary>Starts <see cref="Peak"/> anew.</summary>
    public static void ResetPeak() =>
        Result.Check(Native.mlx_reset_peak_memory(), nameof(Native.mlx_reset_peak_memory));

    /// <summary>Sets <see cref="Limit"/>; answers the old one.</summary>
    public static long SetLimit(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        nuint old;
        var status = Native.mlx_set_memory_limit(&old, (nuint)bytes);
        Result.Check(status, nameof(Native.mlx_set_memory_limit));
        return (long)old;
    }

    /// <summary>Bounds <see cref="Cache"/>; answers the old bound.</summary>
    public static long SetCacheLimit(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        nuint old;
        var status = Native.mlx_set_cache_limit(&old, (nuint)bytes);
        Result.Check(status, nameof(Native.mlx_set_cache_limit));
        return (long)old;
    }

    /// <summary>
    /// Bounds the memory kept resident for the GPU (Metal); answers the old bound.
    /// </summary>
    public static long SetWiredLimit(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        nuint old;
        var status = Native.mlx_set_wired_limit(&old, (nuint)bytes);
        Result.Check(status, nameof(Native.mlx_set_wired_limit));
        return (long)old;
    }
}
