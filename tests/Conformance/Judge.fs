/// The verdict on one replayed case.
module Mlx.Tests.Conformance.Judge

open Mlx.Tests.Conformance.Vectors
open Mlx.Tests.Conformance.Compare

/// What the engine did.
type Outcome =
    | Refused of message: string
    | Returned of outs: Value list * derivatives: Value list

let private pairwise name compareOne (got: Value list) (want: Value list) =
    if got.Length <> want.Length then
        Some $"{got.Length} {name}s for {want.Length}"
    else
        List.mapi2 (fun i g w -> compareOne g w |> Option.map (fun d -> $"{name}{i}: {d}")) got want
        |> List.tryPick id

let private answer case (input: unit -> Value) (want: Answer) got derivatives =
    let arguments = case.Call.Arguments

    if List.length got <> want.Outs.Length then
        Some $"{List.length got} results for {want.Outs.Length}"
    else
        match want.Check with
        | Reconstruct kind -> Factors.reconstruct kind want.Rtol (input ()) got want.Outs
        | Multiset -> multiset want.Rtol got.Head want.Outs.Head
        | Partition(indices, mappedAxis) ->
            match arguments.Tail with
            | [ Int kth ] -> partition indices (int kth) None (input ()) got.Head want.Outs.Head
            | Int kth :: Int axis :: _ ->
                let axis = mappedAxis |> Option.defaultValue (int axis)
                partition indices (int kth) (Some axis) (input ()) got.Head want.Outs.Head
            | _ -> Some "a partition without kth"
        | Quantize ->
            let mode =
                arguments
                |> List.pick (function
                    | String mode -> Some mode
                    | _ -> None)

            let bits =
                match arguments[2] with
                | OptionalInt(Some bits) -> bits
                | _ -> if mode = "mxfp8" then 8 else 4

            quantized mode bits want.Rtol want.Atol got want.Outs
        | Sorted _
        | Elementwise ->
            let compareOut =
                match want.Check with
                | Sorted axis -> sorted axis want.Rtol want.Atol
                | _ -> elementwise want.Exact want.Rtol want.Atol

            pairwise "out" compareOut got want.Outs
            |> Option.orElseWith (fun () ->
                pairwise
                    "derivative"
                    (elementwise want.Exact want.Rtol want.Atol)
                    derivatives
                    want.Derivatives)

/// `None` when the case passes. `input` reads the first argument back, views applied.
let judge case (input: unit -> Value) outcome =
    match outcome, case.Expected with
    | Refused _, Rejected _ -> None
    | Refused message, Answer _ -> Some("refused: " + message)
    | Returned _, Rejected message -> Some $"accepted; it must be refused ({message})"
    | Returned(outs, derivatives), Answer want -> answer case input want outs derivatives
