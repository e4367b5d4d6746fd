using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Mlx.Cpu.Kernels;

/// <summary>Reads stored numbers as a vector of floats.</summary>
internal unsafe interface IFloatLoads<TStored, TVector>
    where TStored : unmanaged
    where TVector : struct
{
    static abstract TVector Load(TStored* source);

    static abstract float LoadOne(TStored* source);
}

/// <summary>Floats as they are.</summary>
internal readonly unsafe struct SameLoads<TVector, TLanes> : IFloatLoads<float, TVector>
    where TVector : struct
    where TLanes : struct, ISimdLanes<float, TVector>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Load(float* source) => TLanes.Load(source);

    public static float LoadOne(float* source) => *source;
}

/// <summary>Sixteen bits a number, widened in registers to whichever vector is asked for.
/// </summary>
internal readonly unsafe struct Float16Loads<TFloat16> :
    IFloatLoads<ushort, Vector512<float>>,
    IFloatLoads<ushort, Vector256<float>>,
    IFloatLoads<ushort, Vector128<float>>,
    IFloatLoads<ushort, float>
    where TFloat16 : struct, IFloat16
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<float> IFloatLoads<ushort, Vector512<float>>.Load(ushort* source) =>
        TFloat16.Widen(Vector512.WidenLower(Vector256.Load(source).ToVector512Unsafe()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<float> IFloatLoads<ushort, Vector256<float>>.Load(ushort* source) =>
        TFloat16.Widen(Vector256.WidenLower(Vector128.Load(source).ToVector256Unsafe()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector128<float> IFloatLoads<ushort, Vector128<float>>.Load(ushort* source) =>
        TFloat16.Widen(Vector128.WidenLower(Vector64.Load(source).ToVector128Unsafe()));

    static float IFloatLoads<ushort, float>.Load(ushort* source) => TFloat16.Widen(*source);

    static float IFloatLoads<ushort, Vector512<float>>.LoadOne(ushort* source) =>
        TFloat16.Widen(*source);

    static float IFloatLoads<ushort, Vector256<float>>.LoadOne(ushort* source) =>
        TFloat16.Widen(*source);

    static float IFloatLoads<ushort, Vector128<float>>.LoadOne(ushort* source) =>
        TFloat16.Widen(*source);

    static float IFloatLoads<ushort, float>.LoadOne(ushort* source) => TFloat16.Widen(*source);
}
