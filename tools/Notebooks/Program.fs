/// Literate scripts: derives notebooks from them, and checks that they say what they did.
module Mlx.Notebooks.Program

open System
open System.IO
open System.Linq
open Mlx

let private usage =
    """write FILE.fsx...   run the scripts and store what came of them: notebooks (FILE.ipynb) by
                    those of notebooks/, the texts after `(* prints` in the others
check FILE.fsx...   run the scripts and compare with what is stored: one line for each"""

let private isNotebook (path: string) =
    Path.GetFileName(Path.GetDirectoryName(Path.GetFullPath path)) = "notebooks"

let private notebookOf (path: string) = nonNull (Path.ChangeExtension(path, ".ipynb"))

let private complaint (path: string) (cells: Script.Cell list) =
    cells
    |> List.tryFind (fun cell -> cell.Errors <> "")
    |> Option.map (fun cell -> $"the cell at line {cell.Line}: {cell.Errors}")

/// What cells printed or showed, as text.
let private printed (outputs: Script.Output list) =
    outputs
    |> List.map (function
        | Script.Text text -> text
        | Script.Shown rich -> rich.Text)
    |> String.concat "\n"

/// What is printed between two texts that a script expects.
let private groups blocks (cells: Script.Cell list) =
    let at = cells |> List.map (fun cell -> cell.Line, cell) |> Map

    let step (pending, groups) block =
        match block with
        | Literate.Prose _ -> pending, groups
        | Literate.Code(line, _) -> pending @ at[line].Outputs, groups
        | Literate.Prints expected -> [], groups @ [ expected, printed pending ]

    let rest, groups = blocks |> List.fold step ([], [])
    groups, printed rest

/// Charts get their pictures.
let private illustrated (cells: Script.Cell list) =
    cells
    |> List.mapi (fun i cell ->
        let output j output =
            match output with
            | Script.Shown rich -> Script.Shown(Charts.withPicture $"chart{i}x{j}" rich)
            | Script.Text _ -> output

        { cell with Outputs = List.mapi output cell.Outputs })

let private write (path: string) =
    let blocks = Literate.load path
    let cells = Script.run path

    match complaint path cells with
    | Some complaint -> failwith complaint
    | None when isNotebook path ->
        File.WriteAllText(notebookOf path, Notebook.make blocks (illustrated cells))
    | None ->
        let groups, _ = groups blocks cells
        let source = File.ReadAllText path
        File.WriteAllText(path, Literate.withPrints (List.map snd groups) source)

let private checkNotebook path blocks (cells: Script.Cell list) =
    let stored = Notebook.read (notebookOf path)

    let sources =
        blocks
        |> List.choose (function
            | Literate.Prose text
            | Literate.Code(_, text) -> Some text
            | Literate.Prints _ -> None)

    if sources <> (stored |> List.map _.Source) then
        Some "the notebook has other cells than the script: dotnet fsi build.fsx notebooks"
    else
        List.zip (stored |> List.filter _.IsCode) cells
        |> List.tryPick (fun (stored, cell) ->
            let kinds =
                cell.Outputs
                |> List.collect (function
                    | Script.Shown rich ->
                        [ if rich.Html.IsSome then
                              "text/html" ]
                    | Script.Text _ -> [])
                |> set

            if not (Set.isSubset kinds stored.Kinds) then
                Some $"the cell at line {cell.Line} shows what is not stored"
            else
                Compare.difference stored.Printed (printed cell.Outputs)
                |> Option.map (fun text -> $"the cell at line {cell.Line}: {text}"))

let private checkSample blocks cells =
    let groups, rest = groups blocks cells

    match groups |> List.tryPick (fun (expected, found) -> Compare.difference expected found) with
    | Some text -> Some text
    | None when groups.IsEmpty -> Some "nothing says what it prints"
    | None when rest.Trim() <> "" -> Some $"prints more than it says:\n{rest}"
    | None -> None

let private check (path: string) =
    let blocks = Literate.load path
    let cells = Script.run path

    match complaint path cells with
    | Some text -> Some text
    | None when isNotebook path -> checkNotebook path blocks cells
    | None -> checkSample blocks cells

/// One line for each script; a failure's further lines are indented.
let private report (path: string) (failure: string option) =
    match failure with
    | None -> printfn "ok %s" path
    | Some text ->
        let indented = text.ReplaceLineEndings("\n").Replace("\n", "\n    ")
        printfn "FAIL %s\n    %s" path indented

    failure.IsNone

/// Works on several scripts at once, and reports in their order.
let private each work (paths: string list) =
    let attempt path =
        try
            work path
        with e ->
            Some e.Message

    let failures = paths.AsParallel().AsOrdered().Select attempt

    Seq.zip paths failures
    |> Seq.map (fun (path, failure) -> report path failure)
    |> Seq.toList

[<EntryPoint>]
let main arguments =
    match List.ofArray arguments with
    | "write" :: paths when not paths.IsEmpty ->
        let results =
            paths
            |> each (fun path ->
                write path
                None)

        if List.forall id results then 0 else 1
    | "check" :: paths when not paths.IsEmpty ->
        let results = each check paths
        if List.forall id results then 0 else 1
    | _ ->
        eprintfn "%s" usage
        2
