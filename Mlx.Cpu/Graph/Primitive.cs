namespace Mlx.Cpu.Graph;

/// <summary>
/// What makes a node from its inputs: evaluation, derivatives, batching and equality of one op.
/// Immutable, and free of inputs and shapes that a trace could not replay: the same instance
/// serves every node that has the same parameters. Rules are written in builders, so that they
/// differentiate again, batch and compile.
/// </summary>
internal abstract class Primitive
{
    /// <summary>The name used in errors and printed graphs.</summary>
    public virtual string Name => GetType().Name;

    /// <summary>
    /// Inputs have data; gives each output its data: allocated, taken over from a dead input, or
    /// a view. Runs under the evaluator's gate.
    /// </summary>
    public abstract void Eval(Node[] inputs, Node[] outputs);

    /// <summary>
    /// One cotangent for each of <paramref name="argnums"/>, of that input's shape and dtype, or
    /// null where the derivative is zero by definition (an index, a condition).
    /// </summary>
    public virtual Node?[] Vjp(
        Node[] inputs, Node[] cotangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        throw new NotSupportedException($"[{Name}] has no derivative (vjp).");

    /// <summary>
    /// One tangent for each output, given <paramref name="tangents"/> of the inputs named by
    /// <paramref name="argnums"/>.
    /// </summary>
    public virtual Node[] Jvp(
        Node[] inputs, Node[] tangents, ReadOnlySpan<int> argnums, Node[] outputs) =>
        throw new NotSupportedException($"[{Name}] has no derivative (jvp).");

    /// <summary>
    /// The op over one more axis: <paramref name="axes"/> says where each input carries it (-1:
    /// not at all); answers the outputs and where they carry it.
    /// </summary>
    public virtual (Node[] Outputs, int[] Axes) Vmap(Node[] inputs, ReadOnlySpan<int> axes) =>
        throw new NotSupportedException($"[{Name}] cannot be vectorised (vmap).");

    /// <summary>
    /// The same results from ops that MLX has, where it has none like this one or takes less for
    /// it; null where this op can be written to a file as it is.
    /// </summary>
    public virtual Node[]? Lower(Node[] inputs) => null;

    /// <summary>
    /// Same op with the same parameters: on the same inputs it gives the same result.
    /// </summary>
    public virtual bool SameAs(Primitive other) => ReferenceEquals(this, other);

    /// <summary>
    /// False where evaluating twice would differ or has effects; such nodes never merge.
    /// </summary>
    public virtual bool IsPure => true;
}
