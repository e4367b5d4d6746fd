using System.Text;
using Mlx.Core.Abi;
using Mlx.Core.Engines;
using Mlx.Cpu;

namespace Mlx.Core;

/// <summary>The report of <see cref="Engine.Describe"/>.</summary>
/// <param name="Name"><c>native</c> or <c>cpu</c>.</param>
/// <param name="Version">The MLX version the engine follows.</param>
/// <param name="Path">The file of libmlxc; null for the embedded engine.</param>
/// <param name="Tried">Where libmlxc was looked for, and what came of it.</param>
/// <param name="Devices">The devices that can compute.</param>
/// <param name="Threads">Those of the embedded engine; null for a library.</param>
/// <param name="MissingSymbols">Functions of the ABI this engine does not have.</param>
/// <param name="Hints">What to do next.</param>
public sealed record EngineDescription(
    string Name,
    string Version,
    string? Path,
    IReadOnlyList<string> Tried,
    IReadOnlyList<string> Devices,
    int? Threads,
    IReadOnlyList<string> MissingSymbols,
    IReadOnlyList<string> Hints)
{
    internal static EngineDescription Of(EngineLibrary library)
    {
        string[] missing = [.. Native.Names.Where(n => library.Resolve(n) == 0)];
        var devices = DevicesOf(missing);
        return new EngineDescription(
            library.Name,
            library.Version,
            library.Path,
            library.Tried,
            devices,
            library.IsNative ? null : CpuEngine.Threads,
            missing,
            [.. HintsOf(library, missing, devices)]);
    }

    /// <summary>The report as text, a line for each finding.</summary>
    public override string ToString()
    {
        var b = new StringBuilder();
        b.AppendLine($"engine    {Name} (MLX {Version})");
        b.AppendLine($"library   {Path ?? "embedded"}");
        b.AppendLine($"devices   {string.Join(", ", Devices)}");
        if (Threads is { } threads)
        {
            b.AppendLine($"threads   {threads}");
        }

        b.AppendLine($"functions {Native.Count - MissingSymbols.Count} of {Native.Count}");
        Append(b, "missing", Abridged(MissingSymbols));
        Append(b, "tried", Tried);
        Append(b, "hint", Hints);
        return b.ToString().TrimEnd();
    }

    private static IReadOnlyList<string> Abridged(IReadOnlyList<string> lines) =>
        lines.Count <= 12 ? lines : [.. lines.Take(10), $"... and {lines.Count - 10} more"];

    private static void Append(StringBuilder b, string title, IReadOnlyList<string> lines)
    {
        foreach (var line in lines)
        {
            b.AppendLine($"{title,-9} {line}");
        }
    }

    private static string[] DevicesOf(string[] missing) =>
        missing.Contains("mlx_device_count")
            ? ["cpu"]
            : [.. Enum.GetValues<DeviceType>()
                .SelectMany(t => Enumerable.Range(0, Device.Count(t)).Select(i => new Device(t, i)))
                .Select(d => d.ToString())];

    private static IEnumerable<string> HintsOf(
        EngineLibrary library, string[] missing, string[] devices)
    {
        if (!library.IsNative)
        {
            yield return OperatingSystem.IsMacOS()
                ? "For the GPU: brew install mlx-c, or set MLX_C_PATH to a libmlxc."
                : "To use Apple's MLX instead, set MLX_C_PATH to a libmlxc (file or folder).";
            yield break;
        }

        if (!library.Version.StartsWith(EngineLoader.AbiVersion + ".", StringComparison.Ordinal))
        {
            yield return $"This library speaks the ABI of MLX {EngineLoader.AbiVersion}; with "
                + $"{library.Version} a function whose arguments changed would misbehave.";
        }

        if (missing.Length > 0)
        {
            yield return "Calling a missing function is an error; the others work.";
        }

        if (!library.IsMlx)
        {
            yield return "This libmlxc is the embedded engine, published as a library for C.";
        }
        else if (!Array.Exists(devices, d => d.StartsWith("gpu", StringComparison.Ordinal)))
        {
            yield return "No GPU: this libmlxc computes on the CPU.";
        }
    }
}
