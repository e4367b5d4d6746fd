using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Export;

/// <summary>
/// All primitives that MLX can write, found by its name for them or by our class.
/// </summary>
internal static partial class Forms
{
    private static readonly Lazy<(Dictionary<string, Form> ByName, Dictionary<Type, Form> ByType)>
        Tables = new(MakeTables);

    public static IEnumerable<string> Names => Tables.Value.ByName.Keys;

    /// <summary>How MLX writes this primitive; null where it cannot.</summary>
    public static Form? Of(Primitive primitive) =>
        Tables.Value.ByType.GetValueOrDefault(primitive.GetType());

    public static Form? Named(string name) => Tables.Value.ByName.GetValueOrDefault(name);

    private static (Dictionary<string, Form>, Dictionary<Type, Form>) MakeTables()
    {
        var (names, types) = (new Dictionary<string, Form>(), new Dictionary<Type, Form>());
        foreach (var form in All())
        {
            names.Add(form.Name, form);
            foreach (var type in form.Primitives)
            {
                types.Add(type, form);
            }
        }

        return (names, types);
    }
}
