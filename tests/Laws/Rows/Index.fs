/// Ops that read or write at positions held in arrays.
module Mlx.Tests.Laws.Rows.Index

open System.Numerics
open Mlx.Core
open Mlx.Tests.Laws

let private any = Between(-3.0, 3.0)

let private at length (z: Complex) = let k = int z.Real in if k < 0 then k + length else k

/// Slices of the source, one for each index.
let private taken axis (source: Nd) (indices: Nd) =
    let axis = Nd.axis source.Rank axis
    let picks = indices.Data |> Array.map (at source.Shape[axis]) |> Array.toList
    let columns = picks |> List.map (fun k -> Nd.pick axis k source)

    match columns with
    | [] -> Nd.init (Array.updateAt axis 0 source.Shape) (fun _ -> Complex.Zero)
    | _ -> Nd.stack axis columns

let private takes =
    let line n =
        op "take" [ value [ 9 ] any; indices [ n ] 9 ] (fun a -> [ a[0]; a[1] ])
        |> refer (fun xs -> [ taken 0 xs[0] xs[1] ])

    let rows n =
        op "take_axis" [ value [ 3; n + 1 ] any; indices [ 4 ] 3 ] (fun a -> [ a[0]; a[1]; 0 ])
        |> refer (fun xs -> [ taken 0 xs[0] xs[1] ])

    [ op "take" [ value [ 2; 3 ] any; indices [ 4 ] 6 ] (fun a -> [ a[0]; a[1] ])
      |> refer (fun xs -> [ taken 0 (Nd.flatten xs[0]) xs[1] ])
      |> atLengths [ line ]
      op "take_axis" [ value [ 3; 4 ] any; indices [ 5 ] 4 ] (fun a -> [ a[0]; a[1]; 1 ])
      |> label "axis=1"
      |> refer (fun xs -> [ taken 1 xs[0] xs[1] ])
      |> atLengths [ rows ]
      op "take_axis" [ value [ 3; 4 ] any; indices [] 3 ] (fun a -> [ a[0]; a[1]; 0 ])
      |> label "one"
      |> refer (fun xs -> [ Nd.pick 0 (at 3 xs[1].Data[0]) xs[0] ])
      |> refuses "indices that are no integers" (fun a -> [ a[0]; a[0]; 0 ])
      op "gather" [ value [ 3; 4; 2 ] any; indices [ 5 ] 3; indices [ 5 ] 4 ] (fun a ->
          [ a[0]; [| a[1]; a[2] |]; [| 0; 1 |]; [| 1; 1; 2 |] ])
      |> refer (fun xs ->
          [ Nd.init [| 5; 1; 1; 2 |] (fun i ->
                let k axis = at xs[0].Shape[axis] xs[axis + 1].Data[i[0]]
                xs[0][[| k 0; k 1; i[3] |]]) ])
      op "gather_single" [ value [ 3; 4 ] any; indices [ 5 ] 3 ] (fun a ->
          [ a[0]; a[1]; 0; [| 1; 4 |] ])
      |> refer (fun xs ->
          [ Nd.init [| 5; 1; 4 |] (fun i -> xs[0][[| at 3 xs[1].Data[i[0]]; i[2] |]]) ]) ]

let private alongAxis =
    let take n =
        op "take_along_axis" [ value [ 2; 5 ] any; indices [ 2; n ] 5 ] (fun a -> [ a[0]; a[1]; 1 ])
        |> refer (fun xs -> [ Nd.init [| 2; n |] (fun i -> xs[0][[| i[0]; at 5 (xs[1][i]) |]]) ])

    /// The source, with the updates put in or added.
    let written (combine: Complex -> Complex -> Complex) (xs: Nd list) =
        let data = Array.copy xs[0].Data
        let columns = xs[0].Shape[1]

        for i in Nd.positions xs[1].Shape do
            let place = i[0] * columns + at columns (xs[1][i])
            data[place] <- combine data[place] (xs[2][i])

        [ { xs[0] with Data = data } ]

    let places = fixedTo DType.Int32 [ 2; 3 ] (Distinct 5)

    [ take 3 |> label "axis=1" |> atLengths [ take ]
      op "put_along_axis" [ value [ 2; 5 ] any; places; value [ 2; 3 ] any ] (fun a ->
          [ a[0]; a[1]; a[2]; 1 ])
      |> refer (written (fun _ y -> y))
      op "scatter_add_axis" [ value [ 2; 5 ] any; indices [ 2; 3 ] 5; value [ 2; 3 ] any ] (fun a ->
          [ a[0]; a[1]; a[2]; 1 ])
      |> refer (written (+)) ]

let private scatters =
    let single name (combine: Complex -> Complex -> Complex) domain =
        op
            (name + "_single")
            [ value [ 5; 2 ] Apart
              fixedTo DType.Int32 [ 3 ] (Distinct 5)
              value [ 3; 1; 2 ] domain ]
            (fun a -> [ a[0]; a[1]; a[2]; 0 ])
        |> refer (fun xs ->
            let data = Array.copy xs[0].Data

            for i in Nd.positions xs[2].Shape do
                let place = 2 * at 5 xs[1].Data[i[0]] + i[2]
                data[place] <- combine data[place] (xs[2][i])

            [ { xs[0] with Data = data } ])

    let pair name (combine: Complex -> Complex -> Complex) domain =
        let rows = fixedTo DType.Int32 [ 4 ] (Distinct 4)
        let columns = fixedTo DType.Int32 [ 4 ] (Distinct 5)

        op name [ value [ 4; 5 ] Apart; rows; columns; value [ 4; 1; 1 ] domain ] (fun a ->
            [ a[0]; [| a[1]; a[2] |]; a[3]; [| 0; 1 |] ])
        |> refer (fun xs ->
            let data = Array.copy xs[0].Data

            for k in 0..3 do
                let place = 5 * at 4 xs[1].Data[k] + at 5 xs[2].Data[k]
                data[place] <- combine data[place] xs[3].Data[k]

            [ { xs[0] with Data = data } ])

    let ofReals f (x: Complex) (y: Complex) = Nd.real (f x.Real y.Real)
    let between = Away(0.6, 1.9)

    [ for make in [ single; pair ] do
          make "scatter" (fun _ y -> y) between
          make "scatter_add" (+) between
          make "scatter_prod" (*) between |> noDerivative
          make "scatter_max" (ofReals max) between |> except [ DType.Complex64 ] |> reverseOnly
          make "scatter_min" (ofReals min) between |> except [ DType.Complex64 ] |> reverseOnly ]
    |> List.map (adjoint ordered)

let private masked =
    op
        "masked_scatter"
        [ value [ 2; 3 ] any; fixedTo DType.Bool [ 2; 3 ] (Between(-1.0, 1.0)); value [ 6 ] any ]
        (fun a -> [ a[0]; a[1]; a[2] ])
    |> refer (fun xs ->
        let next = ref -1

        let pick x mask =
            if mask = Complex.One then
                next.Value <- next.Value + 1
                xs[2].Data[next.Value]
            else
                x

        [ { xs[0] with Data = Array.map2 pick xs[0].Data xs[1].Data } ])

let rows = takes @ alongAxis @ scatters @ [ masked ]
