using System.Numerics;
using Mlx.Cpu.Abi;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;
using Mlx.Cpu.Kernels.Linalg;

namespace Mlx.Cpu.Ops;

/// <summary>
/// P A = L U with partial pivoting: L and U in one matrix, the pivots (row i was exchanged with
/// row pivots[i]), and the order that undoes them: A = (L U)[order].
/// </summary>
internal sealed unsafe class LUF : MatrixPrimitive
{
    public static readonly LUF Instance = new();

    protected override void Run<T>(Node a, Node[] outputs)
    {
        var (m, n) = (a.Shape[^2], a.Shape[^1]);
        var lu = outputs[0].As<T>();
        var pivots = outputs[1].As<uint>();
        var order = outputs[2].As<uint>();
        Transfer.CopyRow(a, (byte*)lu);
        ForEach(a, i =>
            One(lu + (i * m * n), pivots + (i * Math.Min(m, n)), order + (i * m), m, n));
    }

    private static void One<T>(T* lu, uint* pivots, uint* order, int m, int n)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var code = Lu.Factor(lu, m, n, pivots);
        if (code != 0)
        {
            throw new InvalidOperationException(
                $"[LUF] no pivot in column {code - 1}; the matrix is singular.");
        }

        for (var i = 0; i < m; i++)
        {
            order[i] = (uint)i;
        }

        for (var i = Math.Min(m, n) - 1; i >= 0; i--)
        {
            var p = pivots[i];
            (order[i], order[p]) = (order[p], order[i]);
        }
    }

    protected override Node[] Again(Node a) => Op.LuHelper(a);
}

internal static partial class Op
{
    /// <summary>The rows' order, L and U: A = (L U)[order].</summary>
    [Export("mlx_linalg_lu")]
    public static Node[] Lu(Node a)
    {
        MatrixArguments.Floating(a, "lu");
        MatrixArguments.Matrix(a, "lu");
        var factors = LuHelper(a);
        var (m, n) = (a.Shape[^2], a.Shape[^1]);
        var k = Math.Min(m, n);
        var lower = Tril(Leading(factors[0], m, k), -1);
        var upper = Triu(Leading(factors[0], k, n), 0);
        return [factors[2], Add(lower, Eye(m, k, 0, a.Dtype)), upper];
    }

    [Export("mlx_linalg_lu_factor")]
    public static (Node, Node) LuFactor(Node a)
    {
        MatrixArguments.Floating(a, "lu_factor");
        MatrixArguments.Matrix(a, "lu_factor");
        var factors = LuHelper(a);
        return (factors[0], factors[1]);
    }

    internal static Node[] LuHelper(Node a) => Node.LazyMany(
        [
            (a.Shape, a.Dtype),
            ([.. a.Shape[..^2], Math.Min(a.Shape[^2], a.Shape[^1])], Dtype.UInt32),
            (a.Shape[..^1], Dtype.UInt32),
        ],
        LUF.Instance, a);

    /// <summary>The first rows and columns of each matrix.</summary>
    internal static Node Leading(Node a, int rows, int columns) =>
        Slice(a, new int[a.Rank], [.. a.Shape[..^2], rows, columns]);
}
