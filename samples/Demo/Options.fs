/// The command line of the demo.
module Demo.Options

open System
open System.IO

/// Something the user can mend; the message says how.
exception Complaint of string

type Options =
    {
        /// The text to learn, a file; None for the sources of this repository.
        Text: string option
        /// Training steps; None for as many as fit in two minutes.
        Steps: int option
        /// What the generated text begins with.
        Prompt: string option
        /// Where everything random begins.
        Seed: int
        /// The folder for checkpoint and plot.
        Out: string option
    }

let usage =
    """Trains a small byte-level Mistral on text, saves it, loads it, and writes with it.

  --text PATH     learn this text (default: the sources of this repository)
  --steps N       so many steps (default: 900, fewer where they would take over two minutes)
  --prompt TEXT   what the generated text begins with
  --seed N        where everything random begins (default: 0)
  --out FOLDER    for checkpoint and plot (default: artifacts/demo)"""

let private whole low (name: string) (text: string) =
    match Int32.TryParse text with
    | true, n when n >= low -> n
    | _ -> raise (Complaint $"{name}: a whole number of at least {low} is wanted, not '{text}'")

let rec private read options arguments =
    match arguments with
    | [] -> options
    | ("-h" | "--help") :: _ -> raise (Complaint "")
    | "--text" :: path :: rest ->
        if not (File.Exists path) then
            raise (Complaint $"--text: there is no file '{Path.GetFullPath path}'")

        read { options with Text = Some path } rest
    | "--steps" :: n :: rest -> read { options with Steps = Some(whole 1 "--steps" n) } rest
    | "--seed" :: n :: rest -> read { options with Seed = whole 0 "--seed" n } rest
    | "--prompt" :: text :: rest -> read { options with Prompt = Some text } rest
    | "--out" :: folder :: rest -> read { options with Out = Some folder } rest
    | [ ("--text" | "--steps" | "--seed" | "--prompt" | "--out") as last ] ->
        raise (Complaint $"{last} wants a value")
    | other :: _ -> raise (Complaint $"what is '{other}'?")

/// <exception cref="T:Demo.Options.Complaint">The arguments make no sense, or ask for
/// help.</exception>
let parse (arguments: string[]) : Options =
    read { Text = None; Steps = None; Prompt = None; Seed = 0; Out = None } (List.ofArray arguments)
