using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Export;

/// <summary>
/// Marks what says how MLX writes a primitive: a static <see cref="Form"/> in the primitive's file,
/// or, where there is no state, its builder; then the name is that of the class and MLX's. The ABI
/// generator reads these marks and writes the table <see cref="Forms"/>.
/// </summary>
[AttributeUsage(AttributeTargets.Method | AttributeTargets.Field)]
internal sealed class SerializedAttribute(string? name = null) : Attribute
{
    public string? Name { get; } = name;
}

/// <summary>
/// Builds an op that was read on some inputs; the outputs are those the file declares.
/// </summary>
internal delegate Node[] Replay(Node[] inputs, (int[] Shape, Dtype Dtype)[] outputs);

/// <summary>
/// A primitive as MLX writes it into an exported function: a name, and its parameters as bytes. One
/// form may stand for several classes here. What is read is built by the op's builder, which checks
/// it as it would check any caller, and knows the shape of the result for any inputs.
/// </summary>
internal abstract class Form(string name, Type[] primitives, int least, int most)
{
    public string Name { get; } = name;

    /// <summary>The classes that are written so.</summary>
    public Type[] Primitives { get; } = primitives;

    public abstract void Write(Primitive primitive, LittleEndianWriter to);

    public abstract Replay Read(LittleEndianReader from);

    /// <summary>A primitive without state.</summary>
    public static Form Of<TPrimitive>(string name, Func<Node[], Node> build, int inputs)
        where TPrimitive : Primitive =>
        new Form<ValueTuple>(
            name, [typeof(TPrimitive)], inputs, inputs, Nothing, _ => default,
            (x, _, _) => [build(x)]);

    public static Form Of<TPrimitive, TState>(
        string name, State<TState> state, Func<TPrimitive, TState> get,
        Func<Node[], TState, Node> build, int inputs = 1, int? most = null)
        where TPrimitive : Primitive =>
        new Form<TState>(
            name, [typeof(TPrimitive)], inputs, most ?? inputs, state, p => get((TPrimitive)p),
            (x, s, _) => [build(x, s)]);

    /// <summary>For what has several outputs, or depends on what the file says of them.</summary>
    public static Form Many<TPrimitive, TState>(
        string name, State<TState> state, Func<TPrimitive, TState> get,
        Func<Node[], TState, (int[] Shape, Dtype Dtype)[], Node[]> build, int inputs = 1,
        int? most = null)
        where TPrimitive : Primitive =>
        new Form<TState>(
            name, [typeof(TPrimitive)], inputs, most ?? inputs, state, p => get((TPrimitive)p),
            build);

    /// <summary>Several classes under one name.</summary>
    public static Form Family<TState>(
        string name, State<TState> state, Func<Primitive, TState> get,
        Func<Node[], TState, (int[] Shape, Dtype Dtype)[], Node[]> build, int inputs,
        params Type[] primitives) =>
        new Form<TState>(name, primitives, inputs, inputs, state, get, build);

    /// <summary>What only other machines write: MLX on a CPU composes it of other ops.</summary>
    public static Form ReadOnly<TState>(
        string name, State<TState> state,
        Func<Node[], TState, (int[] Shape, Dtype Dtype)[], Node[]> build, int inputs, int most) =>
        new Form<TState>(name, [], inputs, most, state, null, build);

    /// <summary>No bytes at all.</summary>
    public static State<ValueTuple> Nothing { get; } = new((_, _) => { }, _ => default);

    /// <summary>Refuses to build on less, or on more, inputs than the primitive has.</summary>
    protected void Check(Node[] inputs)
    {
        if (inputs.Length < least || inputs.Length > most)
        {
            throw new ArgumentException(
                $"[{Name}] has {inputs.Length} inputs, not " +
                (least == most ? $"{least}." : $"{least} to {most}."));
        }
    }
}

internal sealed class Form<TState>(
    string name, Type[] primitives, int least, int most, State<TState> state,
    Func<Primitive, TState>? get, Func<Node[], TState, (int[] Shape, Dtype Dtype)[], Node[]> build)
    : Form(name, primitives, least, most)
{
    public override void Write(Primitive primitive, LittleEndianWriter to) =>
        state.Write(to, get!(primitive));

    public override Replay Read(LittleEndianReader from)
    {
        var parameters = state.Read(from);
        return (inputs, outputs) =>
        {
            Check(inputs);
            return build(inputs, parameters, outputs);
        };
    }
}
