/// Trees are functors, and names lead back to leaves.
module Mlx.Tests.Properties.Trees

open FsCheck.FSharp
open Mlx

type Node =
    | Leaf of Tensor
    | Pair of left: Node * right: Node
    | Empty

type Bush =
    { Rows: Tensor list
      ByName: Map<string, Tensor>
      Inner: Node
      Maybe: Tensor option
      Both: struct (Tensor * int) }

/// A bush as numbers, for FsCheck to print.
type Plan = { Rows: int list; Names: int list; Depth: int list; Maybe: int option }

let private number (n: int) = Tensor.full [ n % 3 ] n

let rec private node numbers =
    match numbers with
    | [] -> Empty
    | [ n ] -> Leaf(number n)
    | n :: rest -> Pair(Leaf(number n), node rest)

let private grow (plan: Plan) : Bush =
    { Rows = List.map number plan.Rows
      ByName = Map [ for n in plan.Names -> $"n{n}", number n ]
      Inner = node plan.Depth
      Maybe = Option.map number plan.Maybe
      Both = struct (number 7, 8) }

let private plans =
    gen {
        let numbers =
            Gen.choose (0, 3) |> Gen.bind (fun n -> Gen.listOfLength n (Gen.choose (0, 9)))

        let! rows = numbers
        let! names = numbers
        let! depth = numbers
        let! maybe = Gen.optionOf (Gen.choose (0, 9))
        return { Rows = rows; Names = names; Depth = depth; Maybe = maybe }
    }

let private tree name check = law $"trees: {name}" plans (grow >> check)

let private same (a: 'T) (b: 'T) =
    Expecto.Expect.equal (Tree.paths a) (Tree.paths b) "paths"

    for x, y in Array.zip (Tree.leaves a) (Tree.leaves b) do
        x =. y

let private f (x: Tensor) = x * 2
let private g (x: Tensor) = x + 3
let private isInner (path: string) (_: Tensor) = path.StartsWith "inner"

let tests =
    [ tree "map of the identity" (fun t -> same (Tree.map id t) t)
      tree "map composes" (fun t -> same (t |> Tree.map f |> Tree.map g) (Tree.map (f >> g) t))
      tree "leaves put back" (fun t -> same (Tree.ofLeaves t (Tree.leaves t)) t)
      tree "leaves put in are got out" (fun t ->
          let other = Tree.leaves t |> Array.map g
          Array.iter2 (=.) (Tree.leaves (Tree.ofLeaves t other)) other)
      tree "map is over the leaves" (fun t ->
          Array.iter2 (=.) (Tree.leaves (Tree.map f t)) (Array.map f (Tree.leaves t)))
      tree "mapNamed sees the paths" (fun t ->
          let paths = ResizeArray()

          t
          |> Tree.mapNamed (fun path x ->
              paths.Add path
              x)
          |> same t

          Expecto.Expect.sequenceEqual paths (Tree.paths t) "paths")
      tree "map2 with itself" (fun t -> same (Tree.map2 (+) t t) (Tree.map f t))
      tree "map2 of a pair" (fun t -> same (Tree.map2 (fun x _ -> x) t (Tree.map g t)) t)
      tree "map2 commutes with a commutative function" (fun t ->
          let other = Tree.map g t
          same (Tree.map2 (+) t other) (Tree.map2 (+) other t))
      tree "map3 is map2 twice" (fun t ->
          let a, b = Tree.map f t, Tree.map g t

          same (Tree.map3 (fun x y z -> x + y * z) t a b) (Tree.map2 (+) t (Tree.map2 (*) a b)))
      tree "zip is both" (fun t ->
          for (path, x, y), (name, leaf) in Array.zip (Tree.zip t (Tree.map g t)) (Tree.named t) do
              Expecto.Expect.equal path name "path"
              x =. leaf
              y =. g leaf)
      tree "unzipping a zip" (fun t ->
          let zipped = Tree.zip t (Tree.map g t)
          same (zipped |> Array.map (fun (_, x, _) -> x) |> Tree.ofLeaves t) t
          same (zipped |> Array.map (fun (_, _, y) -> y) |> Tree.ofLeaves t) (Tree.map g t))
      tree "named entries make the tree" (fun t ->
          same (Tree.ofNamed (Map.ofArray (Tree.named t)) t) t)
      tree "other named entries make another tree" (fun t ->
          let entries = Tree.named (Tree.map g t) |> Map.ofArray
          same (Tree.ofNamed entries t) (Tree.map g t))
      tree "parts put back" (fun t ->
          let inner, rest = Tree.partition isInner t
          let other = Tree.map g t
          same (other |> Tree.replace inner |> Tree.replace rest) t)
      tree "parts are all leaves, once" (fun t ->
          let inner, rest = Tree.partition isInner t
          Expecto.Expect.equal (inner.Count + rest.Count) (Tree.count t) "count")
      tree "the paths of a part are those of the whole" (fun t ->
          let inner = Tree.filter isInner t
          let want = Tree.paths t |> Array.filter (fun p -> p.StartsWith "inner") |> Array.sort
          Expecto.Expect.equal (Array.sort (Tree.paths inner)) want "paths")
      tree "replacing nothing" (fun t -> same (Tree.replace Map.empty t) t)
      tree "filter of all is named" (fun t ->
          same (Tree.filter (fun _ _ -> true) t) (Map.ofArray (Tree.named t)))
      tree "structure does not see the leaves" (fun t ->
          Expecto.Expect.equal (Tree.structure (Tree.map g t)) (Tree.structure t) "structure")
      tree "fold is over the leaves" (fun t ->
          Expecto.Expect.equal
              (Tree.fold (fun sum x -> sum + Tensor.size x) 0L t)
              (Tree.size t)
              "size")
      tree "bytes are four an int32" (fun t ->
          Expecto.Expect.equal (Tree.bytes t) (4L * Tree.size t) "bytes")
      tree "count is the number of paths" (fun t ->
          Expecto.Expect.equal (Tree.count t) (Tree.paths t).Length "count")
      tree "a pair of trees has both" (fun t ->
          Expecto.Expect.equal (Tree.count (t, [ t ])) (2 * Tree.count t) "count")
      tree "a summary has a line for each leaf" (fun t ->
          Expecto.Expect.equal ((Tree.summary t).Split '\n').Length (Tree.count t + 1) "lines")
      tree "eval changes no value" (fun t -> same (Tree.eval (Tree.map g t)) (Tree.map g t))
      tree "stopGradient changes no value" (fun t -> same (stopGradient t) t) ]
