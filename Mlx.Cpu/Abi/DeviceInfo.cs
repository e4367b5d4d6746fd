using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Text;

namespace Mlx.Cpu.Abi;

/// <summary>The object behind <c>mlx_device_info</c>: texts and sizes by name.</summary>
internal sealed class DeviceFacts : IDisposable
{
    public readonly Dictionary<string, (Utf8? Text, nuint Size)> Facts = [];

    public void Dispose()
    {
        foreach (var (text, _) in Facts.Values)
        {
            text?.Dispose();
        }

        Facts.Clear();
    }
}

/// <summary>The part of device.h that describes devices.</summary>
internal static unsafe class DeviceInfo
{
    [RawExport("mlx_device_info_new")]
    public static mlx_device_info New() => default;

    [RawExport("mlx_device_info_get")]
    public static void Get(mlx_device_info* info, mlx_device device)
    {
        var d = Handles.Get<Device>(device.ctx);
        var facts = new DeviceFacts();
        if (d.Exists)
        {
            facts.Facts["architecture"] = (new Utf8(Architecture()), 0);
            facts.Facts["device_name"] = (new Utf8(Name()), 0);
        }

        if (d.Exists && d.Type != 0)
        {
            AddSizes(facts.Facts);
        }

        Handles.Replace(&info->ctx, Handles.New(facts));
    }

    /// <summary>What programs for a Mac ask a GPU for, to plan their memory by.</summary>
    private static void AddSizes(Dictionary<string, (Utf8? Text, nuint Size)> facts)
    {
        var memory = (nuint)GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        facts["max_buffer_length"] = (null, memory);
        facts["max_recommended_working_set_size"] = (null, memory / 4 * 3);
        facts["memory_size"] = (null, memory);
        facts["resource_limit"] = (null, (nuint)int.MaxValue);
    }

    [RawExport("mlx_device_info_free")]
    public static void Free(mlx_device_info info) => Handles.Free(info.ctx);

    [RawExport("mlx_device_info_has_key")]
    public static void HasKey(byte* exists, mlx_device_info info, byte* key) =>
        *exists = Facts(info).ContainsKey(Strings.Get(key)) ? (byte)1 : (byte)0;

    [RawExport("mlx_device_info_is_string")]
    public static Status IsString(byte* isString, mlx_device_info info, byte* key)
    {
        if (!Facts(info).TryGetValue(Strings.Get(key), out var fact))
        {
            return Status.NotFound;
        }

        *isString = fact.Text is null ? (byte)0 : (byte)1;
        return Status.Ok;
    }

    /// <summary>The string belongs to the info.</summary>
    [RawExport("mlx_device_info_get_string")]
    public static Status GetString(byte** value, mlx_device_info info, byte* key)
    {
        if (!Facts(info).TryGetValue(Strings.Get(key), out var fact) || fact.Text is null)
        {
            return Status.NotFound;
        }

        *value = fact.Text.Pointer;
        return Status.Ok;
    }

    [RawExport("mlx_device_info_get_size")]
    public static Status GetSize(nuint* value, mlx_device_info info, byte* key)
    {
        if (!Facts(info).TryGetValue(Strings.Get(key), out var fact) || fact.Text is not null)
        {
            return Status.NotFound;
        }

        *value = fact.Size;
        return Status.Ok;
    }

    [RawExport("mlx_device_info_get_keys")]
    public static void GetKeys(mlx_vector_string* keys, mlx_device_info info) =>
        StringVectors.Set(keys, Facts(info).Keys);

    private static Dictionary<string, (Utf8? Text, nuint Size)> Facts(mlx_device_info info) =>
        Handles.Get<DeviceFacts>(info.ctx).Facts;

    private static string Architecture() => RuntimeInformation.OSArchitecture switch
    {
        System.Runtime.InteropServices.Architecture.X64 => "x86_64",
        System.Runtime.InteropServices.Architecture.X86 => "x86",
        System.Runtime.InteropServices.Architecture.Arm64 =>
            OperatingSystem.IsLinux() ? "aarch64" : "arm64",
        var other => other.ToString().ToLowerInvariant(),
    };

    /// <summary>The processor's own name, where it can be asked.</summary>
    private static string Name()
    {
        if (X86Base.IsSupported && X86Base.CpuId(unchecked((int)0x80000000), 0).Eax < 0)
        {
            var text = new List<byte>();
            for (var leaf = 0x80000002; leaf <= 0x80000004; leaf++)
            {
                var (a, b, c, d) = X86Base.CpuId((int)leaf, 0);
                foreach (var word in new[] { a, b, c, d })
                {
                    text.AddRange(BitConverter.GetBytes(word));
                }
            }

            var name = Encoding.ASCII.GetString([.. text]).Trim('\0', ' ');
            if (name != "")
            {
                return name;
            }
        }

        return Architecture();
    }
}
