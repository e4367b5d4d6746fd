namespace Mlx.Cpu.Kernels;

/// <summary>
/// A vector of float32 of some width. Long formulas are written over this, so that each width is
/// compiled from plain instructions: the JIT gives up inlining when it has to split hundreds of
/// 512-bit operations in two or four.
/// </summary>
internal unsafe interface IFloatVector<V> where V : struct, IFloatVector<V>
{
    static abstract int Count { get; }

    static abstract V Load(float* from);

    static abstract void Store(V vector, float* to);

    static abstract V Of(float value);

    static abstract V Zero { get; }

    static abstract V One { get; }

    static abstract V operator +(V x, V y);

    static abstract V operator -(V x, V y);

    static abstract V operator *(V x, V y);

    static abstract V operator /(V x, V y);

    static abstract V operator -(V x);

    static abstract V operator &(V x, V y);

    static abstract V operator |(V x, V y);

    static abstract V operator ^(V x, V y);

    static abstract V operator ~(V x);

    static abstract V Abs(V x);

    static abstract V Sqrt(V x);

    /// <summary>To the nearest integer, the even one of two.</summary>
    static abstract V Round(V x);

    static abstract V Floor(V x);

    static abstract V Truncate(V x);

    /// <summary>The lesser; the second if either is NaN.</summary>
    static abstract V Min(V x, V y);

    /// <summary>The greater; the second if either is NaN.</summary>
    static abstract V Max(V x, V y);

    /// <summary>x y + z, fused where that is cheap.</summary>
    static abstract V MultiplyAdd(V x, V y, V z);

    /// <summary>x y + z with one rounding; slow without the instruction.</summary>
    static abstract V Fused(V x, V y, V z);

    /// <summary>x 2^k for integral k.</summary>
    static abstract V Scale(V x, V k);

    static abstract V If(V mask, V yes, V no);

    static abstract V Less(V x, V y);

    static abstract V Greater(V x, V y);

    static abstract V GreaterOrEqual(V x, V y);

    static abstract V Equal(V x, V y);

    static abstract bool AllLess(V x, V y);

    static abstract bool AllEqual(V x, V y);

    static abstract bool AnyGreater(V x, V y);

    /// <summary>The value rounded, as the bits of an int32.</summary>
    static abstract V ToInt(V x);

    /// <summary>Bits of an int32 as a value.</summary>
    static abstract V FromInt(V bits);

    /// <summary>Sums and shifts of lanes that hold an int32.</summary>
    static abstract V AddInt(V x, int y);

    static abstract V ShiftLeft(V x, int count);

    static abstract V ShiftRight(V x, int count);

    static abstract V Each(V x, delegate*<float, float> f);

    static abstract V Each(V x, V y, delegate*<float, float, float> f);
}
