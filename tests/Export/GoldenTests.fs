/// Files that MLX 0.31.2 wrote: they import and give what MLX gave; malformed ones are refused.
module Mlx.Tests.Export.GoldenTests

open System.Collections.Generic
open System.IO
open System.Text.Json
open Expecto
open Mlx.Core
open Mlx.Tests.Core.Arrays
open Mlx.Tests.Export.Support

let private manifest =
    lazy (JsonDocument.Parse(File.ReadAllText(data "manifest.json"))).RootElement

let private items (name: string) (e: JsonElement) =
    List.ofSeq (e.GetProperty(name).EnumerateArray())

let private text (name: string) (e: JsonElement) = nonNull (e.GetProperty(name).GetString())

/// The arrays that a call names, positional and by keyword.
let private arguments read (call: JsonElement) =
    let args = items "args" call |> List.map read |> Array.ofList
    let named = Dictionary<string, MlxArray>()

    for p in call.GetProperty("kwargs").EnumerateObject() do
        named.Add(p.Name, read p.Value)

    args, named :> IReadOnlyDictionary<_, _>

let private calls (case: JsonElement) () =
    use scope = Scope.Enter()
    let arrays = (Safetensors.Load(data (text "arrays" manifest.Value))).Arrays
    let stored (e: JsonElement) = arrays[nonNull (e.GetString())]
    use f = ExportedFunction.Load(data (text "file" case))
    let tolerance (name: string) = case.GetProperty(name).GetDouble()

    for call in items "calls" case do
        let args, named = arguments stored call
        let got = f.Apply(span args, named)
        let want = items "outputs" call |> List.map stored
        Expect.equal got.Length want.Length "outputs"

        List.iteri2
            (fun i w g -> expectClose (tolerance "rtol") (tolerance "atol") w g $"output {i}")
            want
            (List.ofArray got)

/// Zeros of the dtype and shape that the manifest gives.
let private example (e: JsonElement) =
    let shape = [| for d in e[1].EnumerateArray() -> d.GetInt32() |]
    Ops.Zeros(span shape, DTypes.Parse(nonNull (e[0].GetString())))

let private refusals (case: JsonElement) () =
    use scope = Scope.Enter()
    use f = ExportedFunction.Load(data (text "file" case))

    for call in items "refused" case do
        let args, named = arguments example call

        raises<MlxException, _>
            [ "No imported function found which matches the given positional and keyword" ]
            (fun () -> f.Apply(span args, named))

/// A reader may take what lies behind the last function, as MLX does, and a file without any.
let private mayBeTaken = [ "base_is_good"; "extra_bytes"; "count_0" ]

let private malformed (case: JsonElement) =
    let file = text "file" case
    let name = Path.GetFileNameWithoutExtension file
    let why = text "why" case

    testCase $"{name}: {why}"
    <| fun () ->
        if List.contains name mayBeTaken then
            use f = ExportedFunction.Load(data file)
            use x = Ops.Ones(span [| 3 |])

            if name = "count_0" then
                raises<MlxException, _> [] (fun () -> f.Apply(span [| x |]))
            else
                use scope = Scope.Enter()
                use want = MlxArray.From [| 3.2182817f; 4.2182817f; 5.2182817f |]
                let got = f.Apply(span [| x |])
                expectClose 1e-6 1e-6 want got[0] "e + c"
        else
            raises<MlxFileException, _> [ file; "malformed" ] (fun () ->
                ExportedFunction.Load(data file))

let suite () =
    let cases = items "cases" manifest.Value

    testList
        "golden"
        [ testList "calls" [ for c in cases -> testCase (text "name" c) (calls c) ]
          testList
              "refused calls"
              [ for c in cases do
                    if not (items "refused" c).IsEmpty then
                        testCase (text "name" c) (refusals c) ]
          testList "malformed" (items "malformed" manifest.Value |> List.map malformed) ]
