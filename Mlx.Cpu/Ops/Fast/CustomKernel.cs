using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Ops;

/// <summary>
/// A kernel for a GPU in a function that came from a machine which has one. It cannot run here, but
/// the file that holds it can be read, and written again.
/// </summary>
internal sealed class CustomKernel(byte[] state) : Primitive
{
    [Serialized]
    public static readonly Form Form = Form.Many<CustomKernel, byte[]>(
        "CustomKernel", new((w, s) => w.Bytes(s), ReadState), p => p.state,
        (x, s, outputs) => Node.LazyMany(outputs, new CustomKernel(s), x), 0, int.MaxValue);

    private readonly byte[] state = state;

    public override void Eval(Node[] inputs, Node[] outputs) =>
        throw new NotSupportedException("Custom kernels only run on GPU.");

    /// <summary>
    /// Name, source, grid, group, what each argument needs, whether rows, a first value, scalars,
    /// whether compiled, shared memory: walked through, and kept as it is.
    /// </summary>
    private static byte[] ReadState(LittleEndianReader r)
    {
        var start = r.Position;
        r.Text();
        r.Text();
        for (var i = 0; i < 6; i++)
        {
            r.Int();
        }

        for (var n = r.Count(3, "arguments"); n > 0; n--)
        {
            r.Bool();
            r.Bool();
            r.Bool();
        }

        r.Bool();
        if (r.Bool())
        {
            r.Float();
        }

        for (var n = r.Count(5, "scalars"); n > 0; n--)
        {
            ReadScalar(r);
        }

        r.Bool();
        r.Int();
        return r.BytesFrom(start);
    }

    private static void ReadScalar(LittleEndianReader r)
    {
        switch (r.Int())
        {
            case 0: r.Int(); break;
            case 1: r.Float(); break;
            case 2: r.Bool(); break;
            case var kind: throw r.Malformed($"there is no kind {kind} of scalars");
        }
    }
}
