using Mlx.Cpu.Abi;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Transforms.Compile;

/// <summary>
/// A traced function as one primitive: evaluating replays its plan; its derivatives and its batched
/// form are those of the graph it was traced from.
/// </summary>
internal sealed class CompiledCall(Trace trace, CompileMode mode) : Primitive, IDisposable
{
    private readonly (int[] Shape, Dtype Dtype)[] infos =
        Array.ConvertAll(trace.Outputs, o => (o.Shape, o.Dtype));

    private Plan? plan;
    private int waiting;
    private int isDisposed;
    private int isFree;

    public override string Name => "Compiled";

    public Node[] On(Node[] arguments)
    {
        Interlocked.Increment(ref waiting);
        return infos.Length == 0 ? [] : Node.LazyMany(infos, this, arguments);
    }

    /// <summary>
    /// Planned at the first run, not at the trace: some traces are only differentiated.
    /// </summary>
    public override void Eval(Node[] inputs, Node[] outputs)
    {
        (plan ??= Planner.Plan(trace, mode)).Run(inputs, outputs);
        if (Interlocked.Decrement(ref waiting) == 0 && Volatile.Read(ref isDisposed) != 0)
        {
            Free();
        }
    }

    public override Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs)
    {
        // All outputs take part, also those that came from a stop_gradient and get no cotangent.
        var open = Enumerable.Range(0, infos.Length)
            .Where(i => trace.Outputs[i].Primitive is not Ops.StopGradient).ToArray();
        var (values, vjps) = Autodiff.Vjp(
            x => new Held(trace.On(x)), inputs, Array.ConvertAll(open, i => cotangents[i]),
            argnums.ToArray());
        using (values)
        using (vjps)
        {
            return Array.ConvertAll(vjps.Nodes, Ops.Op.Copy);
        }
    }

    public override Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs)
    {
        var all = Array.ConvertAll(inputs, Ops.Op.ZerosLike);
        for (var i = 0; i < argnums.Length; i++)
        {
            all[argnums[i]] = tangents[i];
        }

        var (values, jvps) = Autodiff.Jvp(x => new Held(trace.On(x)), inputs, all);
        using (values)
        using (jvps)
        {
            return Array.ConvertAll(jvps.Nodes, Ops.Op.Copy);
        }
    }

    public override (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> axes)
    {
        var outAxes = new int[infos.Length];
        var outputs = Transforms.Vmap.Replace(
            inputs, trace.Inputs, trace.Outputs, axes, outAxes);
        return (outputs, outAxes);
    }

    public override Node[]? Lower(Node[] inputs) => trace.On(inputs);

    public override bool IsPure => false;

    /// <summary>
    /// Lets go of the trace and its constants: now, or, when a call is still to be evaluated (as
    /// with the last of asynchronous steps), after that. A call that is never evaluated leaves it
    /// to the collector.
    /// </summary>
    public void Dispose()
    {
        Interlocked.Exchange(ref isDisposed, 1);
        if (Volatile.Read(ref waiting) == 0)
        {
            Free();
        }
    }

    private void Free()
    {
        if (Interlocked.Exchange(ref isFree, 1) == 0)
        {
            plan?.Dispose();
            trace.Dispose();
        }
    }
}
