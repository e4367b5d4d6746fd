/// The examples of doc comments, compiled by F# interactive and run in one go.
module Mlx.Tests.Functional.DocExamples

open System
open System.Diagnostics
open System.IO
open System.Reflection
open System.Text.RegularExpressions
open System.Xml.Linq

/// An example: whose it is, its lines, and what its last expression answers, where it says so in a
/// comment at its end: `// => array([1, 2], dtype=int32)`.
type Example = { Member: string; Code: string list; Answer: string option }

/// A library with examples: what they are compiled with.
type Library =
    {
        Assembly: Assembly
        /// Other libraries.
        References: string list
        /// Namespaces, beside `System` and `Mlx`.
        Opens: string list
        /// What examples speak of without defining it, and its type; `_` is whatever its use says.
        Given: (string * string) list
    }

let private common =
    [ "x", "Tensor"
      "x1", "Tensor"
      "x2", "Tensor"
      "y", "Tensor"
      "a", "Tensor"
      "w", "Tensor"
      "b", "Tensor"
      "image", "Tensor"
      "grey", "Tensor"
      "kv", "Tensor"
      "time", "Tensor"
      "frequencies", "Tensor"
      "next", "Tensor"
      "scores", "Tensor"
      "source", "Tensor"
      "target", "Tensor"
      "images", "Tensor"
      "labels", "Tensor"
      "validationLoss", "Tensor"
      "batch", "Tensor * Tensor"
      "batches", "seq<Tensor * Tensor>"
      "trainSet", "Tensor * Tensor"
      "model", "Mlp"
      "direction", "Mlp"
      "slope", "Mlp"
      "loss", "Mlp -> Tensor * Tensor -> Tensor"
      "accuracy", "Mlp -> Tensor"
      "forward", "Mlp -> Tensor -> Tensor"
      "optimizer", "Optimizer"
      "snapshot", "Snapshot<Mlp>"
      "length", "int"
      "n", "int"
      "p", "_"
      "heads", "_"
      "layer", "_"
      "stats", "_"
      "state", "_"
      "encoder", "_"
      "config", "_" ]

let functional =
    { Assembly = typeof<Mlx.Key>.Assembly
      References = [ "System.Numerics.Tensors"; "Mlx.Core" ]
      Opens = []
      Given = common }

let testing =
    { Assembly = typeof<Mlx.Testing.Sample>.Assembly
      References = [ "FsCheck"; "Mlx.Core"; "Mlx.Functional" ]
      Opens = [ "FsCheck"; "FsCheck.FSharp"; "Mlx.Testing" ]
      Given =
        ("f", "Tensor -> Tensor")
        :: ("holds", "Sample -> bool")
        :: ("holdsOfTwo", "SamplePair -> bool")
        :: common }

let private prelude =
    """
type Mlp = { Hidden: Linear; Out: Linear }

module Mlp =
    let forward (p: Mlp) (x: Tensor) = x |> Linear.apply p.Hidden |> Linear.apply p.Out

/// One line for each example, whatever it prints.
let tell (index: int) (answer: unit -> obj) =
    let show (x: obj) = if isNull x then "()" else sprintf "%A" x
    let line = try show (answer ()) with e -> $"throws {e.GetType().Name}: {e.Message}"
    printfn "@%d %s" index (line.Replace("\n", " "))
"""

/// Lines without the margin that all but empty ones share.
let private dedent (text: string) =
    let lines = (text.Trim('\n', '\r')).Split '\n' |> Array.map _.TrimEnd() |> List.ofArray
    let margin (line: string) = line.Length - line.TrimStart().Length
    let filled = lines |> List.filter (fun line -> line <> "")
    let least = if filled.IsEmpty then 0 else filled |> List.map margin |> List.min
    lines |> List.map (fun line -> if line = "" then "" else line.Substring least)

let private parse name (text: string) =
    let lines = dedent text |> List.filter (fun line -> line <> "")
    let isAnswer (line: string) = line.StartsWith "// =>"

    match lines |> List.tryFindIndex isAnswer with
    | Some i ->
        let answer =
            lines[i..] |> List.map (fun line -> line.TrimStart('/', ' ')) |> String.concat " "

        { Member = name
          Code = List.take i lines
          Answer = Some(answer.Substring(2).Trim()) }
    | None -> { Member = name; Code = lines; Answer = None }

/// `Mlx.Tree.leaves` of `M:Mlx.Tree.leaves``1(``0)`.
let nameOf (id: string) = Regex.Replace(Regex.Replace(id.Substring 2, @"\(.*$", ""), @"``?\d+", "")

/// The examples of a file of documentation.
let read (file: string) : Example list =
    [ for m in XDocument.Load(file).Descendants "member" do
          for code in m.Descendants "example" |> Seq.collect _.Descendants("code") do
              // Those in C# are told by `lang`.
              if isNull (code.Attribute "lang") then
                  parse (nameOf (nonNull (m.Attribute "name")).Value) code.Value ]

let private startsWith (words: string list) (line: string) =
    words |> List.exists (fun word -> line.StartsWith(word + " "))

/// Where the last expression begins: lines that continue one are indented or begin with an
/// operator or a closing bracket.
let private lastExpression (code: string list) =
    let continues (line: string) =
        line.StartsWith ' '
        || List.exists
            (fun (mark: string) -> line.StartsWith mark)
            [ "|>"; ">>"; ")"; "]"; "}"; "|" ]
        || startsWith [ "and!"; "with" ] line

    code |> List.findIndexBack (continues >> not)

let private isWord (code: string list) name =
    let isIn (line: string) =
        // Neither in a comment nor in a text.
        let line = Regex.Replace(line, @"//.*$|""[^""]*""", "")
        Regex.IsMatch(line, $@"(?<![\w.']){name}(?![\w'])")

    List.exists isIn code

/// One example as a function. One that states its answer speaks only of what it defines; of another
/// what is given are the parameters.
let private emit given index (example: Example) =
    // No function holds a type: it goes before.
    let types, code =
        match example.Code with
        | first :: rest when first.StartsWith "type " ->
            let more = rest |> List.takeWhile _.StartsWith(' ')
            first :: more, List.skip more.Length rest
        | code -> [], code

    let last = lastExpression code
    let isStatement = startsWith [ "let"; "use"; "let!"; "for" ] code[last]
    let draws = code |> List.exists (startsWith [ "let!" ])

    let parameters =
        [ for name, kind in given do
              if example.Answer.IsNone && isWord code name then
                  $"({name}: {kind}) " ]
        |> String.concat ""

    let indent = List.map (fun line -> "        " + line)

    let answer =
        if draws then
            [ "    box (random {" ] @ indent code @ [ "        return () })" ]
        elif isStatement then
            List.map (fun line -> "    " + line) code @ [ "    box ()" ]
        else
            List.map (fun line -> "    " + line) (List.take last code)
            @ [ "    let answer =" ]
            @ indent (List.skip last code)
            @ [ "    box answer" ]

    [ $"#line 1 \"{example.Member}\"" ]
    @ [ if not types.IsEmpty then
            $"module Types{index} ="
            yield! List.map (fun line -> "    " + line) types
            $"open Types{index}" ]
    @ [ $"let example{index} {parameters}() : obj =" ]
    @ answer
    @ [ if example.Answer.IsSome then
            $"tell {index} example{index}" ]

/// Compiles all examples and runs those that state an answer. Answers what the compiler said, and
/// what each of them answered.
let run (library: Library) (examples: Example list) : string * Map<int, string> =
    let script = Path.Combine(Path.GetTempPath(), $"examples-{Guid.NewGuid()}.fsx")

    try
        File.WriteAllLines(
            script,
            [ let folder = nonNull (Path.GetDirectoryName library.Assembly.Location)

              for name in library.References do
                  let file = Path.Combine(folder, name + ".dll")
                  $"#r @\"{file}\""

              $"#r @\"{library.Assembly.Location}\""

              for name in [ "System"; "Mlx" ] @ library.Opens do
                  $"open {name}"

              prelude

              for i, example in List.indexed examples do
                  yield! emit library.Given i example ]
        )

        let info =
            ProcessStartInfo("dotnet", [ "fsi"; "--quiet"; "--nologo"; "--nowarn:64,3886"; script ])

        info.RedirectStandardOutput <- true
        info.RedirectStandardError <- true
        use job = nonNull (Process.Start info)
        let errors = job.StandardError.ReadToEndAsync()
        let output = job.StandardOutput.ReadToEnd()
        job.WaitForExit()

        let answers =
            [ for line in output.Split '\n' do
                  let m = Regex.Match(line, @"^@(\d+) (.*)$")

                  if m.Success then
                      int m.Groups[1].Value, Regex.Replace(m.Groups[2].Value, @"\s+", " ").Trim() ]

        errors.Result, Map answers
    finally
        File.Delete script

let private number = Regex @"-?\d+(\.\d+)?(e[+-]?\d+)?"

/// The same text, with numbers as near as six digits tell: engines differ in the last one.
let agree (want: string) (got: string) =
    let numbers text = [ for m in number.Matches text -> float m.Value ]
    let near (a: float) (b: float) = abs (a - b) <= 1e-5 * max 1.0 (abs a)

    number.Replace(want, "#") = number.Replace(got, "#")
    && List.forall2 near (numbers want) (numbers got)
