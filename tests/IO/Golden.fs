/// Files of MLX, of NumPy and by hand, good and bad, with what must become of each.
module Mlx.Tests.IO.Golden

open System
open System.IO
open System.Text.Json
open Expecto
open Mlx.Core

let private root = Path.Combine(AppContext.BaseDirectory, "data", "io")

/// An array of the manifest.
type Expected = { DType: DType; Shape: int[]; Bytes: byte[] }

type Value =
    | Text of string
    | Texts of string list
    | Numbers of Expected

type Case =
    {
        File: string
        Format: string
        Path: string
        IsGood: bool
        /// What the manifest says must become of a bad file.
        Must: string
        Why: string
        /// Whether MLX reads a good file as its format means it.
        IsReadByMlx: bool
        Arrays: Map<string, Expected>
        Metadata: Map<string, Value>
    }

let private optional (name: string) (e: JsonElement) =
    match e.TryGetProperty name with
    | true, value -> Some value
    | _ -> None

let private text name e =
    optional name e
    |> Option.bind (fun v -> Option.ofObj (v.GetString()))
    |> Option.defaultValue ""

let private expected (e: JsonElement) =
    { DType = DTypes.Parse(text "dtype" e)
      Shape = [| for d in e.GetProperty("shape").EnumerateArray() -> d.GetInt32() |]
      Bytes = e.GetProperty("base64").GetBytesFromBase64() }

let private value (e: JsonElement) =
    match e.ValueKind with
    | JsonValueKind.String -> Text(nonNull (e.GetString()))
    | JsonValueKind.Array -> Texts [ for t in e.EnumerateArray() -> nonNull (t.GetString()) ]
    | _ -> Numbers(expected e)

let private table name read (e: JsonElement) =
    match optional name e with
    | Some t when t.ValueKind = JsonValueKind.Object ->
        Map [ for p in t.EnumerateObject() -> p.Name, read p.Value ]
    | _ -> Map.empty

let private case (e: JsonElement) =
    let file, kind = text "file" e, text "kind" e

    { File = file
      Format = text "format" e
      Path = Path.Combine(root, kind, file)
      IsGood = (kind = "good")
      Must = text "must" e
      Why = text "why" e
      IsReadByMlx = (text "result" (e.GetProperty "mlx") = "reads it")
      Arrays = table "arrays" expected e
      Metadata = table "metadata" value e }

let private all =
    lazy
        (use manifest = JsonDocument.Parse(File.ReadAllText(Path.Combine(root, "manifest.json")))
         [ for e in manifest.RootElement.GetProperty("cases").EnumerateArray() -> case e ])

let good () = all.Value |> List.filter _.IsGood
let bad () = all.Value |> List.filter (fun c -> not c.IsGood)

/// The elements row by row.
let bytesOf (a: MlxArray) =
    if a.Size = 0L then
        [||]
    else
        use flat = Ops.Reshape(a, ReadOnlySpan [| -1 |])
        use rows = Ops.Contiguous flat
        use bytes = Ops.View(rows, DType.UInt8)
        bytes.ToArray<byte>()

let same name (want: Expected) (a: MlxArray) =
    Expect.equal (a.DType, a.Shape.ToArray()) (want.DType, want.Shape) $"dtype, shape of '{name}'"
    Expect.equal (bytesOf a) want.Bytes $"bytes of '{name}'"

/// What an array holds, to be found again in another.
let expectedOf (a: MlxArray) = { DType = a.DType; Shape = a.Shape.ToArray(); Bytes = bytesOf a }
