/// Results for programs: one JSON object on a line.
module Mlx.Tool.Json

open System.Text.Encodings.Web
open System.Text.Json
open System.Text.Json.Nodes

type Json = JsonNode | null

let private options =
    JsonSerializerOptions(Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping)

let text (value: string) : Json = JsonValue.Create value
let int (value: int) : Json = JsonValue.Create value
let long (value: int64) : Json = JsonValue.Create value
let bool (value: bool) : Json = JsonValue.Create value

/// A number as far as JSON has it; null for infinities.
let number (value: float) : Json =
    if System.Double.IsFinite value then JsonValue.Create value else null

/// A number of seconds or a rate: six digits tell all that was measured.
let measure (value: float) : Json =
    if System.Double.IsFinite value then
        let digits =
            max 0 (min 9 (6 - System.Convert.ToInt32(floor (log10 (max 1e-3 (abs value))))))

        number (System.Math.Round(value, digits))
    else
        null

let option (write: 'T -> Json) (value: 'T option) : Json =
    match value with
    | Some value -> write value
    | None -> null

let list (write: 'T -> Json) (values: seq<'T>) : Json =
    let all = JsonArray()

    for value in values do
        all.Add(write value)

    all

let object (fields: (string * Json) list) : Json =
    let all = JsonObject()

    for name, value in fields do
        all[name] <- value

    all

/// Writes one line to standard output.
let print (value: Json) =
    let line =
        match value with
        | null -> "null"
        | value -> value.ToJsonString options

    Terminal.out.WriteLine line
