/// The recorded answers of MLX that we do not give. The definition decides, on whichever engine is
/// loaded: finite differences of the function itself, which ask no rule of any derivative, or the
/// sum that a product is. MLX's answer must contradict it, and ours agree.
module Mlx.Tests.Conformance.Contested

open System.Numerics
open Expecto
open Mlx.Core
open Mlx.Tests
open Mlx.Tests.Laws
open Mlx.Tests.Conformance.Vectors

/// From inputs to results, in double precision.
type private Map = Nd list -> Nd list

let private dense (a: ArrayArgument) = { Shape = a.Base.Shape; Data = Compare.complexes a.Base }

let private combine (terms: (float * Nd list) list) =
    terms
    |> List.map (fun (weight, many) -> many |> List.map (Nd.map (fun z -> weight * z)))
    |> List.reduce (List.map2 (fun a b -> { a with Data = Array.map2 (+) a.Data b.Data }))

/// The derivative by four points, of the fourth order.
let private slope step (f: float -> Nd list) =
    combine
        [ for at, weight in [ -2.0, 1.0; -1.0, -8.0; 1.0, 8.0; 2.0, -1.0 ] ->
              weight / (12.0 * step), f (at * step) ]

let private pushforward step (f: Map) (xs: Nd list) (tangents: Nd list) =
    slope step (fun s -> f (combine [ 1.0, xs; s, tangents ]))

/// Coordinate by coordinate.
let private pullback step (f: Map) (xs: Nd list) (cotangents: Nd list) =
    let partial i at =
        let unit =
            xs
            |> List.mapi (fun j x ->
                let data = Array.zeroCreate<Complex> x.Data.Length

                if i = j then
                    data[at] <- Complex.One

                { x with Data = data })

        Nd.real (Functions.pairing true cotangents (pushforward step f xs unit))

    xs |> List.mapi (fun i x -> { x with Data = Array.init x.Data.Length (partial i) })

let private examples (x: Nd) =
    let size = x.Data.Length / x.Shape[0]

    [ for i in 0 .. x.Shape[0] - 1 ->
          { Shape = x.Shape[1..]; Data = Array.sub x.Data (i * size) size } ]

/// The results and derivatives that a transform of f means.
let private transformed step (f: Map) (xs: Nd list) transform =
    let pushforward, pullback = pushforward step, pullback step
    let denseAll = List.map dense

    match transform with
    | VjpJvp(tangents, cotangents) ->
        let g x = pushforward f x (denseAll tangents)
        g xs, pullback g xs (denseAll cotangents)
    | VjpVjp(inner, outer) ->
        let g x = pullback f x (denseAll inner)
        g xs, pullback g xs (denseAll outer)
    | VmapVjp({ In = [| 0 |]; Out = [| 0 |] }, cotangents) ->
        let each = examples xs.Head |> List.map (fun x -> pullback f [ x ] (denseAll cotangents))
        [ each |> List.map List.head |> Nd.stack 0 ], []
    | other -> invalidArg (nameof transform) $"{other}"

/// The call without its transform. Fourier transforms are there in single precision only, but being
/// linear take any step.
let private function' case : Map * float =
    let dtype, step =
        if case.Call.Function.StartsWith "mlx_fft" then
            DType.Float32, 1.0
        else
            DType.Float64, 1e-4

    let f = Replay.bare case

    let map (xs: Nd list) =
        use scope = Scope.Enter()
        scope |> ignore
        xs |> List.map (Values.toArray dtype) |> List.toArray |> f |> Functions.read

    map, step

/// Segments of the columns of a, times those of the rows of b.
let private segments (a: Nd) (b: Nd) (bounds: Nd) =
    Nd.init [| bounds.Shape[0]; a.Shape[0]; b.Shape[1] |] (fun at ->
        let bound i = int bounds[[| at[0]; i |]].Real

        [ for k in bound 0 .. bound 1 - 1 -> a[[| at[1]; k |]] * b[[| k; at[2] |]] ]
        |> List.fold (+) Complex.Zero)

let private denseAt case position =
    match case.Call.Arguments[position] with
    | Array a -> dense a
    | _ -> invalidArg (nameof position) case.Id

let private definition case =
    match case.Transform with
    | Plain -> [ segments (denseAt case 0) (denseAt case 1) (denseAt case 2) ], []
    | transform ->
        let f, step = function' case
        transformed step f (case.Primals |> Array.map (denseAt case) |> Array.toList) transform

/// MLX's derivative of logsumexp is bool; so are the recorded cotangents of it.
let private inFloat (value: Value) =
    if value.Dtype <> "bool" then
        value
    else
        use a = Values.toArray DType.Float32 { Shape = value.Shape; Data = Compare.complexes value }
        Replay.read a

let private withFloats transform =
    match transform with
    | VjpJvp(tangents, cotangents) ->
        VjpJvp(tangents, cotangents |> List.map (fun c -> { c with Base = inFloat c.Base }))
    | other -> other

let private judged case (want: Answer) () =
    let outs, derivatives = definition case

    let like (recorded: Value) (found: Nd) =
        use a = Values.toArray (DTypes.Parse (inFloat recorded).Dtype) found
        Replay.read a

    let right =
        { case with
            Transform = withFloats case.Transform
            Expected =
                Answer
                    { want with
                        Outs = List.map2 like want.Outs outs
                        Derivatives = List.map2 like want.Derivatives derivatives } }

    let input () = invalidOp "compared element by element"
    let recorded = Judge.judge right input (Judge.Returned(want.Outs, want.Derivatives))
    Expect.isSome recorded "MLX's answer is right after all"

    if not Engine.IsMlx then
        Expect.equal (Replay.replay right) None "our answer"

let suite () =
    let cases = families.Value |> List.collect load |> List.filter Exceptions.isContested

    Suite.leakFree
        "contested"
        [ for case in cases do
              match case.Expected with
              | Answer want -> testCase case.Id (judged case want)
              | Rejected _ -> () ]
