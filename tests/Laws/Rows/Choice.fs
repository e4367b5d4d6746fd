/// Elementwise functions that choose, bound or mend their elements.
module Mlx.Tests.Laws.Rows.Choice

open System
open System.Numerics
open Mlx.Core
open Mlx.Tests.Laws
open Mlx.Tests.Laws.Rows.Unary
open Mlx.Tests.Laws.Rows.Binary

let private pair = [ value [ 2; 3 ] (Between(-3.0, 3.0)); value [ 3 ] (Between(-3.0, 3.0)) ]

let private near (x: Complex) (y: Complex) = truth (Complex.Abs(x - y) <= 0.1 + 0.3 * Complex.Abs y)

let private every (lane: Complex[]) = truth (Array.forall ((=) Complex.One) lane)

let private clip (low, high) =
    let bounds = [ value [] (Between(-1.3, -1.2)); value [ 3 ] (Between(1.2, 1.3)) ]

    let bounded isThere f (bound: Nd) a =
        if isThere then Nd.map2 (lift2 f undefined2) a bound else a

    let inputs =
        [ value [ 2; 3 ] Apart
          if low then
              bounds[0]
          if high then
              bounds[1] ]

    op "clip" inputs (fun a ->
        [ a[0]; (if low then box a[1] else null); (if high then box (Array.last a) else null) ])
    |> label ((if low then "low" else "") + (if high then "high" else ""))
    |> referReal (fun xs -> [ xs[0] |> bounded low max xs[1] |> bounded high min (List.last xs) ])

let private where shape =
    op
        "where"
        [ fixedTo DType.Bool shape (Between(-1.0, 1.0))
          value shape (Between(-3.0, 3.0))
          value shape (Between(-3.0, 3.0)) ]
        (fun a -> [ a[0]; a[1]; a[2] ])
    |> refer (fun xs ->
        let pick c y z = if c = Complex.One then y else z
        [ { xs[1] with Data = Array.map3 pick xs[0].Data xs[1].Data xs[2].Data } ])

let private round decimals values =
    let scale = 10.0 ** float decimals

    op "round" [ value [ 2; 2 ] (These values) ] (fun a -> [ a[0]; decimals ])
    |> label $"decimals={decimals}"
    |> adjoint (Untested "steps are close")
    |> referReal (fun xs ->
        [ Nd.map (fun z -> Nd.real (Math.Round(z.Real * scale) / scale)) xs.Head ])

let rows =
    [ op "isclose" pair (fun a -> [ a[0]; a[1]; 0.3; 0.1; false ])
      |> gives boolean
      |> discrete
      |> refer (fun xs -> [ Nd.map2 near xs[0] xs[1] ])
      op "allclose" pair (fun a -> [ a[0]; a[1]; 0.3; 0.1; false ])
      |> gives boolean
      |> discrete
      |> refer (fun xs -> [ Nd.map2 near xs[0] xs[1] |> Nd.fold [ 0; 1 ] false every ])
      op
          "array_equal"
          [ value [ 3 ] (Between(-1.0, 1.0)); value [ 3 ] (Between(-1.0, 1.0)) ]
          (fun a -> [ a[0]; a[1]; true ])
      |> gives boolean
      |> discrete
      |> refer (fun xs -> [ Nd.scalar (truth (xs[0].Data = xs[1].Data)) ])
      yield! List.map clip [ true, true; true, false; false, true ]
      where [ 2; 3 ] |> atLengths [ fun n -> where [ n ] ]
      op "nan_to_num" [ value [ 2; 3 ] (Between(-3.0, 3.0)) ] (fun a -> [ a[0]; 0.5; 1.0; -1.0 ])
      |> refer id
      op "nan_to_num" [ value [ 2; 3 ] (Between(-3.0, 3.0)) ] (fun a -> [ a[0]; 0.5; null; null ])
      |> label "with the dtype's largest"
      |> over (Values.all |> List.except [ DType.Float64; DType.Complex64 ])
      |> refer id
      round 0 [ 1.3; -2.7; 3.1; -0.2 ]
      round 1 [ 1.32; -2.71; 3.13; -0.29 ]
      round -1 [ 13.0; -27.0; 31.0; -2.0 ] ]
