/// Laws that every layer, activation, loss and optimizer keeps, through Mlx.Testing; and that none of
/// them lacks a row.
module Mlx.Tests.Functional.NnLaws

open System
open System.Reflection
open Expecto
open Mlx
open Mlx.Core

let private rows = ActivationLaws.rows @ LayerLaws.rows @ OptimLaws.rows

let private law name =
    testList
        name
        [ for row in rows ->
              testCase row.Name (fun () ->
                  match row.Exempt.TryFind name with
                  | Some reason -> skiptest reason
                  | None ->
                      use _ = Scope.Enter()
                      row.Laws[name]()) ]

let private isTensor (t: Type) = t = typeof<Tensor>

/// A tensor, drawn or not, alone or first in a tuple.
let rec private isAnswer (t: Type) =
    isTensor t
    || (t.IsGenericType
        && (t.GetGenericTypeDefinition() = typedefof<Random<_>>
            || FSharp.Reflection.FSharpType.IsTuple t)
        && isAnswer (t.GetGenericArguments()[0]))

/// `Linear.apply` of the method `apply` in the class `LinearModule`.
let private nameOf (m: MethodInfo) =
    let owner = (nonNull m.DeclaringType).Name
    let owner = if owner.EndsWith "Module" then owner.Substring(0, owner.Length - 6) else owner
    // Members added to a type carry its name.
    let name = m.Name.Split '.'
    if name.Length > 1 then $"{name[0]}.{name[1]}" else $"{owner}.{name[0]}"

/// What answers a tensor and yet is no layer: a table of numbers.
let private notLayers = set [ "Alibi.bias"; "Attention.causalMask"; "Loss.lossScale" ]

let private wanted =
    let covered = set [ for row in rows -> (row.Name.Split ' ')[0] ]
    let owners = set [ for name in covered -> (name.Split '.')[0] ] |> Set.remove "Optim"

    [ for t in typeof<Linear>.Assembly.GetExportedTypes() do
          for m in t.GetMethods(BindingFlags.Public ||| BindingFlags.Static) do
              let parameters = m.GetParameters()
              let name = nameOf m
              let owner = (name.Split '.')[0]

              let takesTensor =
                  parameters.Length > 0 && isTensor (Array.last parameters).ParameterType

              let isLayer = owners.Contains owner && takesTensor && isAnswer m.ReturnType
              let isOptimizer = owner = "Optim" && m.ReturnType = typeof<Optimizer>

              if (isLayer || isOptimizer) && not (notLayers.Contains name) then
                  name ]
    |> List.distinct

let private complete =
    testCase "no function without a row" (fun () ->
        let covered = set [ for row in rows -> (row.Name.Split ' ')[0] ]
        Expect.isGreaterThan wanted.Length 100 "functions"
        Expect.isEmpty (wanted |> List.filter (covered.Contains >> not)) "functions without a row")

/// MLX 0.31.2 lacks rules (batches of `as_strided`, of weights of convolutions, of the addend of
/// `addmm`), ends the process on others (tangents of `take_along_axis`) and compiles every fused
/// kernel with a C++ compiler. The recorded answers are asked of it, gradients included.
let private asked = if Engine.IsMlx then [ "dtype" ] else NnRow.laws

let tests = complete :: List.map law asked
