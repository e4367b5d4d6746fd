/// A compiled op is the op: at the trace and at every replay, alone and fused with its
/// neighbours, differentiated or mapped from outside and from inside.
module Mlx.Tests.Laws.CompileLaws

open System
open Mlx.Core
open Mlx.Tests.Laws.Functions

/// Traced at the first inputs, replayed at the second.
let private compare tolerance (f: Function) (first: MlxArray[]) (second: MlxArray[]) =
    use compiled = new CompiledFunction(f)
    let run (inputs: MlxArray[]) = compiled.Apply(ReadOnlySpan inputs) |> read

    [ first; second; first ]
    |> List.tryPick (fun inputs -> Values.differences tolerance (run inputs) (read (f inputs)))

let private draw row dtype rng = Row.arrays row dtype (Row.draw row dtype rng)

let alone row =
    [ for dtype in row.Dtypes do
          let check rng =
              let first, second = draw row dtype rng, draw row dtype rng
              compare (2.0 * Row.tolerance row dtype) (Row.apply row) first second

          { Name = dtype.Name(); Run = check } ]

/// Elementwise ops before and behind join the op's kernel where it has one to join.
let fused row =
    let isInexact (a: MlxArray) = a.DType.IsInexact()
    let isValue = row.Inputs |> List.map (fun i -> i.Role = Value) |> List.toArray
    let scalar x (a: MlxArray) = MlxArray.Scalar((x: float), a.DType)

    let f: Function =
        fun inputs ->
            inputs
            |> Array.mapi (fun i x ->
                if isValue[i] && isInexact x then
                    Ops.Add(Ops.Multiply(x, scalar 0.5 x), Ops.Multiply(scalar 0.5 x, x))
                else
                    x)
            |> Row.apply row
            |> Array.map (fun y ->
                if isInexact y then
                    Ops.Add(
                        Ops.Multiply(y, scalar 2.0 y),
                        Ops.Abs y |> fun m -> Ops.AsType(m, y.DType)
                    )
                else
                    y)

    [ for dtype in row.Dtypes |> List.filter _.IsInexact() do
          let check rng =
              let first, second = draw row dtype rng, draw row dtype rng
              compare (8.0 * Row.tolerance row dtype) f first second

          { Name = dtype.Name(); Run = check } ]

let private compiling (f: Function) : Function =
    fun inputs ->
        use compiled = new CompiledFunction(f)
        compiled.Apply(ReadOnlySpan inputs)

/// Both ways round: a transform of the compiled op, and the compiled transform.
let transformed row =
    let dtype = DType.Float64
    let positions = Row.positions Value row

    let setting rng =
        let all = draw row dtype rng
        let f = restrict (Row.apply row) positions all
        let xs = [| for i in positions -> all[i] |]
        f, xs, directions rng xs, directions rng (f xs)

    let same name (eager: Function -> MlxArray[] -> Function) =
        let check isOutside rng =
            let f, xs, along, cotangents = setting rng
            let others = if name = "vjp" then cotangents else along
            let want = eager f others xs |> read

            let got =
                if isOutside then compiling (eager f others) xs else eager (compiling f) others xs

            Values.differences (Row.closeness row dtype) (read got) want

        [ { Name = $"compile of {name}"; Run = check true }
          { Name = $"{name} of compile"; Run = check false } ]

    let mapped isOutside rng =
        let axes = row.Inputs |> List.map (fun _ -> 0)
        let examples = List.init 2 (fun _ -> Row.draw row dtype rng)

        let stacked =
            axes |> List.mapi (fun i _ -> examples |> List.map (List.item i) |> Nd.stack 0)

        let inputs = Row.arrays row dtype stacked
        let outputs = (Row.apply row (Row.arrays row dtype examples.Head)).Length
        let map f = vmap f axes (List.replicate outputs 0)
        let want = map (Row.apply row) inputs |> read

        let got =
            if isOutside then
                compiling (map (Row.apply row)) inputs
            else
                map (compiling (Row.apply row)) inputs

        Values.differences (Row.closeness row dtype) (read got) want

    if not (List.contains dtype row.Dtypes) then
        []
    else
        [ if row.Derivative = Smooth && not positions.IsEmpty then
              yield! same "vjp" (fun f others -> fun xs -> vjp f xs others)
              yield! same "jvp" (fun f others -> fun xs -> jvp f xs others)
          if row.Unmapped.IsNone && not row.Inputs.IsEmpty then
              { Name = "compile of vmap"; Run = mapped true }
              { Name = "vmap of compile"; Run = mapped false } ]
