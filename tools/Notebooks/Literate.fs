/// Literate scripts: F# that runs as it stands, with prose in `(** ... *)` and, in samples, what
/// the code before prints in `(* prints ... *)`.
module Mlx.Notebooks.Literate

open System
open System.IO

type Block =
    /// Markdown.
    | Prose of string
    /// The line of the file that it begins on, counting from 1.
    | Code of line: int * text: string
    | Prints of string

let private trim (lines: string list) =
    let blank = String.IsNullOrWhiteSpace: string -> bool
    lines |> List.skipWhile blank |> List.rev |> List.skipWhile blank |> List.rev

let private text lines = String.Join("\n", trim lines)

let private opening =
    [ "(**", (fun lines -> Prose(text lines))
      "(* prints", (fun lines -> Prints(text lines)) ]

let private comment (line: string) = opening |> List.tryFind (fun (mark, _) -> line.StartsWith mark)

/// The lines of a comment without its marks, and the lines after it.
let private body (mark: string) (lines: string list) =
    let rec go taken (lines: string list) =
        match lines with
        | [] -> failwith $"a comment '{mark}' has no end"
        | line :: rest when line.TrimEnd().EndsWith "*)" ->
            List.rev (line.TrimEnd()[.. line.TrimEnd().Length - 3] :: taken), rest
        | line :: rest -> go (line :: taken) rest

    go [] (lines.Head.Substring mark.Length :: lines.Tail)

let parse (source: string) : Block list =
    let code first lines =
        let skipped = lines |> List.takeWhile String.IsNullOrWhiteSpace |> List.length

        if List.forall String.IsNullOrWhiteSpace lines then
            []
        else
            [ Code(first + skipped, text lines) ]

    let rec go number (lines: string list) =
        match lines with
        | [] -> []
        | line :: _ ->
            match comment line with
            | Some(mark, block) ->
                let inside, rest = body mark lines
                block inside :: go (number + lines.Length - rest.Length) rest
            | None ->
                let mine = lines |> List.takeWhile (fun line -> (comment line).IsNone)
                code number mine @ go (number + mine.Length) (List.skip mine.Length lines)

    source.ReplaceLineEndings("\n").Split '\n' |> List.ofArray |> go 1

let load (path: string) = File.ReadAllText path |> parse

/// The script with other text in the places of what it prints.
let withPrints (prints: string list) (source: string) =
    let rec go (lines: string list) (prints: string list) =
        match lines, prints with
        | [], _ -> []
        | line :: _, print :: others when line.StartsWith "(* prints" ->
            let _, rest = body "(* prints" lines
            [ "(* prints"; print; "*)" ] @ go rest others
        | line :: rest, _ -> line :: go rest prints

    let lines = source.ReplaceLineEndings("\n").Split '\n' |> List.ofArray
    String.Join("\n", go lines prints)
