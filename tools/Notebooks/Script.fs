/// Runs a literate script cell by cell in F# Interactive, as a kernel would.
module Mlx.Notebooks.Script

open System
open System.Diagnostics
open System.IO
open System.Text
open System.Text.Json.Nodes
open Mlx

/// What a cell puts out.
type Output =
    | Text of string
    | Shown of Rich

type Cell = { Line: int; Source: string; Outputs: Output list; Errors: string }

/// Begins the outputs of a cell, on both streams.
let private mark = "\u001emlx-cell "

let private input (file: string) (cells: (int * string) list) =
    let text = StringBuilder()

    let announce (index: int) =
        let line = $"\"\\u001emlx-cell {index}\""

        text.Append
            $"System.Console.Out.WriteLine {line};;\nSystem.Console.Error.WriteLine {line};;\n"
        |> ignore

    cells
    |> List.iteri (fun i (line, source) ->
        announce i
        text.Append $"# {line} \"{file}\"\n{source}\n;;\n" |> ignore)

    announce cells.Length
    text.Append("#quit;;\n").ToString()

let private shown (json: string) =
    let node = JsonNode.Parse json |> nonNull
    let field (name: string) = node[name] |> Option.ofObj |> Option.map _.GetValue<string>()

    Shown
        { Text = field "text" |> Option.defaultValue ""
          Html = field "html"
          Png = field "png" |> Option.map Convert.FromBase64String }

/// The lines that each cell wrote.
let private byCell (count: int) (text: string) =
    let parts = text.ReplaceLineEndings("\n").Split(mark)

    [| for i in 0 .. count - 1 ->
           match parts |> Array.tryFind (fun part -> part.StartsWith $"{i}\n") with
           | Some part -> part.Substring(part.IndexOf '\n' + 1)
           | None -> "" |]

let private outputs (text: string) =
    let flush (lines: string list) =
        let text = String.Join("\n", List.rev lines).TrimEnd()
        if text = "" then [] else [ Text text ]

    let rec go taken (lines: string list) =
        match lines with
        | [] -> flush taken
        | line :: rest when line.StartsWith Display.Mark ->
            flush taken @ shown (line.Substring Display.Mark.Length) :: go [] rest
        | line :: rest -> go (line :: taken) rest

    go [] (List.ofArray (text.Split '\n'))

/// The code cells of a script with what came of them.
let run (path: string) : Cell list =
    let cells =
        Literate.load path
        |> List.choose (function
            | Literate.Code(line, source) -> Some(line, source)
            | _ -> None)

    let folder = Path.GetFullPath path |> Path.GetDirectoryName |> nonNull
    let arguments = [ "fsi"; "--quiet"; "--nologo"; "--readline-"; "--optimize+" ]
    let info = ProcessStartInfo("dotnet", arguments, WorkingDirectory = folder)
    info.RedirectStandardInput <- true
    info.RedirectStandardOutput <- true
    info.RedirectStandardError <- true
    info.StandardOutputEncoding <- UTF8Encoding false
    info.StandardInputEncoding <- UTF8Encoding false
    info.Environment[Display.Variable] <- "json"
    info.Environment["DOTNET_NOLOGO"] <- "1"
    use job = Process.Start info |> nonNull
    let written = job.StandardOutput.ReadToEndAsync()
    let complained = job.StandardError.ReadToEndAsync()
    job.StandardInput.Write(input (nonNull (Path.GetFileName path)) cells)
    job.StandardInput.Close()
    job.WaitForExit()
    let texts = byCell cells.Length written.Result
    let errors = byCell cells.Length complained.Result

    cells
    |> List.mapi (fun i (line, source) ->
        { Line = line
          Source = source
          Outputs = outputs texts[i]
          Errors = errors[i].Trim() })
