/// Every public name of the F# side says what it is, what shapes it takes and gives, and how it is
/// used.
module Mlx.Tests.Functional.DocTests

open System
open System.IO
open System.Reflection
open System.Runtime.CompilerServices
open System.Text.RegularExpressions
open System.Xml.Linq
open Expecto
open Mlx

let private flags =
    BindingFlags.Public
    ||| BindingFlags.Static
    ||| BindingFlags.Instance
    ||| BindingFlags.DeclaredOnly

let private text (value: string | null) = nonNull value

let private fileOf (assembly: Assembly) = text (Path.ChangeExtension(assembly.Location, ".xml"))

/// The comments of a file by name, without examples and exceptions; those of overloads together.
let private comments file =
    [ for e in XDocument.Load(file: string).Descendants "member" do
          let name = DocExamples.nameOf (nonNull (e.Attribute "name")).Value

          let prose =
              e.Elements()
              |> Seq.filter (fun part ->
                  part.Name.LocalName <> "example" && part.Name.LocalName <> "exception")
              |> Seq.map _.Value
              |> String.concat " "

          if prose.Trim() <> "" then
              name, prose ]
    |> List.groupBy fst
    |> List.map (fun (name, all) -> name, all |> List.map snd |> String.concat " ")
    |> Map.ofList

let private nameOf (t: Type) = Regex.Replace((text t.FullName).Replace('+', '.'), @"`\d+", "")

/// What the compiler makes by itself.
let private isGenerated (m: MemberInfo) =
    m.IsDefined(typeof<CompilerGeneratedAttribute>, false)
    || m.Name.StartsWith "get_"
    || m.Name.StartsWith "set_"
    || m.Name = "GetHashCode"
    || m.Name = "Equals"
    || m.Name = "CompareTo"
    || m.Name = "ToString"
    || m.Name = ".ctor"
    || m.Name = "Tags"
    || m.Name = "value__"
    || typeof<Delegate>.IsAssignableFrom(nonNull m.DeclaringType)
    || m.Name.StartsWith "Is"
       && m.DeclaringType |> nonNull |> FSharp.Reflection.FSharpType.IsUnion
    || m.Name.StartsWith "New"

let private publicMembers (assembly: Assembly) =
    [ for t in assembly.GetExportedTypes() do
          let isUnionCase =
              match t.DeclaringType with
              | null -> false
              | owner -> FSharp.Reflection.FSharpType.IsUnion owner

          if not isUnionCase && not (t.Name.StartsWith "<") then
              nameOf t, (t :> MemberInfo)

              for m in t.GetMembers flags do
                  match m with
                  | :? Type -> ()
                  | m when isGenerated m -> ()
                  | m -> $"{nameOf t}.{m.Name}", m ]

/// Functions: methods of modules and types, and values of modules that are functions.
let private publicFunctions assembly =
    publicMembers assembly
    |> List.filter (fun (_, m) ->
        match m with
        | :? MethodInfo -> true
        | :? PropertyInfo as p ->
            // Fields of records hold functions, but are none.
            (nonNull p.GetMethod).IsStatic
            && FSharp.Reflection.FSharpType.IsFunction p.PropertyType
        | _ -> false)

let private isDocumented (assembly: Assembly) least =
    testCase $"every public name of {assembly.GetName().Name} has a doc comment" (fun () ->
        let known = comments (fileOf assembly)
        let names = publicMembers assembly |> List.map fst |> List.distinct
        let missing = names |> List.filter (fun name -> not (known.ContainsKey name))
        Expect.isGreaterThan names.Length least "names"
        Expect.equal missing [] "without a comment")

/// What F# calls for `let!`, `and!`, `return` and the like: the builder's value shows it.
let private plumbing =
    [ "Bind"
      "BindReturn"
      "Combine"
      "Delay"
      "For"
      "MergeSources"
      "Return"
      "ReturnFrom"
      "Run"
      "Source"
      "Yield"
      "Zero" ]

let private isPlumbing (name: string) =
    plumbing |> List.exists (fun word -> name.EndsWith("Builder." + word))

let private areExemplified (assembly: Assembly) least =
    let title = assembly.GetName().Name

    testCase $"every public function of {title} shows an example" (fun () ->
        let known = DocExamples.read (fileOf assembly) |> List.map _.Member |> Set.ofList

        // The members of an interface are shown together.
        let shownAs (name, m: MemberInfo) =
            let owner = nonNull m.DeclaringType
            if owner.IsInterface then nameOf owner else name

        let names = publicFunctions assembly |> List.map shownAs |> List.distinct
        let skipped, wanted = List.partition isPlumbing names
        let missing = wanted |> List.filter (fun name -> not (known.Contains name))

        if not skipped.IsEmpty then
            printfn "%s: %d functions behind let!, return and the like" title skipped.Length

        Expect.isGreaterThan wanted.Length least "functions"
        Expect.equal missing [] "without an example"

        let needless = skipped |> List.filter (known.Contains)
        Expect.equal needless [] "exempt, though there is an example")

/// Whether tensors are in a type: of a parameter, of a pair, of a function's argument.
let rec private holdsTensor (t: Type) =
    t = typeof<Tensor>
    || t.HasElementType && holdsTensor (nonNull (t.GetElementType()))
    || t.IsGenericType && Array.exists holdsTensor (t.GetGenericArguments())

let private handlesTensors (m: MemberInfo) =
    match m with
    | :? MethodInfo as m ->
        holdsTensor m.ReturnType
        || m.GetParameters() |> Array.exists (fun p -> holdsTensor p.ParameterType)
    | :? PropertyInfo as p -> holdsTensor p.PropertyType
    | _ -> false

/// A shape is said by its name, by what axes there are, as `(batch, ..., size)`, or by a tree that
/// has it already.
let private shape =
    let words = "shapes?|scalars?|axis|axes|matrix|matrices|tree|leaf|leaves|broadcasts?"
    Regex($@"\b({words})\b|\.\.\.[,)]|\((n|batch|rows|count)[,)]", RegexOptions.IgnoreCase)

let private saysShapes (assembly: Assembly) least =
    testCase $"what handles tensors in {assembly.GetName().Name} says their shapes" (fun () ->
        let known = comments (fileOf assembly)

        let names =
            publicFunctions assembly
            |> List.filter (fun (name, m) -> handlesTensors m && not (isPlumbing name))
            |> List.map fst
            |> List.distinct

        let says name = known.TryFind name |> Option.exists shape.IsMatch
        Expect.isGreaterThan names.Length least "functions"
        Expect.equal (names |> List.filter (says >> not)) [] "without shapes")

/// Modules all of whose functions show what they answer.
let private answering =
    [ "Tensor"
      "At"
      "Tree"
      "Shape"
      "Einops"
      "Key"
      "Random"
      "Graph"
      "Nn"
      "Init"
      "Loss"
      "Pool"
      "Upsample"
      "Embedding"
      "RmsNorm"
      "LayerNorm"
      "BatchNorm"
      "GroupNorm"
      "InstanceNorm"
      "Schedule"
      "Plateau"
      "Update"
      "Metrics" ]

let private areAnswered (assembly: Assembly) =
    testCase "every function over tensors shows an example with its answer" (fun () ->
        // What reads and writes files, or changes whole models, has no answer to show.
        let isShown (e: DocExamples.Example) =
            e.Answer.IsSome
            || e.Member.StartsWith "Mlx.TensorFiles."
            || e.Member.StartsWith "Mlx.NnQuantize."
            || e.Member = "Mlx.Tree.partition"

        let shown =
            DocExamples.read (fileOf assembly)
            |> List.filter isShown
            |> List.map _.Member
            |> Set.ofList

        let isAnswering (m: MemberInfo) =
            let owner = (nonNull m.DeclaringType).Name
            List.exists (fun name -> owner = name || owner = name + "Module") answering

        let functions =
            publicFunctions assembly
            |> List.filter (fun (_, m) -> isAnswering m)
            |> List.map fst
            |> List.distinct

        let missing = functions |> List.filter (fun name -> not (shown.Contains name))
        Expect.isGreaterThan functions.Length 350 "functions"
        Expect.equal missing [] "without an example that ends in '// => what it answers'")

let private areTrue (library: DocExamples.Library) =
    let title = library.Assembly.GetName().Name

    testCase $"examples of {title} compile, run and answer what they say" (fun () ->
        let examples = DocExamples.read (fileOf library.Assembly)
        let errors, answers = DocExamples.run library examples
        Expect.equal errors "" "what the compiler says of them"

        let wrong =
            [ for i, example in List.indexed examples do
                  match example.Answer, answers.TryFind i with
                  | Some want, Some got when not (DocExamples.agree want got) ->
                      $"{example.Member}: it answers {got}, the comment says {want}"
                  | Some _, None -> $"{example.Member}: it answers nothing"
                  | _ -> () ]

        if not wrong.IsEmpty then
            failtest (String.concat "\n" wrong))

let private functional = typeof<Key>.Assembly
let private testing = typeof<Testing.Sample>.Assembly

let private models = typeof<Models.ModelConfig>.Assembly

let tests =
    [ isDocumented functional 300
      isDocumented typeof<Core.MlxArray>.Assembly 500
      isDocumented testing 40
      isDocumented models 150
      areExemplified functional 550
      areExemplified testing 20
      areExemplified models 80
      saysShapes functional 450
      saysShapes testing 0
      saysShapes models 15
      areAnswered functional
      areTrue DocExamples.functional
      areTrue DocExamples.testing ]
