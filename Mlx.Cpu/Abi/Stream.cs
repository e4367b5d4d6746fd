using Mlx.Cpu.Graph;

namespace Mlx.Cpu.Abi;

/// <summary>
/// The object behind <c>mlx_stream</c>: a name only, since this engine runs one evaluation at a
/// time and orders work by data alone.
/// </summary>
internal sealed record Stream(int Index, Device Device)
{
    public override string ToString() => $"Stream({Device}, {Index})";
}

/// <summary>stream.h.</summary>
internal static unsafe class Streams
{
    private static int made;

    // The default stream of each type of device: of the process, until a thread sets its own.
    private static readonly Lazy<Stream>[] First =
        [new(() => Make(Device.Cpu)), new(() => Make(Device.Gpu))];

    [ThreadStatic] private static Stream?[]? own;

    /// <summary>Ops refuse an empty stream.</summary>
    public static void Require(mlx_stream s) => Handles.Get<Stream>(s.ctx);

    private static Stream Make(Device d) => new(Interlocked.Increment(ref made) - 1, d);

    private static Stream DefaultOf(Device d)
    {
        Devices.Require(d, "default_stream", "get gpu stream");
        return own?[d.Type] ?? First[d.Type].Value;
    }

    [RawExport("mlx_stream_new")]
    public static mlx_stream New() => default;

    [RawExport("mlx_stream_new_device")]
    public static mlx_stream NewDevice(mlx_device d)
    {
        var device = Handles.Get<Device>(d.ctx);
        Devices.Require(device, "new_stream", "make gpu stream");
        return Wrap(Make(device));
    }

    [RawExport("mlx_stream_set")]
    public static void Set(mlx_stream* target, mlx_stream source) =>
        Handles.Replace(&target->ctx, Handles.New(Handles.Get<Stream>(source.ctx)));

    [RawExport("mlx_stream_free")]
    public static void Free(mlx_stream s) => Handles.Free(s.ctx);

    [RawExport("mlx_stream_tostring")]
    public static void Describe(mlx_string* text, mlx_stream s) =>
        Strings.Set(text, Handles.Get<Stream>(s.ctx).ToString());

    [RawExport("mlx_stream_equal")]
    public static bool AreEqual(mlx_stream a, mlx_stream b) =>
        Equals(Handles.GetOrNull<Stream>(a.ctx), Handles.GetOrNull<Stream>(b.ctx));

    [RawExport("mlx_stream_get_device")]
    public static void GetDevice(mlx_device* device, mlx_stream s) =>
        Handles.Replace(&device->ctx, Handles.New(Handles.Get<Stream>(s.ctx).Device));

    [RawExport("mlx_stream_get_index")]
    public static void GetIndex(int* index, mlx_stream s) =>
        *index = Handles.Get<Stream>(s.ctx).Index;

    [RawExport("mlx_synchronize")]
    public static void Synchronize(mlx_stream s)
    {
        Require(s);
        AsyncEvaluator.Drain();
    }

    [RawExport("mlx_get_default_stream")]
    public static void GetDefault(mlx_stream* s, mlx_device device) =>
        Handles.Replace(&s->ctx, Handles.New(DefaultOf(Handles.Get<Device>(device.ctx))));

    [RawExport("mlx_set_default_stream")]
    public static void SetDefault(mlx_stream s)
    {
        var stream = Handles.Get<Stream>(s.ctx);
        own ??= new Stream?[First.Length];
        own[stream.Device.Type] = stream;
    }

    [RawExport("mlx_default_cpu_stream_new")]
    public static mlx_stream DefaultCpu() => Wrap(DefaultOf(Device.Cpu));

    [RawExport("mlx_default_gpu_stream_new")]
    public static mlx_stream DefaultGpu() => Wrap(DefaultOf(Device.Gpu));

    private static mlx_stream Wrap(Stream s) => new() { ctx = Handles.New(s) };
}
