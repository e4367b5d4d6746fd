using System.Runtime.InteropServices;

namespace Mlx.Cpu.Graph;

/// <summary>A pair of float32, as C's <c>float _Complex</c> lies in memory.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct Complex64(float Re, float Im);
