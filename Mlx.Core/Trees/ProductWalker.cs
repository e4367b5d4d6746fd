using System.Diagnostics.CodeAnalysis;
using System.Linq.Expressions;
using System.Reflection;

namespace Mlx.Core.Trees;

/// <summary>
/// A part of a record, tuple or union case: how to get it, what to call it, how to walk it.
/// </summary>
internal sealed record TreePart(
    string Segment, Func<Expression, Expression> Get, TreeWalker Walker);

/// <summary>
/// One shape that values of a type can have, told by a tag, with what puts it together again from
/// the old value and its parts.
/// </summary>
internal sealed record TreeVariant(
    int Tag,
    string Name,
    IReadOnlyList<TreePart> Parts,
    Func<Expression, IReadOnlyList<Expression>, Expression> Make)
{
    public IEnumerable<TreePart> WithLeaves => Parts.Where(static p => p.Walker.HasLeaves);
}

/// <summary>
/// Walks records, tuples and unions with code compiled for the type, so that a walk costs no
/// reflection and allocates nothing but its result.
/// </summary>
[RequiresUnreferencedCode(TreeTypes.Reflects)]
[RequiresDynamicCode(TreeTypes.Compiles)]
internal sealed class ProductWalker<T> : TreeWalker<T>
{
    private static readonly ParameterExpression Tree = Expression.Parameter(typeof(T), "tree");

    private readonly Func<Expression, Expression>? tag;
    private readonly IReadOnlyList<TreeVariant> variants;
    private readonly Lazy<Func<T, int>> count;
    private readonly Lazy<Reading> read;
    private readonly Lazy<Building> build;
    private readonly Lazy<Action<T, TreeParts>> skeleton;
    private readonly Lazy<Action<T, string, List<TreeEntry>>> describe;

    /// <summary>A walker; without a tag there is one variant.</summary>
    public ProductWalker(
        Func<Expression, Expression>? tag, IReadOnlyList<TreeVariant> variants)
    {
        (this.tag, this.variants) = (tag, variants);
        count = new(() => Compile<Func<T, int>>(CountBody));
        read = new(() => Compile<Reading>(ReadBody));
        build = new(() => Compile<Building>(BuildBody));
        skeleton = new(() => Compile<Action<T, TreeParts>>(SkeletonBody));
        describe = new(() => Compile<Action<T, string, List<TreeEntry>>>(DescribeBody));
    }

    private delegate void Reading(T tree, ref LeafCursor into);

    private delegate T Building(T like, ref LeafCursor from);

    public override bool HasLeaves => true;

    public override int Count(T tree) => count.Value(tree);

    public override void Read(T tree, ref LeafCursor into) => read.Value(tree, ref into);

    public override T Build(T like, ref LeafCursor from) => build.Value(like, ref from);

    public override void Skeleton(T tree, TreeParts into) => skeleton.Value(tree, into);

    public override void Describe(T tree, string path, List<TreeEntry> into) =>
        describe.Value(tree, path, into);

    private static Expression CountBody(TreeVariant v, ParameterExpression[] _) => v.WithLeaves
        .Select(static p => Call(p, nameof(Count)))
        .Aggregate((Expression)Expression.Constant(0), Expression.Add);

    private static Expression ReadBody(TreeVariant v, ParameterExpression[] x) =>
        Block(v.WithLeaves.Select(p => Call(p, nameof(Read), x[0])));

    private static Expression BuildBody(TreeVariant v, ParameterExpression[] x) =>
        v.WithLeaves.Any()
            ? v.Make(Tree, [.. v.Parts.Select(p =>
                p.Walker.HasLeaves ? Call(p, nameof(Build), x[0]) : p.Get(Tree))])
            : Tree;

    private Expression SkeletonBody(TreeVariant v, ParameterExpression[] x)
    {
        var parts = v.Parts.Select(p => Call(p, nameof(Skeleton), x[0]));
        var add = Method(typeof(TreeParts), nameof(TreeParts.Add));
        return Block(tag is null
            ? parts
            : parts.Prepend(
                Expression.Call(x[0], add, Expression.Constant(v.Tag, typeof(object)))));
    }

    private Expression DescribeBody(TreeVariant v, ParameterExpression[] x)
    {
        var (path, into) = (x[0], x[1]);
        var parts = v.Parts.Select(p => Call(p, nameof(Describe), Below(p.Segment), into));
        return Block(tag is null
            ? parts
            : parts.Prepend(
                Expression.Invoke(Expression.Constant(NoteCase(v.Name)), path, into)));

        Expression Below(string segment) => Expression.Invoke(
            Expression.Constant((Func<string, string, string>)TreePath.Child),
            path,
            Expression.Constant(segment));
    }

    private static Action<string, List<TreeEntry>> NoteCase(string name) =>
        (path, into) => into.Add(TreeEntry.Structure(path, name));

    private static Expression Block(IEnumerable<Expression> steps)
    {
        Expression[] all = [.. steps];
        return all.Length == 0 ? Expression.Empty() : Expression.Block(typeof(void), all);
    }

    private static Expression Call(TreePart part, string method, params Expression[] arguments)
    {
        var type = part.Walker.GetType();
        return Expression.Call(
            Expression.Constant(part.Walker, type),
            Method(type, method),
            [part.Get(Tree), .. arguments]);
    }

    private static MethodInfo Method(Type type, string name) =>
        type.GetMethod(name, BindingFlags.Public | BindingFlags.Instance)
        ?? throw new MissingMethodException(type.Name, name);

    /// <summary>A function of a tree and more: the body for each variant, chosen by the tag.</summary>
    private TFunction Compile<TFunction>(
        Func<TreeVariant, ParameterExpression[], Expression> body)
        where TFunction : Delegate
    {
        var invoke = Method(typeof(TFunction), "Invoke");
        ParameterExpression[] rest =
        [
            .. invoke.GetParameters().Skip(1)
                .Select(static p => Expression.Parameter(p.ParameterType, p.Name)),
        ];
        var chosen = tag is null
            ? body(variants[0], rest)
            : Expression.Switch(
                invoke.ReturnType,
                tag(Tree),
                Expression.Throw(
                    Expression.Constant(new InvalidOperationException("unknown case")),
                    invoke.ReturnType),
                null,
                variants.Select(v =>
                    Expression.SwitchCase(body(v, rest), Expression.Constant(v.Tag))));
        return Expression.Lambda<TFunction>(chosen, [Tree, .. rest]).Compile();
    }
}
