using Mlx.Cpu.Graph;
using Mlx.Cpu.Transforms;
using Mlx.Cpu.Transforms.Compile;

namespace Mlx.Cpu.Abi;

/// <summary>transforms.h, transforms_impl.h and compile.h.</summary>
internal static unsafe class TransformExports
{
    [RawExport("mlx_eval")]
    public static void Eval(mlx_vector_array outputs) => Evaluator.Eval(Handles.Nodes(outputs));

    [RawExport("mlx_async_eval")]
    public static void AsyncEval(mlx_vector_array outputs) =>
        AsyncEvaluator.Submit(Handles.Nodes(outputs));

    [RawExport("mlx_vjp")]
    public static void Vjp(
        mlx_vector_array* values, mlx_vector_array* vjps, mlx_closure f,
        mlx_vector_array primals, mlx_vector_array cotangents)
    {
        var (o, v) = Autodiff.Vjp(
            Closures.Get(f).Function, Handles.Nodes(primals), Handles.Nodes(cotangents));
        SetBoth(values, o, vjps, v);
    }

    [RawExport("mlx_jvp")]
    public static void Jvp(
        mlx_vector_array* values, mlx_vector_array* jvps, mlx_closure f,
        mlx_vector_array primals, mlx_vector_array tangents)
    {
        var (o, t) = Autodiff.Jvp(
            Closures.Get(f).Function, Handles.Nodes(primals), Handles.Nodes(tangents));
        SetBoth(values, o, jvps, t);
    }

    [RawExport("mlx_value_and_grad")]
    public static void ValueAndGrad(
        mlx_closure_value_and_grad* result, mlx_closure f, int* argnums, nuint count)
    {
        if (count == 0)
        {
            throw new ArgumentException("[grad] Must specify at least one argument.");
        }

        var inner = Closures.Get(f).Another();
        var arguments = new ReadOnlySpan<int>(argnums, checked((int)count)).ToArray();
        Handles.Replace(&result->ctx, Handles.New(new ValueAndGradClosure(
            inputs => Autodiff.ValueAndGrad(inner.Function, arguments, inputs),
            Lifetime.Of(inner))));
    }

    [RawExport("mlx_checkpoint")]
    public static void Checkpoint(mlx_closure* result, mlx_closure f)
    {
        var inner = Closures.Get(f).Another();
        var lifetime = Lifetime.Of(inner);
        Closures.Set(result, new Closure(
            CustomTransform.Checkpoint(inner.Function, lifetime), lifetime));
    }

    [RawExport("mlx_detail_vmap_trace")]
    public static void VmapTrace(
        mlx_vector_array* standIns, mlx_vector_array* outputs, mlx_closure f,
        mlx_vector_array inputs, int* axes, nuint count)
    {
        var (i, o) = Vmap.Trace(
            Closures.Get(f).Function, Handles.Nodes(inputs),
            new ReadOnlySpan<int>(axes, checked((int)count)));
        SetBoth(standIns, i, outputs, o);
    }

    [RawExport("mlx_detail_vmap_replace")]
    public static void VmapReplace(
        mlx_vector_array* result, mlx_vector_array inputs, mlx_vector_array standIns,
        mlx_vector_array outputs, int* inAxes, nuint inCount, int* outAxes, nuint outCount) =>
        Handles.Set(result, Vmap.Replace(
            Handles.Nodes(inputs), Handles.Nodes(standIns), Handles.Nodes(outputs),
            new ReadOnlySpan<int>(inAxes, checked((int)inCount)),
            new ReadOnlySpan<int>(outAxes, checked((int)outCount))));

    // ---- compile.h -------------------------------------------------------------------------

    /// <summary>
    /// <paramref name="shapeless"/> asks for one trace for all shapes; this engine traces each
    /// shape, which gives the same results and also serves functions that look at shapes.
    /// </summary>
    [RawExport("mlx_compile")]
    public static void Compile(mlx_closure* result, mlx_closure f, bool shapeless)
    {
        var inner = Closures.Get(f).Another();
        var compiled = new Compiled(inner.Function);
        Closures.Set(result, new Closure(compiled.Call, Lifetime.Of(compiled, inner)));
    }

    [RawExport("mlx_disable_compile")]
    public static void DisableCompile() => Compiled.Mode = CompileMode.Disabled;

    [RawExport("mlx_enable_compile")]
    public static void EnableCompile() => Compiled.Mode = CompileMode.Enabled;

    [RawExport("mlx_set_compile_mode")]
    public static void SetCompileMode(mlx_compile_mode mode) => Compiled.Mode = (CompileMode)mode;

    private static void SetBoth(
        mlx_vector_array* first, Held a, mlx_vector_array* second, Held b)
    {
        using (a)
        using (b)
        {
            Handles.Set(first, a.Nodes);
            Handles.Set(second, b.Nodes);
        }
    }
}

/// <summary>The object behind <c>mlx_closure_value_and_grad</c>.</summary>
internal sealed class ValueAndGradClosure : IDisposable
{
    private readonly Lifetime? lifetime;

    public ValueAndGradClosure(
        Func<Node[], (Held Values, Held Gradients)> function, Lifetime? lifetime)
    {
        Function = function;
        this.lifetime = lifetime;
        lifetime?.Share();
    }

    public Func<Node[], (Held Values, Held Gradients)> Function { get; }

    public ValueAndGradClosure Another() => new(Function, lifetime);

    public void Dispose() => lifetime?.Dispose();
}
