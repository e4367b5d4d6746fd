using Mlx.Core.Abi;
using Mlx.Core.Engines;

namespace Mlx.Core;

/// <summary>
/// The engine behind all arrays: Apple's MLX (libmlxc) or the embedded one, chosen at the first use
/// by the environment variables <c>MLX_ENGINE</c> (auto, native, cpu) and <c>MLX_C_PATH</c> (file
/// or folder of libmlxc).
/// </summary>
public static class Engine
{
    private static readonly Lazy<EngineLibrary> Loaded =
        new(() => EngineLoader.FromEnvironment().Load());

    /// <summary><c>native</c> for libmlxc, <c>cpu</c> for the embedded engine.</summary>
    /// <exception cref="MlxException">
    /// The environment asks for an engine that cannot be had.
    /// </exception>
    public static string Name => Library.Name;

    /// <summary>The MLX version the engine follows.</summary>
    public static string Version => Library.Version;

    /// <summary>True for a libmlxc.</summary>
    public static bool IsNative => Library.IsNative;

    /// <summary>
    /// Calls of engine functions so far, by all threads: the cost of crossing the ABI, made
    /// observable.
    /// </summary>
    public static long Crossings => ThreadContext.Total().Crossings;

    /// <summary>Array handles that are neither disposed nor finalized.</summary>
    public static long LiveHandles
    {
        get
        {
            var t = ThreadContext.Total();
            return t.Created - t.Freed;
        }
    }

    internal static EngineLibrary Library => Loaded.Value;

    internal static bool IsMlx => Library.IsMlx;

    /// <summary>What was found, where, and what to do about what is missing.</summary>
    public static EngineDescription Describe() => EngineDescription.Of(Library);
}
