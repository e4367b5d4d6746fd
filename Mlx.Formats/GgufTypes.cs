namespace Mlx.Formats;

/// <summary>The types of tensors in a gguf file, by the format's numbers.</summary>
internal enum GgufType : uint
{
    F32 = 0,
    F16 = 1,
    Q4_0 = 2,
    Q4_1 = 3,
    Q5_0 = 6,
    Q5_1 = 7,
    Q8_0 = 8,
    Q8_1 = 9,
    Q2_K = 10,
    Q3_K = 11,
    Q4_K = 12,
    Q5_K = 13,
    Q6_K = 14,
    Q8_K = 15,
    IQ2_XXS = 16,
    IQ2_XS = 17,
    IQ3_XXS = 18,
    IQ1_S = 19,
    IQ4_NL = 20,
    IQ3_S = 21,
    IQ2_S = 22,
    IQ4_XS = 23,
    I8 = 24,
    I16 = 25,
    I32 = 26,
    I64 = 27,
    F64 = 28,
    IQ1_M = 29,
    BF16 = 30,
    TQ1_0 = 34,
    TQ2_0 = 35,
    MXFP4 = 39,
}

/// <summary>How tensors of each type lie in the file, and what arrays they become.</summary>
internal static class GgufTypes
{
    /// <summary>Weights of a block and the bytes it takes; null for what cannot be read.</summary>
    public static (int Weights, int Bytes)? Block(this GgufType type) => type switch
    {
        GgufType.I8 => (1, 1),
        GgufType.F16 or GgufType.BF16 or GgufType.I16 => (1, 2),
        GgufType.F32 or GgufType.I32 => (1, 4),
        GgufType.F64 or GgufType.I64 => (1, 8),
        GgufType.Q4_0 => (32, 18),
        GgufType.Q4_1 => (32, 20),
        GgufType.Q5_0 => (32, 22),
        GgufType.Q5_1 => (32, 24),
        GgufType.Q8_0 => (32, 34),
        GgufType.Q2_K => (256, 84),
        GgufType.Q3_K => (256, 110),
        GgufType.Q4_K => (256, 144),
        GgufType.Q5_K => (256, 176),
        GgufType.Q6_K => (256, 210),
        _ => null,
    };

    /// <summary>Elements that are taken as they lie.</summary>
    public static ElementType? Direct(this GgufType type) => type switch
    {
        GgufType.F32 => ElementType.Float32,
        GgufType.F16 => ElementType.Float16,
        GgufType.F64 => ElementType.Float64,
        GgufType.I8 => ElementType.Int8,
        GgufType.I16 => ElementType.Int16,
        GgufType.I32 => ElementType.Int32,
        GgufType.I64 => ElementType.Int64,
        _ => null,
    };

    /// <summary>Bits of a code where blocks become weight, scales and biases; else null.</summary>
    public static int? CodeBits(this GgufType type) => type switch
    {
        GgufType.Q4_0 or GgufType.Q4_1 => 4,
        GgufType.Q8_0 => 8,
        _ => null,
    };

    /// <summary>The type that elements are written as. MLX reads none of the others as they are.
    /// </summary>
    public static GgufType? Of(ElementType type) => type switch
    {
        ElementType.Float32 => GgufType.F32,
        ElementType.Float16 => GgufType.F16,
        ElementType.Float64 => GgufType.F64,
        ElementType.Int8 => GgufType.I8,
        ElementType.Int16 => GgufType.I16,
        ElementType.Int32 => GgufType.I32,
        ElementType.Int64 => GgufType.I64,
        _ => null,
    };
}
