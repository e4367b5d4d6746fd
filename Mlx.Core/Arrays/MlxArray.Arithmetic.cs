using Mlx.Core.Abi;

namespace Mlx.Core;

// A number beside an array is weak, as in MLX: see Weak.
public sealed unsafe partial class MlxArray
{
    /// <summary>a + b.</summary>
    public static MlxArray operator +(MlxArray a, MlxArray b) => Call.Add(a, b, null);

    /// <summary>a + b.</summary>
    public static MlxArray operator +(MlxArray a, float b) =>
        Weak.Right(&Native.mlx_add, a, b, nameof(Native.mlx_add));

    /// <summary>a + b.</summary>
    public static MlxArray operator +(float a, MlxArray b) =>
        Weak.Left(&Native.mlx_add, a, b, nameof(Native.mlx_add));

    /// <summary>a + b.</summary>
    public static MlxArray operator +(MlxArray a, double b) =>
        Weak.Right(&Native.mlx_add, a, b, nameof(Native.mlx_add));

    /// <summary>a + b.</summary>
    public static MlxArray operator +(double a, MlxArray b) =>
        Weak.Left(&Native.mlx_add, a, b, nameof(Native.mlx_add));

    /// <summary>a + b.</summary>
    public static MlxArray operator +(MlxArray a, int b) =>
        Weak.Right(&Native.mlx_add, a, b, nameof(Native.mlx_add));

    /// <summary>a + b.</summary>
    public static MlxArray operator +(int a, MlxArray b) =>
        Weak.Left(&Native.mlx_add, a, b, nameof(Native.mlx_add));

    /// <summary>a + b.</summary>
    public static MlxArray operator +(MlxArray a, long b) =>
        Weak.Right(&Native.mlx_add, a, b, nameof(Native.mlx_add));

    /// <summary>a + b.</summary>
    public static MlxArray operator +(long a, MlxArray b) =>
        Weak.Left(&Native.mlx_add, a, b, nameof(Native.mlx_add));

    /// <summary>a - b.</summary>
    public static MlxArray operator -(MlxArray a, MlxArray b) => Call.Subtract(a, b, null);

    /// <summary>a - b.</summary>
    public static MlxArray operator -(MlxArray a, float b) =>
        Weak.Right(&Native.mlx_subtract, a, b, nameof(Native.mlx_subtract));

    /// <summary>a - b.</summary>
    public static MlxArray operator -(float a, MlxArray b) =>
        Weak.Left(&Native.mlx_subtract, a, b, nameof(Native.mlx_subtract));

    /// <summary>a - b.</summary>
    public static MlxArray operator -(MlxArray a, double b) =>
        Weak.Right(&Native.mlx_subtract, a, b, nameof(Native.mlx_subtract));

    /// <summary>a - b.</summary>
    public static MlxArray operator -(double a, MlxArray b) =>
        Weak.Left(&Native.mlx_subtract, a, b, nameof(Native.mlx_subtract));

    /// <summary>a - b.</summary>
    public static MlxArray operator -(MlxArray a, int b) =>
        Weak.Right(&Native.mlx_subtract, a, b, nameof(Native.mlx_subtract));

    /// <summary>a - b.</summary>
    public static MlxArray operator -(int a, MlxArray b) =>
        Weak.Left(&Native.mlx_subtract, a, b, nameof(Native.mlx_subtract));

    /// <summary>a - b.</summary>
    public static MlxArray operator -(MlxArray a, long b) =>
        Weak.Right(&Native.mlx_subtract, a, b, nameof(Native.mlx_subtract));

    /// <summary>a - b.</summary>
    public static MlxArray operator -(long a, MlxArray b) =>
        Weak.Left(&Native.mlx_subtract, a, b, nameof(Native.mlx_subtract));

    /// <summary>a * b.</summary>
    public static MlxArray operator *(MlxArray a, MlxArray b) => Call.Multiply(a, b, null);

    /// <summary>a * b.</summary>
    public static MlxArray operator *(MlxArray a, float b) =>
        Weak.Right(&Native.mlx_multiply, a, b, nameof(Native.mlx_multiply));

    /// <summary>a * b.</summary>
    public static MlxArray operator *(float a, MlxArray b) =>
        Weak.Left(&Native.mlx_multiply, a, b, nameof(Native.mlx_multiply));

    /// <summary>a * b.</summary>
    public static MlxArray operator *(MlxArray a, double b) =>
        Weak.Right(&Native.mlx_multiply, a, b, nameof(Native.mlx_multiply));

    /// <summary>a * b.</summary>
    public static MlxArray operator *(double a, MlxArray b) =>
        Weak.Left(&Native.mlx_multiply, a, b, nameof(Native.mlx_multiply));

    /// <summary>a * b.</summary>
    public static MlxArray operator *(MlxArray a, int b) =>
        Weak.Right(&Native.mlx_multiply, a, b, nameof(Native.mlx_multiply));

    /// <summary>a * b.</summary>
    public static MlxArray operator *(int a, MlxArray b) =>
        Weak.Left(&Native.mlx_multiply, a, b, nameof(Native.mlx_multiply));

    /// <summary>a * b.</summary>
    public static MlxArray operator *(MlxArray a, long b) =>
        Weak.Right(&Native.mlx_multiply, a, b, nameof(Native.mlx_multiply));

    /// <summary>a * b.</summary>
    public static MlxArray operator *(long a, MlxArray b) =>
        Weak.Left(&Native.mlx_multiply, a, b, nameof(Native.mlx_multiply));

    /// <summary>a / b; integers become float32.</summary>
    public static MlxArray operator /(MlxArray a, MlxArray b) => Call.Divide(a, b, null);

    /// <summary>a / b; integers become float32.</summary>
    public static MlxArray operator /(MlxArray a, float b) =>
        Weak.Right(&Native.mlx_divide, a, b, nameof(Native.mlx_divide));

    /// <summary>a / b; integers become float32.</summary>
    public static MlxArray operator /(float a, MlxArray b) =>
        Weak.Left(&Native.mlx_divide, a, b, nameof(Native.mlx_divide));

    /// <summary>a / b; integers become float32.</summary>
    public static MlxArray operator /(MlxArray a, double b) =>
        Weak.Right(&Native.mlx_divide, a, b, nameof(Native.mlx_divide));

    /// <summary>a / b; integers become float32.</summary>
    public static MlxArray operator /(double a, MlxArray b) =>
        Weak.Left(&Native.mlx_divide, a, b, nameof(Native.mlx_divide));

    /// <summary>a / b; integers become float32.</summary>
    public static MlxArray operator /(MlxArray a, int b) =>
        Weak.Right(&Native.mlx_divide, a, b, nameof(Native.mlx_divide));

    /// <summary>a / b; integers become float32.</summary>
    public static MlxArray operator /(int a, MlxArray b) =>
        Weak.Left(&Native.mlx_divide, a, b, nameof(Native.mlx_divide));

    /// <summary>a / b; integers become float32.</summary>
    public static MlxArray operator /(MlxArray a, long b) =>
        Weak.Right(&Native.mlx_divide, a, b, nameof(Native.mlx_divide));

    /// <summary>a / b; integers become float32.</summary>
    public static MlxArray operator /(long a, MlxArray b) =>
        Weak.Left(&Native.mlx_divide, a, b, nameof(Native.mlx_divide));

    /// <summary>The remainder of a / b, with the sign of b.</summary>
    public static MlxArray operator %(MlxArray a, MlxArray b) => Call.Remainder(a, b, null);

    /// <summary>The remainder of a / b, with the sign of b.</summary>
    public static MlxArray operator %(MlxArray a, float b) =>
        Weak.Right(&Native.mlx_remainder, a, b, nameof(Native.mlx_remainder));

    /// <summary>The remainder of a / b, with the sign of b.</summary>
    public static MlxArray operator %(float a, MlxArray b) =>
        Weak.Left(&Native.mlx_remainder, a, b, nameof(Native.mlx_remainder));

    /// <summary>The remainder of a / b, with the sign of b.</summary>
    public static MlxArray operator %(MlxArray a, double b) =>
        Weak.Right(&Native.mlx_remainder, a, b, nameof(Native.mlx_remainder));

    /// <summary>The remainder of a / b, with the sign of b.</summary>
    public static MlxArray operator %(double a, MlxArray b) =>
        Weak.Left(&Native.mlx_remainder, a, b, nameof(Native.mlx_remainder));

    /// <summary>The remainder of a / b, with the sign of b.</summary>
    public static MlxArray operator %(MlxArray a, int b) =>
        Weak.Right(&Native.mlx_remainder, a, b, nameof(Native.mlx_remainder));

    /// <summary>The remainder of a / b, with the sign of b.</summary>
    public static MlxArray operator %(int a, MlxArray b) =>
        Weak.Left(&Native.mlx_remainder, a, b, nameof(Native.mlx_remainder));

    /// <summary>The remainder of a / b, with the sign of b.</summary>
    public static MlxArray operator %(MlxArray a, long b) =>
        Weak.Right(&Native.mlx_remainder, a, b, nameof(Native.mlx_remainder));

    /// <summary>The remainder of a / b, with the sign of b.</summary>
    public static MlxArray operator %(long a, MlxArray b) =>
        Weak.Left(&Native.mlx_remainder, a, b, nameof(Native.mlx_remainder));
}
