using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Export;

/// <summary>How one part of a primitive's parameters lies in a file.</summary>
internal sealed class State<T>(
    Action<LittleEndianWriter, T> write, Func<LittleEndianReader, T> read)
{
    public Action<LittleEndianWriter, T> Write { get; } = write;

    public Func<LittleEndianReader, T> Read { get; } = read;

    /// <summary>The same bytes, for the type that the engine keeps the parameters in.</summary>
    public State<U> As<U>(Func<T, U> to, Func<U, T> from) =>
        new((w, v) => Write(w, from(v)), r => to(Read(r)));
}

/// <summary>The parts that MLX's primitives are made of.</summary>
internal static class State
{
    public static readonly State<int> Int = new((w, v) => w.Int(v), r => r.Int());

    public static readonly State<bool> Bool = new((w, v) => w.Bool(v), r => r.Bool());

    public static readonly State<float> Float = new((w, v) => w.Float(v), r => r.Float());

    public static readonly State<double> Double = new((w, v) => w.Double(v), r => r.Double());

    public static readonly State<Dtype> Dtype = new((w, v) => w.Dtype(v), r => r.Dtype());

    public static readonly State<string> Text = new((w, v) => w.Text(v), r => r.Text());

    public static readonly State<int[]> Ints = new((w, v) => w.Ints(v), r => r.Ints());

    /// <summary>Sizes, of which none is beyond the 63 bits of ours.</summary>
    public static readonly State<long> Size = new(
        (w, v) => w.Size((ulong)v), r => checked((long)r.Size()));

    /// <summary>Strides: signed numbers of 64 bits.</summary>
    public static readonly State<long[]> Longs = new(
        (w, v) => w.Sizes(Array.ConvertAll(v, x => (ulong)x)),
        r => Array.ConvertAll(r.Sizes(), x => (long)x));

    /// <summary>Axes that MLX keeps as sizes.</summary>
    public static readonly State<int[]> WideInts = new(
        (w, v) => w.Sizes(Array.ConvertAll(v, x => (ulong)x)),
        r => Array.ConvertAll(r.Sizes(), x => checked((int)x)));

    /// <summary>One of a list, by its number: the list is in MLX's order.</summary>
    public static State<T> OneOf<T>(params T[] all) => new(
        (w, v) => w.Int(Array.IndexOf(all, v)), r =>
        {
            var number = r.Int();
            return (uint)number < (uint)all.Length ? all[number] : throw r.Malformed(
                $"{number} is none of the {all.Length} kinds of this primitive");
        });

    /// <summary>The first of two, or the second where the flag is set.</summary>
    public static State<T> Either<T>(T unset, T set) => new(
        (w, v) => w.Bool(Equals(v, set)), r => r.Bool() ? set : unset);

    public static State<(A, B)> Of<A, B>(State<A> a, State<B> b) => new(
        (w, v) =>
        {
            a.Write(w, v.Item1);
            b.Write(w, v.Item2);
        },
        r => (a.Read(r), b.Read(r)));

    public static State<(A, B, C)> Of<A, B, C>(State<A> a, State<B> b, State<C> c) => new(
        (w, v) =>
        {
            a.Write(w, v.Item1);
            b.Write(w, v.Item2);
            c.Write(w, v.Item3);
        },
        r => (a.Read(r), b.Read(r), c.Read(r)));

    public static State<(A, B, C, D)> Of<A, B, C, D>(
        State<A> a, State<B> b, State<C> c, State<D> d) => new(
        (w, v) =>
        {
            Of(a, b).Write(w, (v.Item1, v.Item2));
            Of(c, d).Write(w, (v.Item3, v.Item4));
        },
        r => (a.Read(r), b.Read(r), c.Read(r), d.Read(r)));

    public static State<(A, B, C, D, E)> Of<A, B, C, D, E>(
        State<A> a, State<B> b, State<C> c, State<D> d, State<E> e) => new(
        (w, v) =>
        {
            Of(a, b).Write(w, (v.Item1, v.Item2));
            Of(c, d, e).Write(w, (v.Item3, v.Item4, v.Item5));
        },
        r => (a.Read(r), b.Read(r), c.Read(r), d.Read(r), e.Read(r)));
}
