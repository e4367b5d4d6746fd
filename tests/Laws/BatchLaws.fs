/// A vmapped op is the loop over the examples, whichever axis of whichever inputs is mapped.
module Mlx.Tests.Laws.BatchLaws

open System
open Mlx.Core
open Mlx.Tests.Laws.Functions

let private batch = 3

/// Which axis of each input is mapped (-1: none).
let private choices row =
    let ranks = row.Inputs |> List.map (fun i -> i.Shape.Length)
    let all = ranks |> List.map (fun _ -> 0)

    let only i = ranks |> List.mapi (fun j _ -> if i = j then 0 else -1)

    let alternating = ranks |> List.mapi (fun i rank -> if i % 2 = 0 then rank else 0)

    [ all
      ranks
      alternating
      yield! (if ranks.Length > 1 then List.init ranks.Length only else []) ]
    |> List.distinct
    |> List.filter (List.isEmpty >> not)

let private text (axes: int list) =
    String.Join(",", axes |> List.map (fun a -> if a < 0 then "-" else string a))

/// Examples for the mapped inputs, one value for the others.
let private examples row dtype axes rng =
    let draws = List.init batch (fun _ -> Row.draw row dtype rng)

    draws
    |> List.map (List.mapi (fun i drawn -> if List.item i axes < 0 then draws.Head[i] else drawn))

let private together axes (examples: Nd list list) =
    axes
    |> List.mapi (fun i axis ->
        let column = examples |> List.map (List.item i)
        if axis < 0 then column.Head else Nd.stack axis column)

/// f, mapped, on the examples side by side; and on each of them in a loop.
let private compare tolerance (f: Function) arrays axes outAxis (examples: Nd list list) =
    let outputs = examples |> List.map (arrays >> f >> read)

    let looped =
        List.init outputs.Head.Length (fun i ->
            let column = outputs |> List.map (List.item i)
            Nd.stack (min outAxis column.Head.Rank) column)

    let outAxes = looped |> List.map (fun l -> min outAxis (l.Rank - 1))
    let mapped = vmap f axes outAxes (arrays (together axes examples))
    Values.differences tolerance (read mapped) looped

let private isMappable row = row.Unmapped.IsNone && not row.Inputs.IsEmpty

let loop row =
    let check dtype axes outAxis rng =
        let examples = examples row dtype axes rng

        compare
            (2.0 * Row.tolerance row dtype)
            (Row.apply row)
            (Row.arrays row dtype)
            axes
            outAxis
            examples

    if not (isMappable row) then
        []
    else
        [ for dtype in row.Dtypes do
              for axes in choices row do
                  for outAxis in (if dtype = DType.Float32 then [ 0; 1 ] else [ 0 ]) do
                      { Name = $"{dtype.Name()} in {text axes} out {outAxis}"
                        Run = check dtype axes outAxis } ]

/// An op that cannot be vectorised says so.
let absent row =
    let check rng =
        let axes = row.Inputs |> List.map (fun _ -> 0)
        let dtype = row.Dtypes.Head
        let examples = examples row dtype axes rng
        let count = (Row.apply row (Row.arrays row dtype examples.Head)).Length
        let mapped = vmap (Row.apply row) axes (List.replicate count 0)

        try
            mapped (Row.arrays row dtype (together axes examples)) |> read |> ignore
            Some "was not refused"
        with :? MlxException as e ->
            if e.Message.Contains '[' then None else Some $"refused by '{e.Message}'"

    if row.Unmapped.IsSome then [ { Name = "refused"; Run = check } ] else []

/// Two maps inside each other.
let nested row =
    let check dtype rng =
        let axes = row.Inputs |> List.map (fun _ -> 0)
        let rows = List.init batch (fun _ -> examples row dtype axes rng |> together axes)
        let f = vmap (Row.apply row) axes
        let count = (Row.apply row (Row.arrays row dtype (Row.draw row dtype rng))).Length
        let inner = f (List.replicate count 0)
        compare (2.0 * Row.tolerance row dtype) inner (Row.arrays row dtype) axes 0 rows

    if not (isMappable row) then
        []
    else
        [ for dtype in row.Dtypes |> List.truncate 1 -> { Name = dtype.Name(); Run = check dtype } ]

/// Per-example derivatives, and the derivative of the mapped op.
let derivatives row =
    let dtype = DType.Float64
    let positions = Row.positions Value row

    let setting axes rng =
        let examples = examples row dtype axes rng
        let outputs = Row.apply row (Row.arrays row dtype examples.Head)
        examples, directions rng outputs

    let pull (cotangents: MlxArray[]) : Function =
        fun all ->
            let f = restrict (Row.apply row) positions all
            vjp f [| for i in positions -> all[i] |] cotangents

    let push (tangents: MlxArray[]) : Function =
        fun all ->
            let f = restrict (Row.apply row) positions all
            jvp f [| for i in positions -> all[i] |] tangents

    let inside mode axes rng =
        let examples, cotangents = setting axes rng

        let g =
            if mode = "vjp" then
                pull cotangents
            else
                let xs = Row.arrays row dtype examples.Head
                push (directions rng [| for i in positions -> xs[i] |])

        compare (Row.closeness row dtype) g (Row.arrays row dtype) axes 0 examples

    let outside axes rng =
        let examples, cotangents = setting axes rng
        let count = cotangents.Length
        let mapped = vmap (Row.apply row) axes (List.replicate count 0)
        let all = Row.arrays row dtype (together axes examples)
        let f = restrict mapped positions all

        let repeated =
            cotangents
            |> Array.map (fun c ->
                List.replicate batch (Values.ofArray c) |> Nd.stack 0 |> Values.toArray c.DType)

        let got = vjp f [| for i in positions -> all[i] |] repeated |> read
        let each = examples |> List.map (Row.arrays row dtype >> pull cotangents >> read)

        let want =
            positions
            |> List.mapi (fun i position ->
                let parts = each |> List.map (List.item i)

                if List.item position axes < 0 then
                    parts |> List.reduce (Nd.map2 (+))
                else
                    Nd.stack axes[position] parts)

        Values.differences (Row.closeness row dtype) got want

    if not (isMappable row && row.Derivative = Smooth && List.contains dtype row.Dtypes) then
        []
    else
        [ for axes in choices row do
              { Name = $"vmap of vjp in {text axes}"; Run = inside "vjp" axes }
              { Name = $"vmap of jvp in {text axes}"; Run = inside "jvp" axes }
              { Name = $"vjp of vmap in {text axes}"; Run = outside axes } ]
