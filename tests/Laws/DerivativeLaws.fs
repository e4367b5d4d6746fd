/// Derivatives are those of finite differences, in both modes and to the second order, in any
/// subset of the inputs, and in lower precision those of double precision.
module Mlx.Tests.Laws.DerivativeLaws

open System
open System.Numerics
open Mlx.Core
open Mlx.Tests.Laws.Functions

let private differentiable row = Row.positions Value row

let private isSmooth row = row.Derivative = Smooth || row.Derivative = ReverseOnly

let private draw row dtype rng = Row.arrays row dtype (Row.draw row dtype rng)

/// An infinity that stays where it is does not change.
let private change (a: Complex) b = if a = b then Complex.Zero else a - b

/// The directional derivative by differences of the fourth order.
let private differences step (f: Function) (xs: MlxArray[]) (along: MlxArray[]) =
    let at k =
        let moved =
            Array.map2
                (fun (x: MlxArray) (v: MlxArray) ->
                    Ops.Add(x, Ops.Multiply(v, MlxArray.Scalar((k * step: float), x.DType))))
                xs
                along

        read (f moved)

    List.map2
        (fun (near: Nd, far: Nd) (near': Nd, far': Nd) ->
            let combine i =
                (8.0 * change near.Data[i] near'.Data[i] - change far.Data[i] far'.Data[i])
                / Complex(12.0 * step, 0.0)

            { near with Data = Array.init near.Data.Length combine })
        (List.zip (at 1.0) (at 2.0))
        (List.zip (at -1.0) (at -2.0))

type private Precision = { Step: float; Tolerance: float }

/// Rounding (epsilon / step) and the fifth derivative (step^4) both stay far below the tolerance.
/// Conversions to 16 bits, being linear, take any step.
let private precisionOf (result: DType) =
    match result with
    | DType.Float16
    | DType.BFloat16 -> { Step = 0.5; Tolerance = 16.0 * Values.epsilon result }
    | DType.Float32
    | DType.Complex64 -> { Step = 1.0 / 64.0; Tolerance = 2e-3 }
    | _ -> { Step = 1e-4; Tolerance = 1e-8 }

let private precisionIn dtype row = precisionOf (row.Result dtype)

let private forward precision f xs rng =
    let along = directions rng xs
    let want = differences precision.Step f xs along
    Values.differences precision.Tolerance (read (jvp f xs along)) want

/// c . (J v) = (J' c) . v, where J v is taken by differences.
let private reverse precision adjoint (f: Function) xs rng =
    let along = directions rng xs
    let outputs = f xs
    let cotangents = directions rng outputs
    let pulled = vjp f xs cotangents

    match
        Array.zip pulled xs
        |> Array.tryFind (fun (g, x) ->
            g.DType <> x.DType || g.Shape.ToArray() <> x.Shape.ToArray())
    with
    | Some(g, x) -> Some $"the gradient of {x.DType.Name()} is {g.DType.Name()}"
    | None ->
        let pair = pairing (adjoint = Hermitian)
        let pushed = differences precision.Step f xs along
        let want = pair (read cotangents) pushed
        let got = pair (read pulled) (read along)
        let size = max 1.0 (abs want)

        if abs (got - want) <= precision.Tolerance * 10.0 * size then
            None
        else
            Some $"c . J v is {want:R} by differences, {got:R} by vjp"

/// Every input by itself, and all together.
let private subsets positions =
    match positions with
    | [] -> []
    | [ _ ] -> [ positions ]
    | _ -> (positions |> List.map List.singleton) @ [ positions ]

let private text (positions: int list) = String.Join(",", positions)

let private checkOf row dtype check positions rng =
    let all = draw row dtype rng
    let f = restrict (Row.apply row) positions all
    check f (positions |> List.map (fun i -> all[i]) |> List.toArray) rng

let private isDouble row = List.contains DType.Float64 row.Dtypes

/// The dtype in which differences are taken, if the op is one of real numbers at all.
let private finest row =
    [ DType.Float64; DType.Float32 ] |> List.tryFind (fun d -> List.contains d row.Dtypes)

let first row =
    match finest row with
    | Some dtype when isSmooth row ->
        let precision = precisionIn dtype row

        [ for positions in subsets (differentiable row) do
              for draw in 1..2 do
                  if row.Derivative = Smooth then
                      { Name = $"jvp by {text positions} draw {draw}"
                        Run = checkOf row dtype (forward precision) positions }

                  { Name = $"vjp by {text positions} draw {draw}"
                    Run = checkOf row dtype (reverse precision Hermitian) positions } ]
    | _ -> []

/// The vjp of f as a function of its inputs and its cotangents, all of which vary.
let private pullback (f: Function) count : Function =
    fun all -> vjp f all[.. count - 1] all[count..]

let private pushforward (f: Function) count : Function =
    fun all -> jvp f all[.. count - 1] all[count..]

let second row =
    let positions = differentiable row
    let count = positions.Length

    let over dtype outer inner rng =
        let all = draw row dtype rng
        let f = restrict (Row.apply row) positions all
        let xs = positions |> List.map (fun i -> all[i]) |> List.toArray
        let others = directions rng (if inner = "vjp" then f xs else xs)
        let g = if inner = "vjp" then pullback f count else pushforward f count
        outer g (Array.append xs others) rng

    match finest row with
    | Some dtype when row.Derivative = Smooth && count > 0 ->
        let precision = precisionIn dtype row

        [ for draw in 1..2 do
              for inner in [ "vjp"; "jvp" ] do
                  { Name = $"jvp of {inner} draw {draw}"
                    Run = over dtype (forward precision) inner }

                  { Name = $"vjp of {inner} draw {draw}"
                    Run = over dtype (reverse precision Hermitian) inner } ]
    | _ -> []

/// In a lower precision: the derivative at the same (rounded) point in double precision.
let precision row =
    let lower =
        [ DType.Float32; DType.Float16; DType.BFloat16 ]
        |> List.filter (fun d -> List.contains d row.Dtypes)

    let check mode dtype rng =
        let values = Row.draw row dtype rng
        let positions = differentiable row
        let directionsOf (arrays: MlxArray[]) = directions rng arrays |> read

        let derivative dtype (others: Nd list) =
            let all = Row.arrays row dtype values
            let f = restrict (Row.apply row) positions all
            let xs = positions |> List.map (fun i -> all[i]) |> List.toArray
            let side = if mode = "vjp" then row.Result dtype else dtype
            let others = others |> List.map (Values.toArray side) |> List.toArray
            if mode = "vjp" then vjp f xs others else jvp f xs others

        let all = Row.arrays row dtype values
        let along = if mode = "vjp" then Row.apply row all else [| for i in positions -> all[i] |]
        let others = directionsOf along
        let low = derivative dtype others
        let expected = if mode = "vjp" then dtype else row.Result dtype

        match low |> Array.tryFind (fun a -> a.DType <> expected) with
        | Some a -> Some $"{mode} of {dtype.Name()} is {a.DType.Name()}"
        | None ->
            let tolerance = 8.0 * Row.tolerance row dtype
            Values.differences tolerance (read low) (read (derivative DType.Float64 others))

    if not (isSmooth row && isDouble row) || (differentiable row).IsEmpty then
        []
    else
        [ for dtype in lower do
              for mode in (if row.Derivative = Smooth then [ "vjp"; "jvp" ] else [ "vjp" ]) do
                  { Name = $"{mode} in {dtype.Name()}"; Run = check mode dtype } ]

let complexValued row =
    match row.Adjoint with
    | Untested _ -> []
    | adjoint ->
        if not (isSmooth row && List.contains DType.Complex64 row.Dtypes) then
            []
        else
            [ for positions in subsets (differentiable row) do
                  if row.Derivative = Smooth then
                      { Name = $"jvp by {text positions}"
                        Run =
                          checkOf
                              row
                              DType.Complex64
                              (forward (precisionOf DType.Complex64))
                              positions }

                  { Name = $"vjp by {text positions}"
                    Run =
                      checkOf
                          row
                          DType.Complex64
                          (reverse (precisionOf DType.Complex64) adjoint)
                          positions } ]

let private zeros (arrays: MlxArray[]) =
    read arrays
    |> List.tryPick (fun a ->
        a.Data
        |> Array.tryFind (fun z -> z <> Complex.Zero)
        |> Option.map (fun z -> $"{z} where the derivative is zero"))

/// An op without a derivative says so; one that has whole numbers for results has zeros.
let absent row =
    let mode name run =
        let inputs rng =
            let all = draw row DType.Float32 rng
            let positions = differentiable row
            let f = restrict (Row.apply row) positions all
            f, positions |> List.map (fun i -> all[i]) |> List.toArray

        let ofZeros rng =
            let f, xs = inputs rng
            zeros (run f xs rng)

        let refused rng =
            let f, xs = inputs rng

            try
                run f xs rng |> read |> ignore
                Some "was not refused"
            with :? MlxException as e ->
                if e.Message.Contains '[' then None else Some $"refused by '{e.Message}'"

        { Name = name; Run = if row.Derivative = Discrete then ofZeros else refused }

    let reverse = mode "vjp" (fun f xs rng -> vjp f xs (directions rng (f xs)))
    let forward = mode "jvp" (fun f xs rng -> jvp f xs (directions rng xs))

    if (differentiable row).IsEmpty || not (List.contains DType.Float32 row.Dtypes) then
        []
    else
        match row.Derivative with
        | Smooth -> []
        | ReverseOnly -> [ forward ]
        | Discrete
        | Refused -> [ reverse; forward ]
