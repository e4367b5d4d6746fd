using Mlx.Cpu.Abi;
using Mlx.Cpu.Export;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;
using Mlx.Cpu.Threading;

namespace Mlx.Cpu.Ops;

/// <summary>
/// start + i step, each element rounded once. (MLX adds the step again and again in the array's
/// own precision, which drifts: a documented difference.) Integers count in steps of the converted
/// numbers, as MLX does: its difference of the first two elements.
/// </summary>
internal sealed unsafe class Arange(double start, double stop, double step) : Primitive
{
    [Serialized]
    public static readonly Form Form = Form.Many<
        Arange, (double Start, double Stop, double Step)>(
        "Arange", State.Of(State.Double, State.Double, State.Double),
        p => (p.start, p.stop, p.step),
        (_, s, outputs) => [Op.Arange(s.Start, s.Stop, s.Step, outputs[0].Dtype)], 0);

    private readonly double start = start;
    private readonly double stop = stop;
    private readonly double step = step;

    public override void Eval(Node[] inputs, Node[] outputs)
    {
        outputs[0].Allocate();
        ElementTypes.Run(outputs[0].Dtype, new Fill(outputs[0], start, step));
    }

    public override bool SameAs(Primitive other) =>
        other is Arange a && start.Equals(a.start) && step.Equals(a.step);

    private readonly struct Fill(Node output, double start, double step) : IDtypeAction
    {
        public void Run<T, A>() where T : unmanaged where A : struct, IArithmetic<T>
        {
            if (output.Dtype == Dtype.Float32)
            {
                ParallelFor.Run(
                    output.Size, 65536, new Floats(output.As<float>(), (float)start, (float)step));
                return;
            }

            ParallelFor.Run(output.Size, 16384, new Body<T, A>(
                output.As<T>(), start, step, output.Dtype.IsInteger()));
        }
    }

    private readonly struct Floats(float* to, float first, float step) : IRangeBody
    {
        public void Run(long start, long end)
        {
            for (var i = start; i < end; i++)
            {
                to[i] = MathF.FusedMultiplyAdd(i, step, first);
            }
        }
    }

    private readonly struct Body<T, A>(T* to, double first, double step, bool integer) : IRangeBody
        where T : unmanaged where A : struct, IArithmetic<T>
    {
        public void Run(long start, long end)
        {
            if (!integer)
            {
                for (var i = start; i < end; i++)
                {
                    to[i] = A.From(first + i * step);
                }

                return;
            }

            var a = A.From(first);
            var stride = A.Add(A.From(first + step), A.Multiply(A.From(-1), a));
            var value = A.Add(a, A.Multiply(stride, A.From(start)));
            for (var i = start; i < end; i++)
            {
                to[i] = value;
                value = A.Add(value, stride);
            }
        }
    }
}

internal static partial class Op
{
    [Export("mlx_arange")]
    public static Node Arange(double start, double stop, double step, Dtype dtype)
    {
        if (dtype == Dtype.Bool)
        {
            throw new ArgumentException("[arange] bool is not supported.");
        }

        if (double.IsNaN(step) || !double.IsFinite(start) || !double.IsFinite(stop) || step == 0)
        {
            throw new ArgumentException(
                $"[arange] Cannot compute length of ({start}, {stop}, {step}).");
        }

        if (double.IsInfinity(step) && (step > 0 ? start < stop : start > stop))
        {
            return Reshape(Scalar(start, dtype), [1]);
        }

        var size = Math.Max(0, Math.Ceiling((stop - start) / step));
        if (size > int.MaxValue)
        {
            throw new ArgumentException(
                $"[arange] Maximum size exceeded by ({start}, {stop}, {step}).");
        }

        return Node.Lazy([(int)size], dtype, new Arange(start, stop, step));
    }

    /// <summary>0, 1 ... as int32.</summary>
    public static Node Arange(int stop) => Arange(0, stop, 1, Dtype.Int32);
}
