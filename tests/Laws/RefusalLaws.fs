/// What must be refused is refused, by a message that names the op, and nothing else happens.
module Mlx.Tests.Laws.RefusalLaws

open System
open System.Runtime.CompilerServices
open Mlx.Core
open Mlx.Tests.Support

/// No constructor has run: a handle to nothing, which owns nothing and is not counted.
let private nothing = RuntimeHelpers.GetUninitializedObject typeof<MlxArray>

let private parameters row = Invoke.Parameters("mlx_" + row.Function)

let private dtypeOf row =
    if List.contains DType.Float32 row.Dtypes then DType.Float32 else row.Dtypes.Head

let private draw row dtype rng = Row.arrays row dtype (Row.draw row dtype rng)

let private refused row arguments =
    try
        for result in Row.call row.Function arguments do
            result.Eval()

        Some "was not refused"
    with :? MlxException as e ->
        if String.IsNullOrWhiteSpace e.Message then Some "refused without a word" else None

let dtypes row =
    [ for dtype in Values.all |> List.except (row.Dtypes @ row.Elsewhere) do
          if row.Inputs |> List.exists (fun i -> i.Role = Value) then
              { Name = dtype.Name()
                Run = fun rng -> refused row (row.Arguments(draw row dtype rng)) } ]

/// Every array that must be there, absent.
let absent row =
    let parameters = parameters row

    let without at rng =
        row.Arguments(draw row (dtypeOf row) rng) |> List.updateAt at nothing |> refused row

    let isArray rng =
        row.Arguments(draw row (dtypeOf row) rng)
        |> List.map (function
            | :? MlxArray -> true
            | _ -> false)

    use scope = Scope.Enter()
    scope |> ignore
    let arrays = isArray (Random 0)

    [ for at, name in Array.indexed parameters do
          if arrays[at] && not (name.EndsWith '?') then
              { Name = $"no {name}"; Run = without at } ]

/// Axes beyond either end.
let axes row =
    let rank =
        match row.Inputs |> List.tryFind (fun i -> i.Role <> Fixed DType.UInt32) with
        | Some i -> i.Shape.Length
        | None -> 0

    let isAxis (name: string) = name.StartsWith "axis" && not (name.Contains '_')

    let withAxis at (axis: int) rng =
        let arguments = row.Arguments(draw row (dtypeOf row) rng)

        let changed: objnull =
            match arguments[at] with
            | :? (int[]) as axes when axes.Length > 0 -> box (Array.updateAt 0 axis axes)
            | :? int -> box axis
            | other -> other

        if Object.ReferenceEquals(changed, arguments[at]) then
            None
        else
            refused row (List.updateAt at changed arguments)

    [ for at, name in Array.indexed (parameters row) do
          if (isAxis name || name.StartsWith "axes") && rank > 0 then
              for axis in [ rank + 3; -rank - 4 ] do
                  { Name = $"{name} {axis}"; Run = withAxis at axis } ]

let bad row =
    [ for what, arguments in row.Bad do
          { Name = what
            Run = fun rng -> refused row (arguments (draw row (dtypeOf row) rng)) } ]
