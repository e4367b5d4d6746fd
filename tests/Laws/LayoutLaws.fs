/// An op does not see how its inputs lie in memory.
module Mlx.Tests.Laws.LayoutLaws

open System
open Mlx.Core
open Mlx.Tests.Laws.Functions

/// A view with the elements of a row-major array: made of an array that lies otherwise.
type private Layout = { Name: string; Make: DType -> Nd -> MlxArray }

let private ints (xs: int seq) = Seq.toArray xs

let private call name arguments = Row.call name arguments |> Array.head

let private transposed dtype (a: Nd) =
    let order = [| a.Rank - 1 .. -1 .. 0 |]
    let base' = Nd.transpose order a |> Values.toArray dtype
    call "transpose_axes" [ base'; order ]

/// Every element stands between others, which must not be read.
let private stepped dtype (a: Nd) =
    let spaced =
        Nd.init (a.Shape |> Array.map (fun n -> 2 * n + 1)) (fun index ->
            if index |> Array.forall (fun k -> k % 2 = 1) then
                a[index |> Array.map (fun k -> k / 2)]
            else
                Nd.real 1.0)
        |> Values.toArray dtype

    call
        "slice"
        [ spaced
          a.Shape |> Array.map (fun _ -> 1)
          a.Shape |> Array.map (fun n -> 2 * n + 1)
          a.Shape |> Array.map (fun _ -> 2) ]

let private backwards dtype (a: Nd) =
    let base' =
        Nd.init a.Shape (fun index -> a[index |> Array.mapi (fun i k -> a.Shape[i] - 1 - k)])
        |> Values.toArray dtype

    call
        "slice"
        [ base'
          a.Shape |> Array.map (fun n -> n - 1)
          a.Shape |> Array.map (fun n -> -n - 1)
          a.Shape |> Array.map (fun _ -> -1) ]

/// The last columns of a wider array: rows apart, elements together, not where a vector starts.
let private offset dtype (a: Nd) =
    let at = a.Rank - 1
    let width = a.Shape[at]

    let wide =
        Nd.init (Array.updateAt at (width + 1) a.Shape) (fun index ->
            if index[at] = 0 then Nd.real 1.0 else a[Array.updateAt at (index[at] - 1) index])
        |> Values.toArray dtype

    call
        "slice"
        [ wide
          Array.init a.Rank (fun i -> if i = at then 1 else 0)
          Array.updateAt at (width + 1) a.Shape
          Array.create a.Rank 1 ]

let private layouts =
    [ { Name = "transposed"; Make = transposed }
      { Name = "stepped"; Make = stepped }
      { Name = "backwards"; Make = backwards }
      { Name = "offset"; Make = offset } ]

let private hasAxes (shape: int list) = not shape.IsEmpty

let strided row =
    let dtypes dtype = Row.dtypes row dtype

    let check layout dtype (isMoved: int -> bool) rng =
        let values = Row.draw row dtype rng

        let moved =
            List.zip values (dtypes dtype)
            |> List.mapi (fun i (v, dtype) ->
                if isMoved i && v.Rank > 0 then layout.Make dtype v else Values.toArray dtype v)
            |> List.toArray

        let got = Row.apply row moved |> read

        Values.differences
            (Row.tolerance row dtype)
            got
            (Row.apply row (Row.arrays row dtype values) |> read)

    let shaped = row.Inputs |> List.indexed |> List.filter (fun (_, i) -> hasAxes i.Shape)

    if shaped.IsEmpty then
        []
    else
        [ for dtype in row.Dtypes do
              for layout in layouts do
                  { Name = $"{dtype.Name()} {layout.Name}"
                    Run = check layout dtype (fun _ -> true) }

                  if shaped.Length > 1 then
                      for i, _ in shaped do
                          { Name = $"{dtype.Name()} {layout.Name} input {i}"
                            Run = check layout dtype ((=) i) } ]

/// One value repeated along an axis by a stride of zero.
let broadcast row =
    let isRepeatable (i: Input) =
        match i.Domain with
        | Between _
        | Away _
        | Inside
        | Index _
        | Words -> hasAxes i.Shape
        | _ -> false

    let check dtype axisOf rng =
        let inputs =
            row.Inputs
            |> List.map (fun i ->
                let shape = List.toArray i.Shape
                let dtype = Row.roleDtype dtype i.Role

                if isRepeatable i then
                    let thin = Array.updateAt (axisOf shape.Length) 1 shape
                    let x = Domain.draw rng i.Domain thin (dtype = DType.Complex64)
                    let view = call "broadcast_to" [ Values.toArray dtype x; shape ]
                    view, Nd.broadcastTo shape x |> Values.toArray dtype
                else
                    let x = Domain.draw rng i.Domain shape (dtype = DType.Complex64)
                    Values.toArray dtype x, Values.toArray dtype x)

        let run pick = inputs |> List.map pick |> List.toArray |> Row.apply row |> read
        Values.differences (Row.tolerance row dtype) (run fst) (run snd)

    if not (row.Inputs |> List.exists isRepeatable) then
        []
    else
        [ for dtype in row.Dtypes do
              { Name = $"{dtype.Name()} rows"; Run = check dtype (fun _ -> 0) }
              { Name = $"{dtype.Name()} columns"; Run = check dtype (fun rank -> rank - 1) } ]

/// Derivatives at inputs and for cotangents that lie otherwise.
let derivatives row =
    let dtype = DType.Float64
    let positions = Row.positions Value row

    let check layout mode rng =
        let values = Row.draw row dtype rng
        let all = Row.arrays row dtype values
        let f xs = restrict (Row.apply row) positions all xs
        let xs = [| for i in positions -> all[i] |]
        let others = directions rng (if mode = "vjp" then f xs else xs)
        let derive xs others = if mode = "vjp" then vjp f xs others else jvp f xs others

        let moved (arrays: MlxArray[]) =
            arrays
            |> Array.map (fun a ->
                let nd = Values.ofArray a
                if nd.Rank > 0 && nd.Data.Length > 0 then layout.Make a.DType nd else a)

        let got = derive (moved xs) (moved others) |> read
        Values.differences (Row.closeness row dtype) got (derive xs others |> read)

    if positions.IsEmpty || row.Derivative <> Smooth || not (List.contains dtype row.Dtypes) then
        []
    else
        [ for layout in layouts do
              for mode in [ "vjp"; "jvp" ] do
                  { Name = $"{mode} {layout.Name}"; Run = check layout mode } ]
