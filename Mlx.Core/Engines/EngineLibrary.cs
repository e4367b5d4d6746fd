using System.Runtime.InteropServices;
using Mlx.Core.Abi;
using Mlx.Cpu;

namespace Mlx.Core.Engines;

/// <summary>A source of mlx-c functions: libmlxc, or the embedded engine.</summary>
internal abstract unsafe class EngineLibrary
{
    private string? version;

    /// <summary><c>native</c> or <c>cpu</c>.</summary>
    public abstract string Name { get; }

    /// <summary>The file, where there is one.</summary>
    public abstract string? Path { get; }

    /// <summary>A library was loaded.</summary>
    public abstract bool IsNative { get; }

    /// <summary>
    /// Apple's MLX, whose streams and compile caches belong to the thread that made them; not our
    /// own engine, be it embedded or published as a library.
    /// </summary>
    public abstract bool IsMlx { get; }

    /// <summary>What was tried on the way to this engine.</summary>
    public IReadOnlyList<string> Tried { get; init; } = [];

    /// <summary>The version of MLX the engine says it is.</summary>
    public string Version => version ??= ReadVersion();

    /// <summary>The address of the C function, or 0.</summary>
    public abstract nint Resolve(string name);

    /// <summary>Directs the engine's errors to <see cref="Result.OnError"/>.</summary>
    public void InstallErrorHandler()
    {
        var set = (delegate* unmanaged[Cdecl]<
            delegate* unmanaged[Cdecl]<byte*, void*, void>,
            void*,
            delegate* unmanaged[Cdecl]<void*, void>,
            void>)Resolve("mlx_set_error_handler");
        if (set != null)
        {
            set(&Result.OnError, null, null);
        }
    }

    // Not through Native: the version is asked before the engine is chosen.
    private string ReadVersion()
    {
        var get = (delegate* unmanaged[Cdecl]<mlx_string*, int>)Resolve("mlx_version");
        var data = (delegate* unmanaged[Cdecl]<mlx_string, byte*>)Resolve("mlx_string_data");
        var free = (delegate* unmanaged[Cdecl]<mlx_string, int>)Resolve("mlx_string_free");
        if (get == null || data == null || free == null)
        {
            return "unknown";
        }

        mlx_string s = default;
        if (get(&s) != 0)
        {
            return "unknown";
        }

        var text = Text.From(data(s));
        _ = free(s);
        return text;
    }
}

/// <summary>A libmlxc: Apple's MLX, or our own engine published as a library.</summary>
internal sealed class NativeLibraryEngine(nint handle, string path) : EngineLibrary
{
    // What only our own engine has beside the functions of mlx-c.
    private const string OwnMark = "mlx_cpu_live_buffers";

    // A file without these is no mlx-c, whatever its name.
    private static readonly string[] Essential =
    [
        "mlx_array_new_data", "mlx_array_free", "mlx_array_eval", "mlx_add",
        "mlx_set_error_handler", "mlx_vector_array_new_data", "mlx_string_data",
    ];

    public override string Name => "native";

    public override string? Path => path;

    public override bool IsNative => true;

    public override bool IsMlx { get; } = !NativeLibrary.TryGetExport(handle, OwnMark, out _);

    /// <summary>The first essential function that is missing.</summary>
    public string? Missing => Array.Find(Essential, n => Resolve(n) == 0);

    public override nint Resolve(string name) =>
        NativeLibrary.TryGetExport(handle, name, out var address) ? address : 0;
}

/// <summary>The engine in <c>Mlx.Cpu</c>.</summary>
internal sealed unsafe class EmbeddedEngine : EngineLibrary
{
    /// <summary>
    /// Reads a file that another engine shall read: throws where it is malformed.
    /// </summary>
    public static void CheckFunction(string path)
    {
        var engine = new EmbeddedEngine();
        engine.InstallErrorHandler();
        var read = (delegate* unmanaged[Cdecl]<byte*, mlx_imported_function>)engine.Resolve(
            nameof(Native.mlx_imported_function_new));
        var free = (delegate* unmanaged[Cdecl]<mlx_imported_function, int>)engine.Resolve(
            nameof(Native.mlx_imported_function_free));
        fixed (byte* file = Utf8.Encode(path, stackalloc byte[Utf8.Small]))
        {
            var f = read(file);
            Result.Check(f.ctx == 0 ? 1 : 0, nameof(Native.mlx_imported_function_new));
            _ = free(f);
        }
    }

    public override string Name => "cpu";

    public override string? Path => null;

    public override bool IsNative => false;

    public override bool IsMlx => false;

    public override nint Resolve(string name) => CpuEngine.Resolve(name);
}
