namespace Mlx.Cpu.Abi;

/// <summary>The object behind <c>mlx_device</c>: type 0 is the CPU, 1 a GPU.</summary>
internal sealed record Device(int Type, int Index)
{
    public static readonly Device Cpu = new(0, 0);

    public bool Exists => Type == 0 && Index == 0;

    public override string ToString() => $"Device({(Type == 0 ? "cpu" : "gpu")}, {Index})";
}

/// <summary>device.h; device_info is in DeviceInfo.cs.</summary>
internal static unsafe class Devices
{
    private static Device current = Device.Cpu;

    public static void Require(Device d)
    {
        if (!d.Exists)
        {
            throw new InvalidOperationException(
                $"[Device] {d} is not available: this engine computes on the CPU.");
        }
    }

    [RawExport("mlx_device_new")]
    public static mlx_device New() => default;

    [RawExport("mlx_device_new_type")]
    public static mlx_device NewType(mlx_device_type type, int index) =>
        Wrap(new Device((int)type, index));

    [RawExport("mlx_device_free")]
    public static void Free(mlx_device d) => Handles.Free(d.ctx);

    [RawExport("mlx_device_set")]
    public static void Set(mlx_device* target, mlx_device source) =>
        Handles.Replace(&target->ctx, Handles.New(Handles.Get<Device>(source.ctx)));

    [RawExport("mlx_device_tostring")]
    public static void Describe(mlx_string* text, mlx_device d) =>
        Strings.Set(text, Handles.Get<Device>(d.ctx).ToString());

    [RawExport("mlx_device_equal")]
    public static bool AreEqual(mlx_device a, mlx_device b) =>
        Equals(Handles.GetOrNull<Device>(a.ctx), Handles.GetOrNull<Device>(b.ctx));

    [RawExport("mlx_device_get_index")]
    public static void GetIndex(int* index, mlx_device d) =>
        *index = Handles.Get<Device>(d.ctx).Index;

    [RawExport("mlx_device_get_type")]
    public static void GetType(mlx_device_type* type, mlx_device d) =>
        *type = (mlx_device_type)Handles.Get<Device>(d.ctx).Type;

    [RawExport("mlx_get_default_device")]
    public static void GetDefault(mlx_device* d) =>
        Handles.Replace(&d->ctx, Handles.New(current));

    [RawExport("mlx_set_default_device")]
    public static void SetDefault(mlx_device d)
    {
        var device = Handles.Get<Device>(d.ctx);
        Require(device);
        current = device;
    }

    [RawExport("mlx_device_is_available")]
    public static void IsAvailable(byte* available, mlx_device d) =>
        *available = Handles.Get<Device>(d.ctx).Exists ? (byte)1 : (byte)0;

    [RawExport("mlx_device_count")]
    public static void Count(int* count, mlx_device_type type) => *count = type == 0 ? 1 : 0;

    [RawExport("mlx_metal_is_available")]
    public static void MetalIsAvailable(byte* answer) => *answer = 0;

    [RawExport("mlx_cuda_is_available")]
    public static void CudaIsAvailable(byte* answer) => *answer = 0;

    private static mlx_device Wrap(Device d) => new() { ctx = Handles.New(d) };
}
