namespace Mlx

open System
open Mlx.Core

/// <summary>How a pooling window walks over the axes between batch and channels: a number for each
/// of them, so the length of the lists says how many there are.</summary>
type Pool =
    {
        /// The window.
        Kernel: int list
        /// Steps between windows.
        Stride: int list
        /// Padding at both ends.
        Padding: int list
    }

/// <summary>Pooling over windows of sequences, images and volumes, channels last.</summary>
[<RequireQualifiedAccess>]
module Pool =
    /// <summary>Windows side by side, no padding: as MLX has it when only a kernel is
    /// given.</summary>
    /// <example><code>
    /// { Pool.window [ 3; 3 ] with Padding = [ 1; 1 ] }.Stride
    /// // => [3; 3]
    /// </code></example>
    let window (kernel: int list) : Pool =
        { Kernel = kernel; Stride = kernel; Padding = List.map (fun _ -> 0) kernel }

    let private spatial what count (x: Tensor) =
        if x.NDim <> count + 2 || count < 1 then
            invalidArg
                what
                $"{count} axes between batch and channels do not fit the shape {Tensor.shape x}"

        (Tensor.shape x)[1..count]

    let private check (pool: Pool) (x: Tensor) =
        let count = pool.Kernel.Length

        if pool.Stride.Length <> count || pool.Padding.Length <> count then
            invalidArg
                (nameof pool)
                $"{pool.Kernel}, {pool.Stride} and {pool.Padding} differ in length"

        if
            List.exists (fun n -> n < 1) (pool.Kernel @ pool.Stride)
            || List.exists (fun n -> n < 0) pool.Padding
        then
            invalidArg
                (nameof pool)
                $"{pool.Kernel} and {pool.Stride} are at least 1, {pool.Padding} at least 0"

        let lengths = spatial (nameof pool) count x

        if List.exists2 (>) pool.Kernel (List.map2 (fun n p -> n + 2 * p) lengths pool.Padding) then
            invalidArg
                (nameof pool)
                $"the kernel {pool.Kernel} is larger than the padded input {Tensor.shape x}"

    let private pad value (pool: Pool) (x: Tensor) =
        if List.forall ((=) 0) pool.Padding then
            x
        else
            let axes = [| 1 .. pool.Padding.Length |]
            let widths = Array.ofList pool.Padding
            Ops.Pad(x, axes, widths, widths, Tensor.beside x value)

    /// The windows as axes of their own: (batch, places..., kernel..., channels).
    let private windows (pool: Pool) (x: Tensor) =
        let shape = x.Shape.ToArray()
        let count = pool.Kernel.Length
        let lengths = List.ofArray shape[1..count]

        if pool.Kernel = pool.Stride && List.forall2 (fun n k -> n % k = 0) lengths pool.Kernel then
            let split = List.map2 (fun n k -> [ n / k; k ]) lengths pool.Kernel
            let odd, even = [ 1..2 .. 2 * count ], [ 2..2 .. 2 * count ]

            x
            |> Tensor.reshape (shape[0] :: List.concat split @ [ shape[count + 1] ])
            |> Tensor.permute (0 :: odd @ even @ [ 2 * count + 1 ])
        else
            let steps = Array.scanBack (fun (n: int) step -> int64 n * step) shape 1L |> Array.tail
            let inner = steps[1..count]

            let places = List.map3 (fun n k s -> (n - k) / s + 1) lengths pool.Kernel pool.Stride

            let strides =
                [| steps[0]
                   yield! Array.map2 (fun step s -> step * int64 s) inner (Array.ofList pool.Stride)
                   yield! inner
                   steps[count + 1] |]

            let windowed = [| shape[0]; yield! places; yield! pool.Kernel; shape[count + 1] |]

            Ops.AsStrided(x, windowed, strides)

    let private kernelAxes (pool: Pool) = [ pool.Kernel.Length + 1 .. 2 * pool.Kernel.Length ]

    /// <summary>The maximum of each window of x (batch, lengths..., channels), padded with minus
    /// infinity (<c>mlx.nn.MaxPool1d</c>, <c>MaxPool2d</c>, <c>MaxPool3d</c>).</summary>
    /// <returns>Shape (batch, places..., channels), places = (length + 2 padding - kernel) / stride
    /// + 1.</returns>
    /// <exception cref="T:System.ArgumentException">The window does not fit the shape; integers are
    /// to be padded.</exception>
    /// <example><code>
    /// let image = Tensor.arange 16 |> Tensor.reshape [ 1; 4; 4; 1 ]
    /// image |> Pool.max (Pool.window [ 2; 2 ]) |> Tensor.reshape [ 2; 2 ]
    /// // => array([[5, 7], [13, 15]], dtype=int32)
    /// </code></example>
    let max (pool: Pool) (x: Tensor) : Tensor =
        check pool x

        if not (x.DType.IsFloating()) && List.exists ((<>) 0) pool.Padding then
            invalidArg (nameof x) $"padding is minus infinity, which {x.DType} does not have"

        x |> pad -infinity pool |> windows pool |> Tensor.maxAxes (kernelAxes pool)

    /// <summary>The mean of each window of x (batch, lengths..., channels), padded with zeros,
    /// which count (<c>mlx.nn.AvgPool1d</c>, <c>AvgPool2d</c>, <c>AvgPool3d</c>).</summary>
    /// <returns>Shape (batch, places..., channels), places = (length + 2 padding - kernel) / stride
    /// + 1.</returns>
    /// <exception cref="T:System.ArgumentException">The window does not fit the shape.</exception>
    /// <example><code>
    /// let image = Tensor.arange 16 |> Tensor.astype DType.Float32 |> Tensor.reshape [ 1; 4; 4; 1 ]
    /// image |> Pool.average (Pool.window [ 2; 2 ]) |> Tensor.reshape [ 2; 2 ]
    /// // => array([[2.5, 4.5], [10.5, 12.5]], dtype=float32)
    /// </code></example>
    let average (pool: Pool) (x: Tensor) : Tensor =
        check pool x
        x |> pad 0.0 pool |> windows pool |> Tensor.meanAxes (kernelAxes pool)

    let private adaptive (reduce: seq<int> -> Tensor -> Tensor) lengths (x: Tensor) =
        let before = spatial (nameof lengths) (List.length lengths) x

        if List.exists2 (fun n before -> n < 1 || before < 1) lengths before then
            invalidArg (nameof lengths) $"lengths are at least 1: {before} to {lengths}"

        (x, List.indexed lengths)
        ||> List.fold (fun x (i, n) ->
            let axis, length = i + 1, before[i]

            if length % n = 0 then
                x |> Tensor.unflatten axis [ n; length / n ] |> reduce [ axis + 1 ]
            else
                [ for place in 0 .. n - 1 ->
                      // From the floor of one end to the ceiling of the other: windows overlap.
                      x
                      |> Tensor.narrow
                          axis
                          (place * length / n)
                          (((place + 1) * length + n - 1) / n)
                      |> reduce [ axis ] ]
                |> Tensor.stack axis)

    /// <summary>The mean over windows laid so that x (batch, lengths..., channels) gets the lengths
    /// asked for; they overlap where those do not divide (PyTorch's
    /// <c>AdaptiveAvgPool</c>).</summary>
    /// <returns>Shape (batch, lengths asked for..., channels).</returns>
    /// <exception cref="T:System.ArgumentException">There are not as many lengths as axes between
    /// batch and channels, or one is below 1.</exception>
    /// <example><code>
    /// Tensor.ones [ 1; 7; 7; 512 ] |> Pool.adaptiveAverage [ 1; 1 ] |> Tensor.shape
    /// // => [1; 1; 1; 512]
    /// </code></example>
    let adaptiveAverage (lengths: int list) (x: Tensor) : Tensor =
        adaptive Tensor.meanAxes lengths x

    /// <summary>The maximum over the windows of <c>adaptiveAverage</c> (PyTorch's
    /// <c>AdaptiveMaxPool</c>).</summary>
    /// <returns>Shape (batch, lengths asked for..., channels).</returns>
    /// <exception cref="T:System.ArgumentException">As there.</exception>
    /// <example><code>
    /// Tensor.ofSeq [ 1.0; 5.0; 2.0; 4.0; 3.0 ]
    /// |> Tensor.reshape [ 1; 5; 1 ]
    /// |> Pool.adaptiveMax [ 2 ] // elements 0..2 and 2..4
    /// |> Tensor.flatten
    /// // => array([5, 4], dtype=float32)
    /// </code></example>
    let adaptiveMax (lengths: int list) (x: Tensor) : Tensor = adaptive Tensor.maxAxes lengths x
