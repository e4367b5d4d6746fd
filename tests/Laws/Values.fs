/// Between arrays of the engine and arrays of the reference: every dtype there and back.
module Mlx.Tests.Laws.Values

open System
open System.Numerics
open System.Runtime.InteropServices
open Mlx.Core

let all =
    [ DType.Bool
      DType.UInt8
      DType.UInt16
      DType.UInt32
      DType.UInt64
      DType.Int8
      DType.Int16
      DType.Int32
      DType.Int64
      DType.Float16
      DType.Float32
      DType.Float64
      DType.BFloat16
      DType.Complex64 ]

let floats = all |> List.filter _.IsFloating()

let inexact = all |> List.filter _.IsInexact()

let integers = all |> List.filter _.IsInteger()

let reals = all |> List.except [ DType.Complex64 ]

let numbers = all |> List.except [ DType.Bool ]

/// The distance from 1 to the next number.
let epsilon dtype =
    match dtype with
    | DType.Float64 -> pown 2.0 -52
    | DType.Float16 -> pown 2.0 -10
    | DType.BFloat16 -> pown 2.0 -7
    | DType.Float32
    | DType.Complex64 -> pown 2.0 -23
    | _ -> 0.0

let private make<'t when 't: unmanaged and 't: struct and 't: (new: unit -> 't) and 't :> ValueType>
    (convert: Complex -> 't)
    (a: Nd)
    =
    let elements = ReadOnlySpan<'t>(Array.map convert a.Data)
    MlxArray.FromBytes(MemoryMarshal.AsBytes elements, a.Shape, DTypes.Of<'t>())

/// Integers take the nearest one, unsigned ones its magnitude; bool is what does not round to 0.
let toArray dtype (a: Nd) =
    let near (z: Complex) = Math.Round z.Real

    match dtype with
    | DType.Bool -> make (fun z -> near z <> 0.0) a
    | DType.UInt8 -> make (near >> abs >> byte) a
    | DType.UInt16 -> make (near >> abs >> uint16) a
    | DType.UInt32 -> make (near >> abs >> uint32) a
    | DType.UInt64 -> make (near >> abs >> uint64) a
    | DType.Int8 -> make (near >> sbyte) a
    | DType.Int16 -> make (near >> int16) a
    | DType.Int32 -> make (near >> int) a
    | DType.Int64 -> make (near >> int64) a
    | DType.Float16 -> make (fun z -> Half.op_Explicit z.Real: Half) a
    | DType.Float32 -> make (fun z -> float32 z.Real) a
    | DType.Float64 -> make _.Real a
    | DType.BFloat16 -> make (fun z -> BFloat16.op_Explicit z.Real: BFloat16) a
    | _ -> make (fun z -> Complex64(float32 z.Real, float32 z.Imaginary)) a

/// Evaluates and reads.
let ofArray (a: MlxArray) =
    let reals convert data = data |> Array.map (fun x -> Complex(convert x, 0.0))

    let data =
        match a.DType with
        | DType.Bool -> a.ToArray<bool>() |> reals (fun b -> if b then 1.0 else 0.0)
        | DType.UInt8 -> a.ToArray<byte>() |> reals float
        | DType.UInt16 -> a.ToArray<uint16>() |> reals float
        | DType.UInt32 -> a.ToArray<uint32>() |> reals float
        | DType.UInt64 -> a.ToArray<uint64>() |> reals float
        | DType.Int8 -> a.ToArray<sbyte>() |> reals float
        | DType.Int16 -> a.ToArray<int16>() |> reals float
        | DType.Int32 -> a.ToArray<int>() |> reals float
        | DType.Int64 -> a.ToArray<int64>() |> reals float
        | DType.Float16 -> a.ToArray<Half>() |> reals float
        | DType.Float32 -> a.ToArray<float32>() |> reals float
        | DType.Float64 -> a.ToArray<float>() |> reals id
        | DType.BFloat16 -> a.ToArray<BFloat16>() |> reals (fun x -> float (float32 x))
        | _ ->
            a.ToArray<Complex64>() |> Array.map (fun z -> Complex(float z.Real, float z.Imaginary))

    { Shape = a.Shape.ToArray(); Data = data }

/// A whole number as an integer dtype keeps it: its lowest bits. Real numbers as they are.
let wrap (dtype: DType) (z: Complex) =
    let bits = float (8 * dtype.Size())

    if dtype = DType.Bool then
        Nd.real (if z.Real <> 0.0 then 1.0 else 0.0)
    elif not (dtype.IsInteger()) then
        z
    else
        let span = 2.0 ** bits
        let low = if dtype.IsUnsigned() then 0.0 else -span / 2.0
        Nd.real (z.Real - span * floor ((z.Real - low) / span))

let shapeText (shape: int seq) = "[" + String.Join(";", shape) + "]"

/// Equal, or both NaN, or within the tolerance, taken of the magnitude but at least of one.
let private near tolerance (got: float) (want: float) magnitude =
    got = want
    || (Double.IsNaN got && Double.IsNaN want)
    || abs (got - want) <= tolerance * max 1.0 magnitude

let private show (z: Complex) = if z.Imaginary = 0.0 then $"{z.Real:R}" else $"{z}"

/// What differs, in a few words, if anything does.
let difference tolerance (got: Nd) (want: Nd) =
    if got.Shape <> want.Shape then
        Some $"shape {shapeText got.Shape} for {shapeText want.Shape}"
    else
        let agrees i =
            let g, w = got.Data[i], want.Data[i]
            let size = if Complex.IsFinite w then Complex.Abs w else 1.0
            near tolerance g.Real w.Real size && near tolerance g.Imaginary w.Imaginary size

        let wrong = [| 0 .. got.Data.Length - 1 |] |> Array.filter (agrees >> not)

        if wrong.Length = 0 then
            None
        else
            let at = wrong[0]

            Some
                $"{wrong.Length} of {got.Data.Length} differ, at {at}: \
                  {show got.Data[at]} for {show want.Data[at]}"

/// The same of lists of results.
let differences tolerance (got: Nd list) (want: Nd list) =
    if got.Length <> want.Length then
        Some $"{got.Length} results for {want.Length}"
    else
        List.map2 (difference tolerance) got want
        |> List.indexed
        |> List.tryPick (fun (i, d) -> d |> Option.map (fun d -> $"result {i}: {d}"))
