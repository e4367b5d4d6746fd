namespace Mlx.Cpu.Abi;

/// <summary>The object behind <c>mlx_device</c>: type 0 is the CPU, 1 a GPU.</summary>
internal sealed record Device(int Type, int Index)
{
    public static readonly Device Cpu = new(0, 0);
    public static readonly Device Gpu = new(1, 0);

    public bool Exists => Index == 0 && (Type == 0 || Devices.AnswersForGpu);

    public override string ToString() => $"Device({(Type == 0 ? "cpu" : "gpu")}, {Index})";
}

/// <summary>device.h; device_info is in DeviceInfo.cs.</summary>
internal static unsafe class Devices
{
    /// <summary>
    /// Whether the CPU plays the GPU as well: then a program written for a Mac runs unchanged.
    /// Metal itself is still not there, since its kernels are source code for another machine.
    /// </summary>
    public static readonly bool AnswersForGpu =
        Environment.GetEnvironmentVariable("MLX_CPU_AS_GPU") == "1";

    private static Device current = AnswersForGpu ? Device.Gpu : Device.Cpu;

    /// <summary>Refuses a device that is not there, in MLX's words for a missing GPU.</summary>
    public static void Require(Device d, string function, string verb)
    {
        if (!d.Exists)
        {
            throw new InvalidOperationException(d.Type == 0 || AnswersForGpu
                ? $"[{function}] There is no {d}."
                : $"[{function}] Cannot {verb} without gpu backend.");
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
        Require(device, "set_default_device", "set gpu device");
        current = device;
    }

    [RawExport("mlx_device_is_available")]
    public static void IsAvailable(byte* available, mlx_device d) =>
        *available = Handles.Get<Device>(d.ctx).Exists ? (byte)1 : (byte)0;

    [RawExport("mlx_device_count")]
    public static void Count(int* count, mlx_device_type type) =>
        *count = new Device((int)type, 0).Exists ? 1 : 0;

    [RawExport("mlx_metal_is_available")]
    public static void MetalIsAvailable(byte* answer) => *answer = 0;

    [RawExport("mlx_cuda_is_available")]
    public static void CudaIsAvailable(byte* answer) => *answer = 0;

    private static mlx_device Wrap(Device d) => new() { ctx = Handles.New(d) };
}
