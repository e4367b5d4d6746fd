module Mlx.Tests.Functional.TreeTests

open System
open System.Collections.Generic
open Expecto
open Mlx

type Leaf = { Weight: Tensor; Bias: Tensor option }

[<Struct>]
type Pair = { A: Tensor; Count: int }

type Shape =
    | Dense of Leaf
    | Kernel of kernel: Tensor * stride: int
    | Nothing
    | Both of Shape * Shape

type Net =
    { QProj: Leaf
      Layers: Leaf list
      Rows: Tensor[]
      ByName: Map<string, Tensor>
      Mixed: Tensor * int * Pair
      Name: string
      Activation: Tensor -> Tensor
      Union: Shape
      Maybe: Tensor voption
      [<TreeName "x.y">]
      Renamed: struct (Tensor * Tensor)
      Many: Tensor * Tensor * int * Tensor * Tensor * Tensor * Tensor * Tensor * Tensor
      Anonymous: {| P: Tensor; Q: int |} }

let private number (x: int) = Tensor.scalar (float32 x)

/// A tree from plain numbers, so that FsCheck can make and shrink it.
type Plan =
    { Layers: (int * int option) list
      Rows: int list
      Names: Map<int, int>
      Union: int list
      Name: string }

let rec private union numbers =
    match numbers with
    | [] -> Nothing
    | [ x ] when x % 2 = 0 -> Dense { Weight = number x; Bias = None }
    | [ x ] -> Kernel(number x, x)
    | x :: rest -> Both(union [ x ], union rest)

let private net (plan: Plan) : Net =
    let leaf (w, b) = { Weight = number w; Bias = Option.map number b }

    { QProj = leaf (1, Some 2)
      Layers = List.map leaf plan.Layers
      Rows = [| for x in plan.Rows -> number x |]
      ByName = plan.Names |> Map.toSeq |> Seq.map (fun (k, x) -> $"k{k}", number x) |> Map.ofSeq
      Mixed = (number 3, 4, { A = number 5; Count = 6 })
      Name = plan.Name
      Activation = id
      Union = union plan.Union
      Maybe = ValueSome(number 7)
      Renamed = struct (number 8, number 9)
      Many = (number 1, number 2, 3, number 4, number 5, number 6, number 7, number 8, number 9)
      Anonymous = {| P = number 1; Q = 2 |} }

let private values tree = tree |> Tree.leaves |> Array.map Tensor.toFloat

let private property name (check: Plan -> bool) =
    testPropertyWithConfig FsCheckConfig.defaultConfig name (fun plan ->
        Tree.scoped (fun () -> check plan))

type private Recursive =
    | Tip of Tensor
    | Fork of Recursive * Recursive

type private Wide = { Blocks: Leaf[] }

type private Holder<'T> = { Layers: {| Items: 'T |} list }

type private Hidden(x: Tensor) =
    member _.X = x

type private Twice =
    { [<TreeName "same">]
      First: Tensor
      [<TreeName "same">]
      Second: Tensor }

let private laws =
    [ property "leaves put back give the same leaves" (fun plan ->
          let tree = net plan
          values (Tree.ofLeaves tree (Tree.leaves tree)) = values tree)

      property "there are as many leaves, paths and counted" (fun plan ->
          let tree = net plan
          let n = Tree.count tree
          (Tree.leaves tree).Length = n && (Tree.paths tree).Length = n)

      property "paths are distinct" (fun plan ->
          let paths = Tree.paths (net plan)
          (Array.distinct paths).Length = paths.Length)

      property "map id is the identity" (fun plan ->
          let tree = net plan

          Array.forall2
              LanguagePrimitives.PhysicalEquality
              (Tree.leaves (Tree.map id tree))
              (Tree.leaves tree))

      property "map composes" (fun plan ->
          let tree = net plan
          let f (x: Tensor) = x * 2.0
          let g (x: Tensor) = x + 1.0
          values (Tree.map (f >> g) tree) = values (tree |> Tree.map f |> Tree.map g))

      property "map2 pairs the leaves" (fun plan ->
          let tree = net plan
          values (Tree.map2 (+) tree tree) = Array.map ((*) 2.0) (values tree))

      property "structure does not see the leaves" (fun plan ->
          let tree = net plan

          Tree.structure tree = Tree.structure (Tree.map (fun x -> x + 1.0) tree)
          && (Tree.structure tree).GetHashCode() =
              (Tree.structure (Tree.map id tree)).GetHashCode())

      property "structure sees everything else" (fun plan ->
          let tree = net plan

          Tree.structure tree <> Tree.structure { tree with Name = tree.Name + "!" }
          && Tree.structure tree
             <> Tree.structure { tree with Rows = Array.append tree.Rows [| number 1 |] }
          && Tree.structure tree <> Tree.structure { tree with Maybe = ValueNone })

      property "named tensors give the tree back" (fun plan ->
          let tree = net plan
          values (Tree.ofNamed (Map.ofArray (Tree.named tree)) tree) = values tree)

      property "values that are no tensors are carried through" (fun plan ->
          let tree = net plan
          let other = Tree.map (fun x -> x * 2.0) tree
          let _, four, pair = other.Mixed
          other.Name = tree.Name && four = 4 && pair.Count = 6 && other.Anonymous.Q = 2) ]

let private plan =
    { Layers = [ (10, Some 11); (12, None) ]
      Rows = [ 13 ]
      Names = Map.ofList [ (2, 14); (1, 15) ]
      Union = [ 16; 17 ]
      Name = "net" }

let private examples =
    [ testCase "paths are names, positions and keys" (fun () ->
          Expect.sequenceEqual
              (Tree.paths (net plan))
              [ "q_proj.weight"
                "q_proj.bias"
                "layers.0.weight"
                "layers.0.bias"
                "layers.1.weight"
                "rows.0"
                "by_name.k1"
                "by_name.k2"
                "mixed.0"
                "mixed.2.a"
                "union.0.weight"
                "union.1.kernel"
                "maybe"
                "x.y.0"
                "x.y.1"
                "many.0"
                "many.1"
                "many.3"
                "many.4"
                "many.5"
                "many.6"
                "many.7"
                "many.8"
                "anonymous.p" ]
              "paths")

      testCase "a recursive union is a tree" (fun () ->
          let tree = Fork(Tip(number 1), Fork(Tip(number 2), Tip(number 3)))
          Expect.sequenceEqual (Tree.paths tree) [ "0"; "1.0"; "1.1" ] "paths"

          Expect.sequenceEqual
              (values (Tree.map (fun x -> x * 2.0) tree))
              [ 2.0; 4.0; 6.0 ]
              "values")

      testCase "one tensor, a unit and a number are trees" (fun () ->
          let x = number 1
          Expect.equal (Tree.paths x) [| "" |] "the root's path is empty"
          Expect.equal (Tree.count ()) 0 "unit"
          Expect.equal (Tree.map (fun x -> x) 5) 5 "a number")

      testCase "trees of other lengths are not paired" (fun () ->
          let tree = net plan

          Expect.throwsC
              (fun () -> Tree.map2 (+) tree { tree with Layers = [] } |> ignore)
              (fun e -> Expect.stringContains e.Message "layers.0.weight" "names the path"))

      testCase "what does not fit is told all at once" (fun () ->
          let like = {| W = Tensor.zeros [ 2; 3 ]; B = Tensor.zeros [ 3 ]; C = number 0 |}

          let entries =
              Map
                  [ ("w", Tensor.zeros [ 3; 2 ])
                    ("c", number 1)
                    ("extra", number 1)
                    ("other", number 2) ]

          match Assert.catch (fun () -> Tree.ofNamed entries like |> ignore) with
          | :? TreeMismatchException as e ->
              Expect.equal (List.ofSeq e.Missing) [ "b" ] "missing"
              Expect.equal (List.ofSeq e.Unexpected) [ "extra"; "other" ] "unexpected"

              Expect.equal
                  [ for m in e.Misshaped -> m.Path, List.ofSeq m.Expected, List.ofSeq m.Actual ]
                  [ "w", [ 2; 3 ], [ 3; 2 ] ]
                  "misshaped"

              for part in [ "b"; "extra"; "other"; "(2, 3)"; "(3, 2)" ] do
                  Expect.stringContains e.Message part "the message tells it"
          | e -> failtest $"{e}")

      testCase "a type that hides tensors is named with its path" (fun () ->
          let told (call: unit -> unit) = (Assert.catch call).Message

          Expect.stringStarts
              (told (fun () -> Tree.count (HashSet<Tensor>()) |> ignore))
              "HashSet<Tensor> is no tree, though it holds tensors"
              "itself"

          let inside: Holder<seq<Tensor>> = { Layers = [ {| Items = [] |} ] }

          Expect.stringStarts
              (told (fun () -> Tree.paths inside |> ignore))
              "Holder<IEnumerable<Tensor>> is no tree: layers.*.items is a IEnumerable<Tensor>"
              "a part"

          Expect.stringContains
              (told (fun () -> Tree.count (number 1, Hidden(number 1)) |> ignore))
              "1 is a Hidden, which holds tensors"
              "a class")

      testCase "three trees are combined" (fun () ->
          let sum = Tree.map3 (fun x y z -> x + y * z) [ number 1 ] [ number 2 ] [ number 3 ]
          Expect.sequenceEqual (values sum) [ 7.0 ] "x + y z"

          let e =
              Assert.catch (fun () ->
                  Tree.map3 (fun x _ _ -> x) [ number 1 ] [ number 2 ] [] |> ignore)

          Expect.stringStarts
              e.Message
              "Tree.map3: the trees differ: only the first has 0"
              "message")

      testCase "a part is trained, the rest stays" (fun () ->
          let tree = {| Body = {| W = number 2 |}; Head = {| W = number 3; B = number 1 |} |}
          let head, rest = tree |> Tree.partition (fun path _ -> path.StartsWith "head.")
          Expect.sequenceEqual (Tree.paths head) [ "head.b"; "head.w" ] "picked"
          Expect.sequenceEqual (Tree.paths rest) [ "body.w" ] "others"
          let loss head () = (let t = Tree.replace head tree in t.Body.W * t.Head.W + t.Head.B)
          let slope = grad loss head ()
          Expect.sequenceEqual (values slope) [ 1.0; 2.0 ] "slopes"
          let again = tree |> Tree.replace head |> Tree.replace rest
          Expect.sequenceEqual (values again) (values tree) "put back")

      testCase "entries without a place are told at once" (fun () ->
          let tree = {| A = Tensor.zeros [ 2 ]; B = number 1 |}
          let entries = Map [ "a", Tensor.zeros [ 3 ]; "c", number 1; "d", number 1 ]

          match Assert.catch (fun () -> Tree.replace entries tree |> ignore) with
          | :? TreeMismatchException as e ->
              Expect.isEmpty e.Missing "missing"
              Expect.equal (List.ofSeq e.Unexpected) [ "c"; "d" ] "unexpected"
              Expect.equal [ for m in e.Misshaped -> m.Path ] [ "a" ] "misshaped"
          | e -> failtest $"{e}")

      testCase "leaves of one path are not confused" (fun () ->
          let tree = Map [ "a", {| B = number 1 |} ], Map [ "a.b", number 2 ]
          let both = {| X = [ fst tree ]; Y = snd tree |}
          Expect.equal (Tree.filter (fun _ _ -> true) both).Count 2 "distinct paths"
          let twice: Twice = { First = number 1; Second = number 2 }

          for call in
              [ (fun () -> Tree.filter (fun _ _ -> true) twice |> ignore)
                (fun () -> Tree.replace Map.empty twice |> ignore)
                (fun () -> Tree.ofNamed (Map [ "same", number 1 ]) twice |> ignore) ] do
              Expect.stringContains
                  (Assert.catch call).Message
                  "2 leaves of the tree have the path same"
                  "message")

      testCase "a summary is a table" (fun () ->
          let tree =
              {| Hidden = {| Weight = Tensor.zeros [ 1024; 784 ]; Bias = Tensor.zeros [ 1024 ] |}
                 Step = Tensor.scalar 0 |}

          let lines = (Tree.summary tree).Split '\n'

          Expect.sequenceEqual
              lines
              [ "hidden.bias    (1024)       float32    1,024"
                "hidden.weight  (1024, 784)  float32  802,816"
                "step           ()           int32          1"
                "total                                803,841 (3,215,364 bytes)" ]
              "lines"

          Expect.equal (Tree.bytes tree) 3_215_364L "bytes")

      testCase "a wrong number of leaves is refused" (fun () ->
          Expect.throwsT<ArgumentException>
              (fun () -> Tree.ofLeaves {| A = number 1 |} [||] |> ignore)
              "too few")

      testCase "a type that hides tensors is refused, each time" (fun () ->
          for _ in 1..2 do
              Expect.throwsT<NotSupportedException>
                  (fun () -> Tree.leaves (HashSet<Tensor>()) |> ignore)
                  "a set is not a tree")

      testCase "a scope frees all but the result" (fun () ->
          let before = Engine.LiveHandles

          let kept = Tree.scoped (fun () -> {| A = number 1 + number 2 |})
          Expect.equal (Engine.LiveHandles - before) 1L "one handle is left"
          Expect.equal (Tensor.toFloat kept.A) 3.0 "and it is usable"
          Tree.dispose kept)

      testCase "what a change of nodes throws comes out as it is" (fun () ->
          let one = number 1
          let tree = [ [| Map [ "a", (one, Some one) ] |] ]
          let refuse _ (_: Tensor option) : Tensor option = raise (TimeoutException "no")

          match Assert.catch (fun () -> Tree.mapNodes refuse tree |> ignore) with
          | :? TimeoutException as e -> Expect.equal e.Message "no" "its message"
          | other -> failtest $"{other.GetType()}")

      testCase "flatten and unflatten allocate only what they answer" (fun () ->
          let one = number 1
          let wide = { Blocks = [| for _ in 1..150 -> { Weight = one; Bias = Some one } |] }
          let roundTrip () = Tree.ofLeaves wide (Tree.leaves wide) |> ignore

          for _ in 1..100 do
              roundTrip ()

          let before = GC.GetAllocatedBytesForCurrentThread()

          for _ in 1..100 do
              roundTrip ()

          let bytes = (GC.GetAllocatedBytesForCurrentThread() - before) / 100L
          let leaves, blocks = 24L + 300L * 8L, 24L + 150L * 8L
          let record, option, wide = 32L, 24L, 24L
          Expect.equal bytes (leaves + blocks + 150L * (record + option) + wide) "bytes") ]

let tests = laws @ examples
