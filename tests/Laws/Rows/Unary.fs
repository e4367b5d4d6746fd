/// Functions of one element.
module Mlx.Tests.Laws.Rows.Unary

open System
open System.Numerics
open Mlx.Core
open Mlx.Tests.Laws

/// A function of real numbers and, where there is one, its continuation to complex ones.
let lift (f: float -> float) (g: Complex -> Complex) (z: Complex) =
    if z.Imaginary = 0.0 then Nd.real (f z.Real) else g z

let private unary name domain (f: Complex -> Complex) =
    let at shape =
        op name [ value shape domain ] (fun a -> [ a[0] ])
        |> refer (fun xs -> [ Nd.map f xs.Head ])

    at [ 2; 3 ] |> atLengths [ fun n -> at [ n ] ]

/// Integers become float32.
let private smooth name domain f g =
    unary name domain (lift f g) |> everywhere (gives toFloat) |> adjoint Transposed

let undefined (_: Complex) = Complex.NaN

/// Where complex numbers are refused.
let private ofReals row = row |> everywhere (over Values.reals)

/// A series whose terms have one sign, so that none cancels another.
let private erf (x: float) =
    let mutable term = x
    let mutable sum = x
    let mutable n = 0

    while abs term > 1e-18 * abs sum do
        n <- n + 1
        term <- term * 2.0 * x * x / float (2 * n + 1)
        sum <- sum + term

    // The square in two parts: its rounding would be felt in the exponential.
    let square = x * x
    let rest = Math.FusedMultiplyAdd(x, x, -square)
    2.0 / sqrt Math.PI * exp -square * (1.0 - rest) * sum

/// By Newton's method on erf.
let private erfinv (y: float) =
    let step x = x - (erf x - y) / (2.0 / sqrt Math.PI * exp (-x * x))
    if abs y = 1.0 then y * infinity else Seq.replicate 60 step |> Seq.fold (|>) 0.0

let private sign (z: Complex) =
    if z.Imaginary = 0.0 then
        Nd.real (float (Math.Sign z.Real))
    else
        z / Nd.real (Complex.Abs z)

let private realPart d = if d = DType.Complex64 then DType.Float32 else d

let private real f = lift f undefined

/// All bits but those of an unsigned number's width: what ~x is in a signed one.
let private invert (z: Complex) = Nd.real (-1.0 - z.Real)

let private tests =
    [ "isnan", Double.IsNaN
      "isinf", Double.IsInfinity
      "isfinite", Double.IsFinite
      "isposinf", Double.IsPositiveInfinity
      "isneginf", Double.IsNegativeInfinity ]

let truth isTrue = if isTrue then Complex.One else Complex.Zero

let rows =
    [ unary "abs" (Away(0.3, 3.0)) (lift abs (Complex.Abs >> Nd.real))
      |> everywhere (gives realPart)
      |> adjoint (Untested "the modulus is not holomorphic")
      unary "negative" (Between(-3.0, 3.0)) Complex.Negate |> everywhere (over Values.numbers)
      unary "square" (Between(-3.0, 3.0)) (fun z -> z * z) |> adjoint Transposed
      unary "sign" (Away(0.3, 3.0)) sign
      |> adjoint (Untested "the direction is not holomorphic")
      smooth "sqrt" (Between(0.2, 4.0)) sqrt Complex.Sqrt
      smooth "rsqrt" (Between(0.2, 4.0)) (fun x -> 1.0 / sqrt x) (fun z -> 1.0 / Complex.Sqrt z)
      smooth "reciprocal" (Away(0.5, 3.0)) (fun x -> 1.0 / x) (fun z -> 1.0 / z)
      |> adjoint Hermitian
      smooth "exp" (Between(-3.0, 3.0)) exp Complex.Exp
      smooth "expm1" (Between(-2.0, 2.0)) (fun x -> exp x - 1.0) (fun z -> Complex.Exp z - 1.0)
      smooth "log" (Between(0.2, 4.0)) log Complex.Log
      smooth "log2" (Between(0.2, 4.0)) Math.Log2 (fun z -> Complex.Log z / log 2.0)
      smooth "log10" (Between(0.2, 4.0)) log10 Complex.Log10
      smooth "log1p" (Between(-0.5, 3.0)) (fun x -> log (1.0 + x)) (fun z -> Complex.Log(1.0 + z))
      smooth "sin" (Between(-6.0, 6.0)) sin Complex.Sin
      smooth "cos" (Between(-6.0, 6.0)) cos Complex.Cos
      smooth "tan" (Between(-1.2, 1.2)) tan Complex.Tan
      smooth "arcsin" (Between(-0.9, 0.9)) asin Complex.Asin
      smooth "arccos" (Between(-0.9, 0.9)) acos Complex.Acos
      smooth "arctan" (Between(-3.0, 3.0)) atan Complex.Atan
      smooth "sinh" (Between(-2.0, 2.0)) sinh Complex.Sinh
      smooth "cosh" (Between(-2.0, 2.0)) cosh Complex.Cosh
      smooth "tanh" (Between(-2.0, 2.0)) tanh Complex.Tanh
      smooth "arcsinh" (Between(-3.0, 3.0)) Math.Asinh (fun z ->
          Complex.Log(z + Complex.Sqrt(z * z + 1.0)))
      smooth "arccosh" (Between(1.2, 4.0)) Math.Acosh (fun z ->
          Complex.Log(z + Complex.Sqrt(z + 1.0) * Complex.Sqrt(z - 1.0)))
      smooth "arctanh" (Between(-0.8, 0.8)) Math.Atanh (fun z ->
          0.5 * Complex.Log((1.0 + z) / (1.0 - z)))
      smooth "sigmoid" (Between(-4.0, 4.0)) (fun x -> 1.0 / (1.0 + exp -x)) (fun z ->
          1.0 / (1.0 + Complex.Exp -z))
      smooth "erf" (Between(-2.5, 2.5)) erf undefined |> ofReals |> everywhere (ulps 8.0)
      smooth "erfinv" (Between(-0.7, 0.7)) erfinv undefined |> ofReals
      smooth "degrees" (Between(-3.0, 3.0)) (fun x -> x * 180.0 / Math.PI) (fun z ->
          z * (180.0 / Math.PI))
      smooth "radians" (Between(-90.0, 90.0)) (fun x -> x * Math.PI / 180.0) (fun z ->
          z * (Math.PI / 180.0))
      unary "floor" Inside (real floor) |> ofReals
      unary "ceil" Inside (real ceil) |> ofReals
      unary "conjugate" (Between(-3.0, 3.0)) Complex.Conjugate
      |> adjoint (Untested "conjugation is not holomorphic")
      unary "real" (Between(-3.0, 3.0)) (fun z -> Nd.real z.Real)
      |> everywhere (gives realPart)
      |> adjoint (Untested "the real part is not holomorphic")
      unary "imag" (Between(-3.0, 3.0)) (fun z -> Nd.real z.Imaginary)
      |> everywhere (gives realPart)
      |> adjoint (Untested "the imaginary part is not holomorphic")
      unary "logical_not" (Between(-2.0, 2.0)) (fun z -> truth (z = Complex.Zero))
      |> everywhere (gives boolean >> discrete)
      unary "bitwise_invert" (Between(-9.0, 9.0)) invert
      |> everywhere (over (DType.Bool :: Values.integers))
      |> everywhere (except [ DType.Bool ])
      |> everywhere discrete
      for name, test in tests do
          unary name (Between(-3.0, 3.0)) (fun z -> truth (test z.Real))
          |> everywhere (gives boolean >> discrete) ]
