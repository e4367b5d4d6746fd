using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Native;

/// <summary>
/// The one function beyond mlx-c's. Its presence tells this engine from Apple's, and its answer
/// whether a program has freed all it made: blocks of memory that are in use after a collection,
/// since some blocks only the collector can return. No function for a loop.
/// </summary>
internal static class Census
{
    [UnmanagedCallersOnly(
        CallConvs = [typeof(CallConvCdecl)], EntryPoint = "mlx_cpu_live_buffers")]
    internal static long LiveBuffers()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return Storage.LiveCount;
    }
}
