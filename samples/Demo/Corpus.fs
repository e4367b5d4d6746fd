/// The text, and which part of it training never sees.
module Demo.Corpus

open System
open System.Collections.Generic
open System.IO
open System.Text
open System.Text.RegularExpressions
open Demo.Options

type Corpus =
    {
        /// Where it comes from, for people.
        Source: string
        /// All of it.
        Text: byte[]
        /// What the model learns from.
        Train: byte[]
        /// Every tenth block, what it is judged by.
        HeldOut: byte[]
        /// A prompt that goes with it.
        Prompt: string
    }

/// The folder of this repository: the one with its solution, above the program.
let repository =
    let rec up (folder: DirectoryInfo | null) =
        match folder with
        | null -> None
        | folder when File.Exists(Path.Combine(folder.FullName, "Mlx.slnx")) -> Some folder.FullName
        | folder -> up folder.Parent

    up (DirectoryInfo AppContext.BaseDirectory)

let private kinds = [ ".md"; ".cs"; ".fs"; ".fsx" ]

/// What people wrote: no generated files, no build outputs, nothing hidden.
let private sources (root: string) =
    let isSkipped (folder: string) =
        match nonNull (Path.GetFileName folder) with
        | "bin"
        | "obj"
        | "artifacts" -> true
        | name -> name.StartsWith '.'

    let rec files folder =
        seq {
            for file in Directory.EnumerateFiles folder do
                if List.contains (Path.GetExtension file) kinds && not (file.EndsWith ".g.cs") then
                    file

            for inner in Directory.EnumerateDirectories folder do
                if not (isSkipped inner) then
                    yield! files inner
        }

    // The same order on every machine.
    let relative (file: string) = Path.GetRelativePath(root, file).Replace('\\', '/')

    let sorted = files root |> Seq.toArray
    Array.Sort(Array.map relative sorted, sorted, StringComparer.Ordinal)
    sorted

/// The bytes of a text with the line ends of Unix and without a byte order mark.
let private clean (text: string) =
    Encoding.UTF8.GetBytes(text.Replace("\r\n", "\n").TrimStart '\uFEFF')

let private least = 4096

/// Holds out every tenth block: what a single end would be, one file of one kind, is no fair judge
/// of a text made of many.
let private split source prompt (text: byte[]) =
    if text.Length < least then
        raise (Complaint $"{source} has {text.Length} bytes; at least {least} are wanted")

    let block = Math.Clamp(text.Length / 100, 256, 4096)
    let train, heldOut = List<byte>(), List<byte>()

    for i, part in text |> Array.chunkBySize block |> Array.indexed do
        (if i % 10 = 9 then heldOut else train).AddRange part

    { Source = source
      Text = text
      Train = train.ToArray()
      HeldOut = heldOut.ToArray()
      Prompt = prompt }

/// The sources of this repository, or a file.
let load (path: string option) : Corpus =
    match path, repository with
    | Some path, _ ->
        let text = clean (File.ReadAllText path)
        // The first words, as far as they are whole.
        let start = Encoding.UTF8.GetString(text, 0, min 40 text.Length)
        split path (start.Substring(0, max 1 (start.LastIndexOf ' '))) text
    | None, None ->
        raise (Complaint "this program lies outside its repository; name a text by --text")
    | None, Some root ->
        let files = sources root
        let text = files |> Array.collect (File.ReadAllText >> clean)
        split $"{files.Length} files of {root}" "/// <summary>" text

/// Runs of at least two letters.
let private wordsOf (text: string) =
    [ for word in Regex.Matches(text, "[A-Za-z]{2,}") -> word.Value ]

/// How many words a text has, and how many of them the corpus has too. The first and the last may
/// be cut off and do not count.
let knownWords (corpus: Corpus) (text: string) =
    let known = HashSet(wordsOf (Encoding.UTF8.GetString corpus.Text))

    match wordsOf text with
    | _ :: (_ :: _ as rest) ->
        let inner = List.take (rest.Length - 1) rest
        inner.Length, inner |> List.filter known.Contains |> List.length
    | _ -> 0, 0
