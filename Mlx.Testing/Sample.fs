namespace Mlx.Testing

open System
open Mlx
open Mlx.Core

/// <summary>
/// A tensor described: what generators draw. It owns no memory, so that it prints and shrinks like
/// any value; <c>Sample.tensor</c> makes the tensor.
/// </summary>
[<StructuredFormatDisplay("{Text}")>]
type Sample =
    {
        /// The element type.
        DType: DType
        /// The length of each axis.
        Shape: int list
        /// The elements, row by row, to be rounded to the dtype.
        Values: float[]
    }

    /// <summary>Dtype, shape and the first elements.</summary>
    member s.Text =
        let shown = s.Values |> Seq.truncate 12 |> Seq.map (fun v -> v.ToString "r")
        let more = if s.Values.Length > 12 then ", ..." else ""
        let values = String.concat ", " shown + more
        $"{s.DType} {Finding.shape s.Shape} [{values}]"

    /// <inheritdoc/>
    override s.ToString() = s.Text

/// <summary>Two tensors whose shapes broadcast together.</summary>
type SamplePair =
    {
        /// The left operand.
        Left: Sample
        /// The right operand.
        Right: Sample
    }

/// <summary>Tensors of samples, and smaller samples.</summary>
[<RequireQualifiedAccess>]
module Sample =
    /// <summary>The tensor, of the sample's dtype and shape.</summary>
    /// <example><code>
    /// Sample.tensor { DType = DType.Int32; Shape = [ 2 ]; Values = [| 5.0; 7.0 |] }
    /// // => array([5, 7], dtype=int32)
    /// </code></example>
    let tensor (sample: Sample) : Tensor =
        if sample.DType.IsInexact() then
            Draw.tensor sample.DType sample.Shape sample.Values
        else
            use whole = sample.Values |> Array.map int64 |> Tensor.shaped sample.Shape
            Tensor.astype sample.DType whole

    /// Cut to other lengths of the same axes: what lies inside stays.
    let private cut (shape: int list) (sample: Sample) =
        let steps = List.scanBack (*) sample.Shape.Tail 1

        let rec places shape steps =
            match shape, steps with
            | n :: shape, step :: steps ->
                [ for i in 0 .. n - 1 do
                      for place in places shape steps -> i * step + place ]
            | _ -> [ 0 ]

        { sample with
            Shape = shape
            Values = places shape steps |> List.map (fun i -> sample.Values[i]) |> Array.ofList }

    let private replace at value items = items |> List.mapi (fun i x -> if i = at then value else x)

    /// <summary>Simpler samples: shorter axes, fewer axes, rounder and smaller numbers; the
    /// simplest first.</summary>
    /// <example><code>
    /// let sample = { DType = DType.Int32; Shape = [ 2 ]; Values = [| 5.0; 7.0 |] }
    /// sample |> Sample.shrink |> Seq.head |> string
    /// // => "Int32 (1) [5]"
    /// </code></example>
    let shrink (sample: Sample) : seq<Sample> =
        seq {
            for axis, length in List.indexed sample.Shape do
                for shorter in List.distinct [ 1; length / 2; length - 1 ] do
                    if shorter >= 1 && shorter < length then
                        cut (replace axis shorter sample.Shape) sample

            for axis, length in List.indexed sample.Shape do
                if length = 1 then
                    { sample with Shape = List.removeAt axis sample.Shape }

            let simpler (v: float) = [ 0.0; 1.0; Math.Round v; v / 2.0 |> Math.Round ]

            for i in 0 .. min 16 sample.Values.Length - 1 do
                let value = sample.Values[i]

                for other in simpler value |> List.distinct do
                    if abs other < abs value || (other = Math.Round value && other <> value) then
                        let values = Array.copy sample.Values
                        values[i] <- other
                        { sample with Values = values }
        }
