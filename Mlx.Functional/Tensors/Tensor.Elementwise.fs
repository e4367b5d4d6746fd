namespace Mlx

open System
open Mlx.Core

/// <summary>Arithmetic and functions of each element. Two tensors broadcast to one shape.</summary>
[<AutoOpen>]
module TensorElementwise =
    /// <summary>Functions over tensors.</summary>
    [<RequireQualifiedAccess>]
    module Tensor =
        /// <summary>x + y (<c>mlx.core.add</c>).</summary>
        /// <returns>The shape that x and y broadcast to.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 1; 2 ] |> Tensor.add (Tensor.ofSeq [ 10; 20 ])
        /// // => array([11, 22], dtype=int32)
        /// </code></example>
        let add (y: Tensor) (x: Tensor) : Tensor = Ops.Add(x, y)

        /// <summary>x - y (<c>mlx.core.subtract</c>).</summary>
        /// <returns>The shape that x and y broadcast to.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 10; 20 ] |> Tensor.subtract (Tensor.ofSeq [ 1; 2 ])
        /// // => array([9, 18], dtype=int32)
        /// </code></example>
        let subtract (y: Tensor) (x: Tensor) : Tensor = Ops.Subtract(x, y)

        /// <summary>x y (<c>mlx.core.multiply</c>).</summary>
        /// <returns>The shape that x and y broadcast to.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 2; 3 ] |> Tensor.multiply (Tensor.ofSeq [ 10; 20 ])
        /// // => array([20, 60], dtype=int32)
        /// </code></example>
        let multiply (y: Tensor) (x: Tensor) : Tensor = Ops.Multiply(x, y)

        /// <summary>x / y; integers become float32 (<c>mlx.core.divide</c>).</summary>
        /// <returns>The shape that x and y broadcast to.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 1; 6 ] |> Tensor.divide (Tensor.ofSeq [ 2; 3 ])
        /// // => array([0.5, 2], dtype=float32)
        /// </code></example>
        let divide (y: Tensor) (x: Tensor) : Tensor = Ops.Divide(x, y)

        /// <summary>The integer at or below x / y; integers are divided towards zero, as MLX
        /// divides them (<c>mlx.core.floor_divide</c>).</summary>
        /// <returns>The shape that x and y broadcast to.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 7; -7 ] |> Tensor.floorDivide (Tensor.ofSeq [ 2; 2 ])
        /// // => array([3, -3], dtype=int32)
        /// </code></example>
        let floorDivide (y: Tensor) (x: Tensor) : Tensor = Ops.FloorDivide(x, y)

        /// <summary>The remainder of x / y, with the sign of y
        /// (<c>mlx.core.remainder</c>).</summary>
        /// <returns>The shape that x and y broadcast to.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 7; -7 ] |> Tensor.remainder (Tensor.ofSeq [ 3; 3 ])
        /// // => array([1, 2], dtype=int32)
        /// </code></example>
        let remainder (y: Tensor) (x: Tensor) : Tensor = Ops.Remainder(x, y)

        /// <summary>x to the power of y (<c>mlx.core.power</c>).</summary>
        /// <returns>The shape that x and y broadcast to.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 2.0; 3.0 ] |> Tensor.power (Tensor.ofSeq [ 3.0; 2.0 ])
        /// // => array([8, 9], dtype=float32)
        /// </code></example>
        let power (y: Tensor) (x: Tensor) : Tensor = Ops.Power(x, y)

        /// <summary>The larger of both (<c>mlx.core.maximum</c>).</summary>
        /// <returns>The shape that x and y broadcast to.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 1; 5 ] |> Tensor.maximum (Tensor.ofSeq [ 3; 3 ])
        /// // => array([3, 5], dtype=int32)
        /// </code></example>
        let maximum (y: Tensor) (x: Tensor) : Tensor = Ops.Maximum(x, y)

        /// <summary>The smaller of both (<c>mlx.core.minimum</c>).</summary>
        /// <returns>The shape that x and y broadcast to.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 1; 5 ] |> Tensor.minimum (Tensor.ofSeq [ 3; 3 ])
        /// // => array([1, 3], dtype=int32)
        /// </code></example>
        let minimum (y: Tensor) (x: Tensor) : Tensor = Ops.Minimum(x, y)

        /// <summary>log(e^x + e^y) (<c>mlx.core.logaddexp</c>).</summary>
        /// <returns>The shape that x and y broadcast to.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 0.0; 1.0 ] |> Tensor.logaddexp (Tensor.ofSeq [ 0.0; 2.0 ])
        /// // => array([0.693147, 2.31326], dtype=float32)
        /// </code></example>
        let logaddexp (y: Tensor) (x: Tensor) : Tensor = Ops.LogAddExp(x, y)

        /// <summary>The angle of the point (y, x): x is its sine, y its cosine
        /// (<c>mlx.core.arctan2</c>).</summary>
        /// <returns>The shape that x and y broadcast to.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 1.0; -1.0 ] |> Tensor.arctan2 (Tensor.ofSeq [ 0.0; 1.0 ])
        /// // => array([1.5708, -0.785398], dtype=float32)
        /// </code></example>
        let arctan2 (y: Tensor) (x: Tensor) : Tensor = Ops.ArcTan2(x, y)

        /// <summary>Quotients and remainders (<c>mlx.core.divmod</c>).</summary>
        /// <returns>Both of the shape that x and y broadcast to.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 7; 9 ] |> Tensor.divmod (Tensor.ofSeq [ 2; 4 ])
        /// // => (array([3, 2], dtype=int32), array([1, 1], dtype=int32))
        /// </code></example>
        let divmod (y: Tensor) (x: Tensor) : Tensor * Tensor =
            let struct (quotient, remainder) = Ops.DivMod(x, y)
            quotient, remainder

        /// <summary>-x (<c>mlx.core.negative</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 1.0; -2.0 ] |> Tensor.negative
        /// // => array([-1, 2], dtype=float32)
        /// </code></example>
        let negative (x: Tensor) : Tensor = Ops.Negative x

        /// <summary>|x| (<c>mlx.core.abs</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 1.0; -2.0 ] |> Tensor.abs
        /// // => array([1, 2], dtype=float32)
        /// </code></example>
        let abs (x: Tensor) : Tensor = Ops.Abs x

        /// <summary>-1, 0 or 1 (<c>mlx.core.sign</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 1.0; -2.0 ] |> Tensor.sign
        /// // => array([1, -1], dtype=float32)
        /// </code></example>
        let sign (x: Tensor) : Tensor = Ops.Sign x

        /// <summary>x x (<c>mlx.core.square</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 1.0; -2.0 ] |> Tensor.square
        /// // => array([1, 4], dtype=float32)
        /// </code></example>
        let square (x: Tensor) : Tensor = Ops.Square x

        /// <summary>The square root (<c>mlx.core.sqrt</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 1.0; 4.0 ] |> Tensor.sqrt
        /// // => array([1, 2], dtype=float32)
        /// </code></example>
        let sqrt (x: Tensor) : Tensor = Ops.Sqrt x

        /// <summary>1 / sqrt x (<c>mlx.core.rsqrt</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 1.0; 4.0 ] |> Tensor.rsqrt
        /// // => array([1, 0.5], dtype=float32)
        /// </code></example>
        let rsqrt (x: Tensor) : Tensor = Ops.Rsqrt x

        /// <summary>1 / x (<c>mlx.core.reciprocal</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 1.0; -2.0 ] |> Tensor.reciprocal
        /// // => array([1, -0.5], dtype=float32)
        /// </code></example>
        let reciprocal (x: Tensor) : Tensor = Ops.Reciprocal x

        /// <summary>e^x (<c>mlx.core.exp</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 0.0; 1.0 ] |> Tensor.exp
        /// // => array([1, 2.71828], dtype=float32)
        /// </code></example>
        let exp (x: Tensor) : Tensor = Ops.Exp x

        /// <summary>e^x - 1, exact near 0 (<c>mlx.core.expm1</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 0.0; 1.0 ] |> Tensor.expm1
        /// // => array([0, 1.71828], dtype=float32)
        /// </code></example>
        let expm1 (x: Tensor) : Tensor = Ops.Expm1 x

        /// <summary>The natural logarithm (<c>mlx.core.log</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 1.0; 4.0 ] |> Tensor.log
        /// // => array([0, 1.38629], dtype=float32)
        /// </code></example>
        let log (x: Tensor) : Tensor = Ops.Log x

        /// <summary>The logarithm to base 2 (<c>mlx.core.log2</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 1.0; 4.0 ] |> Tensor.log2
        /// // => array([0, 2], dtype=float32)
        /// </code></example>
        let log2 (x: Tensor) : Tensor = Ops.Log2 x

        /// <summary>The logarithm to base 10 (<c>mlx.core.log10</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 1.0; 1000.0 ] |> Tensor.log10
        /// // => array([0, 3], dtype=float32)
        /// </code></example>
        let log10 (x: Tensor) : Tensor = Ops.Log10 x

        /// <summary>log(1 + x), exact near 0 (<c>mlx.core.log1p</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 0.0; 1.0 ] |> Tensor.log1p
        /// // => array([0, 0.693147], dtype=float32)
        /// </code></example>
        let log1p (x: Tensor) : Tensor = Ops.Log1p x

        /// <summary>1 / (1 + e^-x) (<c>mlx.core.sigmoid</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 0.0; 1.0 ] |> Tensor.sigmoid
        /// // => array([0.5, 0.731059], dtype=float32)
        /// </code></example>
        let sigmoid (x: Tensor) : Tensor = Ops.Sigmoid x

        /// <summary>The error function (<c>mlx.core.erf</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 0.0; 1.0 ] |> Tensor.erf
        /// // => array([0, 0.842701], dtype=float32)
        /// </code></example>
        let erf (x: Tensor) : Tensor = Ops.Erf x

        /// <summary>The inverse of the error function (<c>mlx.core.erfinv</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 0.0; 0.5 ] |> Tensor.erfinv
        /// // => array([0, 0.476936], dtype=float32)
        /// </code></example>
        let erfinv (x: Tensor) : Tensor = Ops.ErfInv x

        /// <summary>The sine (<c>mlx.core.sin</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 0.0; 1.0 ] |> Tensor.sin
        /// // => array([0, 0.841471], dtype=float32)
        /// </code></example>
        let sin (x: Tensor) : Tensor = Ops.Sin x

        /// <summary>The cosine (<c>mlx.core.cos</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 0.0; 1.0 ] |> Tensor.cos
        /// // => array([1, 0.540302], dtype=float32)
        /// </code></example>
        let cos (x: Tensor) : Tensor = Ops.Cos x

        /// <summary>The tangent (<c>mlx.core.tan</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 0.0; 1.0 ] |> Tensor.tan
        /// // => array([0, 1.55741], dtype=float32)
        /// </code></example>
        let tan (x: Tensor) : Tensor = Ops.Tan x

        /// <summary>The arc sine (<c>mlx.core.arcsin</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 0.0; 1.0 ] |> Tensor.arcsin
        /// // => array([0, 1.5708], dtype=float32)
        /// </code></example>
        let arcsin (x: Tensor) : Tensor = Ops.ArcSin x

        /// <summary>The arc cosine (<c>mlx.core.arccos</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 0.0; 1.0 ] |> Tensor.arccos
        /// // => array([1.5708, 0], dtype=float32)
        /// </code></example>
        let arccos (x: Tensor) : Tensor = Ops.ArcCos x

        /// <summary>The arc tangent (<c>mlx.core.arctan</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 0.0; 1.0 ] |> Tensor.arctan
        /// // => array([0, 0.785398], dtype=float32)
        /// </code></example>
        let arctan (x: Tensor) : Tensor = Ops.ArcTan x

        /// <summary>The hyperbolic sine (<c>mlx.core.sinh</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 0.0; 1.0 ] |> Tensor.sinh
        /// // => array([0, 1.1752], dtype=float32)
        /// </code></example>
        let sinh (x: Tensor) : Tensor = Ops.Sinh x

        /// <summary>The hyperbolic cosine (<c>mlx.core.cosh</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 0.0; 1.0 ] |> Tensor.cosh
        /// // => array([1, 1.54308], dtype=float32)
        /// </code></example>
        let cosh (x: Tensor) : Tensor = Ops.Cosh x

        /// <summary>The hyperbolic tangent (<c>mlx.core.tanh</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 0.0; 1.0 ] |> Tensor.tanh
        /// // => array([0, 0.761594], dtype=float32)
        /// </code></example>
        let tanh (x: Tensor) : Tensor = Ops.Tanh x

        /// <summary>The inverse of sinh (<c>mlx.core.arcsinh</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 0.0; 1.0 ] |> Tensor.arcsinh
        /// // => array([0, 0.881374], dtype=float32)
        /// </code></example>
        let arcsinh (x: Tensor) : Tensor = Ops.ArcSinh x

        /// <summary>The inverse of cosh (<c>mlx.core.arccosh</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 1.0; 2.0 ] |> Tensor.arccosh
        /// // => array([0, 1.31696], dtype=float32)
        /// </code></example>
        let arccosh (x: Tensor) : Tensor = Ops.ArcCosh x

        /// <summary>The inverse of tanh (<c>mlx.core.arctanh</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 0.0; 0.5 ] |> Tensor.arctanh
        /// // => array([0, 0.549306], dtype=float32)
        /// </code></example>
        let arctanh (x: Tensor) : Tensor = Ops.ArcTanh x

        /// <summary>Radians to degrees (<c>mlx.core.degrees</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 0.0; 3.1415927 ] |> Tensor.degrees
        /// // => array([0, 180], dtype=float32)
        /// </code></example>
        let degrees (x: Tensor) : Tensor = Ops.Degrees x

        /// <summary>Degrees to radians (<c>mlx.core.radians</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 0.0; 180.0 ] |> Tensor.radians
        /// // => array([0, 3.14159], dtype=float32)
        /// </code></example>
        let radians (x: Tensor) : Tensor = Ops.Radians x

        /// <summary>The integer at or below (<c>mlx.core.floor</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 1.5; -1.5 ] |> Tensor.floor
        /// // => array([1, -2], dtype=float32)
        /// </code></example>
        let floor (x: Tensor) : Tensor = Ops.Floor x

        /// <summary>The integer at or above (<c>mlx.core.ceil</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 1.5; -1.5 ] |> Tensor.ceil
        /// // => array([2, -1], dtype=float32)
        /// </code></example>
        let ceil (x: Tensor) : Tensor = Ops.Ceil x

        /// <summary>Rounded to so many decimals, halves to even (<c>mlx.core.round</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 1.25; 2.5; -0.04 ] |> Tensor.round 1
        /// // => array([1.2, 2.5, -0], dtype=float32)
        /// </code></example>
        let round (decimals: int) (x: Tensor) : Tensor = Ops.Round(x, decimals)

        /// <summary>The real part (<c>mlx.core.real</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ Complex64(1f, 2f) ] |> Tensor.real
        /// // => array([1], dtype=float32)
        /// </code></example>
        let real (x: Tensor) : Tensor = Ops.Real x

        /// <summary>The imaginary part (<c>mlx.core.imag</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ Complex64(1f, 2f) ] |> Tensor.imag
        /// // => array([2], dtype=float32)
        /// </code></example>
        let imag (x: Tensor) : Tensor = Ops.Imag x

        /// <summary>The complex conjugate (<c>mlx.core.conjugate</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ Complex64(1f, 2f) ] |> Tensor.conjugate
        /// // => array([1-2j], dtype=complex64)
        /// </code></example>
        let conjugate (x: Tensor) : Tensor = Ops.Conjugate x

        /// A number of the kind of x, so that float16 stays float16.
        let internal beside (x: Tensor) (value: float) : Tensor =
            MlxArray.Scalar(value, (if x.DType.IsFloating() then x.DType else DType.Float32))

        /// <summary>Held between two bounds (<c>mlx.core.clip</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 1.25; 2.5; -0.04 ] |> Tensor.clip 0.0 1.0
        /// // => array([1, 1, 0], dtype=float32)
        /// </code></example>
        let clip (low: float) (high: float) (x: Tensor) : Tensor =
            Ops.Clip(x, beside x low, beside x high)

        /// <summary>Held between two bounds that broadcast with x (<c>mlx.core.clip</c>).</summary>
        /// <returns>The shape that x and the bounds broadcast to.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ -2.0; 0.5; 9.0 ]
        /// |> Tensor.clipBetween (Tensor.scalar 0.0) (Tensor.ofSeq [ 1.0; 1.0; 5.0 ])
        /// // => array([0, 0.5, 5], dtype=float32)
        /// </code></example>
        let clipBetween (low: Tensor) (high: Tensor) (x: Tensor) : Tensor = Ops.Clip(x, low, high)

        /// <summary>NaN becomes 0, infinities the largest finite numbers
        /// (<c>mlx.core.nan_to_num</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ nan; 1.0; -infinity ] |> Tensor.nanToNum
        /// // => array([0, 1, -3.40282e+38], dtype=float32)
        /// </code></example>
        let nanToNum (x: Tensor) : Tensor = Ops.NanToNum x

        /// <summary>NaN and the infinities replaced by numbers
        /// (<c>mlx.core.nan_to_num</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ nan; infinity; -infinity ] |> Tensor.nanToNumWith 0.0 9.0 -9.0
        /// // => array([0, 9, -9], dtype=float32)
        /// </code></example>
        let nanToNumWith (nan: float) (posinf: float) (neginf: float) (x: Tensor) : Tensor =
            Ops.NanToNum(x, float32 nan, Nullable(float32 posinf), Nullable(float32 neginf))

        /// <summary>8-bit floats (E4M3), stored as uint8 (<c>mlx.core.to_fp8</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 1.0; -0.5 ] |> Tensor.toFp8
        /// // => array([56, 176], dtype=uint8)
        /// </code></example>
        let toFp8 (x: Tensor) : Tensor = Ops.ToFp8 x

        /// <summary>Numbers of a floating dtype from 8-bit floats (E4M3), stored as uint8
        /// (<c>mlx.core.from_fp8</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 56uy; 176uy ] |> Tensor.fromFp8 DType.Float32
        /// // => array([1, -0.5], dtype=float32)
        /// </code></example>
        let fromFp8 (dtype: DType) (x: Tensor) : Tensor = Ops.FromFp8(x, dtype)
