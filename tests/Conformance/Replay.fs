/// Makes a recorded call on the engine that is loaded, through the binding.
module Mlx.Tests.Conformance.Replay

open System
open System.Runtime.CompilerServices
open System.Runtime.InteropServices
open Mlx.Core
open Mlx.Tests.Conformance.Judge
open Mlx.Tests.Conformance.Vectors
open Mlx.Tests.Support

let private symbolsOf transform =
    match transform with
    | Plain -> []
    | Vjp _ -> [ "mlx_vjp" ]
    | Jvp _ -> [ "mlx_jvp" ]
    | ValueAndGrad _ -> [ "mlx_value_and_grad"; "mlx_closure_value_and_grad_apply" ]
    | CheckpointVjp _ -> [ "mlx_vjp"; "mlx_checkpoint"; "mlx_closure_apply" ]
    | VjpVjp _ -> [ "mlx_vjp" ]
    | JvpVjp _
    | VjpJvp _ -> [ "mlx_vjp"; "mlx_jvp" ]
    | Vmap _ -> [ "mlx_detail_vmap_trace"; "mlx_detail_vmap_replace" ]
    | VmapVjp _
    | VjpVmap _ -> [ "mlx_vjp"; "mlx_detail_vmap_trace"; "mlx_detail_vmap_replace" ]

let private isMissing =
    let known = Collections.Generic.Dictionary<string, bool>()

    fun name ->
        match known.TryGetValue name with
        | true, missing -> missing
        | _ ->
            let missing = Engine.Library.Resolve name = 0n
            known[name] <- missing
            missing

/// The functions a case needs that the engine does not have.
let missing case =
    [ for call in case.Call :: case.Before -> call.Function
      yield! symbolsOf case.Transform ]
    |> List.filter isMissing

let private bytesOf<'t
    when 't: unmanaged and 't: struct and 't: (new: unit -> 't) and 't :> ValueType>
    (a: MlxArray)
    =
    let elements = ReadOnlySpan<'t>(a.ToArray<'t>())
    MemoryMarshal.AsBytes(elements).ToArray()

let read (a: MlxArray) =
    let bytes =
        match a.DType with
        | DType.Bool -> bytesOf<bool> a
        | DType.UInt8 -> bytesOf<byte> a
        | DType.UInt16 -> bytesOf<uint16> a
        | DType.UInt32 -> bytesOf<uint32> a
        | DType.UInt64 -> bytesOf<uint64> a
        | DType.Int8 -> bytesOf<sbyte> a
        | DType.Int16 -> bytesOf<int16> a
        | DType.Int32 -> bytesOf<int> a
        | DType.Int64 -> bytesOf<int64> a
        | DType.Float16 -> bytesOf<Half> a
        | DType.Float32 -> bytesOf<float32> a
        | DType.Float64 -> bytesOf<float> a
        | DType.BFloat16 -> bytesOf<BFloat16> a
        | _ -> bytesOf<Complex64> a

    { Dtype = a.DType.Name(); Shape = a.Shape.ToArray(); Bytes = bytes }

let private optional (value: 'a option) : objnull =
    match value with
    | Some x -> box x
    | None -> null

/// A null handle, which also the functions that must refuse it get to see. No constructor has run:
/// it owns nothing and is not counted.
let private nothing = RuntimeHelpers.GetUninitializedObject typeof<MlxArray>

/// Arguments as `Invoke.Call` takes them; arrays are made here.
let rec private values (call: Call) : objnull list =
    call.Arguments
    |> List.mapi (fun position argument ->
        match argument with
        | Array a -> box (array a)
        | NullArray -> nothing
        | Arrays many -> many |> List.map array |> List.toArray |> box
        | Int n -> box n
        // The one list of 64-bit numbers in the whole API.
        | Ints(Some ints) when call.Function = "mlx_as_strided" && position = 2 -> box ints
        | Ints ints -> ints |> Option.map (Array.map int) |> optional
        | Float x -> box x
        | Bool b -> box b
        | Dtype name -> box (DTypes.Parse name)
        | String text -> box text
        | OptionalInt n -> optional n
        | OptionalFloat x -> optional x
        | OptionalDtype name -> name |> Option.map DTypes.Parse |> optional)

and private array (a: ArrayArgument) =
    let start = MlxArray.FromBytes(a.Base.Bytes, a.Base.Shape, DTypes.Parse a.Base.Dtype)

    (start, a.View)
    ||> List.fold (fun x view ->
        let rest = values { view with Arguments = view.Arguments }
        Invoke.Call(view.Function, List.toArray (box x :: rest)) |> Array.head)

let private invoke (call: Call) (values: objnull list) =
    Invoke.Call(call.Function, List.toArray values)

let private arraysOf (value: objnull) =
    match value with
    | :? (MlxArray[]) as many -> many
    | value -> [| unbox<MlxArray> value |]

/// The call as a function of the arguments at some positions; the others are captured.
let private functionOf case (captured: objnull list) (positions: int[]) =
    let primals = set positions

    fun (inputs: MlxArray[]) ->
        let rest = Collections.Generic.Queue inputs

        captured
        |> List.mapi (fun position value ->
            match value with
            | value when not (primals.Contains position) -> value
            | :? (MlxArray[]) as many -> box (Array.map (fun _ -> rest.Dequeue()) many)
            | _ -> box (rest.Dequeue()))
        |> invoke case.Call

/// The positions of the arguments that are arrays.
let private arrayPositions case =
    case.Call.Arguments
    |> List.indexed
    |> List.choose (fun (position, argument) ->
        match argument with
        | Array _
        | Arrays _ -> Some position
        | _ -> None)
    |> List.toArray

type Function = MlxArray[] -> MlxArray[]

/// The call without its transform, as a function of the arrays that the transform is of.
let bare case : Function = fun inputs -> functionOf case (values case.Call) case.Primals inputs

let private vjp (f: Function) (xs: MlxArray[]) (cotangents: MlxArray[]) =
    let struct (outs, vjps) = Transforms.Vjp(f, xs, cotangents)
    outs, vjps

let private jvp (f: Function) (xs: MlxArray[]) (tangents: MlxArray[]) =
    let struct (outs, jvps) = Transforms.Jvp(f, xs, tangents)
    outs, jvps

let private vmap (f: Function) axes : Function =
    let mapped = Array.map (fun axis -> if axis = -1 then Nullable() else Nullable axis)
    Transforms.Vmap(f, mapped axes.In, mapped axes.Out).Invoke

/// What the case computes (outputs and derivatives) as a function of arrays, and the arrays.
let private computation case (captured: objnull list) =
    let positions = if case.Transform.IsPlain then arrayPositions case else case.Primals
    let f = functionOf case captured positions
    let xs = positions |> Array.collect (fun position -> arraysOf captured[position])
    let arrays many = many |> List.map array |> List.toArray
    let vjps cotangents = fun xs -> snd (vjp f xs cotangents)
    let jvps tangents = fun xs -> snd (jvp f xs tangents)

    let run: MlxArray[] -> MlxArray[] * MlxArray[] =
        match case.Transform with
        | Plain -> fun xs -> f xs, [||]
        | Vjp cotangents -> fun xs -> vjp f xs (arrays cotangents)
        | Jvp tangents -> fun xs -> jvp f xs (arrays tangents)
        | ValueAndGrad argnums ->
            fun xs ->
                let struct (outs, gradients) = Transforms.ValueAndGrad(f, argnums).Invoke xs
                outs, gradients
        | CheckpointVjp cotangents ->
            fun xs -> vjp (Transforms.Checkpoint(f).Invoke) xs (arrays cotangents)
        | VjpVjp(cotangents, cotangents2) ->
            fun xs -> vjp (vjps (arrays cotangents)) xs (arrays cotangents2)
        | JvpVjp(cotangents, tangents) ->
            fun xs -> jvp (vjps (arrays cotangents)) xs (arrays tangents)
        | VjpJvp(tangents, cotangents2) ->
            fun xs -> vjp (jvps (arrays tangents)) xs (arrays cotangents2)
        | Vmap axes -> fun xs -> vmap f axes xs, [||]
        | VmapVjp(axes, cotangents) -> fun xs -> vmap (vjps (arrays cotangents)) axes xs, [||]
        | VjpVmap(axes, cotangents) -> fun xs -> vjp (vmap f axes) xs (arrays cotangents)

    run, xs

/// The first argument as the call saw it.
let private input case () =
    use scope = Scope.Enter()
    scope |> ignore

    match case.Call.Arguments.Head with
    | Array a -> read (array a)
    | other -> invalidArg (nameof case) $"the first argument of {case.Id} is {other}"

/// Calls a function on its arguments, perhaps by a detour.
type Detour = delegate of Function * MlxArray[] -> MlxArray[]

let private outcome (detour: Detour option) case =
    use scope = Scope.Enter()
    scope |> ignore

    try
        for call in case.Before do
            invoke call (values call) |> ignore

        let run, xs = computation case (values case.Call)

        let outs, derivatives =
            match detour, case.Expected with
            | Some detour, Answer want ->
                let flat xs = run xs ||> Array.append
                Array.splitAt want.Outs.Length (detour.Invoke(flat, xs))
            | Some detour, _ -> detour.Invoke((fun xs -> run xs ||> Array.append), xs), [||]
            | None, _ -> run xs

        let readAll arrays = arrays |> Array.map read |> Array.toList
        Returned(readAll outs, readAll derivatives)
    with
    | :? MlxException as e -> Refused e.Message
    // The binding looks at the axes of a vmap before the engine does.
    | :? ArgumentException as e when case.Transform.IsVmap -> Refused e.Message

let private replayBy detour case =
    try
        judge case (input case) (outcome detour case)
    with e ->
        let where = (string e.StackTrace).Split '\n' |> Array.truncate 2 |> Array.map _.Trim()
        let place = String.Join(" ", where)
        Some $"EXCEPTION {e.GetType().Name}: {e.Message} {place}"

/// Runs a case and answers what is wrong with it, if anything.
let replay = replayBy None

/// The same for a case whose computation, as a function of all its arrays, takes a detour.
let replayVia detour = replayBy (Some(Detour detour))
