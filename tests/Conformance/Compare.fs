/// Is this value the recorded one? Every function answers `None`, or in a few words what differs.
module Mlx.Tests.Conformance.Compare

open System
open System.Numerics
open System.Runtime.InteropServices
open Mlx.Tests.Conformance.Vectors

let size (v: Value) = Array.fold (*) 1 v.Shape

let isInexact dtype =
    match dtype with
    | "float16"
    | "float32"
    | "float64"
    | "bfloat16"
    | "complex64" -> true
    | _ -> false

let private cast<'t when 't: struct and 't: (new: unit -> 't) and 't :> ValueType> bytes =
    MemoryMarshal.Cast<byte, 't>(ReadOnlySpan<byte>(bytes: byte[])).ToArray()

/// The elements as doubles. 64-bit integers beyond 2^53 lose bits: compare those as they are.
let doubles (v: Value) =
    match v.Dtype with
    | "bool"
    | "uint8" -> Array.map float v.Bytes
    | "int8" -> Array.map (sbyte >> float) v.Bytes
    | "uint16" -> Array.map float (cast<uint16> v.Bytes)
    | "uint32" -> Array.map float (cast<uint32> v.Bytes)
    | "uint64" -> Array.map float (cast<uint64> v.Bytes)
    | "int16" -> Array.map float (cast<int16> v.Bytes)
    | "int32" -> Array.map float (cast<int32> v.Bytes)
    | "int64" -> Array.map float (cast<int64> v.Bytes)
    | "float16" -> Array.map (fun (x: Half) -> float x) (cast<Half> v.Bytes)
    | "float32" -> Array.map float (cast<float32> v.Bytes)
    | "float64" -> cast<float> v.Bytes
    | "bfloat16" ->
        cast<uint16> v.Bytes
        |> Array.map (fun bits -> float (BitConverter.UInt32BitsToSingle(uint32 bits <<< 16)))
    | other -> invalidArg (nameof v) $"{other} is not real"

let complexes (v: Value) =
    if v.Dtype = "complex64" then
        let parts = cast<float32> v.Bytes
        Array.init (parts.Length / 2) (fun i -> Complex(float parts[2 * i], float parts[2 * i + 1]))
    else
        doubles v |> Array.map (fun x -> Complex(x, 0.0))

let shapeText (shape: int[]) =
    let sizes = String.Join(",", shape)
    $"({sizes})"

let describe (v: Value) = v.Dtype + shapeText v.Shape

let private sameType (got: Value) (want: Value) =
    if got.Dtype <> want.Dtype then
        Some $"dtype {got.Dtype} for {want.Dtype}"
    elif got.Shape <> want.Shape then
        Some $"shape {shapeText got.Shape} for {shapeText want.Shape}"
    else
        None

/// Equal, or both NaN, or both finite and within the tolerance taken from `magnitude`.
let private agrees rtol atol (got: float) (want: float) (magnitude: float) =
    got = want
    || (Double.IsNaN got && Double.IsNaN want)
    || (Double.IsFinite got
        && Double.IsFinite want
        && abs (got - want) <= atol + rtol * (if Double.IsFinite magnitude then magnitude else 0.0))

let private firstDifference count (agree: int -> bool) (show: int -> string) =
    let wrong =
        [| for i in 0 .. count - 1 do
               if not (agree i) then
                   i |]

    if wrong.Length = 0 then
        None
    else
        Some $"{wrong.Length} of {count} differ, first at {wrong[0]}: {show wrong[0]}"

/// Element by element; integers and booleans exactly, with all their bits.
let elementwise exact rtol atol (got: Value) (want: Value) =
    sameType got want
    |> Option.orElseWith (fun () ->
        let count = size want
        let rtol, atol = if exact then 0.0, 0.0 else rtol, atol

        match want.Dtype with
        | "complex64" ->
            let a, b = complexes got, complexes want

            firstDifference
                count
                (fun i ->
                    let m = Complex.Abs b[i]

                    agrees rtol atol a[i].Real b[i].Real m
                    && agrees rtol atol a[i].Imaginary b[i].Imaginary m)
                (fun i -> $"{a[i]} for {b[i]}")
        | dtype when isInexact dtype ->
            let a, b = doubles got, doubles want

            firstDifference count (fun i -> agrees rtol atol a[i] b[i] (abs b[i])) (fun i ->
                $"{a[i]:R} for {b[i]:R}")
        | _ ->
            let width = if count = 0 then 0 else want.Bytes.Length / count

            let same i =
                let want = ReadOnlySpan(want.Bytes, i * width, width)
                want.SequenceEqual(ReadOnlySpan(got.Bytes, i * width, width))

            firstDifference count same (fun i -> $"{(doubles got)[i]:R} for {(doubles want)[i]:R}"))

/// The same numbers in any order along the last axis.
let multiset tolerance (got: Value) (want: Value) =
    sameType got want
    |> Option.orElseWith (fun () ->
        let row = if want.Shape.Length = 0 then 1 else Array.last want.Shape
        let a, b = complexes got, complexes want
        let mutable difference = None

        for start in 0 .. max 1 row .. a.Length - 1 do
            let left = ResizeArray(Array.sub b start row)
            let largest = left |> Seq.map Complex.Abs |> Seq.fold max 1.0

            for x in Array.sub a start row do
                let nearest = left |> Seq.minBy (fun y -> Complex.Abs(x - y))

                if not (Complex.Abs(x - nearest) <= tolerance * largest) then
                    difference <- Some $"{x} has no match"

                left.Remove nearest |> ignore

        difference)

/// Splits the elements into the vectors along an axis.
let private lanes (shape: int[]) axis (elements: 'a[]) =
    let axis = if axis < 0 then axis + shape.Length else axis
    let length = shape[axis]
    let inner = Array.fold (*) 1 shape[axis + 1 ..]
    let outer = Array.fold (*) 1 shape[.. axis - 1]

    [| for o in 0 .. outer - 1 do
           for i in 0 .. inner - 1 ->
               Array.init length (fun k -> elements[(o * length + k) * inner + i]) |]

/// Both sorted along the axis first, NaN last (as NumPy sorts).
let sorted axis rtol atol (got: Value) (want: Value) =
    sameType got want
    |> Option.orElseWith (fun () ->
        if want.Shape.Length = 0 then
            elementwise false rtol atol got want
        else
            let order (x: float) (y: float) =
                match Double.IsNaN x, Double.IsNaN y with
                | true, true -> 0
                | true, false -> 1
                | false, true -> -1
                | _ -> compare x y

            let sortLanes v =
                doubles v |> lanes v.Shape axis |> Array.map (Array.sortWith order) |> Array.concat

            let a, b = sortLanes got, sortLanes want

            firstDifference a.Length (fun i -> agrees rtol atol a[i] b[i] (abs b[i])) (fun i ->
                $"{a[i]:R} for {b[i]:R}"))

/// The element at `kth` is the one a sort puts there, none before it is larger, none after it is
/// smaller, and nothing is lost. `axis = None` means the flattened array.
let partition indices kth axis (input: Value) (got: Value) (want: Value) =
    match elementwise true 0.0 0.0 got want with
    | None -> None
    | Some difference when not (difference.Contains "differ") -> Some difference
    | _ ->
        let split (v: Value) =
            match axis with
            | None -> [| doubles v |]
            | Some axis -> doubles v |> lanes v.Shape axis

        let right (x: float[]) (g: float[]) (w: float[]) =
            let kth = if kth < 0 then kth + x.Length else kth
            let inOrder = Array.sort x
            let isPermutation = not indices || Array.sort g = Array.sort w

            isPermutation
            && (let g = if indices then g |> Array.map (fun i -> x[int i]) else g

                Array.sort g = inOrder
                && g[kth] = inOrder[kth]
                && Array.forall (fun y -> y <= inOrder[kth]) g[.. kth - 1]
                && Array.forall (fun y -> y >= inOrder[kth]) g[kth + 1 ..])

        if Array.map3 right (split input) (split got) (split want) |> Array.forall id then
            None
        else
            Some "not partitioned"

/// The packed codes of each row: a little-endian stream of `bits` an element.
let private codes bits (v: Value) =
    let rowBytes = Array.last v.Shape * 4

    [| for start in 0 .. max 1 rowBytes .. v.Bytes.Length - 1 do
           for code in 0 .. rowBytes * 8 / bits - 1 ->
               let mutable n = 0

               for bit in 0 .. bits - 1 do
                   let at = code * bits + bit

                   if v.Bytes[start + at / 8] >>> (at % 8) &&& 1uy = 1uy then
                       n <- n ||| (1 <<< bit)

               n |]

/// Scales and biases within the tolerance; two in a hundred codes (at least one) may be one off.
let quantized mode bits rtol atol (got: Value list) (want: Value list) =
    let parts = List.map2 (elementwise false rtol atol) got.Tail want.Tail |> List.tryPick id

    parts
    |> Option.orElseWith (fun () -> sameType got.Head want.Head)
    |> Option.orElseWith (fun () ->
        let number code =
            let top = 1 <<< (bits - 1)

            if mode <> "affine" && code &&& top <> 0 then -(code &&& (top - 1)) else code

        let off =
            Array.map2
                (fun a b -> abs (number a - number b))
                (codes bits got.Head)
                (codes bits want.Head)

        let wrong = off |> Array.filter (fun d -> d > 0) |> Array.length
        let most = Array.fold max 0 off

        if most > 1 || float wrong > max 1.0 (0.02 * float off.Length) then
            Some $"{wrong} of {off.Length} codes differ, by up to {most}"
        else
            None)
