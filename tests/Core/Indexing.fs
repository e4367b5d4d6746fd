/// Indexing and functional updates against a definition that visits every element.
module Mlx.Tests.Core.Indexing

open System
open Expecto
open FsCheck
open FsCheck.FSharp
open Mlx.Core
open Mlx.Tests.Core.Arrays

type Entry =
    | At of int
    | Part of start: int option * stop: int option * step: int
    | Rows of int[] * shape: int[]
    | New

let private idx entry : Idx =
    match entry with
    | At i -> Idx.op_Implicit i
    | Part(a, b, s) -> Idx.Slice(Option.toNullable a, Option.toNullable b, s)
    | Rows(v, [||]) -> Idx.op_Implicit (MlxArray.Scalar v[0])
    | Rows(v, shape) -> Idx.op_Implicit (MlxArray.From(v, shape))
    | New -> Idx.NewAxis

let private size (shape: int[]) = Array.fold (*) 1 shape

let private unravel (shape: int[]) n =
    let at = Array.zeroCreate shape.Length
    let mutable rest = n

    for i in shape.Length - 1 .. -1 .. 0 do
        at[i] <- rest % shape[i]
        rest <- rest / shape[i]

    at

let private ravel (shape: int[]) (at: int[]) = Array.fold2 (fun n d i -> n * d + i) 0 shape at

/// The places a slice visits, as Python's range says.
let private visited n (a, b, step) =
    let clamp low high i = max low (min high (if i < 0 then i + n else i))

    if step > 0 then
        [| clamp 0 n (defaultArg a 0) .. step .. clamp 0 n (defaultArg b n) - 1 |]
    else
        let stop =
            match b with
            | None -> -1
            | Some b -> clamp -1 (n - 1) b

        [| clamp -1 (n - 1) (defaultArg a (n - 1)) .. step .. stop + 1 |]

/// NumPy's rules, element by element: the result's shape, and for each of its elements the place it
/// comes from.
let private definition (shape: int[]) entries =
    let entries =
        entries
        @ List.replicate
            (shape.Length - (entries |> List.filter ((<>) New) |> List.length))
            (Part(None, None, 1))

    let hasRows =
        entries
        |> List.exists (function
            | Rows _ -> true
            | _ -> false)

    let isAdvanced =
        function
        | Rows _ -> true
        | At _ -> hasRows
        | _ -> false

    let block =
        entries
        |> List.choose (function
            | Rows(_, s) -> Some s
            | _ -> None)
        |> List.sortBy Array.length
        |> List.tryLast
        |> Option.defaultValue [||]

    let firsts = entries |> List.indexed |> List.filter (snd >> isAdvanced) |> List.map fst
    let together = firsts.IsEmpty || List.last firsts - List.head firsts + 1 = firsts.Length
    // Each axis of the result: its length and what it drives.
    let plain =
        [ for i, e in List.indexed entries do
              match e with
              | Part _
              | New -> i, e
              | _ -> () ]

    let axisOf = entries |> List.scan (fun n e -> if e = New then n else n + 1) 0

    let lengthOf (i, e) =
        match e with
        | Part(a, b, s) -> (visited shape[axisOf[i]] (a, b, s)).Length
        | _ -> 1

    let before =
        if hasRows && together then
            plain |> List.filter (fun (i, _) -> i < firsts.Head) |> List.length
        else
            0

    let lengths = plain |> List.map lengthOf

    let result =
        [| yield! List.take before lengths; yield! block; yield! List.skip before lengths |]

    let source (at: int[]) =
        let inBlock = Array.sub at before block.Length
        let places = Array.append (Array.sub at 0 before) (Array.skip (before + block.Length) at)
        let origin = Array.zeroCreate shape.Length

        for i, e in List.indexed entries do
            let axis = axisOf[i]

            match e with
            | New -> ()
            | At k -> origin[axis] <- if k < 0 then k + shape[axis] else k
            | Part(a, b, s) ->
                let place = plain |> List.findIndex (fun (j, _) -> j = i)
                origin[axis] <- (visited shape[axis] (a, b, s))[places[place]]
            | Rows(v, s) ->
                let tail = Array.skip (block.Length - s.Length) inBlock
                let k = v[ravel s (Array.map2 (fun d t -> if d = 1 then 0 else t) s tail)]
                origin[axis] <- if k < 0 then k + shape[axis] else k

        ravel shape origin

    result, [| for n in 0 .. size result - 1 -> source (unravel result n) |]

let private cases =
    gen {
        let! rank = Gen.choose (1, 4)
        let! shape = Gen.arrayOfLength rank (Gen.choose (1, 4))
        let! used = Gen.choose (1, rank)
        let! block = Gen.elements [ [||]; [| 2 |]; [| 2; 3 |] ]

        let axis i =
            let n = shape[i]

            Gen.frequency
                [ 3, Gen.map At (Gen.choose (-n, n - 1))
                  4,
                  gen {
                      let! a = Gen.optionOf (Gen.choose (-5, 5))
                      let! b = Gen.optionOf (Gen.choose (-5, 5))
                      let! s = Gen.elements [ 1; 1; 2; -1; -2 ]
                      return Part(a, b, s)
                  }
                  3,
                  gen {
                      let! v = Gen.arrayOfLength (size block) (Gen.choose (-n, n - 1))
                      return Rows(v, block)
                  } ]

        let! entries = Gen.collectToList axis [ 0 .. used - 1 ]
        let! place = Gen.choose (0, used)
        let! hasNew = Gen.elements [ true; false; false ]
        return shape, (if hasNew then List.insertAt place New entries else entries)
    }

let private config = { FsCheckConfig.defaultConfig with maxTest = 400 }

let private forAll name property =
    testPropertyWithConfig config name (Prop.forAll (Arb.fromGen cases) property)

let private start shape = Array.init (size shape) float32

let private update kind (op: float32 -> float32 -> float32) =
    forAll $"{kind} is the definition's" (fun (shape, entries) ->
        use scope = Scope.Enter()
        let part, sources = definition shape entries
        let x = MlxArray.From(start shape, shape)
        let values = Array.init (size part) (fun i -> float32 (i % 3 + 1))
        let y = if part.Length = 0 then MlxArray.Scalar values[0] else MlxArray.From(values, part)
        let want = start shape
        Array.iter2 (fun s v -> want[s] <- op want[s] v) sources values
        // Of several values for one place any may be set, so all are made one.
        let y = if kind = UpdateKind.Set then MlxArray.Scalar -7f else y

        if kind = UpdateKind.Set then
            for s in sources do
                want[s] <- -7f

        let got = x.IndexUpdate(span (entries |> List.map idx |> Array.ofList), y, kind)
        Expect.equal (got.Shape.ToArray()) shape "shape"
        Expect.equal (got.ToArray<float32>()) want $"{shape} %A{entries}")

let private grid () = MlxArray.From([| 0..11 |], 3, 4)

let suite () =
    Mlx.Tests.Suite.leakFree
        "indexing"
        [ forAll "a part is the definition's" (fun (shape, entries) ->
              use scope = Scope.Enter()
              let part, sources = definition shape entries
              let x = MlxArray.From(start shape, shape)
              let y = x.Index(span (entries |> List.map idx |> Array.ofList))
              Expect.equal (y.Shape.ToArray()) part $"shape of %A{entries} in %A{shape}"

              Expect.equal
                  (y.ToArray<float32>())
                  (Array.map float32 sources)
                  $"%A{entries} in %A{shape}")
          update UpdateKind.Set (fun _ v -> v)
          update UpdateKind.Add (+)
          update UpdateKind.Multiply (*)
          update UpdateKind.Max max
          update UpdateKind.Min min
          testCase "ranges, ends and ellipses"
          <| fun () ->
              use scope = Scope.Enter()
              let x = grid ()
              let part (i: Idx[]) = (x.Index(span i)).ToArray<int>()
              let last: Idx = Idx.op_Implicit (Index(1, true))
              Expect.equal (part [| last |]) [| 8; 9; 10; 11 |] "x[^1]"
              Expect.equal (part [| Idx.Ellipsis; last |]) [| 3; 7; 11 |] "x[..., ^1]"

              Expect.equal
                  (part [| Idx.op_Implicit (Range(Index 1, Index(0, true))); Idx.op_Implicit 0 |])
                  [| 4; 8 |]
                  "x[1.., 0]"

              Expect.equal
                  (part [| Idx.op_Implicit (Range(Index(0, true), Index(0, true))) |])
                  [||]
                  "x[^0..]"
          testCase "a mask in an update"
          <| fun () ->
              use scope = Scope.Enter()
              let x = grid ()
              let mask: Idx = Idx.op_Implicit (Ops.Greater(x, MlxArray.Scalar 5))
              let set = x.IndexUpdate(span [| mask |], MlxArray.Scalar 0)
              Expect.equal (set.ToArray<int>()) [| 0; 1; 2; 3; 4; 5; 0; 0; 0; 0; 0; 0 |] "set"
              raises<ArgumentException, _> [ "bool"; "Where" ] (fun () -> x.Index(span [| mask |]))
          testCase "indices that do not fit"
          <| fun () ->
              use scope = Scope.Enter()
              let x = grid ()

              raises<ArgumentOutOfRangeException, _> [ "3"; "axis 0"; "(3, 4)" ] (fun () ->
                  x.Index(span [| Idx.op_Implicit 3 |]))

              raises<ArgumentException, _> [ "3 indices"; "(3, 4)" ] (fun () ->
                  x.Index(span [| Idx.All; Idx.All; Idx.All |]))

              raises<ArgumentException, _> [ "ellipsis" ] (fun () ->
                  x.Index(span [| Idx.Ellipsis; Idx.Ellipsis |]))

              raises<ArgumentException, _> [ "float32" ] (fun () ->
                  x.Index(span [| Idx.op_Implicit (MlxArray.Scalar 1f) |]))

              raises<ArgumentException, _> [ "step" ] (fun () -> Idx.Slice(step = 0)) ]
