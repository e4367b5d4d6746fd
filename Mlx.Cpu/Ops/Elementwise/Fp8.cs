using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Mlx.Cpu.Abi;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Kernels;
using Mlx.Cpu.Kernels.Quantized;

namespace Mlx.Cpu.Ops;

/// <summary>
/// Floats as bytes of sign, 4 bits of exponent and 3 of mantissa (E4M3), and back.
/// </summary>
internal sealed unsafe class Fp8(bool encode, Dtype dtype) : ElementwisePrimitive
{
    private readonly bool encode = encode;
    private readonly Dtype dtype = dtype;

    public override Kernel Kernel(Node[] inputs, Dtype output) => encode
        ? inputs[0].Dtype switch
        {
            Dtype.Float16 => &Loops.Recode<F16, E4M3, float>,
            Dtype.BFloat16 => &Loops.Recode<BF16, E4M3, float>,
            _ => &Loops.Recode<Plain<float>, E4M3, float>,
        }
        : output switch
        {
            Dtype.Float16 => &Loops.Recode<E4M3, F16, float>,
            Dtype.BFloat16 => &Loops.Recode<E4M3, BF16, float>,
            _ => &Loops.Recode<E4M3, Plain<float>, float>,
        };

    public override Dtype OutputDtype(Node[] inputs) => dtype;

    public override bool SameAs(Primitive other) =>
        other is Fp8 f && f.encode == encode && f.dtype == dtype;

    /// <summary>
    /// Decoding is a look into a table of 256 numbers. Encoding cannot be written.
    /// </summary>
    public override Node[]? Lower(Node[] inputs)
    {
        if (encode)
        {
            return null;
        }

        var table = new float[256];
        for (var i = 0; i < table.Length; i++)
        {
            table[i] = QuantFormat.E4M3((byte)i);
        }

        return [Op.Take(Op.AsType(Op.Vector(table), dtype), inputs[0], 0)];
    }

    /// <summary>
    /// The bias is 7; the largest number is 448, to which all beyond (and NaN) is cut.
    /// </summary>
    private readonly struct E4M3 : IElement<float>
    {
        public static int Size => 1;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<float> Load(byte* from)
        {
            var bits = Lanes.Words(Vector128.Load(from));
            var magnitude = ((bits & Vector512.Create(0x7Fu)) << 20).AsSingle();
            var sign = (bits & Vector512.Create(0x80u)) << 24;
            var scaled = magnitude * Vector512.Create(1.329227995784916e36f); // 2^120
            return (scaled.AsUInt32() | sign).AsSingle();
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Store(Vector512<float> vector, byte* to)
        {
            var bits = vector.AsUInt32();
            var magnitude = bits & Vector512.Create(0x7FFFFFFFu);
            var sign = (bits ^ magnitude) >> 24;

            // Subnormal: an addition lets the hardware round at 2^-9.
            var lift = Vector512.Create(141u << 23);
            var low = (magnitude.AsSingle() + lift.AsSingle()).AsUInt32() - lift;
            var odd = (magnitude >> 20) & Vector512<uint>.One;
            var rebias = Vector512.Create(unchecked((uint)(7 - 127) << 23) + 0x7FFFF);
            var high = (magnitude + rebias + odd) >> 20;
            var result = Vector512.ConditionalSelect(
                Vector512.LessThan(magnitude, Vector512.Create(121u << 23)), low, high);
            var inRange = Vector512.LessThan(magnitude, Vector512.Create(543u << 21));
            result = Vector512.ConditionalSelect(inRange, result, Vector512.Create(0x7Eu));
            Lanes.Bytes(result | sign).Store(to);
        }
    }
}

internal static partial class Op
{
    [Export("mlx_to_fp8")]
    public static Node ToFp8(Node x)
    {
        Floating(x.Dtype, "to_fp8");
        var source = x.Dtype == Dtype.Float64 ? AsType(x, Dtype.Float32) : x;
        return Node.Lazy(x.Shape, Dtype.UInt8, new Fp8(true, Dtype.UInt8), source);
    }

    [Export("mlx_from_fp8")]
    public static Node FromFp8(Node x, Dtype dtype)
    {
        Floating(dtype, "from_fp8");
        if (x.Dtype != Dtype.UInt8)
        {
            throw new ArgumentException(
                $"[from_fp8] Input must have type uint8 but {x.Dtype.Name()} was provided.");
        }

        var direct = dtype == Dtype.Float64 ? Dtype.Float32 : dtype;
        return AsType(Node.Lazy(x.Shape, direct, new Fp8(false, direct), x), dtype);
    }

    private static void Floating(Dtype dtype, string name)
    {
        if (!dtype.IsFloating())
        {
            throw new ArgumentException(
                $"[{name}] Only real floating types are supported but got {dtype.Name()}.");
        }
    }
}
