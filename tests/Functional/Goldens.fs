/// Recorded calls of `mlx.nn` (tests/data/layers) and how an answer of ours is held against them:
/// outputs, and gradients of parameters and inputs.
module Mlx.Tests.Functional.Goldens

open System
open System.IO
open System.Text.Json
open Expecto
open Mlx
open Mlx.Core

let private folder = Path.Combine(AppContext.BaseDirectory, "data", "layers")

type Named = Map<string, Tensor>

/// One recorded call: its options, and the arrays of it by kind and name.
type Case(json: JsonElement, arrays: Collections.Generic.IReadOnlyDictionary<string, Tensor>) =
    let text (e: JsonElement) = nonNull (e.GetString())
    let id = text (json.GetProperty "id")

    let tryGet (parent: string) (name: string) =
        match json.TryGetProperty parent with
        | true, e ->
            match e.TryGetProperty name with
            | true, value when value.ValueKind <> JsonValueKind.Null -> Some value
            | _ -> None
        | _ -> None

    let names (field: string) =
        match json.TryGetProperty field with
        | true, list -> [ for name in list.EnumerateArray() -> text name ]
        | _ -> []

    member _.Id = id
    member _.Layer = text (json.GetProperty "layer")
    member _.Rtol = json.GetProperty("rtol").GetDouble()
    member _.Atol = json.GetProperty("atol").GetDouble()

    member _.Arrays(field: string, kind: string) : Named =
        Map.ofList [ for name in names field -> name, arrays[$"{id}/{kind}/{name}"] ]

    /// Of `exact` or `statistics`.
    member _.Number(parent: string, name: string) = (tryGet parent name |> Option.get).GetDouble()

    member _.Shape(parent: string, name: string) =
        [ for n in (tryGet parent name |> Option.get).EnumerateArray() -> n.GetInt32() ]

    member _.Float(name, fallback) =
        tryGet "config" name |> Option.map _.GetDouble() |> Option.defaultValue fallback

    member _.Int(name, fallback) =
        tryGet "config" name |> Option.map _.GetInt32() |> Option.defaultValue fallback

    member _.Bool(name, fallback) =
        tryGet "config" name |> Option.map _.GetBoolean() |> Option.defaultValue fallback

    member _.Text(name, fallback) =
        tryGet "config" name |> Option.map text |> Option.defaultValue fallback

    member _.Has name = (tryGet "config" name).IsSome
    member _.Call name = tryGet "call" name

    member _.Pair(name, fallback: int) =
        match tryGet "config" name with
        | None -> fallback, fallback
        | Some e when e.ValueKind = JsonValueKind.Number -> e.GetInt32(), e.GetInt32()
        | Some e -> e[0].GetInt32(), e[1].GetInt32()

    /// A number for each of so many axes, whether it was recorded once or for each.
    member _.Axes(name, count, fallback: int) =
        match tryGet "config" name with
        | None -> List.replicate count fallback
        | Some e when e.ValueKind = JsonValueKind.Number -> List.replicate count (e.GetInt32())
        | Some e -> [ for n in e.EnumerateArray() -> n.GetInt32() ]

    /// The same, of floats.
    member _.Scales(name, count) =
        match tryGet "config" name with
        | Some e when e.ValueKind = JsonValueKind.Array ->
            [ for n in e.EnumerateArray() -> n.GetDouble() ]
        | e -> List.replicate count (e |> Option.map _.GetDouble() |> Option.defaultValue 1.0)

/// What of ours answers a case.
type Answer =
    /// Over its parameters and inputs, by the names of its outputs.
    | Call of (Named -> Named -> Named)
    /// A check of arrays that mean what the case says: statistics, exact draws, sequences.
    | Arrays of (Named -> unit)

type Row = Case -> Answer

/// The answer of a layer with one output.
let one (f: Named -> Named -> Tensor) : Answer =
    Call(fun parameters inputs -> Map.ofList [ "out", f parameters inputs ])

let private over all some = Map.fold (fun all name value -> Map.add name value all) all some

let private run (case: Case) (f: Named -> Named -> Named) =
    use _ = Scope.Enter()
    let close want got what = Assert.close case.Rtol case.Atol want got $"{case.Id} {what}"
    let parameters = case.Arrays("params", "param")
    let inputs = over (case.Arrays("inputs", "in")) (case.Arrays("state", "state"))
    let want = over (case.Arrays("outputs", "out")) (case.Arrays("state_after", "state_after"))
    let got = f parameters inputs

    for KeyValue(name, want) in want do
        Expect.equal got[name].DType want.DType $"{case.Id} {name}: dtype"
        close want got[name] name

    let cotangents = case.Arrays("cotangents", "cot")
    let parameterGrads = case.Arrays("param_grads", "dparam")
    let inputGrads = case.Arrays("input_grads", "din")

    let among (grads: Named) (all: Named) = all |> Map.filter (fun name _ -> grads.ContainsKey name)

    let at = among parameterGrads parameters, among inputGrads inputs

    if Tree.count at > 0 then
        let slopes, inputSlopes =
            at
            |> gradient (fun (p, i) ->
                let y = f (over parameters p) (over inputs i)

                cotangents
                |> Map.toList
                |> List.map (fun (name, cotangent) -> Tensor.sum (y[name] * cotangent))
                |> List.reduce (+))

        for KeyValue(name, want) in parameterGrads do
            close want slopes[name] $"gradient of {name}"

        for KeyValue(name, want) in inputGrads do
            close want inputSlopes[name] $"gradient of {name}"

let private judge (case: Case) answer =
    match answer with
    | Call f -> run case f
    | Arrays check ->
        use _ = Scope.Enter()
        check (case.Arrays("arrays", "out"))

/// All cases of a family, so many that none gets lost.
let family name count (rows: Map<string, Row>) =
    testCase name (fun () ->
        use _ = Scope.Enter()
        use json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, name + ".json")))
        let arrays = (Safetensors.Load(Path.Combine(folder, name + ".safetensors"))).Arrays
        let cases = List.ofSeq (json.RootElement.GetProperty("cases").EnumerateArray())

        let failures =
            cases
            |> List.choose (fun e ->
                let case = Case(e, arrays)

                try
                    judge case (rows[case.Layer] case)
                    None
                with e ->
                    Some $"{case.Id}: {e.Message}")

        if not failures.IsEmpty then
            let title = $"{failures.Length} of {cases.Length} cases fail:"
            failtest (String.Join("\n", title :: failures))

        Expect.hasLength cases count "cases")
