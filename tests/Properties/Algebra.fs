/// The algebra of elementwise ops.
module Mlx.Tests.Properties.Algebra

open Mlx

let private ints (x: Tensor) = Tensor.astype DType.Int32 x
let private bools (x: Tensor) = Tensor.astype DType.Bool x
let private float32s (x: Tensor) = Tensor.astype DType.Float32 x

let private onInts f (x: Tensor) (y: Tensor) : Tensor = f (ints x) (ints y)
let private onBools f (x: Tensor) (y: Tensor) : Tensor = f (bools x) (bools y)

let private binary: (string * (Tensor -> Tensor -> Tensor)) list =
    [ "add", fun x y -> x + y
      "multiply", fun x y -> x * y
      "maximum", fun x y -> Tensor.maximum y x
      "minimum", fun x y -> Tensor.minimum y x
      "bitwise and", onInts (fun x y -> Tensor.bitwiseAnd y x)
      "bitwise or", onInts (fun x y -> Tensor.bitwiseOr y x)
      "bitwise xor", onInts (fun x y -> Tensor.bitwiseXor y x)
      "logical and", onBools (fun x y -> Tensor.logicalAnd y x)
      "logical or", onBools (fun x y -> Tensor.logicalOr y x) ]

let private commutative =
    [ for name, f in
          binary
          @ [ "equal", (fun x y -> Tensor.equal y x)
              "not equal", (fun x y -> Tensor.notEqual y x)
              "logaddexp", (fun x y -> Tensor.logaddexp y x) ] do
          same2 $"{name} commutes" Draw.whole f (fun x y -> f y x) ]

let private associative =
    [ for name, f in binary do
          // What the first call makes is converted back, so that both sides see the same dtypes.
          let f x y = f x y |> float32s

          same3 $"{name} is associative" Draw.whole (fun x y z -> f (f x y) z) (fun x y z ->
              f x (f y z)) ]

let private idempotent =
    [ for name, f in binary do
          if name <> "add" && name <> "multiply" && name <> "bitwise xor" then
              let f x y = f x y |> float32s

              same1 $"{name} of a thing with itself" Draw.bit (fun x -> f x x) id ]

/// Spreading the operands first changes nothing.
let private broadcasting =
    [ for name, f in
          binary
          @ [ "subtract", (fun x y -> x - y)
              "divide", (fun x y -> x / y)
              "power", (fun x y -> Tensor.power y x)
              "remainder", (fun x y -> x % y)
              "less", (fun x y -> Tensor.less y x)
              "arctan2", (fun x y -> Tensor.arctan2 y x) ] do
          same2 $"{name} broadcasts" Draw.whole f (fun x y ->
              match Tensor.broadcastArrays [ x; y ] with
              | [ x; y ] -> f x y
              | _ -> invalidOp "two tensors") ]

let private rings =
    [ same3 "products distribute" Draw.whole (fun x y z -> x * (y + z)) (fun x y z -> x * y + x * z)
      same1 "zero is neutral" Draw.whole (fun x -> x + 0) id
      same1 "one is neutral" Draw.whole (fun x -> 1 * x) id
      same1 "zero absorbs" Draw.whole (fun x -> x * 0.0 + 0.0) (fun x -> Tensor.zerosLike x)
      same1 "x - x = 0" Draw.real (fun x -> x - x) Tensor.zerosLike
      same2 "x - y = x + (-y)" Draw.real (fun x y -> x - y) (fun x y -> x + -y)
      same2 "x - y = -(y - x)" Draw.whole (fun x y -> x - y + 0.0) (fun x y -> 0.0 - (y - x))
      near2 "x / y = x (1 / y)" Draw.positive (fun x y -> x / y) (fun x y ->
          x * Tensor.reciprocal y)
      near2 "(x y) / y = x" Draw.positive (fun x y -> x * y / y) (fun x y -> x + Tensor.zerosLike y)
      same1 "negating twice" Draw.real (Tensor.negative >> Tensor.negative) id
      same1 "square is x x" Draw.real Tensor.square (fun x -> x * x)
      same1 "the square is the second power" Draw.whole (fun x -> x ** 2) Tensor.square
      same1 "|x| = max(x, -x)" Draw.real (fun x -> abs x + 0.0) (fun x -> Tensor.maximum -x x + 0.0)
      same1 "x = |x| sign x" Draw.real (fun x -> abs x * Tensor.sign x + 0.0) (fun x -> x + 0.0)
      same2 "|x y| = |x| |y|" Draw.whole (fun x y -> abs (x * y)) (fun x y -> abs x * abs y)
      same3
          "max and min distribute"
          Draw.real
          (fun x y z -> Tensor.minimum (Tensor.maximum z y) x)
          (fun x y z -> Tensor.maximum (Tensor.minimum z x) (Tensor.minimum y x))
      same2
          "max absorbs min"
          Draw.real
          (fun x y -> Tensor.maximum (Tensor.minimum y x) x)
          (fun x y -> x + 0.0 * y)
      same2
          "max + min = x + y"
          Draw.real
          (fun x y -> Tensor.maximum y x + Tensor.minimum y x)
          (fun x y -> x + y)
      same2 "min(x, y) = -max(-x, -y)" Draw.whole (fun x y -> Tensor.minimum y x) (fun x y ->
          0.0 - Tensor.maximum (0.0 - y) (0.0 - x)) ]

let private comparisons =
    [ same2 "x > y is y < x" Draw.whole (fun x y -> Tensor.greater y x) (fun x y -> Tensor.less x y)
      same2 "x >= y is not x < y" Draw.whole (fun x y -> Tensor.greaterEqual y x) (fun x y ->
          Tensor.less y x |> Tensor.logicalNot)
      same2 "x <= y is x < y or x = y" Draw.whole (fun x y -> Tensor.lessEqual y x) (fun x y ->
          Tensor.less y x |> Tensor.logicalOr (Tensor.equal y x))
      same2 "x <> y is not x = y" Draw.whole (fun x y -> Tensor.notEqual y x) (fun x y ->
          Tensor.equal y x |> Tensor.logicalNot)
      same2
          "De Morgan"
          Draw.bit
          (onBools (fun x y -> Tensor.logicalAnd y x |> Tensor.logicalNot))
          (onBools (fun x y -> Tensor.logicalNot x |> Tensor.logicalOr (Tensor.logicalNot y)))
      same2
          "where picks the larger"
          Draw.real
          (fun x y -> Tensor.where (Tensor.greater y x) x y)
          (fun x y -> Tensor.maximum y x)
      same2 "where of the opposite" Draw.whole (fun x y -> Tensor.where (bools x) x y) (fun x y ->
          Tensor.where (Tensor.logicalNot (bools x)) y x)
      same1 "clip is max, then min" Draw.real (Tensor.clip -0.5 0.7) (fun x ->
          x |> Tensor.maximum (Tensor.scalar -0.5) |> Tensor.minimum (Tensor.scalar 0.7))
      same1
          "clipping twice"
          Draw.real
          (Tensor.clip -0.5 0.7 >> Tensor.clip -0.5 0.7)
          (Tensor.clip -0.5 0.7)
      same1 "a number is close to itself" Draw.real (fun x -> Tensor.isclose 0.0 0.0 x x) (fun x ->
          Tensor.onesLike x |> bools)
      same1
          "finite is neither infinite nor NaN"
          Draw.whole
          (fun x -> Tensor.isfinite (x / 0.0))
          (fun x ->
              let y = x / 0.0
              Tensor.isnan y |> Tensor.logicalOr (Tensor.isinf y) |> Tensor.logicalNot)
      same1 "an infinity has one sign" Draw.whole (fun x -> Tensor.isinf (x / 0.0)) (fun x ->
          let y = x / 0.0
          Tensor.isposinf y |> Tensor.logicalOr (Tensor.isneginf y)) ]

let private integers =
    [ law "quotient and remainder make the number" (Draw.together 2 Draw.whole) (fun xs ->
          let x, y = xs[0].Tensor, xs[1].Tensor
          let y = Tensor.where (Tensor.equal (Tensor.scalar 0.0) y) (Tensor.onesLike y) y
          Tensor.floorDivide y x * y + x % y =. x + Tensor.zerosLike y)
      law "divmod is both" (Draw.together 2 Draw.positive) (fun xs ->
          let x, y = xs[0].Tensor, xs[1].Tensor
          let quotient, remainder = Tensor.divmod y x
          quotient =. Tensor.floorDivide y x
          remainder =. x % y)
      same2
          "a shift to the left doubles"
          Draw.natural
          (onInts (fun x y -> Tensor.leftShift y x))
          (fun x y -> ints (x * Tensor.power y (Tensor.scalar 2.0)))
      same2
          "a shift to the right halves"
          Draw.natural
          (onInts (fun x y -> Tensor.rightShift y x))
          (fun x y -> x / Tensor.power y (Tensor.scalar 2.0) |> Tensor.floor |> ints)
      same1 "inverting bits" Draw.whole (ints >> Tensor.bitwiseInvert) (fun x -> -(ints x) - 1)
      same2
          "exclusive or"
          Draw.whole
          (onInts (fun x y -> Tensor.bitwiseXor y x))
          (onInts (fun x y -> Tensor.bitwiseOr y x - Tensor.bitwiseAnd y x))
      same1 "floor = -ceil(-x)" Draw.real (fun x -> Tensor.floor x + 0.0) (fun x ->
          0.0 - Tensor.ceil -x)
      same1 "rounding twice" Draw.real (Tensor.round 0 >> Tensor.round 0) (Tensor.round 0)
      law "rounding goes to a nearest" (Draw.numbers Draw.shape Draw.real) (fun x ->
          let distance = abs (x.Tensor - Tensor.round 0 x.Tensor)
          isTrue "half at most" (Tensor.allclose 0.0 0.5 (Tensor.zerosLike distance) distance)) ]

let private odd: (string * (Tensor -> Tensor)) list =
    [ "sin", Tensor.sin
      "tan", Tensor.tan
      "sinh", Tensor.sinh
      "tanh", Tensor.tanh
      "arctan", Tensor.arctan
      "arcsinh", Tensor.arcsinh
      "erf", Tensor.erf ]

let private inverses: (string * FsCheck.Gen<float> * (Tensor -> Tensor)) list =
    [ "exp of log", Draw.positive, (Tensor.log >> Tensor.exp)
      "log of exp", Draw.real, (Tensor.exp >> Tensor.log)
      "log2 of a power of 2",
      Draw.real,
      ((fun x -> Tensor.power x (Tensor.scalar 2.0)) >> Tensor.log2)
      "log10 of a power of 10",
      Draw.real,
      ((fun x -> Tensor.power x (Tensor.scalar 10.0)) >> Tensor.log10)
      "log1p of expm1", Draw.real, (Tensor.expm1 >> Tensor.log1p)
      "the square of the root", Draw.positive, (Tensor.sqrt >> Tensor.square)
      "the reciprocal twice", Draw.positive, (Tensor.reciprocal >> Tensor.reciprocal)
      "sin of arcsin", Draw.unit, (Tensor.arcsin >> Tensor.sin)
      "cos of arccos", Draw.unit, (Tensor.arccos >> Tensor.cos)
      "tan of arctan", Draw.real, (Tensor.arctan >> Tensor.tan)
      "sinh of arcsinh", Draw.real, (Tensor.arcsinh >> Tensor.sinh)
      "tanh of arctanh", Draw.unit, (Tensor.arctanh >> Tensor.tanh)
      "arccosh of cosh", Draw.positive, (Tensor.cosh >> Tensor.arccosh)
      "erf of erfinv", Draw.unit, (Tensor.erfinv >> Tensor.erf)
      "radians of degrees", Draw.real, (Tensor.degrees >> Tensor.radians) ]

let private functions =
    [ for name, f in odd do
          near1 $"{name} is odd" Draw.real (fun x -> f -x) (fun x -> -(f x))
      for name, values, f in inverses do
          near1 name values f id
      near1 "cos is even" Draw.real (fun x -> cos -x) cos
      near1 "cosh is even" Draw.real (fun x -> cosh -x) cosh
      near1 "sin² + cos² = 1" Draw.real (fun x -> sin x * sin x + cos x * cos x) Tensor.onesLike
      near1
          "cosh² - sinh² = 1"
          Draw.unit
          (fun x -> cosh x * cosh x - sinh x * sinh x)
          Tensor.onesLike
      near1 "tanh = sinh / cosh" Draw.real tanh (fun x -> sinh x / cosh x)
      near1 "tan = sin / cos" Draw.unit tan (fun x -> sin x / cos x)
      near1 "sigmoid(-x) = 1 - sigmoid x" Draw.real (fun x -> Tensor.sigmoid -x) (fun x ->
          1.0 - Tensor.sigmoid x)
      near1
          "2 sigmoid(2 x) - 1 = tanh x"
          Draw.real
          (fun x -> 2.0 * Tensor.sigmoid (2.0 * x) - 1.0)
          tanh
      near1 "rsqrt = 1 / sqrt" Draw.positive Tensor.rsqrt (fun x -> 1.0 / sqrt x)
      near2 "e^(x + y) = e^x e^y" Draw.real (fun x y -> exp (x + y)) (fun x y -> exp x * exp y)
      near2 "log(x y) = log x + log y" Draw.positive (fun x y -> log (x * y)) (fun x y ->
          log x + log y)
      near2 "sin(x + y)" Draw.real (fun x y -> sin (x + y)) (fun x y ->
          sin x * cos y + cos x * sin y)
      near2 "cos(x + y)" Draw.real (fun x y -> cos (x + y)) (fun x y ->
          cos x * cos y - sin x * sin y)
      near2 "logaddexp = log(e^x + e^y)" Draw.real (fun x y -> Tensor.logaddexp y x) (fun x y ->
          log (exp x + exp y))
      near2 "x^y = e^(y log x)" Draw.positive (fun x y -> Tensor.power y x) (fun x y ->
          exp (y * log x))
      near2
          "arctan2 is the angle of a point"
          Draw.positive
          (fun x y -> Tensor.arctan2 y x)
          (fun x y -> Tensor.arctan (x / y)) ]

/// A complex number of two reals.
let private complex (x: Tensor) (y: Tensor) : Tensor = x + Tensor.scalar (Complex64(0f, 1f)) * y

let private complexes =
    [ near2
          "real and imaginary parts make the number"
          Draw.real
          (fun x y -> complex x y)
          (fun x y ->
              let z = complex x y
              complex (Tensor.real z) (Tensor.imag z))
      near2
          "conjugating twice"
          Draw.real
          (fun x y -> complex x y |> Tensor.conjugate |> Tensor.conjugate)
          complex
      near2
          "z times its conjugate is |z|²"
          Draw.real
          (fun x y ->
              let z = complex x y
              Tensor.real (z * Tensor.conjugate z))
          (fun x y -> x * x + y * y)
      near2
          "|z|² = x² + y²"
          Draw.real
          (fun x y -> complex x y |> Tensor.abs |> Tensor.square)
          (fun x y -> x * x + y * y)
      near2 "e^(i y) = cos y + i sin y" Draw.real (fun _ y -> exp (complex (0.0 * y) y)) (fun _ y ->
          complex (cos y) (sin y)) ]

let tests =
    commutative
    @ associative
    @ idempotent
    @ broadcasting
    @ rings
    @ comparisons
    @ integers
    @ functions
    @ complexes
