namespace Mlx.Cpu;

/// <summary>
/// The embedded engine: a resolver from mlx-c symbol names to C function pointers, and nothing
/// else.
/// </summary>
public static partial class CpuEngine
{
    /// <summary>The MLX version whose behaviour this engine follows.</summary>
    public const string Version = "0.31.2";

    /// <summary>
    /// The threads that share a large operation, the caller's among them: <c>MLX_CPU_THREADS</c>,
    /// or as many as the process has processors.
    /// </summary>
    public static int Threads => Threading.WorkerPool.ThreadCount;
}
