/// The manifest of mlx-c, as the tests read it: on their own, not through the generator.
module Mlx.Tests.Abi.Manifest

open System
open System.IO
open System.Text.Json

/// A function pointer, or the text of a C type.
type CType =
    | Callback of returns: string * arguments: string list
    | Named of string

type Variable = { Name: string; Type: CType }

type Function =
    { Name: string
      Header: string
      Returns: string
      Arguments: Variable list
      IsVariadic: bool }

type Struct = { Name: string; Fields: Variable list }

type Enum = { Name: string; Values: (string * int) list }

type Manifest = { Functions: Function list; Structs: Struct list; Enums: Enum list }

let private text (name: string) (e: JsonElement) = nonNull (e.GetProperty(name).GetString())

let private items (name: string) read (e: JsonElement) =
    [ for x in e.GetProperty(name).EnumerateArray() -> read x ]

let private variable (e: JsonElement) : Variable =
    let callback () =
        Callback(text "returns" e, e |> items "args" (fun a -> nonNull (a.GetString())))

    { Name = text "name" e
      Type = if text "type" e = "callback" then callback () else Named(text "type" e) }

let private isDots (v: Variable) = v.Type = Named "..."

let private func (e: JsonElement) =
    let arguments = items "args" variable e

    { Name = text "name" e
      Header = text "header" e
      Returns = text "returns" e
      Arguments = arguments |> List.filter (not << isDots)
      IsVariadic = List.exists isDots arguments }

let load () =
    let files = Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "abi"), "mlx-c-*.json")
    use json = JsonDocument.Parse(File.ReadAllBytes(Array.exactlyOne files))
    let root = json.RootElement

    { Functions = items "functions" func root
      Structs =
        items "structs" (fun e -> { Name = text "name" e; Fields = items "fields" variable e }) root
      Enums =
        root
        |> items "enums" (fun e ->
            { Name = text "name" e
              Values =
                e |> items "values" (fun v -> text "name" v, v.GetProperty("value").GetInt32()) }) }
