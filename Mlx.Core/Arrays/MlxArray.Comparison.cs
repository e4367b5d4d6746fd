using Mlx.Core.Abi;

namespace Mlx.Core;

public sealed unsafe partial class MlxArray
{
    /// <summary>a &lt; b, elementwise.</summary>
    public static MlxArray operator <(MlxArray a, MlxArray b) => Call.Less(a, b, null);

    /// <summary>a &lt; b, elementwise.</summary>
    public static MlxArray operator <(MlxArray a, float b) =>
        Weak.Right(&Native.mlx_less, a, b, nameof(Native.mlx_less));

    /// <summary>a &lt; b, elementwise.</summary>
    public static MlxArray operator <(float a, MlxArray b) =>
        Weak.Left(&Native.mlx_less, a, b, nameof(Native.mlx_less));

    /// <summary>a &lt; b, elementwise.</summary>
    public static MlxArray operator <(MlxArray a, double b) =>
        Weak.Right(&Native.mlx_less, a, b, nameof(Native.mlx_less));

    /// <summary>a &lt; b, elementwise.</summary>
    public static MlxArray operator <(double a, MlxArray b) =>
        Weak.Left(&Native.mlx_less, a, b, nameof(Native.mlx_less));

    /// <summary>a &lt; b, elementwise.</summary>
    public static MlxArray operator <(MlxArray a, int b) =>
        Weak.Right(&Native.mlx_less, a, b, nameof(Native.mlx_less));

    /// <summary>a &lt; b, elementwise.</summary>
    public static MlxArray operator <(int a, MlxArray b) =>
        Weak.Left(&Native.mlx_less, a, b, nameof(Native.mlx_less));

    /// <summary>a &lt; b, elementwise.</summary>
    public static MlxArray operator <(MlxArray a, long b) =>
        Weak.Right(&Native.mlx_less, a, b, nameof(Native.mlx_less));

    /// <summary>a &lt; b, elementwise.</summary>
    public static MlxArray operator <(long a, MlxArray b) =>
        Weak.Left(&Native.mlx_less, a, b, nameof(Native.mlx_less));

    /// <summary>a &gt; b, elementwise.</summary>
    public static MlxArray operator >(MlxArray a, MlxArray b) => Call.Greater(a, b, null);

    /// <summary>a &gt; b, elementwise.</summary>
    public static MlxArray operator >(MlxArray a, float b) =>
        Weak.Right(&Native.mlx_greater, a, b, nameof(Native.mlx_greater));

    /// <summary>a &gt; b, elementwise.</summary>
    public static MlxArray operator >(float a, MlxArray b) =>
        Weak.Left(&Native.mlx_greater, a, b, nameof(Native.mlx_greater));

    /// <summary>a &gt; b, elementwise.</summary>
    public static MlxArray operator >(MlxArray a, double b) =>
        Weak.Right(&Native.mlx_greater, a, b, nameof(Native.mlx_greater));

    /// <summary>a &gt; b, elementwise.</summary>
    public static MlxArray operator >(double a, MlxArray b) =>
        Weak.Left(&Native.mlx_greater, a, b, nameof(Native.mlx_greater));

    /// <summary>a &gt; b, elementwise.</summary>
    public static MlxArray operator >(MlxArray a, int b) =>
        Weak.Right(&Native.mlx_greater, a, b, nameof(Native.mlx_greater));

    /// <summary>a &gt; b, elementwise.</summary>
    public static MlxArray operator >(int a, MlxArray b) =>
        Weak.Left(&Native.mlx_greater, a, b, nameof(Native.mlx_greater));

    /// <summary>a &gt; b, elementwise.</summary>
    public static MlxArray operator >(MlxArray a, long b) =>
        Weak.Right(&Native.mlx_greater, a, b, nameof(Native.mlx_greater));

    /// <summary>a &gt; b, elementwise.</summary>
    public static MlxArray operator >(long a, MlxArray b) =>
        Weak.Left(&Native.mlx_greater, a, b, nameof(Native.mlx_greater));

    /// <summary>a &lt;= b, elementwise.</summary>
    public static MlxArray operator <=(MlxArray a, MlxArray b) => Call.LessEqual(a, b, null);

    /// <summary>a &lt;= b, elementwise.</summary>
    public static MlxArray operator <=(MlxArray a, float b) =>
        Weak.Right(&Native.mlx_less_equal, a, b, nameof(Native.mlx_less_equal));

    /// <summary>a &lt;= b, elementwise.</summary>
    public static MlxArray operator <=(float a, MlxArray b) =>
        Weak.Left(&Native.mlx_less_equal, a, b, nameof(Native.mlx_less_equal));

    /// <summary>a &lt;= b, elementwise.</summary>
    public static MlxArray operator <=(MlxArray a, double b) =>
        Weak.Right(&Native.mlx_less_equal, a, b, nameof(Native.mlx_less_equal));

    /// <summary>a &lt;= b, elementwise.</summary>
    public static MlxArray operator <=(double a, MlxArray b) =>
        Weak.Left(&Native.mlx_less_equal, a, b, nameof(Native.mlx_less_equal));

    /// <summary>a &lt;= b, elementwise.</summary>
    public static MlxArray operator <=(MlxArray a, int b) =>
        Weak.Right(&Native.mlx_less_equal, a, b, nameof(Native.mlx_less_equal));

    /// <summary>a &lt;= b, elementwise.</summary>
    public static MlxArray operator <=(int a, MlxArray b) =>
        Weak.Left(&Native.mlx_less_equal, a, b, nameof(Native.mlx_less_equal));

    /// <summary>a &lt;= b, elementwise.</summary>
    public static MlxArray operator <=(MlxArray a, long b) =>
        Weak.Right(&Native.mlx_less_equal, a, b, nameof(Native.mlx_less_equal));

    /// <summary>a &lt;= b, elementwise.</summary>
    public static MlxArray operator <=(long a, MlxArray b) =>
        Weak.Left(&Native.mlx_less_equal, a, b, nameof(Native.mlx_less_equal));

    /// <summary>a &gt;= b, elementwise.</summary>
    public static MlxArray operator >=(MlxArray a, MlxArray b) => Call.GreaterEqual(a, b, null);

    /// <summary>a &gt;= b, elementwise.</summary>
    public static MlxArray operator >=(MlxArray a, float b) =>
        Weak.Right(&Native.mlx_greater_equal, a, b, nameof(Native.mlx_greater_equal));

    /// <summary>a &gt;= b, elementwise.</summary>
    public static MlxArray operator >=(float a, MlxArray b) =>
        Weak.Left(&Native.mlx_greater_equal, a, b, nameof(Native.mlx_greater_equal));

    /// <summary>a &gt;= b, elementwise.</summary>
    public static MlxArray operator >=(MlxArray a, double b) =>
        Weak.Right(&Native.mlx_greater_equal, a, b, nameof(Native.mlx_greater_equal));

    /// <summary>a &gt;= b, elementwise.</summary>
    public static MlxArray operator >=(double a, MlxArray b) =>
        Weak.Left(&Native.mlx_greater_equal, a, b, nameof(Native.mlx_greater_equal));

    /// <summary>a &gt;= b, elementwise.</summary>
    public static MlxArray operator >=(MlxArray a, int b) =>
        Weak.Right(&Native.mlx_greater_equal, a, b, nameof(Native.mlx_greater_equal));

    /// <summary>a &gt;= b, elementwise.</summary>
    public static MlxArray operator >=(int a, MlxArray b) =>
        Weak.Left(&Native.mlx_greater_equal, a, b, nameof(Native.mlx_greater_equal));

    /// <summary>a &gt;= b, elementwise.</summary>
    public static MlxArray operator >=(MlxArray a, long b) =>
        Weak.Right(&Native.mlx_greater_equal, a, b, nameof(Native.mlx_greater_equal));

    /// <summary>a &gt;= b, elementwise.</summary>
    public static MlxArray operator >=(long a, MlxArray b) =>
        Weak.Left(&Native.mlx_greater_equal, a, b, nameof(Native.mlx_greater_equal));
}
