using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;
using Mlx.Cpu.Kernels.Linalg;

namespace Mlx.Cpu.Ops;

/// <summary>A = Q R, Q (m by k) with orthonormal columns, R (k by n) upper triangular.</summary>
internal sealed unsafe class QRF : MatrixPrimitive
{
    public static readonly QRF Instance = new();

    [Serialized]
    public static readonly Form Form = Form.Many<QRF, ValueTuple>(
        "QRF", Form.Nothing, _ => default, (x, _, _) => Instance.Again(x[0]));

    protected override void Run<T>(Node a, Node[] outputs)
    {
        var (m, n) = (a.Shape[^2], a.Shape[^1]);
        var k = Math.Min(m, n);
        var q = outputs[0].As<T>();
        var r = outputs[1].As<T>();
        using var copy = new Scratch<T>(a.Size);
        var from = copy.Data;
        Transfer.CopyRow(a, (byte*)from);
        ForEach(a, i =>
            Kernels.Linalg.Qr.Factor(from + (i * m * n), m, n, q + (i * m * k), r + (i * k * n)));
    }

    protected override Node[] Again(Node a)
    {
        var (q, r) = Op.Qr(a);
        return [q, r];
    }
}

internal static partial class Op
{
    [Export("mlx_linalg_qr")]
    public static (Node Q, Node R) Qr(Node a)
    {
        MatrixArguments.Floating(a, "qr");
        MatrixArguments.Matrix(a, "qr");
        var k = Math.Min(a.Shape[^2], a.Shape[^1]);
        var outputs = Node.LazyMany(
            [
                ([.. a.Shape[..^1], k], a.Dtype),
                ([.. a.Shape[..^2], k, a.Shape[^1]], a.Dtype),
            ],
            QRF.Instance, a);
        return (outputs[0], outputs[1]);
    }
}
