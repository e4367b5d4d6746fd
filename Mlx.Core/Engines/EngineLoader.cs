using System.Runtime.InteropServices;

namespace Mlx.Core.Engines;

/// <summary>
/// Finds the engine: <c>MLX_ENGINE</c> says which kind, <c>MLX_C_PATH</c> where libmlxc is. What
/// the user asked for is taken or is an error; only the unasked choice falls back.
/// </summary>
internal sealed class EngineLoader(
    string? engine, string? path, string baseDirectory, IReadOnlyList<string>? prefixes = null)
{
    /// <summary>The MLX release whose ABI this library was generated for.</summary>
    public const string AbiVersion = "0.31";

    private const string Step = "MLX engine";

    private static readonly string FileName =
        OperatingSystem.IsWindows() ? "mlxc.dll"
        : OperatingSystem.IsMacOS() ? "libmlxc.dylib"
        : "libmlxc.so";

    private readonly List<string> tried = [];

    public static EngineLoader FromEnvironment() => new(
        Environment.GetEnvironmentVariable("MLX_ENGINE"),
        Environment.GetEnvironmentVariable("MLX_C_PATH"),
        AppContext.BaseDirectory);

    public EngineLibrary Load()
    {
        var kind = string.IsNullOrWhiteSpace(engine) ? "auto" : engine.Trim().ToLowerInvariant();
        if (kind is not ("auto" or "native" or "cpu"))
        {
            throw new MlxException(
                Step,
                $"MLX_ENGINE is '{engine}'; it can be auto (libmlxc where there is one, else the "
                + "embedded engine), native (libmlxc) or cpu (the embedded engine)");
        }

        if (kind == "cpu")
        {
            tried.Add("libmlxc: not looked for, MLX_ENGINE=cpu");
            return Embedded();
        }

        if (!string.IsNullOrWhiteSpace(path))
        {
            return Ready(Asked(path));
        }

        var found = Search();
        if (found is not null)
        {
            return Ready(found);
        }

        return kind == "auto" ? Embedded() : throw new MlxException(
            Step,
            "MLX_ENGINE is native, but no libmlxc was found. Set MLX_C_PATH to the file or its "
            + $"folder, or use MLX_ENGINE=auto. Tried:\n  {string.Join("\n  ", tried)}");
    }

    private EngineLibrary Embedded() => Ready(new EmbeddedEngine { Tried = tried });

    private static EngineLibrary Ready(EngineLibrary library)
    {
        library.InstallErrorHandler();
        return library;
    }

    /// <summary>
    /// The library MLX_C_PATH names, or an error that says what is wrong with it.
    /// </summary>
    private NativeLibraryEngine Asked(string asked)
    {
        var file = asked;
        if (Directory.Exists(asked))
        {
            string[] candidates =
                [Path.Combine(asked, FileName), Path.Combine(asked, "lib", FileName)];
            file = Array.Find(candidates, File.Exists) ?? throw new MlxException(
                Step, $"MLX_C_PATH is the folder '{asked}', which holds no {FileName}");
        }
        else if (!File.Exists(asked))
        {
            throw new MlxException(Step, $"MLX_C_PATH is '{asked}', which does not exist");
        }

        nint handle;
        try
        {
            handle = NativeLibrary.Load(Path.GetFullPath(file));
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            throw new MlxException(
                Step, $"MLX_C_PATH is '{asked}', which does not load: {e.Message}");
        }

        tried.Add($"MLX_C_PATH={asked}: taken");
        var library = new NativeLibraryEngine(handle, file) { Tried = tried };
        if (library.Missing is { } symbol)
        {
            throw new MlxException(
                Step,
                $"MLX_C_PATH is '{asked}', which is a library but not mlx-c: it has no {symbol}");
        }

        return library;
    }

    private NativeLibraryEngine? Search()
    {
        tried.Add("MLX_C_PATH: not set");
        var rid = RuntimeInformation.RuntimeIdentifier;
        string[] files =
        [
            Path.Combine(baseDirectory, "runtimes", rid, "native", FileName),
            Path.Combine(baseDirectory, FileName),
            .. (prefixes ?? Prefixes()).Select(p => Path.Combine(p, "lib", FileName)),
        ];
        foreach (var file in files.Distinct())
        {
            if (!File.Exists(file))
            {
                tried.Add($"{file}: not there");
            }
            else if (Usable(file, file) is { } library)
            {
                return library;
            }
        }

        return Usable(FileName, $"system loader, {FileName}");
    }

    private static IReadOnlyList<string> Prefixes()
    {
        if (OperatingSystem.IsWindows())
        {
            return [];
        }

        var brew = Environment.GetEnvironmentVariable("HOMEBREW_PREFIX");
        string[] known = ["/opt/homebrew", "/usr/local"];
        return string.IsNullOrEmpty(brew) ? known : [brew, .. known];
    }

    /// <summary>
    /// A library nobody asked for by name is taken only when it surely speaks this ABI: another
    /// release may have changed the arguments of a function, which no check at a call could see.
    /// </summary>
    private NativeLibraryEngine? Usable(string file, string label)
    {
        if (!NativeLibrary.TryLoad(file, out var handle))
        {
            tried.Add($"{label}: does not load");
            return null;
        }

        var library = new NativeLibraryEngine(handle, file) { Tried = tried };
        if (library.Missing is { } symbol)
        {
            tried.Add($"{label}: not mlx-c, it has no {symbol}");
        }
        else if (!library.Version.StartsWith(AbiVersion + ".", StringComparison.Ordinal))
        {
            tried.Add(
                $"{label}: MLX {library.Version}, but this library speaks to {AbiVersion} "
                + "(set MLX_C_PATH to use it all the same)");
        }
        else
        {
            tried.Add($"{label}: taken");
            return library;
        }

        NativeLibrary.Free(handle);
        return null;
    }
}
