namespace Mlx

open System
open Mlx.Core

/// <summary>Functions of each element.</summary>
[<AutoOpen>]
module TensorElementwise =
    /// <summary>Functions over tensors.</summary>
    [<RequireQualifiedAccess>]
    module Tensor =
        /// <summary>x + y (<c>mlx.core.add</c>).</summary>
        let add (y: Tensor) (x: Tensor) : Tensor = Ops.Add(x, y)

        /// <summary>x - y (<c>mlx.core.subtract</c>).</summary>
        let subtract (y: Tensor) (x: Tensor) : Tensor = Ops.Subtract(x, y)

        /// <summary>x y (<c>mlx.core.multiply</c>).</summary>
        let multiply (y: Tensor) (x: Tensor) : Tensor = Ops.Multiply(x, y)

        /// <summary>x / y; integers become float32 (<c>mlx.core.divide</c>).</summary>
        let divide (y: Tensor) (x: Tensor) : Tensor = Ops.Divide(x, y)

        /// <summary>The integer at or below x / y (<c>mlx.core.floor_divide</c>).</summary>
        let floorDivide (y: Tensor) (x: Tensor) : Tensor = Ops.FloorDivide(x, y)

        /// <summary>The remainder of x / y, with the sign of y (<c>mlx.core.remainder</c>).</summary>
        let remainder (y: Tensor) (x: Tensor) : Tensor = Ops.Remainder(x, y)

        /// <summary>x to the power of y (<c>mlx.core.power</c>).</summary>
        let power (y: Tensor) (x: Tensor) : Tensor = Ops.Power(x, y)

        /// <summary>The larger of both (<c>mlx.core.maximum</c>).</summary>
        let maximum (y: Tensor) (x: Tensor) : Tensor = Ops.Maximum(x, y)

        /// <summary>The smaller of both (<c>mlx.core.minimum</c>).</summary>
        let minimum (y: Tensor) (x: Tensor) : Tensor = Ops.Minimum(x, y)

        /// <summary>log(e^x + e^y) (<c>mlx.core.logaddexp</c>).</summary>
        let logaddexp (y: Tensor) (x: Tensor) : Tensor = Ops.LogAddExp(x, y)

        /// <summary>The angle of the point (y, x): x is its sine, y its cosine
        /// (<c>mlx.core.arctan2</c>).</summary>
        let arctan2 (y: Tensor) (x: Tensor) : Tensor = Ops.ArcTan2(x, y)

        /// <summary>Quotients and remainders (<c>mlx.core.divmod</c>).</summary>
        let divmod (y: Tensor) (x: Tensor) : Tensor * Tensor =
            let struct (quotient, remainder) = Ops.DivMod(x, y)
            quotient, remainder

        /// <summary>-x (<c>mlx.core.negative</c>).</summary>
        let negative (x: Tensor) : Tensor = Ops.Negative x

        /// <summary>|x| (<c>mlx.core.abs</c>).</summary>
        let abs (x: Tensor) : Tensor = Ops.Abs x

        /// <summary>-1, 0 or 1 (<c>mlx.core.sign</c>).</summary>
        let sign (x: Tensor) : Tensor = Ops.Sign x

        /// <summary>x x (<c>mlx.core.square</c>).</summary>
        let square (x: Tensor) : Tensor = Ops.Square x

        /// <summary>The square root (<c>mlx.core.sqrt</c>).</summary>
        let sqrt (x: Tensor) : Tensor = Ops.Sqrt x

        /// <summary>1 / sqrt x (<c>mlx.core.rsqrt</c>).</summary>
        let rsqrt (x: Tensor) : Tensor = Ops.Rsqrt x

        /// <summary>1 / x (<c>mlx.core.reciprocal</c>).</summary>
        let reciprocal (x: Tensor) : Tensor = Ops.Reciprocal x

        /// <summary>e^x (<c>mlx.core.exp</c>).</summary>
        let exp (x: Tensor) : Tensor = Ops.Exp x

        /// <summary>e^x - 1, exact near 0 (<c>mlx.core.expm1</c>).</summary>
        let expm1 (x: Tensor) : Tensor = Ops.Expm1 x

        /// <summary>The natural logarithm (<c>mlx.core.log</c>).</summary>
        let log (x: Tensor) : Tensor = Ops.Log x

        /// <summary>The logarithm to base 2 (<c>mlx.core.log2</c>).</summary>
        let log2 (x: Tensor) : Tensor = Ops.Log2 x

        /// <summary>The logarithm to base 10 (<c>mlx.core.log10</c>).</summary>
        let log10 (x: Tensor) : Tensor = Ops.Log10 x

        /// <summary>log(1 + x), exact near 0 (<c>mlx.core.log1p</c>).</summary>
        let log1p (x: Tensor) : Tensor = Ops.Log1p x

        /// <summary>1 / (1 + e^-x) (<c>mlx.core.sigmoid</c>).</summary>
        let sigmoid (x: Tensor) : Tensor = Ops.Sigmoid x

        /// <summary>The error function (<c>mlx.core.erf</c>).</summary>
        let erf (x: Tensor) : Tensor = Ops.Erf x

        /// <summary>The inverse of the error function (<c>mlx.core.erfinv</c>).</summary>
        let erfinv (x: Tensor) : Tensor = Ops.ErfInv x

        /// <summary>The sine (<c>mlx.core.sin</c>).</summary>
        let sin (x: Tensor) : Tensor = Ops.Sin x

        /// <summary>The cosine (<c>mlx.core.cos</c>).</summary>
        let cos (x: Tensor) : Tensor = Ops.Cos x

        /// <summary>The tangent (<c>mlx.core.tan</c>).</summary>
        let tan (x: Tensor) : Tensor = Ops.Tan x

        /// <summary>The arc sine (<c>mlx.core.arcsin</c>).</summary>
        let arcsin (x: Tensor) : Tensor = Ops.ArcSin x

        /// <summary>The arc cosine (<c>mlx.core.arccos</c>).</summary>
        let arccos (x: Tensor) : Tensor = Ops.ArcCos x

        /// <summary>The arc tangent (<c>mlx.core.arctan</c>).</summary>
        let arctan (x: Tensor) : Tensor = Ops.ArcTan x

        /// <summary>The hyperbolic sine (<c>mlx.core.sinh</c>).</summary>
        let sinh (x: Tensor) : Tensor = Ops.Sinh x

        /// <summary>The hyperbolic cosine (<c>mlx.core.cosh</c>).</summary>
        let cosh (x: Tensor) : Tensor = Ops.Cosh x

        /// <summary>The hyperbolic tangent (<c>mlx.core.tanh</c>).</summary>
        let tanh (x: Tensor) : Tensor = Ops.Tanh x

        /// <summary>The inverse of sinh (<c>mlx.core.arcsinh</c>).</summary>
        let arcsinh (x: Tensor) : Tensor = Ops.ArcSinh x

        /// <summary>The inverse of cosh (<c>mlx.core.arccosh</c>).</summary>
        let arccosh (x: Tensor) : Tensor = Ops.ArcCosh x

        /// <summary>The inverse of tanh (<c>mlx.core.arctanh</c>).</summary>
        let arctanh (x: Tensor) : Tensor = Ops.ArcTanh x

        /// <summary>Radians to degrees (<c>mlx.core.degrees</c>).</summary>
        let degrees (x: Tensor) : Tensor = Ops.Degrees x

        /// <summary>Degrees to radians (<c>mlx.core.radians</c>).</summary>
        let radians (x: Tensor) : Tensor = Ops.Radians x

        /// <summary>The integer at or below (<c>mlx.core.floor</c>).</summary>
        let floor (x: Tensor) : Tensor = Ops.Floor x

        /// <summary>The integer at or above (<c>mlx.core.ceil</c>).</summary>
        let ceil (x: Tensor) : Tensor = Ops.Ceil x

        /// <summary>Rounded to so many decimals, halves to even (<c>mlx.core.round</c>).</summary>
        let round (decimals: int) (x: Tensor) : Tensor = Ops.Round(x, decimals)

        /// <summary>The real part (<c>mlx.core.real</c>).</summary>
        let real (x: Tensor) : Tensor = Ops.Real x

        /// <summary>The imaginary part (<c>mlx.core.imag</c>).</summary>
        let imag (x: Tensor) : Tensor = Ops.Imag x

        /// <summary>The complex conjugate (<c>mlx.core.conjugate</c>).</summary>
        let conjugate (x: Tensor) : Tensor = Ops.Conjugate x

        /// A number of the kind of x, so that float16 stays float16.
        let internal beside (x: Tensor) (value: float) : Tensor =
            MlxArray.Scalar(value, (if x.DType.IsFloating() then x.DType else DType.Float32))

        /// <summary>Held between two bounds (<c>mlx.core.clip</c>).</summary>
        let clip (low: float) (high: float) (x: Tensor) : Tensor =
            Ops.Clip(x, beside x low, beside x high)

        /// <summary>NaN becomes 0, infinities the largest finite numbers
        /// (<c>mlx.core.nan_to_num</c>).</summary>
        let nanToNum (x: Tensor) : Tensor = Ops.NanToNum x

        /// <summary>x = y (<c>mlx.core.equal</c>).</summary>
        let equal (y: Tensor) (x: Tensor) : Tensor = Ops.Equal(x, y)

        /// <summary>x and y differ (<c>mlx.core.not_equal</c>).</summary>
        let notEqual (y: Tensor) (x: Tensor) : Tensor = Ops.NotEqual(x, y)

        /// <summary>x &lt; y (<c>mlx.core.less</c>).</summary>
        let less (y: Tensor) (x: Tensor) : Tensor = Ops.Less(x, y)

        /// <summary>x &lt;= y (<c>mlx.core.less_equal</c>).</summary>
        let lessEqual (y: Tensor) (x: Tensor) : Tensor = Ops.LessEqual(x, y)

        /// <summary>x > y (<c>mlx.core.greater</c>).</summary>
        let greater (y: Tensor) (x: Tensor) : Tensor = Ops.Greater(x, y)

        /// <summary>x >= y (<c>mlx.core.greater_equal</c>).</summary>
        let greaterEqual (y: Tensor) (x: Tensor) : Tensor = Ops.GreaterEqual(x, y)

        /// <summary>Both (<c>mlx.core.logical_and</c>).</summary>
        let logicalAnd (y: Tensor) (x: Tensor) : Tensor = Ops.LogicalAnd(x, y)

        /// <summary>Either (<c>mlx.core.logical_or</c>).</summary>
        let logicalOr (y: Tensor) (x: Tensor) : Tensor = Ops.LogicalOr(x, y)

        /// <summary>True where x is zero or false (<c>mlx.core.logical_not</c>).</summary>
        let logicalNot (x: Tensor) : Tensor = Ops.LogicalNot x

        /// <summary>Bits in both (<c>mlx.core.bitwise_and</c>).</summary>
        let bitwiseAnd (y: Tensor) (x: Tensor) : Tensor = Ops.BitwiseAnd(x, y)

        /// <summary>Bits in either (<c>mlx.core.bitwise_or</c>).</summary>
        let bitwiseOr (y: Tensor) (x: Tensor) : Tensor = Ops.BitwiseOr(x, y)

        /// <summary>Bits in one only (<c>mlx.core.bitwise_xor</c>).</summary>
        let bitwiseXor (y: Tensor) (x: Tensor) : Tensor = Ops.BitwiseXor(x, y)

        /// <summary>All bits flipped (<c>mlx.core.bitwise_invert</c>).</summary>
        let bitwiseInvert (x: Tensor) : Tensor = Ops.BitwiseInvert x

        /// <summary>Bits moved up by y (<c>mlx.core.left_shift</c>).</summary>
        let leftShift (y: Tensor) (x: Tensor) : Tensor = Ops.LeftShift(x, y)

        /// <summary>Bits moved down by y (<c>mlx.core.right_shift</c>).</summary>
        let rightShift (y: Tensor) (x: Tensor) : Tensor = Ops.RightShift(x, y)

        /// <summary>True where x is not a number (<c>mlx.core.isnan</c>).</summary>
        let isnan (x: Tensor) : Tensor = Ops.IsNaN x

        /// <summary>True where x is infinite (<c>mlx.core.isinf</c>).</summary>
        let isinf (x: Tensor) : Tensor = Ops.IsInf x

        /// <summary>True where x is a finite number (<c>mlx.core.isfinite</c>).</summary>
        let isfinite (x: Tensor) : Tensor = Ops.IsFinite x

        /// <summary>x where the condition holds, y elsewhere (<c>mlx.core.where</c>).</summary>
        let where (condition: Tensor) (x: Tensor) (y: Tensor) : Tensor = Ops.Where(condition, x, y)

        /// <summary>True where |x - y| &lt;= atol + rtol |y| (<c>mlx.core.isclose</c>).</summary>
        let isclose (rtol: float) (atol: float) (y: Tensor) (x: Tensor) : Tensor =
            Ops.IsClose(x, y, rtol, atol)

        /// <summary>Whether |x - y| &lt;= atol + rtol |y| everywhere, read at once
        /// (<c>mlx.core.allclose</c>).</summary>
        let allclose (rtol: float) (atol: float) (y: Tensor) (x: Tensor) : bool =
            use answer = Ops.AllClose(x, y, rtol, atol)
            answer.Item<bool>()

        /// <summary>Whether shape and elements are the same, read at once
        /// (<c>mlx.core.array_equal</c>).</summary>
        let arrayEqual (y: Tensor) (x: Tensor) : bool =
            use answer = Ops.ArrayEqual(x, y)
            answer.Item<bool>()
