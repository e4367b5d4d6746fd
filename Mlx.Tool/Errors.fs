/// What goes wrong, as one line for people and a number for scripts.
module Mlx.Tool.Errors

open System
open System.IO
open Mlx.Core
open Mlx.Models

/// The command line asks for something that cannot be: exit code 2.
exception Usage of message: string

/// Anything else that the user can mend: exit code 1.
exception Failed of message: string

/// The user pressed Ctrl-C.
let interrupted = 130

let usage message : 'T = raise (Usage message)
let fail message : 'T = raise (Failed message)

/// Several lines as one.
let private flat (text: string) =
    text.Split(
        [| '\r'; '\n' |],
        StringSplitOptions.RemoveEmptyEntries ||| StringSplitOptions.TrimEntries
    )
    |> String.concat "; "

/// Problems that a line has room for.
let private shown = 3

let private ofModel (e: ModelException) =
    let first = e.Problems |> List.truncate shown |> List.map flat |> String.concat "; "
    let rest = e.Problems.Length - shown
    let more = if rest > 0 then $"; and {rest} more (--verbose lists all)" else ""
    $"{e.Where}: {first}{more}"

/// The line that tells an exception, and the exit code; None for a bug, which deserves its stack.
let describe (e: exn) : (string * int) option =
    match e with
    | Usage message -> Some(message, 2)
    | Failed message -> Some(message, 1)
    | :? ModelException as e -> Some(ofModel e, 1)
    | :? MlxException
    | :? ChatTemplateException
    | :? IOException
    | :? UnauthorizedAccessException
    | :? ArgumentException
    | :? NotSupportedException -> Some(flat e.Message, 1)
    | :? OutOfMemoryException -> Some("out of memory: " + flat e.Message, 1)
    | _ -> None

/// All that is wrong with a folder, a line each.
let problems (e: exn) : string list =
    match e with
    | :? ModelException as e when e.Problems.Length > shown -> e.Problems
    | _ -> []
