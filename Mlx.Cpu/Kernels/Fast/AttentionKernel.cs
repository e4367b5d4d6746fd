using System.Runtime.Intrinsics;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Threading;

namespace Mlx.Cpu.Kernels;

/// <summary>
/// softmax(q k^T scale + mask) v without ever holding all scores: blocks of keys pass by a block
/// of queries, and the running maximum and sum of each row are corrected as they grow (online
/// softmax, Milakov and Gimelshein, 2018; FlashAttention, Dao et al., 2022).
/// </summary>
/// <remarks>
/// A task has the queries of one head, or, where there are few, those of all heads that share keys:
/// then keys and values are read once for all of them. Half precision is computed in float32.
/// </remarks>
internal readonly unsafe struct AttentionKernel(
    Node q, Node k, Node v, Node? mask, Node? sinks, Node output, float scale, bool causal)
    : IRangeBody
{
    private const int QueryBlock = 128;
    private const int KeyBlock = 256;

    /// <summary>Rows up to which the heads of a group are taken together.</summary>
    private const int FewRows = 16;

    public static void Run(
        Node q, Node k, Node v, Node? mask, Node? sinks, Node output, float scale, bool causal)
    {
        if (output.Size > 0)
        {
            var kernel = new AttentionKernel(q, k, v, mask, sinks, output, scale, causal);
            ParallelFor.Run(kernel.Tasks, 1, kernel);
        }
    }

    private int Queries => q.Shape[2];

    private int Group => q.Shape[1] / k.Shape[1];

    private bool IsGrouped => Group * Queries <= FewRows;

    private int Blocks => (Queries + QueryBlock - 1) / QueryBlock;

    private long Tasks => IsGrouped
        ? (long)k.Shape[0] * k.Shape[1]
        : (long)q.Shape[0] * q.Shape[1] * Blocks;

    public void Run(long start, long end)
    {
        var (depth, width) = (q.Shape[3], v.Shape[3]);
        var rows = IsGrouped ? Group * Queries : Math.Min(QueryBlock, Queries);
        var keys = Math.Min(KeyBlock, k.Shape[2]);
        var wideK = k.Dtype == Dtype.Float32 ? 0 : keys * depth;
        var wideV = v.Dtype == Dtype.Float32 ? 0 : keys * width;
        var floats = (rows * (depth + width + keys + 2)) + wideK + wideV + keys;
        using var buffer = new PackBuffer((nuint)floats * 4);
        var queries = (float*)buffer.Data;
        var sums = queries + (rows * depth);
        var scores = sums + (rows * width);
        var most = scores + (rows * keys);
        var total = most + rows;
        var keyBuffer = total + rows;
        var valueBuffer = keyBuffer + wideK;
        var maskBuffer = valueBuffer + wideV;
        for (var task = start; task < end; task++)
        {
            var block = Locate(task, rows);
            Begin(in block, queries, sums, most, total);
            for (var first = 0; first < block.LastKey; first += keys)
            {
                var count = Math.Min(keys, block.LastKey - first);
                var kv = Matrix(k, block.Batch, block.KeyHead, first, count, keyBuffer);
                Gemm.Single(
                    block.Rows, count, depth, new(queries, depth, 1), kv.Transposed, scores, keys,
                    false);
                Mask(in block, first, count, scores, keys, maskBuffer);
                Accumulate(in block, count, scores, keys, sums, most, total);
                var vv = Matrix(v, block.Batch, block.KeyHead, first, count, valueBuffer);
                Gemm.Single(
                    block.Rows, width, count, new(scores, keys, 1), vv, sums, width, true);
            }

            End(in block, sums, total);
        }
    }

    /// <summary>The queries of a task: rows run over its positions, then over its heads.</summary>
    private struct Block
    {
        public int Batch;
        public int KeyHead;
        public int Head;
        public int Position;
        public int Positions;
        public int Rows;
        public int LastKey;
    }

    private Block Locate(long task, int rows)
    {
        var block = new Block();
        if (IsGrouped)
        {
            (block.Batch, block.KeyHead) = ((int)(task / k.Shape[1]), (int)(task % k.Shape[1]));
            block.Head = block.KeyHead * Group;
            block.Positions = Queries;
            block.Rows = rows;
        }
        else
        {
            var head = task / Blocks;
            (block.Batch, block.Head) = ((int)(head / q.Shape[1]), (int)(head % q.Shape[1]));
            block.KeyHead = block.Head / Group;
            block.Position = (int)(task % Blocks) * QueryBlock;
            block.Positions = Math.Min(QueryBlock, Queries - block.Position);
            block.Rows = block.Positions;
        }

        // Queries stand at the end of the keys. If one sees no key at all, it sees (as in MLX) all
        // of them alike, so none may be left out.
        var offset = k.Shape[2] - Queries;
        block.LastKey = causal && block.Position + offset >= 0
            ? block.Position + block.Positions + offset
            : k.Shape[2];
        return block;
    }

    /// <summary>Scaled queries in float32; empty sums, or the share of the sink in them.</summary>
    private void Begin(in Block block, float* queries, float* sums, float* most, float* total)
    {
        int depth = q.Shape[3];
        var widen = Widening.Widen(q.Dtype);
        for (var r = 0; r < block.Rows; r++)
        {
            var (head, position) = Row(in block, r);
            var from = (block.Batch * q.Strides[0]) + (head * q.Strides[1])
                + (position * q.Strides[2]);
            var row = queries + (r * depth);
            widen(q.Data + (from * q.Dtype.Size()), q.Strides[3], (byte*)row, depth);
            for (var i = 0; i < depth; i++)
            {
                row[i] *= scale;
            }

            most[r] = float.NegativeInfinity;
            total[r] = 0;
            if (sinks is not null)
            {
                var sink = sinks.Data + (head * sinks.Strides[0] * sinks.Dtype.Size());
                Widening.Widen(sinks.Dtype)(sink, 1, (byte*)(most + r), 1);
                total[r] = 1;
            }
        }

        new Span<float>(sums, block.Rows * v.Shape[3]).Clear();
    }

    private static (int Head, int Position) Row(in Block block, int r) =>
        (block.Head + (r / block.Positions), block.Position + (r % block.Positions));

    /// <summary>Some rows of keys or values, in place or widened.</summary>
    private static MatrixView<float> Matrix(
        Node x, int batch, int head, int first, int count, float* buffer)
    {
        var at = (batch * x.Strides[0]) + (head * x.Strides[1]) + (first * x.Strides[2]);
        if (x.Dtype == Dtype.Float32)
        {
            return new(x.As<float>() + at, x.Strides[2], x.Strides[3]);
        }

        int width = x.Shape[3], size = x.Dtype.Size();
        var widen = Widening.Widen(x.Dtype);
        for (var r = 0; r < count; r++)
        {
            widen(
                x.Data + ((at + (r * x.Strides[2])) * size), x.Strides[3],
                (byte*)(buffer + (r * width)), width);
        }

        return new(buffer, width, 1);
    }

    /// <summary>Hidden scores become the least number there is, as in MLX.</summary>
    private void Mask(
        in Block block, int first, int count, float* scores, int stride, float* buffer)
    {
        if (!causal && mask is null)
        {
            return;
        }

        for (var r = 0; r < block.Rows; r++)
        {
            var row = scores + (r * stride);
            var (head, position) = Row(in block, r);
            if (causal)
            {
                var visible = position + k.Shape[2] - Queries + 1 - first;
                if (visible < count)
                {
                    var hidden = Math.Max(visible, 0);
                    new Span<float>(row + hidden, count - hidden).Fill(float.MinValue);
                }

                continue;
            }

            var at = (block.Batch * mask!.Strides[0]) + (head * mask.Strides[1])
                + (position * mask.Strides[2]) + (first * mask.Strides[3]);
            if (mask.Dtype == Dtype.Bool)
            {
                var see = mask.As<bool>() + at;
                for (var i = 0; i < count; i++)
                {
                    row[i] = see[i * mask.Strides[3]] ? row[i] : float.MinValue;
                }
            }
            else
            {
                Widening.Widen(mask.Dtype)(
                    mask.Data + (at * mask.Dtype.Size()), mask.Strides[3], (byte*)buffer, count);
                for (var i = 0; i < count; i++)
                {
                    row[i] += buffer[i];
                }
            }
        }
    }

    /// <summary>Scores become weights, relative to the largest so far.</summary>
    private void Accumulate(
        in Block block, int count, float* scores, int stride, float* sums, float* most,
        float* total)
    {
        int width = v.Shape[3];
        for (var r = 0; r < block.Rows; r++)
        {
            var row = scores + (r * stride);
            var max = FoldKernel<float, MaxFold<float>>.Row(row, count);
            if (max > most[r] || float.IsNaN(max))
            {
                var shrink = total[r] == 0 ? 0 : MathF.Exp(most[r] - max);
                most[r] = max;
                total[r] *= shrink;
                Multiply(sums + (r * width), width, shrink);
            }

            if (float.IsNegativeInfinity(most[r]))
            {
                // Nothing but minus infinities so far: they weigh nothing if anything follows.
                new Span<float>(row, count).Clear();
                continue;
            }

            total[r] += ShiftedExp.Row(row, row, count, most[r]);
        }
    }

    /// <summary>A row that met only minus infinities divides zero by zero, as it should.</summary>
    private void End(in Block block, float* sums, float* total)
    {
        int width = v.Shape[3];
        var narrow = output.Dtype == Dtype.Float32
            ? Widening.SameBack(4)
            : Widening.Narrow(output.Dtype);
        for (var r = 0; r < block.Rows; r++)
        {
            var (head, position) = Row(in block, r);
            var row = sums + (r * width);
            Multiply(row, width, 1 / total[r]);
            var to = (block.Batch * output.Strides[0]) + (head * output.Strides[1])
                + (position * output.Strides[2]);
            narrow((byte*)row, output.Data + (to * output.Dtype.Size()), 1, width);
        }
    }

    private static void Multiply(float* x, int n, float factor)
    {
        var by = Vector512.Create(factor);
        var i = 0;
        for (; i <= n - 16; i += 16)
        {
            (Vector512.Load(x + i) * by).Store(x + i);
        }

        for (; i < n; i++)
        {
            x[i] *= factor;
        }
    }
}
