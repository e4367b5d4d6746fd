using Mlx.Core.Abi;

namespace Mlx.Core;

/// <summary>Kinds of device.</summary>
public enum DeviceType
{
    /// <summary>The processor.</summary>
    Cpu = mlx_device_type.MLX_CPU,

    /// <summary>The graphics processor.</summary>
    Gpu = mlx_device_type.MLX_GPU,
}

/// <summary>Where ops compute.</summary>
/// <param name="Type">The kind.</param>
/// <param name="Index">Which one of its kind.</param>
public readonly record struct Device(DeviceType Type, int Index = 0)
{
    /// <summary>The processor.</summary>
    public static Device Cpu => new(DeviceType.Cpu);

    /// <summary>The first GPU.</summary>
    public static Device Gpu => new(DeviceType.Gpu);

    /// <summary>
    /// The device of ops that name no stream: the GPU where the engine has one. Setting it also
    /// changes <see cref="MlxStream.Default"/>.
    /// </summary>
    public static unsafe Device Default
    {
        get
        {
            mlx_device d = default;
            Result.Check(Native.mlx_get_default_device(&d), nameof(Native.mlx_get_default_device));
            return Take(d);
        }

        set
        {
            var d = value.New();
            try
            {
                var status = Native.mlx_set_default_device(d);
                Result.Check(status, nameof(Native.mlx_set_default_device));
                MlxStream.ForgetDefault();
            }
            finally
            {
                _ = Native.mlx_device_free(d);
            }
        }
    }

    /// <summary>True where the engine can compute on this device.</summary>
    public unsafe bool IsAvailable
    {
        get
        {
            var d = New();
            try
            {
                byte answer = 0;
                var status = Native.mlx_device_is_available(&answer, d);
                Result.Check(status, nameof(Native.mlx_device_is_available));
                return answer != 0;
            }
            finally
            {
                _ = Native.mlx_device_free(d);
            }
        }
    }

    /// <summary>How many devices of a kind there are.</summary>
    public static unsafe int Count(DeviceType type)
    {
        int n = 0;
        var status = Native.mlx_device_count(&n, (mlx_device_type)type);
        Result.Check(status, nameof(Native.mlx_device_count));
        return n;
    }

    /// <summary><c>cpu:0</c>.</summary>
    public override string ToString() => $"{(Type == DeviceType.Cpu ? "cpu" : "gpu")}:{Index}";

    internal mlx_device New() => Native.mlx_device_new_type((mlx_device_type)Type, Index);

    internal static unsafe Device Take(mlx_device d)
    {
        try
        {
            mlx_device_type type;
            int index;
            var status = Native.mlx_device_get_type(&type, d);
            Result.Check(status, nameof(Native.mlx_device_get_type));
            status = Native.mlx_device_get_index(&index, d);
            Result.Check(status, nameof(Native.mlx_device_get_index));
            return new Device((DeviceType)type, index);
        }
        finally
        {
            _ = Native.mlx_device_free(d);
        }
    }
}
