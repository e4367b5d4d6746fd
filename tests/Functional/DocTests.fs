/// Every public name of the F# side says what it is.
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

/// `Mlx.Tree.leaves` of `M:Mlx.TreeModule.leaves``1(``0)`.
let private documented file =
    [ for e in XDocument.Load(file: string).Descendants "member" do
          let id = (nonNull (e.Attribute "name")).Value
          let name = Regex.Replace(id.Substring 2, @"\(.*$", "")
          let summary = e.Value.Trim()

          if summary <> "" then
              Regex.Replace(name, @"``?\d+", "") ]
    |> Set.ofList

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

let private publicNames (assembly: Assembly) =
    [ for t in assembly.GetExportedTypes() do
          let isUnionCase =
              match t.DeclaringType with
              | null -> false
              | owner -> FSharp.Reflection.FSharpType.IsUnion owner

          if not isUnionCase && not (t.Name.StartsWith "<") then
              nameOf t

              for m in t.GetMembers flags do
                  match m with
                  | :? Type -> ()
                  | m when isGenerated m -> ()
                  | m -> $"{nameOf t}.{m.Name}" ]

/// The functions of a module and of those that files add to it.
let private functionsOf (assembly: Assembly) name =
    [ for t in assembly.GetExportedTypes() do
          if t.Name = name || t.Name = name + "Module" then
              for m in t.GetMethods(BindingFlags.Public ||| BindingFlags.Static) do
                  if not (isGenerated m) then
                      $"{nameOf t}.{m.Name}" ]

let private fileOf (assembly: Assembly) = text (Path.ChangeExtension(assembly.Location, ".xml"))

let private isDocumented (assembly: Assembly) least =
    testCase $"every public name of {assembly.GetName().Name} has a doc comment" (fun () ->
        let known = documented (fileOf assembly)
        let names = publicNames assembly |> List.distinct
        let missing = names |> List.filter (fun name -> not (known.Contains name))
        Expect.isGreaterThan names.Length least "names"
        Expect.equal missing [] "without a comment")

let private functional = typeof<Key>.Assembly

/// Modules all of whose functions show an example, with what it answers.
let private shown = [ "Tensor"; "At"; "Tree"; "Shape"; "Einops"; "Key"; "Random"; "Graph" ]

let private areShown =
    testCase "every function over tensors shows an example with its answer" (fun () ->
        let examples = DocExamples.read (fileOf functional)

        // What reads and writes files, or speaks of a model, has no answer to show.
        let isShown (e: DocExamples.Example) =
            e.Answer.IsSome
            || e.Member.StartsWith "Mlx.TensorFiles."
            || e.Member = "Mlx.Tree.partition"

        let withAnswer = examples |> List.filter isShown |> List.map _.Member |> Set.ofList

        let functions = shown |> List.collect (functionsOf functional) |> List.distinct
        let missing = functions |> List.filter (fun name -> not (withAnswer.Contains name))
        Expect.isGreaterThan functions.Length 250 "functions"
        Expect.equal missing [] "without an example that ends in '// => what it answers'")

let private areExemplified =
    testCase "every transform shows an example" (fun () ->
        let known = DocExamples.read (fileOf functional) |> List.map _.Member |> Set.ofList

        let functions =
            [ "Transforms"; "Jacobians"; "Export" ] |> List.collect (functionsOf functional)

        Expect.isGreaterThan functions.Length 15 "functions"

        Expect.equal
            (functions |> List.filter (fun name -> not (known.Contains name)))
            []
            "without")

let private areTrue =
    testCase "examples of doc comments compile, run and answer what they say" (fun () ->
        let examples = DocExamples.read (fileOf functional)
        let errors, answers = DocExamples.run functional.Location examples
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

let tests =
    [ isDocumented functional 300
      isDocumented typeof<Core.MlxArray>.Assembly 500
      isDocumented typeof<Testing.Sample>.Assembly 40
      areShown
      areExemplified
      areTrue ]
