using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;
using Mlx.Cpu.Kernels.Linalg;

namespace Mlx.Cpu.Ops;

/// <summary>A^-1 of square, or of triangular matrices (the other triangle is not read).</summary>
internal sealed unsafe class Inverse(bool triangular, bool upper) : MatrixPrimitive
{
    [Serialized]
    public static readonly Form Form = Form.Of<Inverse, (bool Triangular, bool Upper)>(
        "Inverse", State.Of(State.Bool, State.Bool), p => p.kind,
        (x, s) => Op.Inverted(x[0], s.Triangular, s.Upper));

    private readonly (bool Triangular, bool Upper) kind = (triangular, upper);

    protected override void Run<T>(Node a, Node[] outputs)
    {
        var n = a.Shape[^1];
        var to = outputs[0].As<T>();
        using var copy = new Scratch<T>(a.Size);
        var from = copy.Data;
        Transfer.CopyRow(a, (byte*)from);
        ForEach(a, i =>
        {
            var (x, y) = (i * n * n, i * n * n);
            var code = kind.Triangular
                ? Triangular.Invert(from + x, to + y, n, kind.Upper)
                : Lu.Invert(from + x, to + y, n);
            if (code != 0)
            {
                throw new InvalidOperationException(kind.Triangular
                    ? $"[Inverse] triangular inversion failed: element ({code - 1},{code - 1}) " +
                      "of the diagonal is zero."
                    : $"[Inverse] LU factorization failed: no pivot in column {code - 1}; the " +
                      "matrix is singular.");
            }
        });
    }

    protected override Node[] Again(Node a) =>
        [kind.Triangular ? Op.TriInv(a, kind.Upper) : Op.Inv(a)];

    public override bool SameAs(Primitive other) => other is Inverse i && i.kind == kind;
}

internal static partial class Op
{
    [Export("mlx_linalg_inv")]
    public static Node Inv(Node a) => Inverted(a, false, true);

    [Export("mlx_linalg_tri_inv")]
    public static Node TriInv(Node a, bool upper) => Inverted(a, true, upper);

    internal static Node Inverted(Node a, bool triangular, bool upper)
    {
        MatrixArguments.Floating(a, "inv");
        MatrixArguments.Square(a, "inv");
        return Node.Lazy(a.Shape, a.Dtype, new Inverse(triangular, upper), a);
    }
}
