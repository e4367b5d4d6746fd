/// Jupyter notebooks (nbformat 4.5) of literate scripts that have run.
module Mlx.Notebooks.Notebook

open System
open System.IO
open System.Text.Encodings.Web
open System.Text.Json
open System.Text.Json.Nodes
open Mlx

let private text (value: string) : JsonNode = nonNull (JsonValue.Create value)

let private whole (value: int) : JsonNode = JsonValue.Create value

let private list (items: seq<JsonNode>) : JsonNode =
    let result = JsonArray()

    for item in items do
        result.Add item

    result

let private fields (items: (string * JsonNode) list) : JsonNode =
    let result = JsonObject()

    for name, value in items do
        result[name] <- value

    result

/// Text as notebooks keep it: lines that end in a newline, but for the last one.
let private lines (value: string) : JsonNode =
    let parts = value.Split '\n'

    parts
    |> Seq.mapi (fun i line -> text (if i < parts.Length - 1 then line + "\n" else line))
    |> list

let private output (output: Script.Output) : JsonNode =
    match output with
    | Script.Text value ->
        fields [ "name", text "stdout"; "output_type", text "stream"; "text", lines (value + "\n") ]
    | Script.Shown rich ->
        let data =
            [ match rich.Png with
              | Some png -> "image/png", text (Convert.ToBase64String png)
              | None -> ()
              match rich.Html with
              | Some html -> "text/html", lines html
              | None -> ()
              "text/plain", lines rich.Text ]

        fields [ "data", fields data; "metadata", fields []; "output_type", text "display_data" ]

let private cell (index: int) kind (more: (string * JsonNode) list) source =
    fields
        [ "cell_type", text kind
          yield! more
          "id", text $"cell-{index}"
          "metadata", fields []
          "source", lines source ]

let private metadata () =
    fields
        [ "kernelspec",
          fields
              [ "display_name", text ".NET (F#)"
                "language", text "F#"
                "name", text ".net-fsharp" ]
          "language_info", fields [ "file_extension", text ".fs"; "name", text "F#" ] ]

/// The notebook of a script and its cells that have run.
let make (blocks: Literate.Block list) (cells: Script.Cell list) : string =
    let ran = cells |> List.map (fun c -> c.Line, c) |> Map

    let mutable count = 0

    let each index block =
        match block with
        | Literate.Prose prose -> cell index "markdown" [] prose
        | Literate.Code(line, source) ->
            count <- count + 1

            let more =
                [ "execution_count", whole count
                  "outputs", ran[line].Outputs |> List.map output |> list ]

            cell index "code" more source
        | Literate.Prints _ -> failwith "notebooks keep what is printed as outputs"

    let root =
        fields
            [ "cells", blocks |> List.mapi each |> list
              "metadata", metadata ()
              "nbformat", whole 4
              "nbformat_minor", whole 5 ]

    let options =
        JsonSerializerOptions(
            WriteIndented = true,
            IndentSize = 1,
            NewLine = "\n",
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping
        )

    root.ToJsonString options + "\n"

let private joined (node: JsonNode | null) =
    match node with
    | null -> ""
    | :? JsonArray as parts ->
        parts |> Seq.map (fun part -> (nonNull part).GetValue<string>()) |> String.concat ""
    | other -> other.GetValue<string>()

/// A cell as it is stored: its source, and of code what it printed or showed as text, and the kinds
/// of what it showed.
type Stored = { IsCode: bool; Source: string; Printed: string; Kinds: Set<string> }

let read (path: string) : Stored list =
    let root = JsonNode.Parse(File.ReadAllText path) |> nonNull

    let items (node: JsonNode | null) =
        match node with
        | :? JsonArray as items -> items |> Seq.map nonNull |> Seq.toList
        | _ -> []

    [ for cell in items root["cells"] do
          let outputs = items cell["outputs"]

          let printed (output: JsonNode) =
              match output["data"] with
              | null -> (joined output["text"]).TrimEnd()
              | data -> joined data["text/plain"]

          { IsCode = joined cell["cell_type"] = "code"
            Source = joined cell["source"]
            Printed = outputs |> List.map printed |> String.concat "\n"
            Kinds =
              outputs
              |> List.collect (fun output ->
                  match output["data"] with
                  | :? JsonObject as data -> data |> Seq.map _.Key |> Seq.toList
                  | _ -> [])
              |> set } ]
