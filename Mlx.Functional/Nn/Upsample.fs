namespace Mlx

open System
open Mlx.Core

/// <summary>Where the places of a larger grid lie in a smaller one.</summary>
[<RequireQualifiedAccess>]
type Corners =
    /// The grids share their centre and extent: elements are cells.
    | Free
    /// The first and the last elements of both lie on each other.
    | Aligned

/// <summary>Sequences, images and volumes, (batch, lengths..., channels), stretched by a factor an
/// axis (<c>mlx.nn.Upsample</c>). Interpolated values of floats keep their dtype; integers become
/// float32.</summary>
[<RequireQualifiedAccess>]
module Upsample =
    let private along (scales: float list) (resize: int -> float -> Tensor -> Tensor) (x: Tensor) =
        if x.NDim < 3 || scales.Length <> x.NDim - 2 then
            invalidArg
                (nameof scales)
                $"{scales.Length} scales do not fit (batch, lengths..., channels) {Tensor.shape x}"

        (x, List.indexed scales)
        ||> List.fold (fun x (i, scale) ->
            let length = int (scale * float (x.Dim(i + 1)))

            if length < 1 then
                invalidArg
                    (nameof scales)
                    $"a scale of {scale} leaves nothing of the length {x.Dim(i + 1)}"

            if scale = 1.0 then x else resize (i + 1) scale x)

    /// <summary>Each element the one nearest to it.</summary>
    /// <returns>Shape (batch, scaled lengths..., channels).</returns>
    /// <exception cref="T:System.ArgumentException">The scales do not fit the shape.</exception>
    /// <example><code>
    /// let x = Tensor.ofSeq [ 1.0; 2.0 ] |> Tensor.reshape [ 1; 2; 1 ]
    /// x |> Upsample.nearest [ 2.0 ] |> Tensor.flatten
    /// // => array([1, 1, 2, 2], dtype=float32)
    /// </code></example>
    let nearest (scales: float list) (x: Tensor) : Tensor =
        x
        |> along scales (fun axis scale x ->
            if scale = Math.Floor scale then
                x |> Tensor.repeat (int scale) axis
            else
                let length = x.Dim axis
                let longer = int (scale * float length)
                let step = float32 (float length / float longer)

                let place i =
                    if longer > length then
                        int (MathF.Round((float32 i + 0.5f) * step - 0.5f))
                    else
                        int (float32 i * step)

                x |> Tensor.take axis (Tensor.ofArray (Array.init longer place)))

    /// Places on the old grid of the elements of the new one, in single precision as MLX has them.
    let private places corners scale length =
        let longer = int (scale * float length)

        match corners with
        | Corners.Aligned ->
            // A single element lies on the first.
            let step = float32 (float (length - 1) / float (max 1 (longer - 1)))
            Array.init longer (fun i -> float32 i * step)
        | Corners.Free ->
            let step = 1.0 / scale
            let start = (float (longer - 1) * step - float length + 1.0) / 2.0
            Array.init longer (fun i -> float32 i * float32 step - float32 start)

    /// The weighted sum of elements of x along an axis, one for each pair of indices and weights.
    let private blend axis (x: Tensor) (parts: (float32[] * float32[]) list) =
        let last = float32 (x.Dim axis - 1)
        let column = [ for i in 0 .. x.NDim - 1 -> if i = axis then -1 else 1 ]

        parts
        |> List.map (fun (indices, weights) ->
            let inside = indices |> Array.map (fun i -> int (Math.Clamp(i, 0f, last)))
            let weights = Tensor.ofArray weights |> Tensor.reshape column
            (x |> Tensor.take axis (Tensor.ofArray inside)) * weights)
        |> List.reduce (+)

    /// Weights are float32 whatever x is; sums are rounded to its dtype once, at the end.
    let private rounded (x: Tensor) (y: Tensor) =
        if x.DType.IsFloating() && x.DType <> y.DType then Tensor.astype x.DType y else y

    /// <summary>Linear interpolation along each axis: bilinear, trilinear.</summary>
    /// <returns>Shape (batch, scaled lengths..., channels).</returns>
    /// <exception cref="T:System.ArgumentException">The scales do not fit the shape.</exception>
    /// <example><code>
    /// let x = Tensor.ofSeq [ 0.0; 1.0 ] |> Tensor.reshape [ 1; 2; 1 ]
    /// x |> Upsample.linear Corners.Free [ 2.0 ] |> Tensor.flatten
    /// // => array([0, 0.25, 0.75, 1], dtype=float32)
    /// </code></example>
    let linear (corners: Corners) (scales: float list) (x: Tensor) : Tensor =
        x
        |> along scales (fun axis scale x ->
            let last = float32 (x.Dim axis - 1)

            let places =
                places corners scale (x.Dim axis) |> Array.map (fun p -> Math.Clamp(p, 0f, last))

            let before = places |> Array.map MathF.Floor
            let weights = Array.map2 (-) places before

            blend
                axis
                x
                [ before, weights |> Array.map (fun w -> 1f - w)
                  places |> Array.map MathF.Ceiling, weights ])
        |> rounded x

    /// <summary>Cubic interpolation (Keys, a = -0.75) along each axis: bicubic; elements beyond the
    /// border are those at the border.</summary>
    /// <returns>Shape (batch, scaled lengths..., channels).</returns>
    /// <exception cref="T:System.ArgumentException">The scales do not fit the shape.</exception>
    /// <example><code>
    /// let x = Tensor.ofSeq [ 0.0; 1.0 ] |> Tensor.reshape [ 1; 2; 1 ]
    /// x |> Upsample.cubic Corners.Aligned [ 2.0 ] |> Tensor.flatten
    /// // => array([0, 0.314815, 0.685185, 1], dtype=float32)
    /// </code></example>
    let cubic (corners: Corners) (scales: float list) (x: Tensor) : Tensor =
        let a = -0.75f

        let weight distance =
            let d = abs distance

            if d <= 1f then
                ((a + 2f) * d - (a + 3f)) * d * d + 1f
            else
                (((d - 5f) * d + 8f) * d - 4f) * a

        x
        |> along scales (fun axis scale x ->
            let places = places corners scale (x.Dim axis)
            let before = places |> Array.map MathF.Floor

            blend
                axis
                x
                [ for offset in -1f .. 2f ->
                      let indices = before |> Array.map (fun i -> i + offset)
                      indices, Array.map2 (fun p i -> weight (p - i)) places indices ])
        |> rounded x
