using System.Numerics;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;
using Mlx.Cpu.Kernels.Linalg;
using Mlx.Cpu.Threading;
using Mlx.Cpu.Transforms;

namespace Mlx.Cpu.Ops;

/// <summary>
/// An op on each matrix of the last two axes. Many matrices are shared out over the threads;
/// few large ones go one after another, and the kernels inside share out their loops.
/// </summary>
internal abstract unsafe class MatrixPrimitive : Primitive
{
    private const double LargeWork = 4_000_000;
    private const double ChunkWork = 20_000;

    public sealed override void Eval(Node[] inputs, Node[] outputs)
    {
        foreach (var o in outputs)
        {
            o.Allocate();
        }

        switch (inputs[0].Dtype)
        {
            case Dtype.Float32: Run<float>(inputs[0], outputs); break;
            case Dtype.Float64: Run<double>(inputs[0], outputs); break;
            default: RunComplex(inputs[0], outputs); break;
        }
    }

    public override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> axes)
    {
        var outputs = Again(Batching.Front(inputs[0], axes[0]));
        return (outputs, new int[outputs.Length]);
    }

    /// <summary>Outputs are allocated in rows.</summary>
    protected abstract void Run<T>(Node a, Node[] outputs)
        where T : unmanaged, IFloatingPointIeee754<T>;

    protected virtual void RunComplex(Node a, Node[] outputs) =>
        throw new NotSupportedException($"[{Name}] is not defined for {a.Dtype.Name()}.");

    /// <summary>The same op on another array.</summary>
    protected abstract Node[] Again(Node a);

    /// <summary>Runs <paramref name="body"/> with the number of each matrix.</summary>
    protected static void ForEach(Node a, Action<long> body)
    {
        long count = 1;
        foreach (var d in a.Shape.AsSpan(0, a.Rank - 2))
        {
            count *= d;
        }

        var work = (double)a.Shape[^1] * a.Shape[^2] * Math.Max(a.Shape[^1], a.Shape[^2]);
        var items = new Items(body);
        if (work >= LargeWork && count < 4L * ParallelFor.AvailableDegree)
        {
            items.Run(0, count);
        }
        else
        {
            ParallelFor.Run(count, (long)(ChunkWork / Math.Max(work, 1)) + 1, items);
        }
    }

    /// <summary>Makes an output a transposed view of what was written to it in rows.</summary>
    protected static void SwapLastAxes(Node output)
    {
        var strides = (long[])output.Strides.Clone();
        (strides[^1], strides[^2]) = (strides[^2], strides[^1]);
        output.View(output, strides, 0);
    }

    private readonly struct Items(Action<long> body) : IRangeBody
    {
        public void Run(long start, long end)
        {
            for (var i = start; i < end; i++)
            {
                body(i);
            }
        }
    }
}

/// <summary>What the builders refuse, in MLX's words.</summary>
internal static class MatrixArguments
{
    public static void Floating(Node a, string op)
    {
        if (a.Dtype is not (Dtype.Float32 or Dtype.Float64))
        {
            throw new ArgumentException(
                $"[linalg::{op}] Arrays must have type float32 or float64. " +
                $"Received array with type {a.Dtype.Name()}.");
        }
    }

    public static void FloatingOrComplex(Node a, string op)
    {
        if (a.Dtype is not (Dtype.Float32 or Dtype.Float64 or Dtype.Complex64))
        {
            throw new ArgumentException(
                $"[linalg::{op}] Arrays must have type float32, float64 or complex64. " +
                $"Received array with type {a.Dtype.Name()}.");
        }
    }

    public static void Matrix(Node a, string op)
    {
        if (a.Rank < 2)
        {
            throw new ArgumentException(
                $"[linalg::{op}] Arrays must have >= 2 dimensions. Received array with " +
                $"{a.Rank} dimensions.");
        }
    }

    public static void Square(Node a, string op)
    {
        Matrix(a, op);
        if (a.Shape[^1] != a.Shape[^2])
        {
            throw new ArgumentException(
                $"[linalg::{op}] Only defined for square matrices. Received array with shape " +
                $"{Shapes.Text(a.Shape)}.");
        }
    }
}
