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

let tests =
    [ testCase "every public name has a doc comment" (fun () ->
          let assembly = typeof<Key>.Assembly
          let file = Path.ChangeExtension(assembly.Location, ".xml")
          let known = documented (text file)
          let names = publicNames assembly |> List.distinct
          let missing = names |> List.filter (fun name -> not (known.Contains name))
          Expect.isGreaterThan names.Length 300 "names"
          Expect.isEmpty missing "without a comment") ]
