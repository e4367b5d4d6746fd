/// Patterns against a loop over all indices, and what each mistake is told.
module Mlx.Tests.Functional.EinopsTests

open System
open Expecto
open FsCheck
open FsCheck.FSharp
open Mlx

/// One axis of a side, as the pattern writes it.
type Group =
    | Single of string
    | Product of string list

/// A pattern with the length of every axis. "#" is an axis that is written as its length, "1" one
/// of length 1; ".0", ".1" are what "..." stands for.
type Case =
    { Lengths: Map<string, int>
      Dots: int
      Left: Group list
      Right: Group list
      Sizes: (string * int) list }

    member case.Pattern =
        let axis name = if name = "#" then string case.Lengths["#"] else name

        let side groups =
            groups
            |> List.map (fun group ->
                match group with
                | Single name -> axis name
                | Product names -> "(" + String.Join(" ", List.map axis names) + ")")
            |> String.concat " "

        $"{side case.Left} -> {side case.Right}"

    member case.WrittenOut groups =
        let dots = [ for i in 0 .. case.Dots - 1 -> $".{i}" ]

        groups
        |> List.collect (fun group ->
            match group with
            | Single "..." -> List.map List.singleton dots
            | Single "1" -> [ [] ]
            | Single name -> [ [ name ] ]
            | Product names ->
                [ names |> List.collect (fun name -> if name = "..." then dots else [ name ]) ])

    member case.Shape groups =
        case.WrittenOut groups |> List.map (List.fold (fun n name -> n * case.Lengths[name]) 1)

    member case.Input =
        let shape = case.Shape case.Left
        Array.init (List.fold (*) 1 shape) float32 |> Tensor.shaped shape

type private Kind =
    | Same
    | Fewer
    | More

let private groups dotsAlone (names: string list) =
    gen {
        let! names = Gen.shuffle names
        let! choices = Gen.listOfLength names.Length (Gen.choose (0, 4))

        return
            List.zip (List.ofArray names) choices
            |> List.fold
                (fun groups (name, choice) ->
                    match choice, groups with
                    | _ when name = "..." && dotsAlone -> Single name :: groups
                    | 0, _ -> Single name :: Single "1" :: groups
                    | 1, _ -> Product [ name ] :: Product [] :: groups
                    | (2 | 3), Product names :: rest -> Product(names @ [ name ]) :: rest
                    | 2, _ -> Product [ name ] :: groups
                    | _ -> Single name :: groups)
                []
            |> List.rev
    }

let private cases kind dotsAlone =
    gen {
        let! count = Gen.choose (0, 4)
        let! dots = Gen.choose (-1, 2)
        let names = List.take count [ "a"; "b2"; "long_name"; "D" ]
        let all = if dots < 0 then names else "..." :: names
        let! keeps = Gen.listOfLength all.Length (Gen.elements [ true; true; false ])
        let! hasLength = Gen.elements [ true; false ]

        let some =
            List.zip all keeps
            |> List.filter (fun (name, keep) -> keep || (name = "..." && kind = More))
            |> List.map fst

        let more = if hasLength then "#" :: all else all

        let left, right =
            match kind with
            | Same -> all, all
            | Fewer -> more, some
            | More -> some, more

        let! left = groups true left
        let! right = groups dotsAlone right
        let! lengths = Gen.listOfLength 7 (Gen.choose (1, 3))
        let! number = Gen.choose (2, 3)
        let! pick = Gen.choose (0, 5)

        let lengths =
            List.zip [ "a"; "b2"; "long_name"; "D"; ".0"; ".1"; "#" ] lengths
            |> Map.ofList
            |> Map.add "#" number

        // What the shape tells: lone axes, and one of the factors of each product.
        let told =
            left
            |> List.collect (fun group ->
                match group with
                | Single name when pick % 2 = 0 -> [ name ]
                | Product names ->
                    match names |> List.filter ((<>) "#") with
                    | [] -> []
                    | names -> [ names[pick % names.Length] ]
                | _ -> [])

        return
            { Lengths = lengths
              Dots = max 0 dots
              Left = left
              Right = right
              Sizes =
                [ for n in names do
                      if not (List.contains n told) then
                          n, lengths[n] ] }
    }

/// The definition: every assignment of indices to names carries one element.
let private loop (fold: float32 -> float32 -> float32) (case: Case) =
    let left, right =
        List.concat (case.WrittenOut case.Left), List.concat (case.WrittenOut case.Right)

    let length name = case.Lengths[name]

    let place (index: Map<string, int>) names =
        names |> List.fold (fun n name -> n * length name + index[name]) 0

    let rec assignments names =
        match names with
        | [] -> [ Map.empty ]
        | name :: rest ->
            [ for index in assignments rest do
                  for i in 0 .. length name - 1 -> index.Add(name, i) ]

    let out: float32 voption[] =
        Array.create (right |> List.fold (fun n name -> n * length name) 1) ValueNone

    for index in assignments (List.distinct (left @ right)) do
        let value = float32 (place index left)
        let at = place index right

        out[at] <-
            match out[at] with
            | ValueNone -> ValueSome value
            | ValueSome before -> ValueSome(fold before value)

    out |> Array.map ValueOption.get

/// Where nothing is folded every place is written once.
let private once (_: float32) (_: float32) : float32 = failtest "two elements in one place"

let private law name generator (check: Case -> unit) =
    testPropertyWithConfig
        { FsCheckConfig.defaultConfig with maxTest = 200 }
        name
        (Prop.forAll (Arb.fromGen generator) (fun case ->
            Tree.scoped (fun () ->
                check case
                Tensor.scalar 0)
            |> Tree.dispose))

let private equal (case: Case) (want: float32[]) (got: Tensor) =
    Expect.equal (Tensor.shape got) (case.Shape case.Right) $"shape of {case.Pattern}"
    Expect.equal (Tensor.toArray got) want case.Pattern

let private same (want: Tensor) (got: Tensor) what = Assert.close 0.0 0.0 want got what

/// All sizes, for the pattern turned round.
let private turned (case: Case) =
    let names =
        List.concat (case.WrittenOut case.Left) |> List.filter (fun name -> Char.IsLetter name[0])

    { case with
        Left = case.Right
        Right = case.Left
        Sizes = [ for n in names -> n, case.Lengths[n] ] }

let private laws =
    [ law "rearrange is the index loop" (cases Same false) (fun case ->
          case.Input |> Einops.rearrange case.Pattern case.Sizes |> equal case (loop once case))

      law "repeat is the index loop" (cases More false) (fun case ->
          let sizes =
              case.Sizes
              @ [ for name in List.concat (case.WrittenOut case.Right) do
                      let isGiven = case.Sizes |> List.exists (fun (given, _) -> given = name)

                      let isNew =
                          not (List.contains name (List.concat (case.WrittenOut case.Left)))

                      if isNew && not isGiven && name <> "#" then
                          name, case.Lengths[name] ]

          case.Input |> Einops.repeat case.Pattern sizes |> equal case (loop once case))

      law "reduce is the index loop" (cases Fewer false) (fun case ->
          case.Input
          |> Einops.reduce Tensor.sumAxes case.Pattern case.Sizes
          |> equal case (loop (+) case)

          case.Input
          |> Einops.reduce Tensor.maxAxes case.Pattern case.Sizes
          |> equal case (loop max case))

      law "there and back is where it was" (cases Same true) (fun case ->
          let back = turned case

          case.Input
          |> Einops.rearrange case.Pattern case.Sizes
          |> Einops.rearrange back.Pattern back.Sizes
          |> fun got -> same case.Input got $"{case.Pattern} and {back.Pattern}")

      law "the gradient of rearrange is rearrange back" (cases Same true) (fun case ->
          let back = turned case
          let f x = Einops.rearrange case.Pattern case.Sizes x
          let y = f case.Input
          let weights = Tensor.cos y
          let slope = gradient (fun x -> Tensor.sum (weights * f x)) case.Input
          same (Einops.rearrange back.Pattern back.Sizes weights) slope case.Pattern)

      law "compiled is eager, mapped is the loop" (cases Fewer false) (fun case ->
          let f x = Einops.reduce Tensor.sumAxes case.Pattern case.Sizes x
          let x = case.Input
          same (f x) (compile f x) $"compiled {case.Pattern}"
          let xs = [ x; x * 2.0; x + 1.0 ]
          let mapped = vmap f (Tensor.stack 0 xs)
          same (xs |> List.map f |> Tensor.stack 0) mapped $"mapped {case.Pattern}") ]

let private reduceIsOverAxes =
    testProperty "reduce is the fold over the axes that go" (fun (kept: bool[]) ->
        let kept = Array.truncate 4 kept
        let names = [| "a"; "b"; "c"; "d" |] |> Array.truncate kept.Length
        let shape = [| 2; 3; 1; 4 |] |> Array.truncate kept.Length

        let going: seq<int> = Seq.filter (fun i -> not kept[i]) [ 0 .. kept.Length - 1 ]

        let right =
            [ for i in 0 .. kept.Length - 1 do
                  if kept[i] then
                      names[i] ]

        let pattern = String.Join(" ", names) + " -> " + String.Join(" ", right)

        Tree.scoped (fun () ->
            let x =
                Array.init (Array.fold (*) 1 shape) (fun i -> sin (float i))
                |> Tensor.shaped shape

            for name, fold in
                [ "mean", Tensor.meanAxes
                  "min", Tensor.minAxes
                  "prod", Tensor.prodAxes
                  "logsumexp", Tensor.logsumexpAxes ] do
                let want = if Seq.isEmpty going then x else fold going x
                same want (Einops.reduce fold pattern [] x) $"{name} {pattern}"

            Tensor.scalar 0)
        |> Tree.dispose)

let private examples =
    [ testCase "patches of an image and back" (fun () ->
          let image = Tensor.arange (2 * 4 * 6 * 3) |> Tensor.reshape [ 2; 4; 6; 3 ]
          let patches = "b (h p) (w q) c -> b (h w) (p q c)"
          let got = image |> Tensor.rearrange patches [ "p", 2; "q", 3 ]

          let want =
              image
              |> Tensor.reshape [ 2; 2; 2; 2; 3; 3 ]
              |> Tensor.permute [ 0; 1; 3; 2; 4; 5 ]
              |> Tensor.reshape [ 2; 4; 18 ]

          same want got "patches"

          got
          |> Tensor.rearrange "b (h w) (p q c) -> b (h p) (w q) c" [ "h", 2; "p", 2; "q", 3 ]
          |> fun back -> same image back "back")

      testCase "pooling, channels, heads" (fun () ->
          let image = Tensor.arange 16 |> Tensor.reshape [ 1; 4; 4; 1 ]
          let pooled = image |> Tensor.reduceBy Tensor.maxAxes "b (h 2) (w 2) c -> b h w c" []
          Expect.equal (Tensor.toArray pooled) [| 5; 7; 13; 15 |] "pooled"
          let grey = Tensor.ofRows [ [ 1; 2 ]; [ 3; 4 ] ]
          let rgb = grey |> Tensor.repeatBy "h w -> h w 3" []
          Expect.equal (Tensor.toArray rgb) [| 1; 1; 1; 2; 2; 2; 3; 3; 3; 4; 4; 4 |] "rgb"
          let heads = grey |> Tensor.repeatBy "h d -> (h group) d" [ "group", 2 ]
          Expect.equal (Tensor.toArray heads) [| 1; 2; 1; 2; 3; 4; 3; 4 |] "heads")

      testCase "no axes, axes of length 0, dtypes" (fun () ->
          let one = Tensor.scalar 2.0 |> Einops.rearrange "-> 1 ()" []
          Expect.equal (Tensor.shape one) [ 1; 1 ] "a number"
          let total = Tensor.ones [ 2; 3 ] |> Einops.reduce Tensor.sumAxes "... ->" []
          Expect.equal (Tensor.toFloat total) 6.0 "to a number"

          let empty =
              Tensor.zeros [ 0; 6 ]
              |> Einops.rearrange "(a b) (c d) -> (a c) b d" [ "b", 5; "d", 2 ]

          Expect.equal (Tensor.shape empty) [ 0; 5; 2 ] "empty"
          let bools = Tensor.ofSeq [ true; false ] |> Einops.repeat "a -> a b" [ "b", 2 ]
          Expect.equal bools.DType DType.Bool "dtype"
          Expect.equal (Tensor.toArray bools) [| true; true; false; false |] "bool")

      testCase "a pattern that changes nothing answers another tensor" (fun () ->
          let x = Tensor.arange 3

          for f in
              [ Einops.rearrange "a -> a" []
                Einops.reduce Tensor.sumAxes "a -> a" []
                Einops.repeat "a -> a" [] ] do
              (f x).Dispose()

          Expect.equal (Tensor.toArray x) [| 0; 1; 2 |] "still there")

      testCase "only the answer is left" (fun () ->
          let x = Tensor.zeros [ 4; 6 ]
          let before = Engine.LiveHandles
          let y = x |> Einops.repeat "(a b) c -> c (b r) a" [ "a", 2; "r", 3 ]
          Expect.equal (Engine.LiveHandles - before) 1L "handles"
          y.Dispose()) ]

let private rearrange pattern sizes = pattern, Einops.rearrange pattern sizes
let private reduce pattern sizes = pattern, Einops.reduce Tensor.sumAxes pattern sizes
let private repeat pattern sizes = pattern, Einops.repeat pattern sizes

/// What is called, on which shape, where the caret stands, and what is said.
let private mistakes =
    [ rearrange "a b" [], [ 2; 3 ], 3, "rearrange: '->' is missing"
      rearrange "a -> b -> a" [], [ 2 ], 7, "rearrange: a pattern has one '->'"
      rearrange "a (b c -> a b c" [], [ 2; 3 ], 2, "rearrange: this parenthesis is not closed"
      rearrange "a b) -> a b" [], [ 2; 3 ], 3, "rearrange: this parenthesis was not opened"
      rearrange "a (b (c)) -> a b c" [], [ 2; 3 ], 5, "rearrange: parentheses do not nest"
      rearrange "a,b -> b a" [], [ 2; 3 ], 1, "rearrange: ',' has no meaning in a pattern"
      rearrange "a - b -> b a" [], [ 2; 3 ], 2, "rearrange: '-' has no meaning in a pattern"
      rearrange "a .. -> .. a" [], [ 2; 3 ], 2, "rearrange: an ellipsis is three dots"
      rearrange "a 2b -> a" [], [ 2; 3 ], 2, "rearrange: a name does not begin with a digit"
      repeat "a -> a 0" [], [ 2 ], 7, "repeat: 0 is not the length of an axis"
      repeat "a -> a 9999999999" [], [ 2 ], 7, "repeat: 9999999999 is not the length of an axis"
      rearrange "a b a -> a b" [], [ 2; 3; 2 ], 4, "rearrange: 'a' stands twice on one side"
      rearrange "a -> a a" [], [ 2 ], 7, "rearrange: 'a' stands twice on one side"
      rearrange "... ... -> ..." [], [ 2 ], 4, "rearrange: '...' stands twice on one side"
      (rearrange "(a ...) -> a ..." [],
       [ 2 ],
       3,
       "rearrange: on the left an ellipsis stands outside of parentheses")
      (rearrange "a\tb -> a" [],
       [ 2; 3 ],
       2,
       "rearrange: 'b' is not on the right; reduce folds axes")
      (rearrange "a ... -> a" [],
       [ 2 ],
       2,
       "rearrange: '...' is not on the right; reduce folds axes")
      rearrange "a -> a b" [], [ 2 ], 7, "rearrange: 'b' is not on the left; repeat adds axes"
      reduce "a -> a b" [], [ 2 ], 7, "reduce: 'b' is not on the left; repeat adds axes"
      repeat "a -> a ..." [], [ 2 ], 7, "repeat: '...' is not on the left"
      (repeat "a 2 -> a" [],
       [ 2; 2 ],
       2,
       "repeat: on the left only reduce takes a length; name the axis")
      rearrange "a -> a 2" [], [ 2 ], 7, "rearrange: on the right only repeat takes a length"
      (rearrange "a b c -> c b a" [],
       [ 2; 3 ],
       0,
       "rearrange: the left side has 3 axes, the tensor (2, 3) has 2")
      (reduce "a b ... -> a" [],
       [ 2 ],
       0,
       "reduce: the left side has at least 2 axes, the tensor (2) has 1")
      (rearrange "b (h d) -> b h d" [ "h", 2 ],
       [ 2; 7 ],
       2,
       "rearrange: axis 1 of the tensor (2, 7) has length 7, which is no multiple of h = 2")
      (rearrange "(h w d) -> h w d" [ "h", 2; "w", 3 ],
       [ 7 ],
       0,
       "rearrange: axis 0 of the tensor (7) has length 7, which is no multiple of h w = 2 * 3 = 6")
      (rearrange "b (h d) -> b h d" [ "h", 2; "d", 3 ],
       [ 2; 7 ],
       2,
       "rearrange: axis 1 of the tensor (2, 7) has length 7, the pattern says h d = 2 * 3 = 6")
      (rearrange "a b -> b a" [ "b", 4 ],
       [ 2; 3 ],
       2,
       "rearrange: axis 1 of the tensor (2, 3) has length 3, the pattern says b = 4")
      (rearrange "a 1 -> a" [],
       [ 2; 3 ],
       2,
       "rearrange: axis 1 of the tensor (2, 3) has length 3, the pattern says 1")
      (reduce "a 2 -> a" [],
       [ 2; 3 ],
       2,
       "reduce: axis 1 of the tensor (2, 3) has length 3, the pattern says 2")
      (rearrange "a (b c d) -> a b c d" [ "c", 2 ],
       [ 2; 8 ],
       2,
       "rearrange: axis 1 of the tensor (2, 8) has length 8, "
       + "and the sizes of 'b', 'd' in (b c d) are open: give all but one")
      (rearrange "(a b) -> a b" [ "a", 0 ],
       [ 0 ],
       0,
       "rearrange: axis 0 of the tensor (0) has length 0, a = 0 leaves 'b' open")
      repeat "a -> a r" [], [ 2 ], 7, "repeat: 'r' is new on the right: its size must be given"
      (rearrange "a -> a" [ "q", 2 ],
       [ 2 ],
       0,
       "rearrange: a size is given for 'q', which is not in the pattern")
      rearrange "b a -> a b" [ "a", -1 ], [ 2; 2 ], 2, "rearrange: the size of 'a' is -1"
      (rearrange "b a -> a b" [ "a", 2; "a", 2 ],
       [ 2; 2 ],
       2,
       "rearrange: the size of 'a' is given twice") ]

let private errors =
    [ for (pattern, call), shape, caret, why in mistakes ->
          testCase $"told: {why} | {pattern.Replace('\t', ' ')}" (fun () ->
              use x = Tensor.zeros shape
              let e = Assert.catch (fun () -> call x |> ignore)
              Expect.isTrue (e :? ArgumentException) $"{e}"
              let line = pattern.Replace('\t', ' ')
              Expect.equal e.Message $"{why}\n  {line}\n  {String(' ', caret)}^" "message") ]

let tests = laws @ [ reduceIsOverAxes ] @ examples @ errors
