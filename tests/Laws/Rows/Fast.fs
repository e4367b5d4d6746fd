/// The fused ops: normalization, rotary positions, attention.
module Mlx.Tests.Laws.Rows.Fast

open System
open System.Numerics
open Mlx.Core
open Mlx.Tests.Laws

let private any = Between(-2.0, 2.0)

let private fused row = row |> over Values.floats |> ulps 32.0

/// A number that float32 holds exactly, as all the settings here.
let private epsilon = 1.0 / 1024.0

let private normalized center (lane: Complex[]) =
    let mean xs = Reduce.sum xs / Nd.real (float (Array.length xs))
    let middle = if center then mean lane else Complex.Zero
    let centered = lane |> Array.map (fun x -> x - middle)
    let square = mean (centered |> Array.map (fun x -> x * x))
    centered |> Array.map (fun x -> x / Complex.Sqrt(square + Nd.real epsilon))

let private rms n hasWeight =
    let inputs =
        [ value [ 2; n ] any
          if hasWeight then
              value [ n ] any ]

    op "fast_rms_norm" inputs (fun a -> [ a[0]; (if hasWeight then box a[1] else null); epsilon ])
    |> label (if hasWeight then "" else "without weight")
    |> refer (fun xs ->
        let y = Nd.along 1 (normalized false) xs[0]
        [ if hasWeight then Nd.map2 (*) y xs[1] else y ])
    |> fused

let private layer n hasWeight hasBias =
    let inputs =
        [ value [ 2; n ] any
          if hasWeight then
              value [ n ] any
          if hasBias then
              value [ n ] any ]

    op "fast_layer_norm" inputs (fun a ->
        [ a[0]
          (if hasWeight then box a[1] else null)
          (if hasBias then box (Array.last a) else null)
          epsilon ])
    |> label $"weight={hasWeight} bias={hasBias}"
    |> refer (fun xs ->
        let y = Nd.along 1 (normalized true) xs[0]
        let y = if hasWeight then Nd.map2 (*) y xs[1] else y
        [ if hasBias then Nd.map2 (+) y (List.last xs) else y ])
    |> fused

/// Pairs of the first `dims` columns turned by angles that grow with the position.
let private rotate dims isTraditional start scale (frequency: int -> float) (x: Nd) =
    let half = dims / 2

    Nd.init x.Shape (fun i ->
        let column = i[x.Rank - 1]

        if column >= dims then
            x[i]
        else
            let pair, isSecond =
                if isTraditional then column / 2, column % 2 = 1 else column % half, column >= half

            let other =
                if isTraditional then
                    column ^^^ 1
                else
                    (if isSecond then column - half else column + half)

            let angle = float (i[x.Rank - 2] + start) * scale * frequency pair
            let turned = x[Array.updateAt (x.Rank - 1) other i] * Nd.real (sin angle)
            x[i] * Nd.real (cos angle) + (if isSecond then turned else -turned))

let private ropes =
    let base' half pair = 10000.0 ** (-float pair / float half)

    // The angles are float32 whatever x is.
    let fused row = fused row |> except [ DType.Float64 ]

    [ for isTraditional in [ true; false ] do
          op "fast_rope" [ value [ 2; 3; 8 ] any ] (fun a ->
              [ a[0]; 8; isTraditional; 10000.0; 0.5; 3; null ])
          |> label $"traditional={isTraditional}"
          |> refer (fun xs -> [ rotate 8 isTraditional 3 0.5 (base' 4) xs[0] ])
          |> fused

          op
              "fast_rope"
              [ value [ 2; 3; 8 ] any; fixedTo DType.Float32 [ 2 ] (Between(1.0, 9.0)) ]
              (fun a -> [ a[0]; 4; isTraditional; null; 1.0; 0; a[1] ])
          |> label $"traditional={isTraditional} frequencies, half the columns"
          |> refer (fun xs ->
              [ rotate 4 isTraditional 0 1.0 (fun k -> 1.0 / xs[1].Data[k].Real) xs[0] ])
          |> fused

          op
              "fast_rope_dynamic"
              [ value [ 1; 3; 8 ] any; fixedTo DType.Int32 [] (These [ 5.0 ]) ]
              (fun a -> [ a[0]; 8; isTraditional; 10000.0; 1.0; a[1]; null ])
          |> label $"traditional={isTraditional}"
          |> refer (fun xs -> [ rotate 8 isTraditional 5 1.0 (base' 4) xs[0] ])
          |> fused ]

/// softmax(Q K' scale + mask) V, where a group of query heads shares a head of keys.
let private attend scale (mask: int -> int -> float) (q: Nd) (k: Nd) (v: Nd) =
    let group = q.Shape[1] / k.Shape[1]

    Nd.init [| yield! q.Shape[..2]; v.Shape[3] |] (fun i ->
        let row = [| 0 .. k.Shape[2] - 1 |]

        let scores =
            row
            |> Array.map (fun j ->
                let products =
                    [| for d in 0 .. q.Shape[3] - 1 ->
                           q[[| i[0]; i[1]; i[2]; d |]] * k[[| i[0]; i[1] / group; j; d |]] |]

                exp ((Reduce.sum products).Real * scale + mask i[2] j))

        let total = Array.sum scores

        row
        |> Array.map (fun j -> v[[| i[0]; i[1] / group; j; i[3] |]] * Nd.real (scores[j] / total))
        |> Reduce.sum)

let private attention =
    let one queries keys =
        [ value [ 1; 4; queries; 8 ] any
          value [ 1; 2; keys; 8 ] any
          value [ 1; 2; keys; 8 ] any ]

    let at queries keys =
        op "fast_scaled_dot_product_attention" (one queries keys) (fun a ->
            [ a[0]; a[1]; a[2]; 0.375; ""; null; null ])
        |> refer (fun xs -> [ attend 0.375 (fun _ _ -> 0.0) xs[0] xs[1] xs[2] ])
        |> fused

    [ at 2 3 |> atLengths [ fun n -> at 2 (max 1 n) ]
      op "fast_scaled_dot_product_attention" (one 3 4) (fun a ->
          [ a[0]; a[1]; a[2]; 0.375; "causal"; null; null ])
      |> label "causal"
      |> refer (fun xs ->
          [ attend
                0.375
                (fun row column -> if column <= row + 1 then 0.0 else -infinity)
                xs[0]
                xs[1]
                xs[2] ])
      |> fused
      op "fast_scaled_dot_product_attention" (one 2 3 @ [ value [ 2; 3 ] any ]) (fun a ->
          [ a[0]; a[1]; a[2]; 0.375; ""; a[3]; null ])
      |> label "mask"
      |> refer (fun xs ->
          [ attend 0.375 (fun row column -> (xs[3][[| row; column |]]).Real) xs[0] xs[1] xs[2] ])
      |> fused ]

let rows =
    [ rms 5 true |> atLengths [ (fun n -> rms (max 1 n) true); (fun n -> rms (max 1 n) false) ]
      rms 5 false
      layer 5 true true |> atLengths [ fun n -> layer (max 1 n) true true ]
      layer 5 true false
      layer 5 false false
      yield! ropes
      yield! attention ]
