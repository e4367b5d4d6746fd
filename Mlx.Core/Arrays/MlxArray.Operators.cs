using Mlx.Core.Abi;

namespace Mlx.Core;

public sealed unsafe partial class MlxArray
{
    /// <summary>a.</summary>
    public static MlxArray operator +(MlxArray a) => a.Alias();

    /// <summary>-a.</summary>
    public static MlxArray operator -(MlxArray a) => Call.Negative(a, null);

    /// <summary>All bits of integers flipped; logical not of bools.</summary>
    public static MlxArray operator ~(MlxArray a) => Call.BitwiseInvert(a, null);

    /// <summary>True where an element is zero or false.</summary>
    public static MlxArray operator !(MlxArray a) => Call.LogicalNot(a, null);

    /// <summary>Bitwise (for bools logical) and.</summary>
    public static MlxArray operator &(MlxArray a, MlxArray b) => Call.BitwiseAnd(a, b, null);

    /// <summary>Bitwise (for bools logical) or.</summary>
    public static MlxArray operator |(MlxArray a, MlxArray b) => Call.BitwiseOr(a, b, null);

    /// <summary>Bitwise (for bools logical) exclusive or.</summary>
    public static MlxArray operator ^(MlxArray a, MlxArray b) => Call.BitwiseXor(a, b, null);

    /// <summary>Bits shifted up.</summary>
    public static MlxArray operator <<(MlxArray a, int b) =>
        Weak.Right(&Native.mlx_left_shift, a, b, nameof(Native.mlx_left_shift));

    /// <summary>Bits shifted down.</summary>
    public static MlxArray operator >>(MlxArray a, int b) =>
        Weak.Right(&Native.mlx_right_shift, a, b, nameof(Native.mlx_right_shift));
}
