/// Functions of two elements.
module Mlx.Tests.Laws.Rows.Binary

open System
open System.Numerics
open Mlx.Core
open Mlx.Tests.Laws
open Mlx.Tests.Laws.Rows.Unary

/// A function of real numbers and its continuation to complex ones.
let lift2 f g (x: Complex) (y: Complex) =
    if x.Imaginary = 0.0 && y.Imaginary = 0.0 then Nd.real (f x.Real y.Real) else g x y

let undefined2 (_: Complex) (_: Complex) = Complex.NaN

let private shapeless =
    fun (a: MlxArray[]) -> [ box a[0]; box (Ops.Zeros(ReadOnlySpan [| 7; 5 |], a[1].DType)) ]

/// The second input broadcasts; at a length it lies beside the first, across it, and over it.
let binary name left right f =
    let at first second =
        op name [ value first left; value second right ] (fun a -> [ a[0]; a[1] ])
        |> refer (fun xs -> [ Nd.map2 f xs[0] xs[1] ])
        |> refuses "shapes that do not broadcast" shapeless

    at [ 2; 3 ] [ 3 ]
    |> atLengths
        [ fun n -> at [ n ] [ n ]
          fun n -> at [ 2; n ] [ 2; 1 ]
          fun n -> at [ 1 ] [ n ] ]

let private ofReals f = lift2 f undefined2

/// The reference is one of real numbers, though complex ones are taken.
let private realReference row = row |> everywhere (except [ DType.Complex64 ])


let private any = Between(-2.0, 2.0)

let private truths name f = binary name any any f |> everywhere (gives boolean >> discrete)

let private comparison name f = truths name (ofReals (fun x y -> if f x y then 1.0 else 0.0))

let private bits name dtypes f =
    binary
        name
        (Between(0.0, 9.0))
        (Between(0.0, 5.0))
        (ofReals (fun x y -> float (f (int64 x) (int64 y))))
    |> everywhere (over dtypes >> discrete)

let private divisor = Away(1.0, 4.0)

let private logAddExp x y = log (exp x + exp y)

let private angle (y: float) (x: float) = Math.Atan2(y, x)

let private quotient x y = truncate (x / y)

/// Of these MLX takes the remainder to the nearest multiple.
let private halves = [ DType.Float16; DType.BFloat16 ]

let private wide = Values.all |> List.except (DType.Complex64 :: halves)

let private modulo x y = x - y * floor (x / y)

let rows =
    [ binary "add" (Between(-3.0, 3.0)) any (+)
      binary "subtract" (Between(-3.0, 3.0)) any (-)
      binary "multiply" (Between(-3.0, 3.0)) any (*)
      binary "divide" any divisor (/) |> everywhere (gives toFloat)
      binary "maximum" Apart (Between(-0.1, 0.1)) (ofReals max) |> realReference
      binary "minimum" Apart (Between(-0.1, 0.1)) (ofReals min) |> realReference
      binary
          "power"
          (Between(0.6, 2.4))
          (Between(0.6, 2.4))
          (lift2 ( ** ) (fun x y -> Complex.Pow(x, y)))
      |> adjoint Transposed
      binary
          "logaddexp"
          any
          any
          (lift2 logAddExp (fun x y -> Complex.Log(Complex.Exp x + Complex.Exp y)))
      |> everywhere (gives toFloat)
      |> adjoint Transposed
      binary "arctan2" (Away(0.4, 3.0)) (Away(0.4, 3.0)) (fun y x -> Nd.real (angle y.Real x.Real))
      |> everywhere (gives toFloat)
      |> adjoint (Untested "of complex numbers it takes the real parts")
      binary "remainder" (Between(-6.0, 6.0)) divisor (ofReals modulo)
      |> everywhere (elsewhere (DType.Complex64 :: halves))
      binary "remainder" (Between(-6.0, 6.0)) divisor (fun x y ->
          Nd.real (Math.IEEERemainder(x.Real, y.Real)))
      |> label "to the nearest"
      |> everywhere (over (DType.Complex64 :: halves) >> elsewhere wide)
      |> adjoint (Untested "of complex numbers it takes the real parts")
      binary "floor_divide" (Between(-6.0, 6.0)) divisor (ofReals (fun x y -> floor (x / y)))
      // A quotient rounded to 16 bits may reach the next integer.
      |> everywhere (
          over Values.floats >> elsewhere (DType.Bool :: Values.integers) >> except halves
      )
      binary "floor_divide" (Between(-6.0, 6.0)) divisor (ofReals quotient)
      |> label "of integers"
      |> everywhere (over (DType.Bool :: Values.integers) >> elsewhere Values.floats >> discrete)
      op "divmod" [ value [ 2; 3 ] (Between(-6.0, 6.0)); value [ 3 ] divisor ] (fun a ->
          [ a[0]; a[1] ])
      |> over Values.reals
      |> refer (fun xs ->
          let rest x y = x - y * quotient x y
          [ Nd.map2 (ofReals quotient) xs[0] xs[1]; Nd.map2 (ofReals rest) xs[0] xs[1] ])
      comparison "equal" (=) |> realReference
      comparison "not_equal" (<>) |> realReference
      comparison "greater" (>) |> realReference
      comparison "greater_equal" (>=) |> realReference
      comparison "less" (<) |> realReference
      comparison "less_equal" (<=) |> realReference
      truths "logical_and" (fun x y -> truth (x <> Complex.Zero && y <> Complex.Zero))
      truths "logical_or" (fun x y -> truth (x <> Complex.Zero || y <> Complex.Zero))
      bits "bitwise_and" (DType.Bool :: Values.integers) (&&&)
      bits "bitwise_or" (DType.Bool :: Values.integers) (|||)
      bits "bitwise_xor" (DType.Bool :: Values.integers) (^^^)
      bits "left_shift" (DType.Bool :: Values.integers) (fun x y -> x <<< int y)
      |> everywhere (except [ DType.Bool ])
      bits "right_shift" (DType.Bool :: Values.integers) (fun x y -> x >>> int y)
      |> everywhere (except [ DType.Bool ]) ]
