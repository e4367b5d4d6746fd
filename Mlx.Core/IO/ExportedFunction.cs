using Mlx.Core.Abi;
using Mlx.Core.Engines;

namespace Mlx.Core;

/// <summary>A function of arrays and of named arrays (MLX's keyword arguments).</summary>
/// <param name="inputs">The arguments.</param>
/// <param name="named">Those that go by a name.</param>
public delegate MlxArray[] NamedFunction(
    MlxArray[] inputs, IReadOnlyDictionary<string, MlxArray> named);

/// <summary>
/// A function in a file (<c>.mlxfn</c>): the graphs it was traced to, with the arrays they use. MLX
/// writes and reads such files in any of its languages, and both engines do here.
/// </summary>
/// <remarks>
/// A graph serves the shapes and dtypes it was traced for; a shapeless one, other shapes of the
/// same ranks, as far as none was built into it (as a reshape to given numbers does). What was
/// random in the function has its key in the file. Rules of custom functions are not kept: the
/// function itself is differentiated.
/// </remarks>
public sealed unsafe class ExportedFunction : IDisposable
{
    private readonly ImportedHandle owner;

    private ExportedFunction(nint handle) => owner = new ImportedHandle(handle);

    /// <summary>Traces a function for arguments like these, and writes the graph.</summary>
    /// <param name="path">The file, which appears whole or not at all.</param>
    /// <param name="function">Runs once, on arrays without values.</param>
    /// <param name="inputs">Arguments, of which shapes and dtypes count.</param>
    /// <param name="shapeless">Whether the graph shall serve other shapes too.</param>
    /// <exception cref="MlxException">
    /// The function uses an op that cannot be written, or one of <paramref name="inputs"/> besides
    /// its arguments; or the file cannot be written.
    /// </exception>
    public static void Save(
        string path, Func<MlxArray[], MlxArray[]> function, ReadOnlySpan<MlxArray> inputs,
        bool shapeless = false)
    {
        using var exporter = new FunctionExporter(path, function, shapeless);
        exporter.Add(inputs);
        exporter.Complete();
    }

    /// <summary>As the other, for a function that takes some of its arguments by name.</summary>
    /// <param name="path">The file, which appears whole or not at all.</param>
    /// <param name="function">Runs once, on arrays without values.</param>
    /// <param name="inputs">Arguments, of which shapes and dtypes count.</param>
    /// <param name="named">Arguments with names.</param>
    /// <param name="shapeless">Whether the graph shall serve other shapes too.</param>
    /// <exception cref="MlxException">As above.</exception>
    public static void Save(
        string path, NamedFunction function, ReadOnlySpan<MlxArray> inputs,
        IReadOnlyDictionary<string, MlxArray> named, bool shapeless = false)
    {
        ArgumentNullException.ThrowIfNull(path);
        var f = Native.mlx_closure_kwargs_new_func_payload(
            &Callbacks.Named, Callbacks.Payload(function), &Callbacks.FreePayload);
        try
        {
            Result.Check(
                f.ctx == 0 ? 1 : 0, nameof(Native.mlx_closure_kwargs_new_func_payload));
            using var vector = new PinnedVector(inputs);
            using var map = new NamedArrays(named);
            var call = (f, Inputs: vector.Handle, Named: map.Handle, shapeless);
            Files.Make(path, beside => MlxThread.Run(
                static x =>
                {
                    fixed (byte* p = Utf8.Encode(x.beside, stackalloc byte[Utf8.Small]))
                    {
                        var status = Native.mlx_export_function_kwargs(
                            p, x.call.f, x.call.Inputs, x.call.Named,
                            x.call.shapeless ? (byte)1 : (byte)0);
                        Result.Check(status, nameof(Native.mlx_export_function_kwargs));
                    }
                },
                (beside, call)));
        }
        finally
        {
            _ = Native.mlx_closure_kwargs_free(f);
        }
    }

    /// <summary>Reads a function. The file is checked in full before an engine uses it.</summary>
    /// <remarks>
    /// Its arrays are read when they are first needed, so the file must not be changed meanwhile
    /// (replacing it is fine).
    /// </remarks>
    /// <exception cref="MlxFileException">The file is malformed.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static ExportedFunction Load(string path)
    {
        File.OpenRead(path).Dispose();
        try
        {
            if (Engine.IsNative)
            {
                // MLX believes its files. The embedded engine does not: it builds every op of the
                // graph with all checks, so what it takes is safe for MLX to read.
                EmbeddedEngine.CheckFunction(path);
            }

            return MlxThread.Run(
                static p =>
                {
                    fixed (byte* file = Utf8.Encode(p, stackalloc byte[Utf8.Small]))
                    {
                        var f = Native.mlx_imported_function_new(file);
                        Result.Check(
                            f.ctx == 0 ? 1 : 0, nameof(Native.mlx_imported_function_new));
                        return new ExportedFunction(f.ctx);
                    }
                },
                path);
        }
        catch (MlxException e)
        {
            throw new MlxFileException(path, null, e.EngineMessage, e);
        }
    }

    /// <summary>Calls the function.</summary>
    /// <exception cref="MlxException">There is no graph for such arguments.</exception>
    public MlxArray[] Apply(params ReadOnlySpan<MlxArray> inputs)
    {
        using var use = owner.Acquire();
        using var vector = new PinnedVector(inputs);
        return MlxThread.Run(
            static x =>
            {
                mlx_vector_array result = default;
                var status = Native.mlx_imported_function_apply(&result, x.Function, x.Inputs);
                return Result.Arrays(status, result, nameof(Native.mlx_imported_function_apply));
            },
            (Function: Of(use), Inputs: vector.Handle));
    }

    /// <summary>Calls the function with named arguments.</summary>
    /// <exception cref="MlxException">There is no graph for such arguments.</exception>
    public MlxArray[] Apply(
        ReadOnlySpan<MlxArray> inputs, IReadOnlyDictionary<string, MlxArray> named)
    {
        using var use = owner.Acquire();
        using var vector = new PinnedVector(inputs);
        using var map = new NamedArrays(named);
        return MlxThread.Run(
            static x =>
            {
                mlx_vector_array result = default;
                var status = Native.mlx_imported_function_apply_kwargs(
                    &result, x.Function, x.Inputs, x.Named);
                return Result.Arrays(
                    status, result, nameof(Native.mlx_imported_function_apply_kwargs));
            },
            (Function: Of(use), Inputs: vector.Handle, Named: map.Handle));
    }

    /// <summary>Gives the function back; what it made lives on.</summary>
    public void Dispose() => owner.Dispose();

    private static mlx_imported_function Of(EngineHandle.Use use) => new() { ctx = use.Handle };

    private sealed class ImportedHandle(nint handle) : EngineHandle(handle)
    {
        protected override void Free(nint h) =>
            _ = Native.mlx_imported_function_free(new mlx_imported_function { ctx = h });
    }
}
