/// Transforms inside and outside each other. A function of one array is wrapped once or twice
/// (compiled, checkpointed, given rules of its own) and then differentiated, mapped and compiled in
/// every way; what must come out is known.
module Mlx.Tests.Core.Compositions

open System
open Expecto
open Mlx.Core
open Mlx.Tests
open Mlx.Tests.Core.Arrays

exception private Boom

type private F = MlxArray -> MlxArray

let private lifted (f: F) = Func<MlxArray[], MlxArray[]>(fun xs -> [| f xs[0] |])

let private single (f: Func<MlxArray[], MlxArray[]>) : F = fun x -> (f.Invoke [| x |])[0]

/// x sin x, and its first and second derivative.
let private wave: F = fun x -> x * Ops.Sin x

let private first: F = fun x -> Ops.Sin x + x * Ops.Cos x

let private ofNumber order x =
    match order with
    | 0 -> x * sin x
    | 1 -> sin x + x * cos x
    | _ -> 2.0 * cos x - x * sin x

/// The rules say that the slope is ten times what it is, so that one sees whether they were asked.
let private exaggeration = 10

let private vjpRule =
    VjpRule(fun primals cotangents _ -> [| cotangents[0] * first primals[0] * exaggeration |])

let private jvpRule =
    JvpRule(fun primals tangents _ -> [| tangents[0] * first primals[0] * exaggeration |])

let private vmapRule =
    VmapRule(fun inputs axes -> struct ([| wave inputs[0] |], [| axes[0] |]))

type private Wrapper = { Name: string; Wrap: F -> F; HasVjp: bool; HasJvp: bool }

let private wrapper name wrap =
    { Name = name; Wrap = lifted >> wrap >> single; HasVjp = false; HasJvp = false }

let private custom name vjp jvp vmap =
    { wrapper name (fun f ->
          Transforms.CustomFunction(f, Option.toObj vjp, Option.toObj jvp, Option.toObj vmap)) with
        HasVjp = Option.isSome vjp
        HasJvp = Option.isSome jvp }

let private wrappers =
    [ wrapper "compile" (fun f -> Transforms.Compile f)
      wrapper "shapeless compile" (fun f -> Transforms.Compile(f, shapeless = true))
      wrapper "checkpoint" Transforms.Checkpoint
      { wrapper "custom vjp" (fun f -> Transforms.CustomVjp(f, vjpRule)) with
          HasVjp = true }
      custom "custom jvp" None (Some jvpRule) None
      custom "custom vmap" None None (Some vmapRule)
      custom "custom rules" (Some vjpRule) (Some jvpRule) (Some vmapRule) ]

/// The first is outermost.
let private chains =
    [ yield []
      for a in wrappers do
          yield [ a ]

          for b in wrappers do
              yield [ a; b ] ]

let private wrapped chain f = List.foldBack (fun w f -> w.Wrap f) chain f

let private grad (f: F) : F =
    let g = Transforms.Grad(Func<MlxArray, MlxArray>(f >> Ops.Sum))
    g.Invoke

let private jvp (f: F) : F =
    fun x ->
        use ones = Ops.OnesLike x
        let struct (values, tangents) = Transforms.Jvp(lifted f, span [| x |], span [| ones |])
        values[0].Dispose()
        tangents[0]

let private vmap (f: F) : F =
    let mapped = Transforms.Vmap(lifted f, [| Nullable 0 |], [| Nullable 0 |])
    single mapped

let private compiled (f: F) : F =
    fun x ->
        use compiled = new CompiledFunction(lifted f)
        let results = compiled.Apply(span [| x |])
        results[0].Dispose()
        // The second call is the replay.
        (compiled.Apply(span [| x |]))[0]

type private Exaggerated =
    | Never
    | ByVjp
    | ByJvp

/// A transform, the order of the derivative it answers, and the rule that it asks. Under a map
/// outside the derivative the rules hold; a map inside has taken the function apart.
let private transforms: (string * (F -> F) * int * Exaggerated) list =
    [ "value", id, 0, Never
      "grad", grad, 1, ByVjp
      "jvp", jvp, 1, ByJvp
      "grad of grad", grad >> grad, 2, ByVjp
      "jvp of grad", grad >> jvp, 2, ByVjp
      "grad of jvp", jvp >> grad, 2, ByJvp
      "vmap", vmap, 0, Never
      "vmap of grad", grad >> vmap, 1, ByVjp
      "vmap of jvp", jvp >> vmap, 1, ByJvp
      "vmap of grad of grad", grad >> grad >> vmap, 2, ByVjp
      "grad of vmap", vmap >> grad, 1, Never
      "jvp of vmap", vmap >> jvp, 1, Never
      "grad of vmap of vmap", vmap >> vmap >> grad, 1, Never ]

let private points = [| 0.3; -1.1; 0.7; 2.0; -0.4; 1.3 |]

let private x () = MlxArray.From(Array.map float32 points, 2, 3)

let private want chain order exaggerated =
    let isAsked =
        match exaggerated with
        | Never -> false
        | ByVjp -> chain |> List.exists _.HasVjp
        | ByJvp -> chain |> List.exists _.HasJvp

    let factor = if isAsked then float exaggeration else 1.0
    points |> Array.map (fun p -> factor * ofNumber order p)

let private difference (want: float[]) (y: MlxArray) =
    let got = y.ToArray<float32>()

    if y.Shape.ToArray() <> [| 2; 3 |] then
        Some $"%A{y.Shape.ToArray()}"
    elif Array.forall2 (fun w g -> abs (w - float g) <= 1e-4 * (1.0 + abs w)) want got then
        None
    else
        Some $"%A{got}, not %A{want}"

/// What MLX has no rule for, and says so; the embedded engine has them all.
let private isRefusedByMlx (e: exn) =
    Engine.IsMlx
    && (e.Message.EndsWith "Not implemented for Depends."
        || e.Message.EndsWith "CustomTransforms cannot infer output shapes.")

let private answer chain order exaggerated (f: F) input =
    try
        difference (want chain order exaggerated) (f input)
    with
    | :? MlxException as e when isRefusedByMlx e -> None
    | e -> Some e.Message

let private nameOf chain =
    match chain with
    | [] -> "the function itself"
    | _ -> String.Join(" of ", chain |> List.map _.Name)

let private check chain () =
    let failures =
        [ for name, transform, order, exaggerated in transforms do
              for outer, outside in [ "", id; "compile of ", compiled ] do
                  use scope = Scope.Enter()
                  scope |> ignore
                  let f = wave |> wrapped chain |> transform |> outside


                  match answer chain order exaggerated f (x ()) with
                  | Some text -> $"{outer}{name}: {text}"
                  | None -> () ]

    if not failures.IsEmpty then
        failtestNoStack (String.Join("\n", failures))

/// The exception comes out as it was thrown; the next call knows nothing of it, and nothing stays.
let private leavesNoTrace chain () =
    for name, transform, order, exaggerated in transforms do
        use scope = Scope.Enter()
        scope |> ignore
        let mutable isBad = true
        let f = (fun x -> if isBad then raise Boom else wave x) |> wrapped chain |> transform
        let input = x ()
        let before = Engine.LiveHandles
        Expect.throwsT<Boom> (fun () -> f input |> ignore) $"{name} of {nameOf chain}"
        Expect.equal Engine.LiveHandles before $"handles after {name} of {nameOf chain}"
        isBad <- false
        let found = answer chain order exaggerated f input
        Expect.isNone found $"{name} of {nameOf chain}, called again"

/// Compiled without shapes, one trace serves all lengths of what a derivative computes.
let private shapeless =
    testCase "a shapeless gradient serves every length"
    <| fun () ->
        use scope = Scope.Enter()
        scope |> ignore
        let mutable traces = 0

        let counted: F =
            fun x ->
                traces <- traces + 1
                wave x

        use f = new CompiledFunction(lifted (grad counted), shapeless = true)

        for count in [ 3; 1; 6; 3 ] do
            let x = MlxArray.From(points |> Array.truncate count |> Array.map float32)
            let slope = ((f.Apply(span [| x |]))[0]).ToArray<float32>()
            let want = points |> Array.truncate count |> Array.map (ofNumber 1 >> float32)
            Expect.equal slope.Length count "its length"

            Array.iter2
                (fun s w -> Expect.isLessThan (abs (s - w)) 1e-5f $"length {count}")
                slope
                want

        // The embedded engine is at liberty to trace each shape: its plans know their sizes.
        if Engine.IsMlx then
            Expect.equal traces 1 "traces"

let suite () =
    Suite.leakFree
        "compositions"
        [ for chain in chains do
              testCase (nameOf chain) (check chain)

          for chain in chains |> List.filter (fun c -> c.Length < 2) do
              testCase $"throwing in {nameOf chain}" (leavesNoTrace chain)

          shapeless ]
