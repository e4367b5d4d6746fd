using Mlx.Core.Abi;
using Mlx.Core.Engines;
using Mlx.Formats;

namespace Mlx.Core;

/// <summary>
/// Writes a function with several graphs to one file: one for each combination of shapes and dtypes
/// that it shall serve. Arrays that the graphs share are written once.
/// </summary>
/// <example>
/// <code>
/// using var exporter = new FunctionExporter("f.mlxfn", x => [x[0] * x[0]]);
/// exporter.Add(MlxArray.Zeros([3]));
/// exporter.Add(MlxArray.Zeros([3], DType.Int32));
/// exporter.Complete();
/// </code>
/// </example>
public sealed unsafe class FunctionExporter : IDisposable
{
    private readonly string path;
    private readonly string beside;
    private readonly ExporterHandle owner;
    private int graphs;
    private bool isBroken;

    /// <summary>Begins a file; it appears when it is complete.</summary>
    /// <param name="path">The file.</param>
    /// <param name="function">
    /// Runs once for each <see cref="Add"/>, on arrays without values.
    /// </param>
    /// <param name="shapeless">
    /// Whether a graph shall serve other shapes of the same ranks too.
    /// </param>
    /// <exception cref="MlxException">The file cannot be written.</exception>
    public FunctionExporter(
        string path, Func<MlxArray[], MlxArray[]> function, bool shapeless = false)
    {
        ArgumentNullException.ThrowIfNull(path);
        this.path = path;
        beside = WholeFile.Beside(path);
        using var closure = new Closure(function);
        using var use = closure.Handle.Acquire();
        owner = MlxThread.Run(
            static x =>
            {
                fixed (byte* file = Utf8.Encode(x.beside, stackalloc byte[Utf8.Small]))
                {
                    var e = Native.mlx_function_exporter_new(
                        file, x.Function, x.shapeless ? (byte)1 : (byte)0);
                    Result.Check(e.ctx == 0 ? 1 : 0, nameof(Native.mlx_function_exporter_new));
                    return new ExporterHandle(e.ctx);
                }
            },
            (beside, Function: Closure.Of(use), shapeless));
    }

    /// <summary>Traces the function for arguments like these, and writes the graph.</summary>
    /// <exception cref="MlxException">
    /// There is a graph for such arguments already; or the function uses an op that cannot be
    /// written, or one of <paramref name="inputs"/> besides its arguments.
    /// </exception>
    public void Add(params ReadOnlySpan<MlxArray> inputs)
    {
        using var use = owner.Acquire();
        using var vector = new PinnedVector(inputs);
        try
        {
            MlxThread.Run(
                static x =>
                {
                    var status = Native.mlx_function_exporter_apply(
                        new mlx_function_exporter { ctx = x.Exporter }, x.Inputs);
                    Result.Check(status, nameof(Native.mlx_function_exporter_apply));
                },
                (Exporter: use.Handle, Inputs: vector.Handle));
            graphs++;
        }
        catch
        {
            // MLX counts a graph before it has written it.
            isBroken |= Engine.IsNative;
            throw;
        }
    }

    /// <summary>Puts the file in its place. Nothing can be added after that.</summary>
    /// <exception cref="InvalidOperationException">
    /// Nothing was added, or (on a native engine) something could not be.
    /// </exception>
    /// <exception cref="IOException">The file cannot be put there.</exception>
    public void Complete()
    {
        if (graphs == 0 || isBroken)
        {
            throw new InvalidOperationException(
                graphs == 0 ? "nothing was added to the file" : "a graph could not be added");
        }

        owner.Dispose();
        File.Move(beside, path, overwrite: true);
    }

    /// <summary>Lets go of the function, and of a file that was not completed.</summary>
    public void Dispose()
    {
        owner.Dispose();
        File.Delete(beside);
    }

    private sealed class ExporterHandle(nint handle) : EngineHandle(handle)
    {
        protected override void Free(nint h) =>
            _ = Native.mlx_function_exporter_free(new mlx_function_exporter { ctx = h });
    }
}
