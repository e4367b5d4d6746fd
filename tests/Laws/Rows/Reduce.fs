/// Reductions: over all axes, some, or one; with and without keeping them.
module Mlx.Tests.Laws.Rows.Reduce

open System
open System.Numerics
open Mlx.Core
open Mlx.Tests.Laws
open Mlx.Tests.Laws.Rows.Unary

let private reals (lane: Complex[]) = lane |> Array.map _.Real

let sum (lane: Complex[]) = Array.fold (+) Complex.Zero lane

let private product (lane: Complex[]) = Array.fold (*) Complex.One lane

let private mean (lane: Complex[]) = sum lane / Complex(float lane.Length, 0.0)

let private extreme f (lane: Complex[]) = lane |> reals |> Array.reduce f |> Nd.real

let logSumExp (lane: Complex[]) = Complex.Log(sum (Array.map Complex.Exp lane))

let private variance ddof (lane: Complex[]) =
    let m = mean lane
    let squares = lane |> Array.sumBy (fun z -> (z - m).Real ** 2.0)
    Nd.real (squares / float (lane.Length - ddof))

let private deviation ddof lane = Nd.real (sqrt (variance ddof lane).Real)

let private median (lane: Complex[]) =
    let sorted = Array.sort (reals lane)
    let n = sorted.Length
    Nd.real ((sorted[(n - 1) / 2] + sorted[n / 2]) / 2.0)

let private position better (lane: Complex[]) =
    let values = reals lane
    Nd.real (float (Array.findIndex ((=) (Array.reduce better values)) values))

/// One function over all axes, over several, and over one. Empty lines are in, where the reduction
/// has a neutral element.
let private family name domain hasEmpty (extra: objnull list) f change =
    let reference axes keepdims (xs: Nd list) = [ Nd.fold axes keepdims f xs.Head ]

    let all shape (keepdims: bool) =
        op name [ value shape domain ] (fun a -> [ box a[0]; box keepdims ] @ extra)
        |> refer (reference [ 0 .. shape.Length - 1 ] keepdims)
        |> change

    let some shape (axes: int[]) (keepdims: bool) =
        op (name + "_axes") [ value shape domain ] (fun a ->
            [ box a[0]; box axes; box keepdims ] @ extra)
        |> label $"axes={Values.shapeText axes} keepdims={keepdims}"
        |> refer (reference (List.ofArray axes) keepdims)
        |> change

    let one shape (axis: int) (keepdims: bool) =
        op (name + "_axis") [ value shape domain ] (fun a ->
            [ box a[0]; box axis; box keepdims ] @ extra)
        |> label $"axis={axis} keepdims={keepdims}"
        |> refer (reference [ axis ] keepdims)
        |> change

    let inside n = if hasEmpty then n else max 1 n

    [ all [ 2; 3 ] false |> atLengths [ fun n -> all [ inside n ] false ]
      all [ 2; 3 ] true |> label "keepdims=true"
      some [ 2; 3; 2 ] [| 0; 2 |] false
      some [ 2; 3; 2 ] [| 1 |] true
      |> atLengths [ fun n -> some [ 2; inside n; 3 ] [| 0; 1 |] false ]
      one [ 2; 3; 2 ] 1 false
      |> atLengths
          [ (fun n -> one [ 3; inside n ] -1 false); (fun n -> one [ inside n; 3 ] 0 true) ]
      one [ 2; 3 ] -1 true ]

/// bool and small integers are added in 32 bits.
let private summed (d: DType) =
    match d with
    | DType.Bool
    | DType.Int8
    | DType.Int16 -> DType.Int32
    | DType.UInt8
    | DType.UInt16 -> DType.UInt32
    | _ -> d

let private real row = row |> except [ DType.Complex64 ] |> adjoint mixed

/// Their differences from the greatest one wrap, as in MLX.
let private unsigned = DType.Bool :: List.filter _.IsUnsigned() Values.integers

let private truthful f name =
    family
        name
        (Between(-0.6, 0.6))
        true
        []
        (fun lane -> truth (f (fun z -> z <> Complex.Zero) lane))
        (gives boolean >> discrete)

let private softmax (lane: Complex[]) =
    let powers = lane |> Array.map Complex.Exp
    powers |> Array.map (fun p -> p / sum powers)

let private softmaxes =
    let at name shape arguments axes =
        let overAll (a: Nd) =
            let order = List.toArray axes

            if order.Length = 1 then
                Nd.along order[0] softmax a
            else
                { a with Data = softmax a.Data }

        op name [ value shape (Between(-3.0, 3.0)) ] arguments
        |> gives toFloat
        |> refer (fun xs -> [ overAll xs.Head ])
        |> adjoint mixed

    let one shape axis precise =
        at "softmax_axis" shape (fun a -> [ a[0]; (axis: int); (precise: bool) ]) [ axis ]

    [ at "softmax" [ 2; 3 ] (fun a -> [ a[0]; false ]) [ 0; 1 ]
      at "softmax_axes" [ 2; 3 ] (fun a -> [ a[0]; [| 0; 1 |]; true ]) [ 0; 1 ]
      one [ 2; 3 ] 0 false
      |> label "axis=0"
      |> atLengths [ (fun n -> one [ 2; n ] 1 false); (fun n -> one [ n; 2 ] 0 true) ]
      one [ 2; 3 ] -1 true |> label "axis=-1 precise" ]

let private positions name f =
    let domain = Apart

    let at function' shape arguments keepdims axes =
        op function' [ value shape domain ] arguments
        |> gives (fun _ -> DType.UInt32)
        |> discrete
        |> referReal (fun xs -> [ Nd.fold axes keepdims f xs.Head ])

    let one shape axis keepdims =
        at
            (name + "_axis")
            shape
            (fun a -> [ a[0]; (axis: int); (keepdims: bool) ])
            keepdims
            [ axis ]

    [ at name [ 2; 3 ] (fun a -> [ a[0]; false ]) false [ 0; 1 ]
      one [ 2; 3 ] 0 false
      |> label "axis=0"
      |> atLengths [ (fun n -> one [ 2; max 1 n ] 1 false); (fun n -> one [ max 1 n; 3 ] 0 true) ]
      one [ 2; 3 ] -1 true |> label "axis=-1 keepdims" ]

let rows =
    [ yield! family "sum" (Between(-3.0, 3.0)) true [] sum (gives summed >> ulps 64.0)
      yield! family "prod" (Away(0.9, 1.1)) true [] product (gives summed >> ulps 64.0)
      yield! family "mean" (Between(-3.0, 3.0)) false [] mean (gives toFloat >> ulps 16.0)
      yield! family "max" Apart false [] (extreme max) real
      yield! family "min" Apart false [] (extreme min) real
      yield!
          family
              "var"
              (Between(-3.0, 3.0))
              false
              [ 0 ]
              (variance 0)
              (gives toFloat >> real >> ulps 16.0)
      yield!
          family
              "std"
              (Away(1.0, 3.0))
              false
              [ 0 ]
              (deviation 0)
              (gives toFloat >> real >> ulps 16.0)
      yield!
          family
              "logsumexp"
              (Between(-3.0, 3.0))
              false
              []
              logSumExp
              (gives toFloat >> adjoint mixed >> ulps 16.0 >> except unsigned)
      yield! truthful Array.forall "all"
      yield! truthful Array.exists "any"
      yield! softmaxes
      yield! positions "argmax" (position max)
      yield! positions "argmin" (position min)
      for axes: int[] in [ [| 0 |]; [| 0; 1 |] ] do
          op "median" [ value [ 3; 4 ] Apart ] (fun a -> [ a[0]; axes; false ])
          |> label $"axes={Values.shapeText axes}"
          |> gives toFloat
          |> referReal (fun xs -> [ Nd.fold (List.ofArray axes) false median xs.Head ]) ]
