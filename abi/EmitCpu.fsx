// Mlx.Cpu: thunks for the methods marked [Export] and [RawExport], and the resolver over them.
// Reads the engine's sources with regular expressions, so a mark must stand directly above
// `... static Result Name(parameters)` (other attributes may come between).


open System
open System.IO
open System.Text.RegularExpressions
open Model
open EmitTypes

type Builder =
    {
        Target: string
        Raw: bool
        Result: string
        /// Type and name.
        Parameters: (string * string) list
        Where: string
    }

type Exports = { Builders: Map<string, Builder>; NormType: string }

let splitTop (s: string) =
    let parts = Collections.Generic.List<string>()
    let mutable depth, start = 0, 0

    for i in 0 .. s.Length - 1 do
        match s[i] with
        | '<'
        | '('
        | '[' -> depth <- depth + 1
        | '>'
        | ')'
        | ']' -> depth <- depth - 1
        | ',' when depth = 0 ->
            parts.Add(s.Substring(start, i - start))
            start <- i + 1
        | _ -> ()

    parts.Add(s.Substring start)

    [ for p in parts do
          let p = p.Trim()

          if p <> "" then
              p ]

let closing (s: string) openAt =
    let rec go i depth =
        match s[i] with
        | '(' -> go (i + 1) (depth + 1)
        | ')' when depth = 1 -> i
        | ')' -> go (i + 1) (depth - 1)
        | _ -> go (i + 1) depth

    go openAt 0

let methodAfter =
    Regex(
        @"\G(?:\s|//[^\n]*\n|\[[^\n]*\]\s*\n)*((?:public|internal|private|protected|unsafe|static|\s)+?)\s*([\w.<>\[\]\?\*]+|\([^)]*\))\s+(\w+)\s*\("
    )

let classAt (text: string) (position: int) =
    let found =
        Regex.Matches(
            text.Substring(0, position),
            @"^[ ]{0,4}(?:\w+ )*(?:class|struct|record) (\w+)",
            RegexOptions.Multiline
        )

    if found.Count = 0 then
        failwith "no enclosing class"

    found[found.Count - 1].Groups[1].Value

/// The engine's own sources, with comments blanked: they may quote a mark.
let sources (folder: string) =
    let files =
        Directory.GetFiles(folder, "*.cs", SearchOption.AllDirectories)
        |> Array.filter (fun f ->
            not (f.EndsWith ".g.cs")
            && not (f.Contains(Path.Combine(folder, "obj")))
            && not (f.Contains(Path.Combine(folder, "bin"))))
        |> Array.sort

    [ for file in files do
          let text =
              Regex.Replace(File.ReadAllText file, @"//[^\n]*", fun m -> String(' ', m.Length))

          let ns = Regex.Match(text, @"^namespace ([\w.]+)", RegexOptions.Multiline)
          file, ns.Groups[1].Value, text ]

/// Type and name of each parameter, for the bracket that opens at a place.
let parametersAt (text: string) openAt =
    let inside = text.Substring(openAt + 1, closing text openAt - openAt - 1)

    [ for p in splitTop inside do
          let p = Regex.Replace(p, @"\s*=.*$", "", RegexOptions.Singleline)
          let p = Regex.Replace(p, @"^(params|scoped|in) ", "")
          let cut = p.LastIndexOf ' '
          Regex.Replace(p.Substring(0, cut).Trim(), @"\s+", " "), p.Substring(cut + 1) ]

let scan (folder: string) =
    let mutable builders = Map.empty
    let mutable norm = "FftNorm"

    for file, ns, text in sources folder do
        if Regex.IsMatch(text, @"\benum FftNorm\b") then
            norm <- $"global::{ns}.FftNorm"

        let at (m: Match) =
            let line = text.Substring(0, m.Index).Split('\n').Length
            $"{Path.GetRelativePath(Path.GetDirectoryName folder, file)}({line})"

        for m in Regex.Matches(text, @"\[(Raw)?Export\(""(\w+)""\)\]") do
            let name = m.Groups[2].Value
            let s = methodAfter.Match(text, m.Index + m.Length)

            if not s.Success then
                failwithf "%s: no method follows the mark of %s" (at m) name

            let modifiers = s.Groups[1].Value

            if not (modifiers.Contains "public" || modifiers.Contains "internal") then
                failwithf
                    "%s: %s must be public or internal, so that its thunk reaches it"
                    (at m)
                    name

            let ps = parametersAt text (s.Index + s.Length - 1)

            match Map.tryFind name builders with
            | Some b -> failwithf "%s: %s is already exported by %s" (at m) name b.Where
            | None -> ()

            builders <-
                builders
                |> Map.add
                    name
                    { Raw = m.Groups[1].Success
                      Target = $"global::{ns}.{classAt text m.Index}.{s.Groups[3].Value}"
                      Result = Regex.Replace(s.Groups[2].Value, @"\s+(\w+)(?=[,)])", "")
                      Parameters = ps
                      Where = at m }

    { Builders = builders; NormType = norm }

/// Arguments and results as C has them; only bool and pointer types are adapted.
let private raw (f: Function) (b: Builder) =
    let wanted = fixedArgs f

    if wanted.Length <> b.Parameters.Length then
        failwithf
            "%s: %s has %d parameters, its method %d"
            b.Where
            f.Name
            wanted.Length
            b.Parameters.Length

    let args =
        [ for a, (t, _) in List.zip wanted b.Parameters do
              let c, name = csharpArg a, escape a.Name

              if c = t then name
              elif t = "bool" then $"{name} != 0"
              else $"({t}){name}" ]
        |> String.concat ", "

    let call = $"{b.Target}({args})"

    match csharp f.Returns, b.Result with
    | "void", _ -> [ $"{call};" ], "_ = Errors.Report(e);"
    | "int", "void" -> [ $"{call};"; "return 0;" ], "return Errors.Report(e);"
    | "int", "Status" -> [ $"return (int){call};" ], "return Errors.Report(e);"
    | c, r ->
        let value =
            if c = r then call
            elif r = "bool" then $"{call} ? (byte)1 : (byte)0"
            else $"({c}){call}"

        [ $"return {value};" ], "_ = Errors.Report(e);\n            return default;"

let private builder (norm: string) (m: Mechanical) (b: Builder) =
    let f = m.Function
    let wanted = m.Parameters |> List.filter (fun (_, k) -> k <> Stream)

    if wanted.Length <> b.Parameters.Length then
        failwithf
            "%s: %s takes %d parameters (%s), its builder %d"
            b.Where
            f.Name
            wanted.Length
            (wanted |> List.map fst |> String.concat ", ")
            b.Parameters.Length

    let args =
        [ for (c, kind), (t, _) in List.zip wanted b.Parameters do
              let c = escape c

              match kind with
              | Array _ when t = "Node?" -> $"Handles.NodeOrNull({c})"
              | Array _ -> $"Handles.Node({c})"
              | Vector -> $"Handles.Nodes({c})"
              | Span e ->
                  let span = $"new ReadOnlySpan<{e}>({c}, checked((int){c.TrimStart '@'}_num))"
                  if t.EndsWith "[]" then $"({span}).ToArray()" else span
              | Optional _ -> $"Optional.Of({c})"
              | Plain p when t <> p -> $"checked(({t}){c})"
              | Plain _ -> c
              | Dtype -> $"(Dtype){c}"
              | Norm -> $"({norm}){c}"
              | Bool -> $"{c} != 0"
              | Text -> $"Strings.Get({c})"
              | Stream -> () ]
        |> String.concat ", "

    let call = $"{b.Target}({args})"
    let pair = b.Result.StartsWith "("

    let results =
        f.Args |> List.filter (fun a -> a.Type = "mlx_array*") |> List.map (fun a -> a.Name)

    [ match List.tryFind (fun (_, k) -> k = Stream) m.Parameters with
      | Some(s, _) -> $"Streams.Require({escape s});"
      | None -> ()
      match m.Result with
      | NoResult -> $"{call};"
      | OneArray -> $"Handles.Set({escape f.Args.Head.Name}, {call});"
      | TwoArrays ->
          $"var (r0, r1) = {call};"
          $"Handles.Set({results[0]}, r0);"
          $"Handles.Set({results[1]}, r1);"
      | ArrayVector when pair ->
          let names =
              [ for i in 0 .. splitTop(b.Result.Trim('(', ')')).Length - 1 -> $"r{i}" ]
              |> String.concat ", "

          $"var ({names}) = {call};"
          $"Handles.Set({escape f.Args.Head.Name}, new Node[] {{ {names} }});"
      | ArrayVector -> $"Handles.Set({escape f.Args.Head.Name}, {call});"
      "return 0;" ],
    "return Errors.Report(e);"

let private thunk norm (f: Function) (b: Builder) =
    let statements, failed =
        if b.Raw then
            raw f b
        else
            match mechanical f with
            | Some m -> builder norm m b
            | None -> failwithf "%s: %s is not mechanical: mark it [RawExport]" b.Where f.Name

    [ $"    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = \"{f.Name}\")]"
      $"    internal static {csharp f.Returns} {f.Name}({parameters f})"
      "    {"
      "        try"
      "        {"
      for s in statements do
          $"            {s}"
      "        }"
      "        catch (Exception e)"
      "        {"
      $"            {failed}"
      "        }"
      "    }" ]

let thunks (api: Api) (exports: Exports) =
    let names = api.Functions |> List.map (fun f -> f.Name) |> set

    for KeyValue(name, b) in exports.Builders do
        if not (names.Contains name) then
            failwithf "%s: mlx-c has no function %s" b.Where name

    lines
        [ yield! header "C entry points of the methods marked [Export] and [RawExport]."
          "using System.Runtime.CompilerServices;"
          "using System.Runtime.InteropServices;"
          if not exports.Builders.IsEmpty then
              "using Mlx.Cpu.Graph;"
          ""
          "namespace Mlx.Cpu.Abi;"
          ""
          "internal static unsafe class Thunks"
          "{"
          let mutable first = true

          for f in api.Functions do
              match Map.tryFind f.Name exports.Builders with
              | None -> ()
              | Some b ->
                  if not first then
                      ""

                  first <- false
                  yield! thunk exports.NormType f b

          "}" ]

let covered (exports: Exports) = exports.Builders.Count

let resolver (api: Api) (exports: Exports) =
    lines
        [ yield! header "Symbol name to C function pointer, the whole public face of the engine."
          "using Mlx.Cpu.Abi;"
          ""
          "namespace Mlx.Cpu;"
          ""
          "/// <summary>The embedded engine: answers mlx-c symbol names with C function pointers.</summary>"
          "public static unsafe partial class CpuEngine"
          "{"
          "    /// <summary>The C function called <paramref name=\"name\"/>; 0 when the engine has none.</summary>"
          "    public static nint Resolve(string name) => name switch"
          "    {"
          for f in api.Functions do
              if exports.Builders.ContainsKey f.Name then
                  $"        \"{f.Name}\" => (nint)({functionPointer f})&Thunks.{f.Name},"
          "        _ => 0,"
          "    };"
          "}" ]
