using System.Globalization;
using System.Text;
using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Abi;

/// <summary>graph_utils.h: graphs as text and as Graphviz, written to a C stream.</summary>
internal static unsafe class GraphUtils
{
    [RawExport("mlx_node_namer_new")]
    public static mlx_node_namer New() => new() { ctx = Handles.New(new NodeNamer()) };

    [RawExport("mlx_node_namer_free")]
    public static void Free(mlx_node_namer namer) => Handles.Free(namer.ctx);

    [RawExport("mlx_node_namer_set_name")]
    public static void SetName(mlx_node_namer namer, mlx_array a, byte* name) =>
        Handles.Get<NodeNamer>(namer.ctx).Set(Handles.Node(a), Strings.Get(name));

    [RawExport("mlx_node_namer_get_name")]
    public static void GetName(byte** name, mlx_node_namer namer, mlx_array a) =>
        *name = Handles.Get<NodeNamer>(namer.ctx).Get(Handles.Node(a)).Pointer;

    [RawExport("mlx_print_graph")]
    public static void Print(void* file, mlx_node_namer namer, mlx_vector_array outputs) =>
        Write(file, GraphText.Print(
            Handles.Get<NodeNamer>(namer.ctx).Copy(), Handles.Nodes(outputs)));

    [RawExport("mlx_export_to_dot")]
    public static void ExportToDot(void* file, mlx_node_namer namer, mlx_vector_array outputs) =>
        Write(file, GraphText.Dot(
            Handles.Get<NodeNamer>(namer.ctx).Copy(), Handles.Nodes(outputs)));

    private static void Write(void* file, string text)
    {
        if (file == null)
        {
            throw new ArgumentException("[graph_utils] the stream is null.");
        }

        CLibrary.Write(file, text);
    }
}

/// <summary>
/// Names of nodes, given or made up in the sequence A, B, ..., Z, AA. Holds the nodes it named,
/// so that a name never passes to another array.
/// </summary>
internal sealed class NodeNamer : IDisposable
{
    private readonly Dictionary<Node, Utf8> names = new(ReferenceEqualityComparer.Instance);

    public void Set(Node n, string name)
    {
        if (names.Remove(n, out var old))
        {
            old.Dispose();
        }

        names[n] = new Utf8(name);
    }

    public Utf8 Get(Node n)
    {
        if (names.TryGetValue(n, out var name))
        {
            return name;
        }

        var letters = "";
        for (var rest = names.Count + 1; rest > 0; rest = (rest - 1) / 26)
        {
            letters = (char)('A' + (rest - 1) % 26) + letters;
        }

        return names[n] = new Utf8(letters);
    }

    public NodeNamer Copy()
    {
        var copy = new NodeNamer();
        foreach (var (node, name) in names)
        {
            copy.Set(node, name.Text);
        }

        return copy;
    }

    public void Dispose()
    {
        foreach (var name in names.Values)
        {
            name.Dispose();
        }

        names.Clear();
    }
}

/// <summary>The two renderings, word for word as MLX has them.</summary>
internal static class GraphText
{
    public static string Print(NodeNamer namer, Node[] outputs)
    {
        using (namer)
        {
            var all = Ordered(outputs);
            var text = new StringBuilder();
            text.Append("Inputs: ").Append(List(namer, all.Where(n => n.Primitive is null)));
            text.Append("\nOutputs: ").Append(List(namer, outputs)).Append('\n');
            foreach (var n in all.Where(n => n.Primitive is not null))
            {
                text.Append(n.Primitive!.Name).Append(' ').Append(List(namer, n.Inputs));
                text.Append(" -> ").Append(List(namer, Outputs(n))).Append('\n');
            }

            return text.ToString();
        }
    }

    public static string Dot(NodeNamer namer, Node[] outputs)
    {
        using (namer)
        {
            var all = Ordered(outputs);
            var read = new HashSet<Node>(
                all.SelectMany(n => n.Inputs), ReferenceEqualityComparer.Instance);
            var text = new StringBuilder("digraph {\n");
            for (var id = 0; id < all.Count; id++)
            {
                Describe(text, all[id], (id + 1).ToString(CultureInfo.InvariantCulture));
            }

            return text.Append('}').ToString();

            void Describe(StringBuilder t, Node n, string id)
            {
                if (n.Primitive is null)
                {
                    t.Append($"{{ rank=source; \"{namer.Get(n).Text}\"; }}\n");
                    return;
                }

                t.Append($"{{ {id} [label =\"{n.Primitive.Name}\", shape=rectangle]; }}\n");
                foreach (var i in n.Inputs)
                {
                    t.Append($"\"{namer.Get(i).Text}\" -> {id}\n");
                }

                foreach (var o in Outputs(n))
                {
                    var rank = read.Contains(o) ? "" : "rank=sink; ";
                    t.Append($"{{ {rank}\"{namer.Get(o).Text}\"; }}\n");
                    t.Append($"{id} -> \"{namer.Get(o).Text}\"\n");
                }
            }
        }
    }

    private static Node[] Outputs(Node n) => n.Siblings ?? [n];

    private static string List(NodeNamer namer, IEnumerable<Node> nodes) => string.Join(
        ", ", nodes.Select(n => $"{namer.Get(n).Text} [{Shapes.Text(n.Shape)}, {n.Dtype.Name()}]"));

    /// <summary>Inputs before what reads them; of siblings the first that is met.</summary>
    private static List<Node> Ordered(Node[] outputs)
    {
        var seen = new HashSet<Node>(ReferenceEqualityComparer.Instance);
        var order = new List<Node>();
        var walk = new Stack<(Node Node, int Next)>();
        foreach (var root in outputs)
        {
            Push(root);
            while (walk.TryPop(out var step))
            {
                if (step.Next < step.Node.Inputs.Length)
                {
                    walk.Push((step.Node, step.Next + 1));
                    Push(step.Node.Inputs[step.Next]);
                }
                else
                {
                    order.Add(step.Node);
                }
            }
        }

        return order;

        void Push(Node n)
        {
            if (!seen.Add(n))
            {
                return;
            }

            seen.UnionWith(n.Siblings ?? []);
            walk.Push((n, 0));
        }
    }
}
