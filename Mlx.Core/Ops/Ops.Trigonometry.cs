using Mlx.Core.Abi;

namespace Mlx.Core;

public static partial class Ops
{
    /// <summary>The sine of an angle in radians (<c>mlx.core.sin</c>).</summary>
    public static MlxArray Sin(MlxArray a, MlxStream? stream = null) => Call.Sin(a, stream);

    /// <summary>The cosine of an angle in radians (<c>mlx.core.cos</c>).</summary>
    public static MlxArray Cos(MlxArray a, MlxStream? stream = null) => Call.Cos(a, stream);

    /// <summary>The tangent of an angle in radians (<c>mlx.core.tan</c>).</summary>
    public static MlxArray Tan(MlxArray a, MlxStream? stream = null) => Call.Tan(a, stream);

    /// <summary>The angle in radians whose sine is a (<c>mlx.core.arcsin</c>).</summary>
    public static MlxArray ArcSin(MlxArray a, MlxStream? stream = null) => Call.Arcsin(a, stream);

    /// <summary>The angle in radians whose cosine is a (<c>mlx.core.arccos</c>).</summary>
    public static MlxArray ArcCos(MlxArray a, MlxStream? stream = null) => Call.Arccos(a, stream);

    /// <summary>The angle in radians whose tangent is a (<c>mlx.core.arctan</c>).</summary>
    public static MlxArray ArcTan(MlxArray a, MlxStream? stream = null) => Call.Arctan(a, stream);

    /// <summary>The hyperbolic sine (<c>mlx.core.sinh</c>).</summary>
    public static MlxArray Sinh(MlxArray a, MlxStream? stream = null) => Call.Sinh(a, stream);

    /// <summary>The hyperbolic cosine (<c>mlx.core.cosh</c>).</summary>
    public static MlxArray Cosh(MlxArray a, MlxStream? stream = null) => Call.Cosh(a, stream);

    /// <summary>The hyperbolic tangent (<c>mlx.core.tanh</c>).</summary>
    public static MlxArray Tanh(MlxArray a, MlxStream? stream = null) => Call.Tanh(a, stream);

    /// <summary>The inverse of the hyperbolic sine (<c>mlx.core.arcsinh</c>).</summary>
    public static MlxArray ArcSinh(MlxArray a, MlxStream? stream = null) => Call.Arcsinh(a, stream);

    /// <summary>The inverse of the hyperbolic cosine (<c>mlx.core.arccosh</c>).</summary>
    public static MlxArray ArcCosh(MlxArray a, MlxStream? stream = null) => Call.Arccosh(a, stream);

    /// <summary>The inverse of the hyperbolic tangent (<c>mlx.core.arctanh</c>).</summary>
    public static MlxArray ArcTanh(MlxArray a, MlxStream? stream = null) => Call.Arctanh(a, stream);
}
