using Mlx.Cpu.Abi;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Ops;

internal static partial class Op
{
    [Export("mlx_fft_fftshift")]
    public static Node FftShift(Node a, ReadOnlySpan<int> axes) =>
        Shifted(a, axes, "fftshift", static d => d / 2);

    [Export("mlx_fft_ifftshift")]
    public static Node IFftShift(Node a, ReadOnlySpan<int> axes) =>
        Shifted(a, axes, "ifftshift", static d => -(d / 2));

    private static Node Shifted(Node a, ReadOnlySpan<int> axes, string op, Func<int, int> by)
    {
        if (axes.Length == 0)
        {
            return a;
        }

        var shifts = new int[axes.Length];
        for (var i = 0; i < shifts.Length; i++)
        {
            shifts[i] = by(a.Shape[Shapes.Axis(axes[i], a.Rank, op)]);
        }

        return Roll(a, shifts, axes);
    }
}
