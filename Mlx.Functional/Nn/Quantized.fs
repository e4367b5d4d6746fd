namespace Mlx

open System
open Mlx.Core

/// <summary>What small integers and their scales stand for.</summary>
[<RequireQualifiedAccess>]
type QuantizationMode =
    /// scale q + bias for neighbours in groups of 32, 64 or 128 that share both, with 2, 3, 4, 5, 6
    /// or 8 bits a number.
    | Affine of groupSize: int * bits: int
    /// 4-bit floats in groups of 32 that share a power of two (OCP microscaling).
    | MxFp4
    /// 8-bit floats in groups of 32 that share a power of two (OCP microscaling).
    | MxFp8
    /// 4-bit floats in groups of 16 that share an 8-bit float.
    | NvFp4

    /// <summary>How many neighbours share a scale.</summary>
    member m.GroupSize =
        match m with
        | Affine(groupSize, _) -> groupSize
        | MxFp4
        | MxFp8 -> 32
        | NvFp4 -> 16

    /// <summary>Bits a number.</summary>
    member m.Bits =
        match m with
        | Affine(_, bits) -> bits
        | MxFp8 -> 8
        | MxFp4
        | NvFp4 -> 4

    /// <summary>MLX's name: affine, mxfp4, mxfp8, nvfp4.</summary>
    member m.Name =
        match m with
        | Affine _ -> "affine"
        | MxFp4 -> "mxfp4"
        | MxFp8 -> "mxfp8"
        | NvFp4 -> "nvfp4"

    /// <summary>Groups of 64 with 4 bits, MLX's default.</summary>
    static member Default = Affine(64, 4)

    /// <summary>By MLX's name, as a checkpoint's configuration has it.</summary>
    /// <exception cref="T:System.ArgumentException">There is no such mode, or it does not have this
    /// group size or these bits.</exception>
    /// <example><code>QuantizationMode.Parse("affine", 64, 4)</code></example>
    static member Parse(name: string, groupSize: int, bits: int) : QuantizationMode =
        let mode =
            match name with
            | "affine" -> Affine(groupSize, bits)
            | "mxfp4" -> MxFp4
            | "mxfp8" -> MxFp8
            | "nvfp4" -> NvFp4
            | _ -> invalidArg (nameof name) $"affine, mxfp4, mxfp8 or nvfp4, not '{name}'"

        if mode.GroupSize <> groupSize || mode.Bits <> bits then
            invalidArg
                (nameof groupSize)
                $"{name} has groups of {mode.GroupSize} with {mode.Bits} bits, not {groupSize} with {bits}"

        mode

/// <summary>A linear map whose weight is packed into small integers. It is frozen: gradients go
/// through it to its input, scales, biases and bias, but the integers have none.</summary>
type QuantizedLinear =
    {
        /// The integers, uint32 of shape (out, in bits / 32), low bits first.
        Weight: Tensor
        /// Shape (out, in / group).
        Scales: Tensor
        /// What the integer 0 stands for, shape (out, in / group); affine mode only.
        Biases: Tensor option
        /// Added to the product, shape (out).
        Bias: Tensor option
        /// What the integers mean.
        Mode: QuantizationMode
    }

/// <summary>Vectors by id, packed into small integers.</summary>
type QuantizedEmbedding =
    {
        /// The integers, uint32 of shape (ids, size bits / 32), low bits first.
        Weight: Tensor
        /// Shape (ids, size / group).
        Scales: Tensor
        /// What the integer 0 stands for, shape (ids, size / group); affine mode only.
        Biases: Tensor option
        /// What the integers mean.
        Mode: QuantizationMode
    }

/// What both packed layers share.
module internal Packed =
    let private groupSizes = [ 32; 64; 128 ]
    let private bitWidths = [ 2; 3; 4; 5; 6; 8 ]

    let fits (mode: QuantizationMode) (weight: Tensor) =
        weight.NDim = 2 && weight.Dim 1 % mode.GroupSize = 0

    let pack (mode: QuantizationMode) (weight: Tensor) =
        match mode with
        | QuantizationMode.Affine(groupSize, bits) when
            not (List.contains groupSize groupSizes && List.contains bits bitWidths)
            ->
            invalidArg
                (nameof mode)
                $"groups of 32, 64 or 128 with 2 to 6 or 8 bits, not {groupSize} with {bits}"
        | _ -> ()

        if not (fits mode weight) then
            invalidArg
                (nameof weight)
                $"a matrix whose rows fall into groups of {mode.GroupSize}, not {Tensor.shape weight}"

        let struct (weight, scales, biases) =
            Ops.Quantize(weight, Nullable mode.GroupSize, Nullable mode.Bits, mode.Name)

        struct (weight, scales, Option.ofObj biases)

    let product (mode: QuantizationMode) weight scales (biases: Tensor option) (x: Tensor) =
        Ops.QuantizedMatmul(
            x,
            weight,
            scales,
            Option.toObj biases,
            true,
            Nullable mode.GroupSize,
            Nullable mode.Bits,
            mode.Name
        )

    let numbers (mode: QuantizationMode) weight scales (biases: Tensor option) =
        Ops.Dequantize(
            weight,
            scales,
            Option.toObj biases,
            Nullable mode.GroupSize,
            Nullable mode.Bits,
            mode.Name
        )

/// <summary>y = x Wᵀ + b with a packed W (<c>mlx.nn.QuantizedLinear</c>).</summary>
[<RequireQualifiedAccess>]
module QuantizedLinear =
    /// <summary>A linear map packed; its bias stays as it is.</summary>
    /// <exception cref="T:System.ArgumentException">The inputs are no multiple of the group, or the
    /// mode has no such groups or bits.</exception>
    /// <example><code>
    /// let packed = layer |> QuantizedLinear.ofLinear (QuantizationMode.Affine(64, 4))
    /// </code></example>
    let ofLinear (mode: QuantizationMode) (p: Linear) : QuantizedLinear =
        let struct (weight, scales, biases) = Packed.pack mode p.Weight

        { Weight = weight
          Scales = scales
          Biases = biases
          Bias = p.Bias
          Mode = mode }

    /// <summary>A weight uniform within 1 / sqrt inputs, packed, and a bias of 0, as in MLX.</summary>
    /// <exception cref="T:System.ArgumentException">The inputs are no multiple of the
    /// group.</exception>
    /// <example><code>QuantizedLinear.init QuantizationMode.Default 512 256</code></example>
    let init (mode: QuantizationMode) (inputs: int) (outputs: int) : Random<QuantizedLinear> =
        let bound = Math.Sqrt(1.0 / float inputs)

        Random.uniformIn -bound bound [ outputs; inputs ]
        |> Random.map (fun weight ->
            ofLinear mode { Weight = weight; Bias = Some(Tensor.zeros [ outputs ]) })

    /// <summary>The same without a bias.</summary>
    /// <exception cref="T:System.ArgumentException">The inputs are no multiple of the
    /// group.</exception>
    /// <example><code>QuantizedLinear.initNoBias QuantizationMode.MxFp4 512 256</code></example>
    let initNoBias (mode: QuantizationMode) (inputs: int) (outputs: int) : Random<QuantizedLinear> =
        init mode inputs outputs |> Random.map (fun p -> { p with Bias = None })

    /// <summary>x of shape (..., in) to (..., out).</summary>
    /// <exception cref="T:Mlx.Core.MlxException">x has another number of inputs.</exception>
    /// <example><code>x |> QuantizedLinear.apply packed</code></example>
    let apply (p: QuantizedLinear) (x: Tensor) : Tensor =
        let y = x |> Packed.product p.Mode p.Weight p.Scales p.Biases

        match p.Bias with
        | Some bias -> y + bias
        | None -> y

    /// <summary>The numbers that the integers stand for, as a linear map that can be
    /// trained.</summary>
    /// <example><code>let layer = QuantizedLinear.dequantize packed</code></example>
    let dequantize (p: QuantizedLinear) : Linear =
        { Weight = Packed.numbers p.Mode p.Weight p.Scales p.Biases; Bias = p.Bias }

/// <summary>Looking up packed vectors by id (<c>mlx.nn.QuantizedEmbedding</c>).</summary>
[<RequireQualifiedAccess>]
module QuantizedEmbedding =
    /// <summary>An embedding packed.</summary>
    /// <exception cref="T:System.ArgumentException">The size is no multiple of the group, or the
    /// mode has no such groups or bits.</exception>
    /// <example><code>
    /// let packed = embedding |> QuantizedEmbedding.ofEmbedding (QuantizationMode.Affine(32, 8))
    /// </code></example>
    let ofEmbedding (mode: QuantizationMode) (p: Embedding) : QuantizedEmbedding =
        let struct (weight, scales, biases) = Packed.pack mode p.Weight
        { Weight = weight; Scales = scales; Biases = biases; Mode = mode }

    /// <summary>Normal with deviation 1 / sqrt size, packed, as in MLX.</summary>
    /// <exception cref="T:System.ArgumentException">The size is no multiple of the
    /// group.</exception>
    /// <example><code>QuantizedEmbedding.init QuantizationMode.Default 32_000 512</code></example>
    let init (mode: QuantizationMode) (ids: int) (size: int) : Random<QuantizedEmbedding> =
        Embedding.init ids size |> Random.map (ofEmbedding mode)

    /// <summary>Integer ids of shape (...) to vectors (..., size).</summary>
    /// <example><code>ids |> QuantizedEmbedding.apply packed</code></example>
    let apply (p: QuantizedEmbedding) (ids: Tensor) : Tensor =
        let pick = Tensor.take 0 ids
        Packed.numbers p.Mode (pick p.Weight) (pick p.Scales) (Option.map pick p.Biases)

    /// <summary>The same weights as a linear map, (..., size) to (..., ids): a tied output
    /// layer.</summary>
    /// <exception cref="T:Mlx.Core.MlxException">x has vectors of another size.</exception>
    /// <example><code>hidden |> QuantizedEmbedding.asLinear packed</code></example>
    let asLinear (p: QuantizedEmbedding) (x: Tensor) : Tensor =
        x |> Packed.product p.Mode p.Weight p.Scales p.Biases

    /// <summary>The numbers that the integers stand for, as an embedding that can be
    /// trained.</summary>
    /// <example><code>let embedding = QuantizedEmbedding.dequantize packed</code></example>
    let dequantize (p: QuantizedEmbedding) : Embedding =
        { Weight = Packed.numbers p.Mode p.Weight p.Scales p.Biases }
