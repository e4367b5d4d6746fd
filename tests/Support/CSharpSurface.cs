using System.Numerics.Tensors;
using Mlx.Core;

namespace Mlx.Tests.Support;

/// <summary>
/// Checks that a C# program would be made of: records as trees, transforms over them, fused steps,
/// indexers, spans. A check throws when it fails.
/// </summary>
public static class CSharpSurface
{
    private sealed record Linear(MlxArray Weight, MlxArray? Bias)
    {
        public MlxArray Apply(MlxArray x)
        {
            var y = x.Matmul(Weight.T);
            return Bias is null ? y : y + Bias;
        }
    }

    private sealed record Mlp(Linear Hidden, Linear Out)
    {
        public required string Name { get; init; }

        public MlxArray Forward(MlxArray x) => Out.Apply(Ops.Tanh(Hidden.Apply(x)));
    }

    private abstract record Layer;

    private sealed record Dense(MlxArray W) : Layer;

    private sealed record Scale(MlxArray By, int Times) : Layer;

    private readonly record struct Pair(MlxArray A, int N, MlxArray B);

    private sealed record Renamed(
        [property: TreeName("gamma.0")] MlxArray Weight, List<MlxArray> Rest);

    private sealed class Hidden(MlxArray inside)
    {
        public MlxArray Inside => inside;
    }

    /// <summary>The checks by name.</summary>
    public static IReadOnlyDictionary<string, Action> Checks { get; } =
        new Dictionary<string, Action>
        {
            ["records are trees, paths are their properties"] = Records,
            ["structs, tuples, lists, dictionaries and derived records are trees"] = OtherTrees,
            ["what is no tree is named"] = NoTrees,
            ["a tree comes from names, or tells all that is wrong"] = FromNames,
            ["gradients are trees"] = Gradients,
            ["what has no gradient is named"] = GradientRefusals,
            ["aux comes along"] = Aux,
            ["vmap maps the leaves that it is told"] = VmapAxes,
            ["compiled functions are traced once and explained"] = Compiled,
            ["checkpoint, vjp and jvp go over trees"] = OtherTransforms,
            ["a trainer trains in few crossings"] = Trains,
            ["a trainer goes on from a file, to the bit"] = Resumes,
            ["any step can be fused"] = AnyStep,
            ["indexers take indices and ranges"] = Indexers,
            ["spans go in and out, and through System.Numerics.Tensors"] = Spans,
            ["an array prints its numbers"] = Prints,
            ["a graph is looked at without computing it"] = Graph,
        };

    private static void Records() => Scoped(() =>
    {
        var model = Model();
        Same(["hidden.weight", "hidden.bias", "out.weight"], Tree.Paths(model));
        Equal(3, Tree.Count(model));
        var doubled = Tree.Map(model, static x => x * 2f);
        Equal("net", doubled.Name);
        Close(model.Out.Weight * 2f, doubled.Out.Weight);
        True(doubled.Out.Bias is null);
        var sum = Tree.Zip(model, doubled, static (a, b) => a + b);
        Close(model.Hidden.Bias! * 3f, sum.Hidden.Bias!);
        True(Tree.Structure(model).Equals(Tree.Structure(doubled)));
        True(!Tree.Structure(model).Equals(Tree.Structure(model with { Name = "other" })));
        Same(
            ["gamma.0", "rest.0", "rest.1"],
            Tree.Paths(new Renamed(Of(1), [Of(2), Of(3)])));
    });

    private static void OtherTrees() => Scoped(() =>
    {
        var pair = new Pair(Of(1), 5, Of(2));
        var negated = Tree.Map(pair, static x => -x);
        Equal(5, negated.N);
        Equal(-2f, negated.B.Item<float>());

        var tuple = (X: Of(1), Others: (Of(2), new[] { Of(3), Of(4) }), Name: "n");
        Same(["0", "1.0", "1.1.0", "1.1.1"], Tree.Paths(tuple));
        Equal(4f, Tree.FromLeaves(tuple, Tree.Leaves(tuple)).Others.Item2[1].Item<float>());

        var wide = (Of(1), 2, Of(3), Of(4), Of(5), Of(6), Of(7), Of(8), Of(9));
        Equal(9f, Tree.Map(wide, static x => x * 1f).Item9.Item<float>());

        var byName = new Dictionary<string, MlxArray> { ["b"] = Of(1), ["a"] = Of(2) };
        Same(["a", "b"], Tree.Paths(byName));

        List<Layer> layers = [new Dense(Of(1)), new Scale(Of(2), 3), new Dense(Of(4))];
        Same(["0.w", "1.by", "2.w"], Tree.Paths(layers));
        var more = Tree.Map(layers, static x => x + 1f);
        True(more[1] is Scale { Times: 3 } s && s.By.Item<float>() == 3f);
        True(!Tree.Structure<List<Layer>>([new Dense(Of(1))]).Equals(
            Tree.Structure<List<Layer>>([new Scale(Of(1), 1)])));
    });

    private static void NoTrees()
    {
        using var one = Of(1);
        Throws<NotSupportedException>(
            "HashSet<MlxArray>", () => (object)Tree.Count(new HashSet<MlxArray>()));
        Throws<NotSupportedException>("1 is a Hidden", () => (object)Tree.Count((one, new Hidden(one))));
        Throws<ArgumentException>("the tree has 1 leaves", () => Tree.FromLeaves(one));
    }

    private static void FromNames() => Scoped(() =>
    {
        var model = Model();
        var entries = Tree.Named(Tree.Map(model, static x => x + 1f));
        Close(model.Out.Weight + 1f, Tree.FromNamed(model, entries).Out.Weight);
        entries.Remove("hidden.bias");
        entries["extra"] = Of(1);
        entries["out.weight"] = Of(1);
        var e = Throws<TreeMismatchException>("extra", () => Tree.FromNamed(model, entries));
        Same(["hidden.bias"], e.Missing);
        Same(["extra"], e.Unexpected);
        Same(["out.weight"], e.Misshaped.Select(static m => m.Path));
    });

    private static void Gradients() => Scoped(() =>
    {
        var (model, batch) = (Model(), Batch());
        var (value, slope) = Transforms.ValueAndGrad<Mlp, (MlxArray, MlxArray)>(Loss)(model, batch);
        Close(Loss(model, batch), value);
        Equal("net", slope.Name);

        // The slope along a direction, by differences.
        const float h = 1e-2f;
        var up = Loss(Tree.Zip(model, slope, static (p, d) => p + h * d), batch);
        var down = Loss(Tree.Zip(model, slope, static (p, d) => p - h * d), batch);
        var norm = Tree.Leaves(slope).Select(static d => Ops.Sum(Ops.Square(d)))
            .Aggregate(static (a, b) => a + b);
        Close(norm, (up - down) / (2 * h), 1e-3f);

        var byArray = Transforms.Grad((MlxArray[] xs) => Ops.Sum(xs[0] * xs[1]))([Of(2), Of(3)]);
        Equal(3f, byArray[0].Item<float>());
        var second = Transforms.Grad((Dense d) =>
            Ops.Sum(Transforms.Grad((Dense e) => Ops.Sum(e.W * e.W * e.W))(d).W))(new(Of(2)));
        Equal(12f, second.W.Item<float>());
    });

    private static void GradientRefusals() => Scoped(() =>
    {
        var ids = MlxArray.From([1, 2]);
        Throws<ArgumentException>(
            "'0' (int32)",
            () => Transforms.Grad(((MlxArray I, MlxArray W) p) => Ops.Sum(p.W))((ids, Of(1))));
        Throws<ArgumentException>(
            "(2)", () => Transforms.Grad((Dense d) => d.W)(new(MlxArray.From([1f, 2f]))));
    });

    private static void Aux() => Scoped(() =>
    {
        var f = Transforms.ValueAndGradAux((Dense d, MlxArray x) =>
            (Ops.Sum(d.W * x), (Twice: x * 2f, Name: "n")));
        var (value, aux, slope) = f(new(Of(3)), Of(4));
        Equal(12f, value.Item<float>());
        Equal(8f, aux.Twice.Item<float>());
        Equal("n", aux.Name);
        Equal(4f, slope.W.Item<float>());
    });

    private static void VmapAxes() => Scoped(() =>
    {
        var w = MlxArray.From([1f, 2, 3, 4, 5, 6], 2, 3);
        var xs = MlxArray.From([1f, 0, 0, 1, 1, 1], 3, 2);
        var f = Transforms.Vmap(
            ((MlxArray W, MlxArray X) t) => t.W.Matmul(t.X),
            path => path == "1" ? -1 : null,
            _ => 1);
        Close(w.Matmul(xs), f((w, xs)));
        var rows = Transforms.Vmap((Pair p) => Ops.Sum(p.A * p.B))(new(w, 1, w));
        Close(Ops.Sum(w * w, 1), rows);
    });

    private static void Compiled() => Scoped(() =>
    {
        var traces = 0;
        var f = Transforms.Compile(((MlxArray X, int N) t) =>
        {
            traces++;
            return t.X * (float)t.N;
        });
        Equal(6f, f((Of(3), 2)).Item<float>());
        Equal(8f, f((Of(4), 2)).Item<float>());
        Equal(1, traces);
        Equal(12f, f((Of(4), 3)).Item<float>());
        var explained = Transforms.Explain(f);
        Equal((3L, 1), (explained.Calls, explained.Retraces));
        Equal("'1': 3, before 2", explained.Traces[1].Changes[0].ToString());
        Throws<ArgumentException>("Compile", () => Transforms.Explain((Func<int>)(() => 1)));
    });

    private static void OtherTransforms() => Scoped(() =>
    {
        var (model, batch) = (Model(), Batch());
        MlxArray Again(Mlp p, (MlxArray X, MlxArray Y) b) => Ops.Mean(Ops.Square(
            Transforms.Checkpoint<(Mlp P, MlxArray X), MlxArray>(static t => t.P.Forward(t.X))(
                (p, b.X)) - b.Y));
        var plain = Transforms.Grad<Mlp, (MlxArray, MlxArray)>(Loss)(model, batch);
        var again = Transforms.Grad<Mlp, (MlxArray, MlxArray)>(Again)(model, batch);
        Tree.Zip(plain, again, static (a, b) =>
        {
            Close(a, b);
            return a;
        });

        var (_, back) = Transforms.Vjp(
            static (Pair p) => p.A * p.B, new Pair(Of(2), 0, Of(3)), Of(10));
        Equal((30f, 20f), (back.A.Item<float>(), back.B.Item<float>()));
        var (value, along) = Transforms.Jvp(
            static (Pair p) => new Dense(p.A * p.B),
            new Pair(Of(2), 0, Of(3)),
            new Pair(Of(1), 0, Of(10)));
        Equal((6f, 23f), (value.W.Item<float>(), along.W.Item<float>()));
    });

    private static void Trains() => Scoped(() =>
    {
        var batch = Batch();
        using var trainer = new Trainer<Mlp, (MlxArray X, MlxArray Y)>(
            Model(), UpdateRule.AdamW(0.02).Clipped(1), Loss);
        Throws<InvalidOperationException>("no step", () => (object)trainer.Loss);
        trainer.Step(batch);
        var first = trainer.Loss;
        for (var i = 0; i < 60; i++)
        {
            trainer.Step(batch);
        }

        True(trainer.Loss < first / 2);
        Equal(61L, trainer.Steps);
        Equal("net", trainer.Model.Name);
        var cost = trainer.Explain(batch);
        Equal((4L, 0), (cost.Crossings, cost.Retraces));
        Equal(0, trainer.Traces.Retraces);
    });

    private static void Resumes() => Scoped(() =>
    {
        var file = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid()}.safetensors");
        var batch = Batch();
        Trainer<Mlp, (MlxArray X, MlxArray Y)> New() =>
            new(Model(), UpdateRule.Adam(LearningRate.Cosine(0.02, 50)), Loss);
        try
        {
            using var whole = New();
            using var half = New();
            for (var i = 0; i < 10; i++)
            {
                whole.Step(batch);
                half.Step(batch);
            }

            half.Save(file);
            using var resumed = New();
            resumed.Load(file);
            for (var i = 0; i < 10; i++)
            {
                whole.Step(batch);
                resumed.Step(batch);
            }

            Equal(20L, resumed.Steps);
            Tree.Zip(whole.Model, resumed.Model, static (a, b) =>
            {
                True(a.ToArray<float>().AsSpan().SequenceEqual(b.ToArray<float>()));
                return a;
            });

            using var other = new Trainer<Mlp, (MlxArray X, MlxArray Y)>(
                Model(), UpdateRule.Sgd(0.1), Loss);
            var e = Throws<TreeMismatchException>("slots", () =>
            {
                other.Load(file);
                return null;
            });
            Equal(0, e.Missing.Count);
        }
        finally
        {
            File.Delete(file);
        }
    });

    private static void AnyStep() => Scoped(() =>
    {
        var step = new TrainStep<(MlxArray A, MlxArray B), MlxArray, MlxArray>(
            static (s, n) => (s.A + s.B + n, (s.B, s.A + s.B)));
        var state = step.Start((MlxArray.Scalar(0), MlxArray.Scalar(1)));
        for (var i = 0; i < 10; i++)
        {
            state = step.Run(MlxArray.Scalar(0), state);
        }

        Equal(55, state.Current.A.Item<int>());
        using var fork = state.Fork();
        state.Dispose();
        Equal(89, fork.Current.B.Item<int>());
        Throws<ObjectDisposedException>("went into a step", () => (object)state.Current);
    });

    private static void Indexers() => Scoped(() =>
    {
        var x = Ops.Reshape(Ops.ARange(0, 24), [2, 3, 4]);
        Same([4, 5, 6, 7], Floats(x[0, 1]));
        Same([5, 6, 17, 18], Floats(x[.., 1, 1..3]));
        Same([23], Floats(x[^1, ^1, ^1]));
        Same([3, 7, 11, 15, 19, 23], Floats(x[Idx.Ellipsis, ^1]));
        Same([1, 3, 1, 4], x[Idx.NewAxis, 0, .., Idx.NewAxis].Shape.ToArray());
        Same([8, 9, 10, 11, 0, 1, 2, 3], Floats(x[0][MlxArray.From([2, 0])]));
    });

    private static void Spans() => Scoped(() =>
    {
        float[] data = [1, 2, 3, 4];
        var x = MlxArray.From(data.AsSpan(1), 3);
        Span<float> into = stackalloc float[3];
        x.CopyTo(into);
        Equal(9f, TensorPrimitives.Sum<float>(into));
        Same([6, 9, 12], Floats(x * 1.5f + x * 1.5f));
        Equal(4L * 3, x.NBytes);
    });

    private static void Prints() => Scoped(() =>
    {
        Equal("array([1, 2.5], dtype=float32)", MlxArray.From([1f, 2.5f]).ToString());
    });

    private static void Graph() => Scoped(() =>
    {
        var x = MlxArray.From([1f, 2f]);
        var graph = ComputationGraph.Of(Ops.Exp(x) + Ops.Exp(x * x));
        Equal(4, graph.Count);
        Equal(2, graph.Ops["Exp"]);
        Equal("Add", graph.Nodes[^1].Name);
        Same([1, 3], [.. graph.Nodes[^1].Inputs.Select(static i => (float)i)]);
        True(graph.Dot.StartsWith("digraph", StringComparison.Ordinal));
    });

    private static Mlp Model()
    {
        var key = MlxRandom.Key(3);
        var (a, b) = MlxRandom.Split(key);
        return new(
            new(MlxRandom.Normal([5, 3], key: a), Ops.Zeros([5])),
            new(MlxRandom.Normal([1, 5], key: b), null))
        { Name = "net" };
    }

    private static (MlxArray X, MlxArray Y) Batch()
    {
        var x = MlxRandom.Normal([16, 3], key: MlxRandom.Key(4));
        return (x, Ops.Sin(Ops.Sum(x, 1, keepDims: true)));
    }

    private static MlxArray Loss(Mlp p, (MlxArray X, MlxArray Y) batch) =>
        Ops.Mean(Ops.Square(p.Forward(batch.X) - batch.Y));

    private static MlxArray Of(float x) => MlxArray.Scalar(x);

    private static float[] Floats(MlxArray x) => x.AsType(DType.Float32).ToArray<float>();

    private static void Scoped(Action check)
    {
        using var scope = Scope.Enter();
        check();
    }

    private static void True(bool condition)
    {
        if (!condition)
        {
            throw new InvalidOperationException("it does not hold");
        }
    }

    private static void Equal<T>(T want, T got)
    {
        if (!EqualityComparer<T>.Default.Equals(want, got))
        {
            throw new InvalidOperationException($"it is {got}, not {want}");
        }
    }

    private static void Same<T>(T[] want, IEnumerable<T> got)
    {
        if (!want.SequenceEqual(got))
        {
            throw new InvalidOperationException(
                $"it is [{string.Join(", ", got)}], not [{string.Join(", ", want)}]");
        }
    }

    private static void Close(MlxArray want, MlxArray got, float tolerance = 1e-5f)
    {
        True(want.Shape.SequenceEqual(got.Shape));
        foreach (var (w, g) in Floats(want).Zip(Floats(got)))
        {
            if (!(Math.Abs(w - g) <= tolerance * (1 + Math.Abs(w))))
            {
                throw new InvalidOperationException($"it is {g}, not {w}");
            }
        }
    }

    private static TException Throws<TException>(string part, Func<object?> call)
        where TException : Exception
    {
        try
        {
            call();
        }
        catch (TException e)
        {
            return e.Message.Contains(part, StringComparison.Ordinal)
                ? e
                : throw new InvalidOperationException($"'{part}' is not in: {e.Message}");
        }

        throw new InvalidOperationException("nothing was thrown");
    }
}
