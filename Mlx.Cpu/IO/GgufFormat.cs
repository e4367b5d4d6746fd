using Mlx.Cpu.Graph;

namespace Mlx.Cpu.IO;

/// <summary>What a gguf file holds: a metadata value is a Node, a string or a string[].</summary>
internal sealed class GgufContent
{
    public readonly List<(string Name, Node Array)> Arrays = [];
    public readonly List<(string Key, object Value)> Metadata = [];
}

/// <summary>The numbers of the gguf format, versions 2 and 3 (little-endian).</summary>
internal static class GgufFormat
{
    public const uint Magic = 0x46554747;
    public const uint Version = 3;
    public const uint TextType = 8;
    public const uint ArrayType = 9;
    public const uint Float64Type = 12;
    public const int MaxDimensions = 8;
    public const int DefaultAlignment = 32;
    public const string AlignmentKey = "general.alignment";

    /// <summary>Metadata types by number; null where a value is no number.</summary>
    public static readonly Dtype?[] ValueTypes =
    [
        Dtype.UInt8, Dtype.Int8, Dtype.UInt16, Dtype.Int16, Dtype.UInt32, Dtype.Int32,
        Dtype.Float32, Dtype.Bool, null, null, Dtype.UInt64, Dtype.Int64, Dtype.Float64,
    ];

    public static Dtype? TensorType(uint type) => type switch
    {
        0 => Dtype.Float32,
        1 => Dtype.Float16,
        24 => Dtype.Int8,
        25 => Dtype.Int16,
        26 => Dtype.Int32,
        30 => Dtype.BFloat16,
        _ => null,
    };

    /// <summary>Bytes of a block of 32 weights.</summary>
    public static int? QuantizedBlock(uint type) => type switch
    {
        2 => 18,
        3 => 20,
        8 => 34,
        _ => null,
    };

    public static uint? TensorNumber(Dtype dtype) => dtype switch
    {
        Dtype.Float32 => 0,
        Dtype.Float16 => 1,
        Dtype.Int8 => 24,
        Dtype.Int16 => 25,
        Dtype.Int32 => 26,
        _ => null,
    };

    public static long Align(long offset, long alignment) =>
        checked((offset + alignment - 1) / alignment * alignment);
}
