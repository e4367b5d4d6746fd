/// Running reductions, and orders.
module Mlx.Tests.Laws.Rows.Scan

open System
open System.Numerics
open Mlx.Core
open Mlx.Tests.Laws
open Mlx.Tests.Laws.Rows.Unary

let private scanned step start isReverse isInclusive (lane: Complex[]) =
    let forward (lane: Complex[]) =
        let running = Array.scan step start lane
        if isInclusive then running[1..] else running[.. lane.Length - 1]

    if isReverse then lane |> Array.rev |> forward |> Array.rev else forward lane

let private running name domain step start change =
    let at shape (axis: int) isReverse isInclusive =
        op name [ value shape domain ] (fun a -> [ a[0]; axis; isReverse; isInclusive ])
        |> refer (fun xs -> [ Nd.along axis (scanned step start isReverse isInclusive) xs.Head ])
        |> change isInclusive

    [ for isReverse in [ false; true ] do
          for isInclusive in [ true; false ] do
              at [ 2; 3 ] -1 isReverse isInclusive
              |> label $"reverse={isReverse} inclusive={isInclusive}"
              |> atLengths
                  [ fun n -> at [ n ] 0 isReverse isInclusive
                    fun n -> at [ n; 3 ] 0 isReverse isInclusive ] ]

let private ofReals f (x: Complex) (y: Complex) = Nd.real (f x.Real y.Real)

let private logAddExp (x: Complex) (y: Complex) =
    if Double.IsNegativeInfinity x.Real then y else Complex.Log(Complex.Exp x + Complex.Exp y)

/// The extreme of nothing is the least (greatest) number of the dtype, which of floats is infinity.
let private extreme isInclusive row =
    row
    |> adjoint ordered
    |> except [ DType.Complex64 ]
    |> if isInclusive then id else except (DType.Bool :: Values.integers)

/// Of no complex numbers too the imaginary part is infinite.
let private logarithmic isInclusive row =
    row
    |> adjoint Transposed
    |> ulps 64.0
    |> except (DType.Bool :: Values.integers)
    |> if isInclusive then id else except [ DType.Complex64 ]

let private reals (lane: Complex[]) = lane |> Array.map _.Real

let private sorted lane = lane |> reals |> Array.sort |> Array.map Nd.real

let private order lane =
    // List.sortBy keeps the order of equals, as the engine does.
    let order = lane |> reals |> List.ofArray |> List.indexed |> List.sortBy snd |> List.map fst
    order |> List.map (float >> Nd.real) |> List.toArray

let private ordering name f change =
    let one shape (axis: int) =
        op (name + "_axis") [ value shape Apart ] (fun a -> [ a[0]; axis ])
        |> referReal (fun xs -> [ Nd.along axis f xs.Head ])
        |> change

    [ op name [ value [ 2; 3 ] Apart ] (fun a -> [ a[0] ])
      |> referReal (fun xs -> [ Nd.along 0 f (Nd.flatten xs.Head) ])
      |> change
      one [ 2; 3 ] 0
      |> label "axis=0"
      |> atLengths [ (fun n -> one [ n ] 0); (fun n -> one [ n; 2 ] 0); (fun n -> one [ 2; n ] -1) ]
      one [ 2; 3 ] -1 |> label "axis=-1" ]

/// Only the element at k is where a sort puts it: the reference speaks of a line of two.
let private parting name f change =
    [ op name [ value [ 2 ] Apart ] (fun a -> [ a[0]; 1 ])
      |> referReal (fun xs -> [ Nd.along 0 f xs.Head ])
      |> change
      op (name + "_axis") [ value [ 2; 3 ] Apart ] (fun a -> [ a[0]; 1; 0 ])
      |> referReal (fun xs -> [ Nd.along 0 f xs.Head ])
      |> change ]

let private positions row = row |> gives (fun _ -> DType.UInt32) |> discrete

let private largest (lane: Complex[]) = [| lane |> reals |> Array.max |> Nd.real |]

let private counted d = if d = DType.Bool then DType.Int32 else d

let rows =
    [ yield!
          running "cumsum" (Between(-3.0, 3.0)) (+) Complex.Zero (fun _ ->
              ulps 256.0 >> gives counted)
      yield! running "cumprod" (Away(0.9, 1.1)) (*) Complex.One (fun _ -> ulps 64.0)
      yield! running "cummax" Apart (ofReals max) (Nd.real -infinity) extreme
      yield! running "cummin" Apart (ofReals min) (Nd.real infinity) extreme
      yield! running "logcumsumexp" (Between(-2.0, 2.0)) logAddExp (Nd.real -infinity) logarithmic
      yield! ordering "sort" sorted id
      yield! ordering "argsort" order positions
      yield! parting "partition" sorted id
      yield! parting "argpartition" order positions
      op "topk" [ value [ 2; 3 ] Apart ] (fun a -> [ a[0]; 1 ])
      |> referReal (fun xs -> [ Nd.along 0 largest (Nd.flatten xs.Head) ])
      op "topk_axis" [ value [ 2; 3 ] Apart ] (fun a -> [ a[0]; 1; 1 ])
      |> referReal (fun xs -> [ Nd.along 1 largest xs.Head ])
      |> refuses "more than there are" (fun a -> [ a[0]; 4; 1 ]) ]
