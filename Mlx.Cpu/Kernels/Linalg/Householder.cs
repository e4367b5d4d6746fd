using System.Numerics;

namespace Mlx.Cpu.Kernels.Linalg;

/// <summary>
/// Reflections H = I - tau v v^T, one by one and in blocks: H_1 ... H_k = I - V T V^T with an
/// upper triangular T (Schreiber and Van Loan's compact WY form).
/// </summary>
internal static unsafe class Householder
{
    /// <summary>
    /// Turns x into v (whose first element is 1) such that H x = (beta, 0, ..., 0); signs as
    /// LAPACK's larfg chooses them.
    /// </summary>
    public static (T Beta, T Tau) Reflect<T>(T* x, long n)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var alpha = x[0];
        x[0] = T.One;
        var rest = n > 1 ? Lines.Norm(x + 1, n - 1) : T.Zero;
        if (rest == T.Zero)
        {
            return (alpha, T.Zero);
        }

        var beta = -T.CopySign(T.Hypot(alpha, rest), alpha);
        Lines.Scale(T.One / (alpha - beta), x + 1, n - 1);
        return (beta, (beta - alpha) / beta);
    }

    /// <summary>T of the reflections in the columns of V (rows by count, tightly packed).</summary>
    public static void Compact<T>(T* v, long rows, int count, long row, T* taus, T* t)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        using var gram = new Scratch<T>((long)count * count);
        Blocks.Multiply(
            count, count, rows, new(v, 1, row), new(v, row, 1), gram.Data, count, false);
        new Span<T>(t, count * count).Clear();
        for (var i = 0; i < count; i++)
        {
            var tau = taus[i];
            t[(i * count) + i] = tau;
            for (var r = 0; r < i; r++)
            {
                var sum = T.Zero;
                for (var q = r; q < i; q++)
                {
                    sum += t[(r * count) + q] * gram.Data[(q * count) + i];
                }

                t[(r * count) + i] = -tau * sum;
            }
        }
    }

    /// <summary>
    /// C -= V op(T) V^T C: the block of reflections, or its transpose, from the left.
    /// </summary>
    public static void Apply<T>(
        T* v, long vRow, T* t, int count, bool transpose, T* c, long rows, long columns, long cRow)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (columns == 0)
        {
            return;
        }

        using var w = new Scratch<T>(count * columns);
        using var tw = new Scratch<T>(count * columns);
        using var negated = new Scratch<T>(rows * count);
        Blocks.Multiply(
            count, columns, rows, new(v, 1, vRow), new(c, cRow, 1), w.Data, columns, false);
        Blocks.Multiply(
            count, columns, count,
            transpose ? new(t, 1, count) : new MatrixView<T>(t, count, 1),
            new(w.Data, columns, 1), tw.Data, columns, false);
        Blocks.Negate(v, vRow, negated.Data, rows, count);
        Blocks.Multiply(
            rows, columns, count, new(negated.Data, count, 1), new(tw.Data, columns, 1),
            c, cRow, true);
    }

    /// <summary>
    /// Q (rows by columns, tightly packed) = the first columns of H_1 ... H_k, where column i of V
    /// is zero above row i.
    /// </summary>
    public static void Form<T>(T* v, long vRow, T* taus, int count, T* q, long rows, long columns)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        Blocks.Identity(q, rows, columns);
        using var t = new Scratch<T>(Blocks.Width * Blocks.Width);
        for (var j = (count - 1) / Blocks.Width * Blocks.Width; j >= 0 && count > 0;
             j -= Blocks.Width)
        {
            var width = Math.Min(Blocks.Width, count - j);
            var block = v + (j * vRow) + j;
            Compact(block, rows - j, width, vRow, taus + j, t.Data);
            Apply(
                block, vRow, t.Data, width, false,
                q + (j * columns) + j, rows - j, columns - j, columns);
        }
    }
}
