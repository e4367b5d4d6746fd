/// Products of matrices and of tensors.
module Mlx.Tests.Laws.Rows.Product

open System.Numerics
open Mlx.Core
open Mlx.Tests.Laws

let private any = Between(-1.0, 1.0)

let private numbers row = row |> over Values.inexact |> ulps 32.0

let private matmul left right =
    op "matmul" [ value left any; value right any ] (fun a -> [ a[0]; a[1] ])
    |> refer (fun xs -> [ Nd.matmul xs[0] xs[1] ])
    |> numbers

/// The inner length, then the outer ones.
let private lengths =
    [ (fun n -> matmul [ 3; n ] [ n; 2 ])
      (fun n -> matmul [ n; 3 ] [ 3; 2 ])
      (fun n -> matmul [ 2; 3 ] [ 3; n ]) ]

let private asMatrix (a: Nd) = if a.Rank = 1 then Nd.expand 0 a else a

let private pair name left right arguments reference =
    op name [ value left any; value right any ] arguments
    |> refer (fun xs -> [ reference xs[0] xs[1] ])

let private einsum subscripts shapes (reference: Nd list -> Nd) =
    op "einsum" [ for s in shapes -> value s any ] (fun a -> [ (subscripts: string); a ])
    |> label subscripts
    |> refer (fun xs -> [ reference xs ])
    |> numbers

let private addmm c a b =
    op "addmm" [ value c any; value a any; value b any ] (fun a -> [ a[0]; a[1]; a[2]; 0.5; 2.0 ])
    |> refer (fun xs ->
        let product = Nd.matmul xs[1] xs[2]
        [ Nd.map2 (fun p c -> 0.5 * p + 2.0 * c) product xs[0] ])
    |> numbers

let private scale x = Nd.map (fun z -> z * Nd.real x)

/// The orthogonal matrix of signs, of order 2^k.
let rec private hadamard n =
    if n = 1 then
        [| [| 1.0 |] |]
    else
        let half = hadamard (n / 2)

        Array.append
            [| for row in half -> Array.append row row |]
            [| for row in half -> Array.append row (Array.map (~-) row) |]

let private transformed (lane: Complex[]) =
    hadamard lane.Length
    |> Array.map (fun row ->
        Reduce.sum (Array.map2 (fun s x -> Nd.real s * x) row lane) * Nd.real 0.5)

/// The matrices that the indices name, multiplied.
let private gathered =
    op
        "gather_mm"
        [ value [ 2; 3; 4 ] any
          value [ 3; 4; 2 ] any
          fixedTo DType.UInt32 [ 5 ] (These [ 0.0; 1.0; 1.0; 0.0; 1.0 ])
          fixedTo DType.UInt32 [ 5 ] (These [ 2.0; 0.0; 1.0; 2.0; 2.0 ]) ]
        (fun a -> [ a[0]; a[1]; a[2]; a[3]; false ])
    |> over Values.floats
    |> ulps 32.0
    |> unmapped "MLX has no rule either"
    |> refer (fun xs ->
        let pick (source: Nd) (k: Complex) = Nd.pick 0 (int k.Real) source

        [ Array.map2 (fun l r -> Nd.matmul (pick xs[0] l) (pick xs[1] r)) xs[2].Data xs[3].Data
          |> Array.toList
          |> Nd.stack 0 ])

let private segmented =
    op
        "segmented_mm"
        [ value [ 3; 6 ] any
          value [ 6; 2 ] any
          fixedTo DType.UInt32 [ 3; 2 ] (These [ 0.0; 2.0; 2.0; 5.0; 5.0; 6.0 ]) ]
        (fun a -> [ a[0]; a[1]; a[2] ])
    |> over Values.floats
    |> ulps 32.0
    |> noDerivative
    |> unmapped "MLX has no rule either"
    |> refer (fun xs ->
        [ [ for low, high in [ 0, 2; 2, 5; 5, 6 ] ->
                Nd.matmul
                    (Nd.init [| 3; high - low |] (fun i -> xs[0][[| i[0]; low + i[1] |]]))
                    (Nd.init [| high - low; 2 |] (fun i -> xs[1][[| low + i[0]; i[1] |]])) ]
          |> Nd.stack 0 ])

/// Blocks of 32 by 32, each under a factor.
let private blocks =
    let masked (a: Nd) (mask: Nd) =
        Nd.init a.Shape (fun i -> a[i] * mask[[| i[0] / 32; i[1] / 32 |]])

    op
        "block_masked_mm"
        [ value [ 33; 34 ] any
          value [ 34; 3 ] any
          value [ 2; 1 ] any
          value [ 2; 2 ] any
          value [ 2; 1 ] any ]
        (fun a -> [ a[0]; a[1]; 32; a[2]; a[3]; a[4] ])
    |> over [ DType.Float32; DType.Float64; DType.Float16; DType.BFloat16 ]
    |> ulps 64.0
    |> refer (fun xs -> [ masked (Nd.matmul (masked xs[0] xs[3]) (masked xs[1] xs[4])) xs[2] ])

let rows =
    [ matmul [ 3; 4 ] [ 4; 2 ]
      |> atLengths lengths
      |> refuses "inner lengths that differ" (fun a -> [ a[0]; a[0] ])
      matmul [ 2; 1; 3; 4 ] [ 3; 4; 2 ] |> label "batches"
      pair "matmul" [ 4 ] [ 4; 2 ] (fun a -> [ a[0]; a[1] ]) (fun x y ->
          Nd.matmul (asMatrix x) y |> Nd.reshape [| 2 |])
      |> label "vector by matrix"
      |> numbers
      pair "inner" [ 2; 4 ] [ 3; 4 ] (fun a -> [ a[0]; a[1] ]) (fun x y ->
          Nd.matmul x (Nd.transpose [| 1; 0 |] y))
      |> numbers
      pair "outer" [ 2; 2 ] [ 3 ] (fun a -> [ a[0]; a[1] ]) (fun x y ->
          Nd.init [| 4; 3 |] (fun i -> x.Data[i[0]] * y.Data[i[1]]))
      pair "kron" [ 2; 3 ] [ 2; 2 ] (fun a -> [ a[0]; a[1] ]) (fun x y ->
          Nd.init [| 4; 6 |] (fun i -> x[[| i[0] / 2; i[1] / 2 |]] * y[[| i[0] % 2; i[1] % 2 |]]))
      pair
          "tensordot"
          [ 2; 3; 4 ]
          [ 4; 3; 2 ]
          (fun a -> [ a[0]; a[1]; [| 1; 2 |]; [| 1; 0 |] ])
          (fun x y ->
              Nd.matmul
                  (Nd.reshape [| 2; 12 |] x)
                  (Nd.reshape [| 12; 2 |] (Nd.transpose [| 1; 0; 2 |] y)))
      |> numbers
      pair "tensordot_axis" [ 2; 3; 4 ] [ 3; 4; 2 ] (fun a -> [ a[0]; a[1]; 2 ]) (fun x y ->
          Nd.matmul (Nd.reshape [| 2; 12 |] x) (Nd.reshape [| 12; 2 |] y))
      |> numbers
      addmm [ 3; 2 ] [ 3; 4 ] [ 4; 2 ] |> atLengths [ fun n -> addmm [ 2 ] [ 3; n ] [ n; 2 ] ]
      addmm [ 2 ] [ 2; 3; 4 ] [ 4; 2 ] |> label "batches"
      einsum "ij,jk->ik" [ [ 2; 3 ]; [ 3; 4 ] ] (fun xs -> Nd.matmul xs[0] xs[1])
      einsum "bij,bkj->bik" [ [ 2; 3; 4 ]; [ 2; 2; 4 ] ] (fun xs ->
          Nd.matmul xs[0] (Nd.transpose [| 0; 2; 1 |] xs[1]))
      einsum "ij,jk,kl->il" [ [ 2; 3 ]; [ 3; 4 ]; [ 4; 2 ] ] (fun xs ->
          Nd.matmul (Nd.matmul xs[0] xs[1]) xs[2])
      einsum "ii->i" [ [ 3; 3 ] ] (fun xs -> Nd.init [| 3 |] (fun i -> xs[0][[| i[0]; i[0] |]]))
      |> over Values.all
      op "hadamard_transform" [ value [ 2; 4 ] any ] (fun a -> [ a[0]; 0.5 ])
      |> gives (fun d -> if d.IsFloating() then d else DType.Float32)
      |> adjoint (Untested "of complex numbers it takes the real parts")
      |> ulps 16.0
      |> referReal (fun xs -> [ Nd.along 1 transformed xs[0] ])
      gathered
      segmented
      blocks ]
