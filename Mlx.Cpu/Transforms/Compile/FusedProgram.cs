using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;
using Mlx.Cpu.Ops;
using Mlx.Cpu.Threading;

namespace Mlx.Cpu.Transforms.Compile;

/// <summary>
/// Several elementwise ops as one loop: a short program over blocks of a few hundred elements,
/// whose temporaries stay in the first-level cache. Only plans hold it, so it needs no rules.
/// </summary>
internal sealed unsafe class FusedProgram : Primitive
{
    /// <summary>
    /// Bytes that the temporaries of a block may take: half of a first-level cache.
    /// </summary>
    private const int BlockBytes = 24 * 1024;

    private const int MaxRegisters = 128;

    /// <summary>One op: a kernel, the registers it reads and the one it writes.</summary>
    private readonly struct Instruction(
        delegate*<byte**, byte*, long, uint, void> kernel, byte[] from, byte to)
    {
        public readonly delegate*<byte**, byte*, long, uint, void> Kernel = kernel;
        public readonly byte[] From = from;
        public readonly byte To = to;
    }

    // Registers: inputs, then outputs, then temporaries.
    private readonly Instruction[] program;
    private readonly int inputCount;
    private readonly int outputCount;
    private readonly int[] widths;
    private readonly int block;
    private readonly int grain;

    /// <summary>
    /// For output o, which inputs are read by no instruction after the one that writes o: only
    /// their buffers may become o's.
    /// </summary>
    private readonly bool[][] mayTake;

    private FusedProgram(
        Instruction[] program, int inputCount, int outputCount, int[] widths, bool[][] mayTake,
        int cost)
    {
        this.program = program;
        this.inputCount = inputCount;
        this.outputCount = outputCount;
        this.widths = widths;
        this.mayTake = mayTake;
        var perElement = widths.Skip(inputCount).Sum();
        block = Math.Clamp(BlockBytes / Math.Max(perElement, 1), 128, 2048) & ~63;
        grain = Math.Max(1024, 65536 / cost);
    }

    public override string Name => "Fused";

    public static FusedProgram Build(List<Step> members, Value[] inputs, Value[] outputs)
    {
        var register = new Dictionary<Value, int>();
        var widths = new List<int>();
        foreach (var v in inputs.Concat(outputs))
        {
            register[v] = widths.Count;
            widths.Add(v.Dtype.Size());
        }

        var lastRead = new Dictionary<Value, int>();
        for (var i = 0; i < members.Count; i++)
        {
            foreach (var v in members[i].Inputs)
            {
                lastRead[v] = i;
            }
        }

        var free = new Dictionary<int, Stack<int>>();
        var program = new Instruction[members.Count];
        var written = new int[outputs.Length];
        var cost = 0;
        for (var i = 0; i < members.Count; i++)
        {
            var (step, target) = (members[i], members[i].Outputs[0]);
            var primitive = (ElementwisePrimitive)step.Primitive;
            cost += primitive.Cost;
            var from = Array.ConvertAll(step.Inputs, v => (byte)register[v]);

            // A temporary read here for the last time may hold this result: kernels work in place.
            foreach (var v in step.Inputs.Distinct())
            {
                if (lastRead[v] == i && register[v] >= inputs.Length + outputs.Length)
                {
                    var width = v.Dtype.Size();
                    (free.TryGetValue(width, out var s) ? s : free[width] = new()).Push(register[v]);
                }
            }

            if (Array.IndexOf(outputs, target) is >= 0 and var o)
            {
                written[o] = i;
            }
            else if (free.GetValueOrDefault(target.Dtype.Size()) is { Count: > 0 } stack)
            {
                register[target] = stack.Pop();
            }
            else
            {
                register[target] = widths.Count;
                widths.Add(target.Dtype.Size());
            }

            var slots = Array.ConvertAll(step.Inputs, v => Node.Slot(v.Shape, v.Dtype));
            program[i] = new Instruction(
                primitive.Kernel(slots, target.Dtype), from, (byte)register[target]);
        }

        var mayTake = Array.ConvertAll(written, w =>
            Array.ConvertAll(inputs, v => lastRead.GetValueOrDefault(v, -1) <= w));
        return new FusedProgram(
            program, inputs.Length, outputs.Length, [.. widths], mayTake, cost);
    }

    public override void Eval(Node[] inputs, Node[] outputs)
    {
        if (outputs[0].Size == 0)
        {
            foreach (var o in outputs)
            {
                o.Allocate();
            }

            return;
        }

        Place(inputs, outputs);
        ParallelFor.Run(outputs[0].Size, grain, new Body(this, inputs, outputs));
    }

    /// <summary>
    /// Outputs take over inputs that are read for the last time, or get new buffers.
    /// </summary>
    private void Place(Node[] inputs, Node[] outputs)
    {
        Span<bool> taken = stackalloc bool[inputs.Length];
        taken.Clear();
        for (var o = 0; o < outputs.Length; o++)
        {
            for (var i = 0; i < inputs.Length && !outputs[o].HasData; i++)
            {
                if (mayTake[o][i] && !taken[i] && inputs[i].IsRow
                    && inputs[i].Size == outputs[o].Size && outputs[o].CanTake(inputs[i]))
                {
                    outputs[o].Share(inputs[i]);
                    taken[i] = true;
                }
            }

            if (!outputs[o].HasData)
            {
                outputs[o].Allocate();
            }
        }
    }

    /// <summary>How the blocks of one input are come by.</summary>
    private readonly struct Source
    {
        public readonly byte* Data;
        public readonly int Width;
        public readonly int[]? Shape;
        public readonly long[]? Strides;
        public readonly bool IsScalar;

        public Source(Node n)
        {
            Data = n.Data;
            Width = n.Dtype.Size();
            IsScalar = ElementwiseLoop.IsScalar(n);
            if (!IsScalar && !n.IsRow)
            {
                var (shape, strides) = Axes.Merge(n.Shape, [n.Strides]);
                Shape = shape;
                Strides = strides[0];
            }
        }
    }

    private readonly struct Body : IRangeBody
    {
        private readonly FusedProgram owner;
        private readonly Node[] outputs;
        private readonly Source[] sources;

        public Body(FusedProgram owner, Node[] inputs, Node[] outputs)
        {
            this.owner = owner;
            this.outputs = outputs;
            sources = Array.ConvertAll(inputs, i => new Source(i));
        }

        public void Run(long start, long end)
        {
            var (program, widths, block) = (owner.program, owner.widths, owner.block);
            var (inputCount, outputCount) = (owner.inputCount, owner.outputCount);
            var registers = stackalloc byte*[MaxRegisters];
            var scalar = stackalloc bool[MaxRegisters];
            var operands = stackalloc byte*[ElementwiseLoop.MaxInputs];
            var bytes = 0;
            for (var r = 0; r < widths.Length; r++)
            {
                scalar[r] = r < inputCount && sources[r].IsScalar;
                if (NeedsBuffer(r))
                {
                    bytes += block * widths[r];
                }
            }

            var memory = stackalloc byte[bytes + 64];
            memory += 64 - ((nint)memory & 63);
            for (var r = 0; r < widths.Length; r++)
            {
                if (NeedsBuffer(r))
                {
                    registers[r] = memory;
                    memory += block * widths[r];
                }
                else if (r < inputCount)
                {
                    registers[r] = sources[r].Data;
                }
            }

            for (; start < end; start += block)
            {
                var n = Math.Min(block, end - start);
                for (var i = 0; i < inputCount; i++)
                {
                    if (sources[i].Shape is { } shape)
                    {
                        Strided.GatherRange(
                            sources[i].Data, shape, sources[i].Strides!, start, n, widths[i],
                            registers[i]);
                    }
                    else if (!scalar[i])
                    {
                        registers[i] = sources[i].Data + start * widths[i];
                    }
                }

                for (var o = 0; o < outputCount; o++)
                {
                    registers[inputCount + o] = outputs[o].Data + start * widths[inputCount + o];
                }

                foreach (ref readonly var op in program.AsSpan())
                {
                    uint scalars = 0;
                    var from = op.From;
                    for (var i = 0; i < from.Length; i++)
                    {
                        operands[i] = registers[from[i]];
                        scalars |= scalar[from[i]] ? 1u << i : 0;
                    }

                    op.Kernel(operands, registers[op.To], n, scalars);
                }
            }
        }

        private bool NeedsBuffer(int register) => register < owner.inputCount
            ? sources[register].Shape is not null
            : register >= owner.inputCount + owner.outputCount;
    }
}
