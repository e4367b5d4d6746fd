using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Linq.Expressions;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Mlx.Core.Trees;

/// <summary>
/// Finds or builds the walkers of types: reflection happens once for each type. What C# has is
/// known here; another language gives its own types a walker first.
/// </summary>
/// <param name="ofLanguage">
/// The walker of a type that the language knows, given how to find those of its parts, or null.
/// </param>
/// <param name="leaf">What the language calls an array, in messages.</param>
/// <param name="kinds">What its trees are made of, in messages.</param>
[RequiresUnreferencedCode(Reflects)]
[RequiresDynamicCode(Compiles)]
internal sealed class TreeTypes(
    Func<Type, Func<Type, TreeWalker>, TreeWalker?> ofLanguage, string leaf, string kinds)
{
    public const string Reflects = "trees are taken apart by reflection";
    public const string Compiles = "trees are walked by code that is compiled at run time";

    private const BindingFlags Instance =
        BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;

    private readonly ConcurrentDictionary<Type, TreeWalker> known = [];

    /// <summary>The walkers that C# needs.</summary>
    public static TreeTypes CSharp { get; } = new(
        static (_, _) => null,
        nameof(MlxArray),
        "records, tuples, arrays, lists and dictionaries by name of arrays");

    /// <summary>A walker of a generic definition.</summary>
    public static TreeWalker Create(Type definition, Type[] types, params object?[] arguments) =>
        (TreeWalker)Activator.CreateInstance(
            definition.MakeGenericType(types), Instance, null, arguments, null)!;

    /// <summary>The walker of a product or union; of a value, where no part holds arrays.</summary>
    public static TreeWalker Product(
        Type type, Func<Expression, Expression>? tag, IReadOnlyList<TreeVariant> variants) =>
        variants.Any(static v => v.WithLeaves.Any())
            ? Create(typeof(ProductWalker<>), [type], tag, variants)
            : Value(type);

    /// <summary>The name of a member in paths.</summary>
    public static string Segment(MemberInfo member) =>
        member.GetCustomAttribute<TreeNameAttribute>()?.Name ?? TreePath.Segment(member.Name);

    /// <summary>The walker of a type.</summary>
    /// <exception cref="NotSupportedException">It holds arrays but is no tree.</exception>
    public TreeWalker Of(Type type)
    {
        try
        {
            return Find([], type);
        }
        catch (HidesArraysException e)
        {
            var what = e.Path.Length == 0
                ? $"{NameOf(type)} is no tree, though it holds {Many}"
                : $"{NameOf(type)} is no tree: {e.Path} is a {NameOf(e.Hidden)}, which holds {Many}";
            throw new NotSupportedException($"{what}. Trees are {kinds}");
        }
    }

    /// <summary>The walker of a part; a refusal says on which way it came.</summary>
    public static TreeWalker Below(string segment, Func<Type, TreeWalker> find, Type type)
    {
        try
        {
            return find(type);
        }
        catch (HidesArraysException e)
        {
            throw new HidesArraysException(e.Hidden, TreePath.Child(segment, e.Path));
        }
    }

    private string Many => leaf == nameof(MlxArray) ? "arrays" : leaf.ToLowerInvariant() + "s";

    private static TreeWalker Value(Type type) => Create(typeof(ValueWalker<>), [type]);

    private TreeWalker Find(HashSet<Type> building, Type type)
    {
        if (known.TryGetValue(type, out var walker))
        {
            return walker;
        }

        if (!building.Add(type))
        {
            // The type contains itself: look it up when the first value is walked.
            Func<TreeWalker> later = () => known[type];
            return Create(typeof(LaterWalker<>), [type], later);
        }

        walker = Construct(type, t => Find(building, t));
        building.Remove(type);
        return known.GetOrAdd(type, walker);
    }

    private TreeWalker Construct(Type type, Func<Type, TreeWalker> find) =>
        type == typeof(MlxArray) ? new LeafWalker()
        : ofLanguage(type, find)
            ?? Sequence(type, find)
            ?? Tuple(type, find)
            ?? Record(type, find)
            ?? (HidesArrays(type) ? throw new HidesArraysException(type, "") : Value(type));

    private static TreeWalker? Sequence(Type type, Func<Type, TreeWalker> find)
    {
        var definition = type.IsGenericType ? type.GetGenericTypeDefinition() : null;
        if (type.IsSZArray)
        {
            return Over(typeof(ArrayWalker<>), type.GetElementType()!);
        }

        if (definition == typeof(Nullable<>))
        {
            return Over(typeof(NullableWalker<>), type.GetGenericArguments()[0]);
        }

        if (definition == typeof(List<>) || definition == typeof(IReadOnlyList<>))
        {
            return Over(typeof(ListWalker<,>), type.GetGenericArguments()[0], type);
        }

        return (definition == typeof(Dictionary<,>) || definition == typeof(IReadOnlyDictionary<,>))
            && type.GetGenericArguments()[0] == typeof(string)
            ? Over(typeof(DictionaryWalker<,>), type.GetGenericArguments()[1], type)
            : null;

        TreeWalker Over(Type walker, Type item, params Type[] before)
        {
            var ofItem = Below("*", find, item);
            return ofItem.HasLeaves ? Create(walker, [.. before, item], ofItem) : Value(type);
        }
    }

    private static TreeWalker? Tuple(Type type, Func<Type, TreeWalker> find)
    {
        if (!typeof(ITuple).IsAssignableFrom(type) || !type.IsGenericType)
        {
            return null;
        }

        var parts = Elements(type, static x => x)
            .Select((e, i) => new TreePart($"{i}", e.Get, Below($"{i}", find, e.Type)));
        return Product(type, null, [new(0, type.Name, [.. parts], (_, x) => Make(type, x))]);

        // The members of a tuple, those of an eighth element's rest included.
        static IEnumerable<(Type Type, Func<Expression, Expression> Get)> Elements(
            Type tuple, Func<Expression, Expression> get)
        {
            var types = tuple.GetGenericArguments();
            for (var i = 0; i < types.Length; i++)
            {
                var name = i == 7 ? "Rest" : $"Item{i + 1}";
                Expression Access(Expression x) => Expression.PropertyOrField(get(x), name);
                foreach (var e in i == 7 ? Elements(types[i], Access) : [(types[i], Access)])
                {
                    yield return e;
                }
            }
        }

        static Expression Make(Type tuple, IReadOnlyList<Expression> x)
        {
            var types = tuple.GetGenericArguments();
            return Expression.New(
                tuple.GetConstructor(types)!,
                types.Length < 8 ? x : [.. x.Take(7), Make(types[7], [.. x.Skip(7)])]);
        }
    }

    /// <summary>
    /// A C# record: cloned, then its properties that hold arrays are set, positional or not.
    /// </summary>
    private TreeWalker? Record(Type type, Func<Type, TreeWalker> find)
    {
        var clone = type.GetMethod("<Clone>$", Instance);
        var isRecord = type.IsValueType
            ? type.GetMethod("PrintMembers", Instance)?.ReturnType == typeof(bool)
            : clone is not null;
        if (!isRecord)
        {
            return null;
        }

        if (!type.IsValueType && !type.IsSealed)
        {
            Func<Type, TreeWalker> exactly = t => Exactly(t, Of);
            return Create(typeof(SubtypeWalker<>), [type], exactly);
        }

        return Exactly(type, find);
    }

    private static TreeWalker Exactly(Type type, Func<Type, TreeWalker> find)
    {
        var clone = type.GetMethod("<Clone>$", Instance);
        List<TreePart> parts = [];
        List<PropertyInfo> properties = [];
        foreach (var p in type.GetProperties(BindingFlags.Instance | BindingFlags.Public))
        {
            var walker = p.Name == "EqualityContract" || p.GetIndexParameters().Length > 0
                ? null
                : Below(Segment(p), find, p.PropertyType);
            if (walker is { HasLeaves: true }
                && !p.PropertyType.IsValueType
                && new NullabilityInfoContext().Create(p).ReadState == NullabilityState.Nullable)
            {
                walker = Create(typeof(OptionalWalker<>), [p.PropertyType], walker);
            }

            if (walker is not null && (p.SetMethod is not null || IsStored(type, p)))
            {
                if (walker.HasLeaves && p.SetMethod is null)
                {
                    throw new NotSupportedException(
                        $"the property {type.Name}.{p.Name} holds arrays but has no init accessor");
                }

                parts.Add(new(Segment(p), x => Expression.Property(x, p), walker));
                properties.Add(p);
            }
        }

        return Product(type, null, [new(0, type.Name, parts, Make)]);

        Expression Make(Expression tree, IReadOnlyList<Expression> x)
        {
            var copy = Expression.Variable(type, "copy");
            var source = clone is null
                ? tree
                : Expression.Convert(Expression.Call(tree, clone), type);
            List<Expression> steps = [Expression.Assign(copy, source)];
            for (var i = 0; i < parts.Count; i++)
            {
                if (parts[i].Walker.HasLeaves)
                {
                    steps.Add(Expression.Call(copy, properties[i].SetMethod!, x[i]));
                }
            }

            return Expression.Block([copy], [.. steps, copy]);
        }
    }

    // What is computed from the rest is no part of a tree.
    private static bool IsStored(Type type, PropertyInfo p) =>
        type.GetField($"<{p.Name}>k__BackingField", Instance) is not null;

    /// <summary>
    /// Whether arrays hide in a type that trees cannot take apart: among its type arguments, or in a
    /// field. Functions may close over arrays; those are constants.
    /// </summary>
    private static bool HidesArrays(Type type) =>
        type == typeof(MlxArray)
        || (type.HasElementType && HidesArrays(type.GetElementType()!))
        || (!IsFunction(type)
            && ((type.IsGenericType && type.GetGenericArguments().Any(HidesArrays))
                || (!IsForeign(type) && type.GetFields(Instance)
                    .Any(static f => f.FieldType == typeof(MlxArray)))));

    private static bool IsFunction(Type type) =>
        typeof(Delegate).IsAssignableFrom(type)
        || type.FullName?.StartsWith("Microsoft.FSharp.Core.FSharpFunc`", StringComparison.Ordinal)
            == true;

    private static bool IsForeign(Type type) =>
        type.IsPrimitive
        || type.IsEnum
        || type.IsPointer
        || type.Assembly == typeof(MlxArray).Assembly
        || type.Namespace?.StartsWith("System", StringComparison.Ordinal) == true;

    /// <summary>A type as it is written.</summary>
    private string NameOf(Type type)
    {
        if (type == typeof(MlxArray))
        {
            return leaf;
        }

        if (type.IsArray)
        {
            return $"{NameOf(type.GetElementType()!)}[{new string(',', type.GetArrayRank() - 1)}]";
        }

        return type.IsGenericType
            ? $"{type.Name[..type.Name.IndexOf('`')]}<"
                + $"{string.Join(", ", type.GetGenericArguments().Select(NameOf))}>"
            : type.Name;
    }

    /// <summary>A type that holds arrays and is no tree, and the way to it.</summary>
    private sealed class HidesArraysException(Type hidden, string path) : Exception
    {
        public Type Hidden => hidden;

        public string Path => path;
    }
}
