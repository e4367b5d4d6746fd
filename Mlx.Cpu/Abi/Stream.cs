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
    private static readonly Stream First = new(0, Device.Cpu);
    private static int last;

    [ThreadStatic] private static Stream? current;

    private static Stream Current => current ?? First;

    /// <summary>Ops refuse a stream on a device that is not there.</summary>
    public static void Require(mlx_stream s)
    {
        if (s.ctx != null)
        {
            Devices.Require(Handles.Get<Stream>(s.ctx).Device);
        }
    }

    [RawExport("mlx_stream_new")]
    public static mlx_stream New() => default;

    [RawExport("mlx_stream_new_device")]
    public static mlx_stream NewDevice(mlx_device d)
    {
        var device = Handles.Get<Device>(d.ctx);
        Devices.Require(device);
        return Wrap(new Stream(Interlocked.Increment(ref last), device));
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
    public static void GetDefault(mlx_stream* s, mlx_device device)
    {
        Devices.Require(Handles.Get<Device>(device.ctx));
        Handles.Replace(&s->ctx, Handles.New(Current));
    }

    [RawExport("mlx_set_default_stream")]
    public static void SetDefault(mlx_stream s)
    {
        Require(s);
        current = Handles.Get<Stream>(s.ctx);
    }

    [RawExport("mlx_default_cpu_stream_new")]
    public static mlx_stream DefaultCpu() => Wrap(Current);

    [RawExport("mlx_default_gpu_stream_new")]
    public static mlx_stream DefaultGpu() => Wrap(new Stream(0, new Device(1, 0)));

    private static mlx_stream Wrap(Stream s) => new() { ctx = Handles.New(s) };
}
