using Mlx.Cpu.Graph;
using Mlx.Cpu.IO;

namespace Mlx.Cpu.Export;

/// <summary>
/// Reads <c>.mlxfn</c> files. Nothing in them is trusted: no count is believed that the file could
/// not hold, and every op is built once, on stand-ins for its inputs, by the builder that checks
/// all callers, and must give what the file declares. So an imported function is as safe as any
/// graph.
/// </summary>
internal sealed class FunctionReader
{
    // The least bytes of a trace, of an entry, of an input, and of an output's shape and dtype.
    private const int LeastTrace = 40;
    private const int LeastEntry = 10;
    private const int LeastInput = 13;
    private const int LeastShape = 8;
    private const int LeastDtype = 5;

    private readonly LittleEndianReader reader;
    private readonly Storage file;
    private readonly Dictionary<ulong, Node> constants = [];
    private string place = "the header";

    private unsafe FunctionReader(Storage file)
    {
        this.file = file;
        reader = new LittleEndianReader(file.Pointer, file.Bytes);
    }

    public static ImportedFunction Read(string path)
    {
        using var source = Files.Open("import_function", path);
        var file = NodeFiles.Map(source) ?? throw new InvalidDataException(
            $"[import_function] file {path} is malformed: it is empty.");
        file.Retain();
        var reader = new FunctionReader(file);
        try
        {
            return reader.Read();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            foreach (var c in reader.constants.Values)
            {
                c.Release();
            }

            file.Release();
            throw new InvalidDataException(
                $"[import_function] file {path} is malformed in {reader.place}: {e.Message}", e);
        }
    }

    private ImportedFunction Read()
    {
        reader.Text();
        var count = reader.Int();
        if (count < 0 || count > reader.Left / LeastTrace)
        {
            throw reader.Malformed($"{count} traces do not fit into {reader.Left} bytes");
        }

        var shapeless = reader.Bool();
        var traces = new List<ImportedTrace>(count);
        for (var i = 0; i < count; i++)
        {
            place = $"trace {i + 1} of {count}";
            traces.Add(ReadTrace());
        }

        // Behind the last trace may lie what a failed export left: MLX ignores it too.
        var held = new Held([.. constants.Values]);
        foreach (var c in held.Nodes)
        {
            c.Release();
        }

        return new ImportedFunction(traces, shapeless, held, file);
    }

    private ImportedTrace ReadTrace()
    {
        var names = new string[reader.Count(8, "names")];
        for (var i = 0; i < names.Length; i++)
        {
            names[i] = reader.Text();
            if (i > 0 && ByteOrder.Instance.Compare(names[i - 1], names[i]) >= 0)
            {
                throw reader.Malformed($"the name '{names[i]}' is not in order");
            }
        }

        var ids = reader.Sizes("inputs");
        var inputs = new (int[], Dtype)[reader.Count(LeastInput, "inputs")];
        if (inputs.Length != ids.Length || names.Length > ids.Length)
        {
            throw reader.Malformed(
                $"{ids.Length} inputs, {inputs.Length} shapes and {names.Length} names");
        }

        for (var i = 0; i < inputs.Length; i++)
        {
            inputs[i] = ReadArray();
        }

        using var nursery = Nursery.Enter();
        var values = new Values();
        for (var i = 0; i < ids.Length; i++)
        {
            var (shape, dtype) = inputs[i];
            values.Add(ids[i], Node.StandIn(shape, dtype));
        }

        var outputs = reader.Sizes("outputs");
        var steps = ReadEntries(values);
        return new ImportedTrace(
            new Signature(names, inputs), values.Constants(), steps,
            Array.ConvertAll(outputs, values.Number));
    }

    private List<ImportedStep> ReadEntries(Values values)
    {
        var where = place;
        var steps = new List<ImportedStep>();
        for (int i = 0, n = reader.Count(LeastEntry, "entries"); i < n; i++)
        {
            place = $"{where}, entry {i + 1} of {n}";
            var id = reader.Size();
            if (reader.Bool())
            {
                steps.Add(ReadStep(id, values));
            }
            else if (!reader.Bool())
            {
                values.Number(id);
            }
            else if (!values.Has(id))
            {
                values.AddConstant(id, ReadConstant(id));
            }
        }

        place = where;
        return steps;
    }

    private Node ReadConstant(ulong id)
    {
        if (constants.TryGetValue(id, out var known))
        {
            return known;
        }

        var (shape, dtype) = ReadArray();
        var constant = Node.Lazy(shape, dtype, new FileConstant(file, reader.Position));
        reader.Skip(constant.Bytes);
        constant.Retain();
        return constants[id] = constant;
    }

    private ImportedStep ReadStep(ulong id, Values values)
    {
        var inputs = Array.ConvertAll(reader.Sizes("inputs"), values.Number);
        ReadStream();
        var name = reader.Text();
        place += $" ({(name.Length <= 40 ? name : "?")})";
        var form = Forms.Named(name) ?? throw reader.Malformed(
            "Unable to deserialize the primitive, there is none of this name");
        var replay = form.Read(reader);
        var (ids, declared) = ReadOutputs(id);
        var built = replay(Array.ConvertAll(inputs, i => values[i]), declared);
        if (built.Length != declared.Length)
        {
            throw reader.Malformed($"{built.Length} outputs, not the declared {declared.Length}");
        }

        var step = new ImportedStep(replay, inputs, values.Count, declared);
        for (var i = 0; i < built.Length; i++)
        {
            var (shape, dtype) = declared[i];
            if (built[i].Dtype != dtype || !Shapes.Same(built[i].Shape, shape))
            {
                throw reader.Malformed(
                    $"{built[i].Dtype.Name()} {Shapes.Text(built[i].Shape)}, not the declared " +
                    $"{dtype.Name()} {Shapes.Text(shape)}");
            }

            values.Add(ids[i], built[i]);
        }

        return step;
    }

    /// <summary>Which stream an op ran on means nothing here, but must make sense.</summary>
    private void ReadStream()
    {
        reader.Int();
        if (reader.Int() is not (0 or 1))
        {
            throw reader.Malformed("a device that is neither a CPU nor a GPU");
        }

        reader.Int();
    }

    private (ulong[] Ids, (int[] Shape, Dtype Dtype)[] Outputs) ReadOutputs(ulong id)
    {
        var siblings = reader.Count(LeastShape + LeastDtype, "siblings");
        if (siblings == 0)
        {
            return ([id], [ReadArray()]);
        }

        var ids = reader.Sizes("outputs");
        var shapes = new int[reader.Count(LeastShape, "shapes")][];
        for (var i = 0; i < shapes.Length; i++)
        {
            shapes[i] = reader.Shape(Dtype.Complex64);
        }

        var outputs = new (int[], Dtype)[reader.Count(LeastDtype, "dtypes")];
        if (outputs.Length != ids.Length || shapes.Length != ids.Length
            || ids.Length != siblings + 1 || !ids.Contains(id))
        {
            throw reader.Malformed(
                $"{ids.Length} outputs, {shapes.Length} shapes, {outputs.Length} dtypes and " +
                $"{siblings} siblings");
        }

        for (var i = 0; i < outputs.Length; i++)
        {
            outputs[i] = (shapes[i], reader.Dtype());
        }

        return (ids, outputs);
    }

    private (int[] Shape, Dtype Dtype) ReadArray()
    {
        var shape = reader.Shape(Dtype.Complex64);
        return (shape, reader.Dtype());
    }

    /// <summary>The values of a trace by their numbers in the file, and by ours.</summary>
    private sealed class Values
    {
        private readonly Dictionary<ulong, int> numbers = [];
        private readonly List<Node> nodes = [];
        private readonly List<int> constants = [];

        public int Count => nodes.Count;

        public Node this[int number] => nodes[number];

        public bool Has(ulong id) => numbers.ContainsKey(id);

        public int Number(ulong id) => numbers.TryGetValue(id, out var number)
            ? number
            : throw new InvalidDataException($"the array {id} is used before it is there");

        public void Add(ulong id, Node node)
        {
            if (!numbers.TryAdd(id, nodes.Count))
            {
                throw new InvalidDataException($"the array {id} is there twice");
            }

            nodes.Add(node);
        }

        public void AddConstant(ulong id, Node node)
        {
            constants.Add(nodes.Count);
            Add(id, node);
        }

        /// <summary>The constants in their places, and room for the others.</summary>
        public Node?[] Constants()
        {
            var all = new Node?[nodes.Count];
            constants.ForEach(i => all[i] = nodes[i]);
            return all;
        }
    }
}
