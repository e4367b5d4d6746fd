namespace Mlx.Models

open System
open System.Collections.Generic
open Mlx
open Mlx.Core

/// <summary>Weights packed into small integers, as a quantized folder has them.</summary>
type PackedLinear =
    {
        /// uint32 of shape (out, in * bits / 32), low bits first.
        Weight: Tensor
        /// What a step of the integers is worth, (out, in / group).
        Scales: Tensor
        /// What the integer 0 stands for, (out, in / group); None in modes that have none.
        Biases: Tensor option
        /// Added to the product, (out).
        Bias: Tensor option
        /// What the integers mean.
        Format: Quantization
    }

/// <summary>
/// A weight matrix (out, in), plain or packed. Both serve as the matrix of a product and, row by
/// row, as an embedding.
/// </summary>
[<RequireQualifiedAccess>]
type Projection =
    /// Numbers.
    | Plain of Linear
    /// Small integers with a scale to each group.
    | Packed of PackedLinear

/// <summary>Functions of plain and packed weight matrices.</summary>
[<RequireQualifiedAccess>]
module Projection =
    let private orNull (x: Tensor option) : Tensor | null = Option.toObj x

    let private plain (weight: Tensor) : Linear = { Weight = weight; Bias = None }

    /// <summary>A plain matrix without bias, normal with the given deviation.</summary>
    let init (deviation: float) (inputs: int) (outputs: int) : Random<Projection> =
        Random.normal [ outputs; inputs ]
        |> Random.map (fun w -> Projection.Plain(plain (w * float32 deviation)))

    /// <summary>x Wᵀ + b over the last axis: (..., in) -> (..., out).</summary>
    let apply (projection: Projection) (x: Tensor) : Tensor =
        match projection with
        | Projection.Plain linear -> Linear.apply linear x
        | Projection.Packed p ->
            let product =
                Ops.QuantizedMatmul(
                    x,
                    p.Weight,
                    p.Scales,
                    orNull p.Biases,
                    true,
                    Nullable p.Format.GroupSize,
                    Nullable p.Format.Bits,
                    p.Format.Mode
                )

            match p.Bias with
            | Some bias -> product + bias
            | None -> product

    /// What the integers stand for, of some rows.
    let private numbers (p: PackedLinear) (pick: Tensor -> Tensor) : Tensor =
        Ops.Dequantize(
            pick p.Weight,
            pick p.Scales,
            p.Biases |> Option.map pick |> orNull,
            Nullable p.Format.GroupSize,
            Nullable p.Format.Bits,
            p.Format.Mode
        )

    /// <summary>The rows at indices, as an embedding: (...) -> (..., in).</summary>
    let rows (projection: Projection) (indices: Tensor) : Tensor =
        match projection with
        | Projection.Plain linear -> linear.Weight |> Tensor.take 0 indices
        | Projection.Packed p -> numbers p (Tensor.take 0 indices)

    /// <summary>The dtype that products come out in.</summary>
    let dtype (projection: Projection) =
        match projection with
        | Projection.Plain linear -> linear.Weight.DType
        | Projection.Packed p -> p.Scales.DType

    /// <summary>The numbers of a packed matrix; a plain one as it is.</summary>
    let unpack (projection: Projection) : Projection =
        match projection with
        | Projection.Plain _ -> projection
        | Projection.Packed p -> Projection.Plain { Weight = numbers p id; Bias = p.Bias }

    /// A matrix of zeros of the shape and the form that the entries of a folder have for it;
    /// nothing is computed. An entry `scales` beside the weight makes it a packed one.
    let internal like
        (format: Quantization option)
        (entries: IReadOnlyDictionary<string, Tensor>)
        (name: string)
        (outputs: int)
        (inputs: int)
        : Projection =
        match format, entries.TryGetValue(name + ".scales") with
        | Some format, (true, scales) when inputs % format.GroupSize = 0 ->
            let zeros dtype columns = Tensor.zerosOf dtype [ outputs; columns ]
            let groups = inputs / format.GroupSize

            Projection.Packed
                { Weight = zeros DType.UInt32 (inputs * format.Bits / 32)
                  Scales = zeros scales.DType groups
                  Biases = if format.Mode = "affine" then Some(zeros scales.DType groups) else None
                  Bias = None
                  Format = format }
        | _ -> Projection.Plain(plain (Tensor.zeros [ outputs; inputs ]))
