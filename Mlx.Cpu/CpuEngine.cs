namespace Mlx.Cpu;

/// <summary>
/// The embedded engine: a resolver from mlx-c symbol names to C function pointers, and nothing else.
/// </summary>
public static partial class CpuEngine
{
    /// <summary>The MLX version whose behaviour this engine follows.</summary>
    public const string Version = "0.31.2";
}
