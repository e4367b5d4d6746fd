namespace Mlx

open System

/// <summary>A linear map whose weight is packed into small integers or floats. It is frozen:
/// gradients go through it to its input, scales, biases and bias, but the codes have
/// none.</summary>
type QuantizedLinear =
    {
        /// The weight (out, in), packed. Its parts have the paths <c>weight</c>, <c>scales</c> and
        /// <c>biases</c>, as in checkpoints.
        [<TreeName "">]
        Matrix: Packed
        /// Added to the product, shape (out).
        Bias: Tensor option
    }

/// <summary>Vectors by id, packed into small integers or floats.</summary>
type QuantizedEmbedding =
    {
        /// The vectors (ids, size), packed. Its parts have the paths <c>weight</c>, <c>scales</c>
        /// and <c>biases</c>, as in checkpoints.
        [<TreeName "">]
        Matrix: Packed
    }

/// <summary>y = x Wᵀ + b with a packed W (<c>mlx.nn.QuantizedLinear</c>).</summary>
[<RequireQualifiedAccess>]
module QuantizedLinear =
    /// <summary>A linear map packed; its bias stays as it is.</summary>
    /// <exception cref="T:Mlx.Core.MlxException">The inputs are no multiple of the group, or the
    /// mode has no such groups or bits.</exception>
    /// <example><code>
    /// let packed = layer |> QuantizedLinear.ofLinear { Packing.affine with Bits = 8 }
    /// </code></example>
    let ofLinear (packing: Packing) (p: Linear) : QuantizedLinear =
        { Matrix = Tensor.quantize packing p.Weight; Bias = p.Bias }

    /// <summary>A weight uniform within 1 / sqrt inputs, packed, and a bias of 0, as in
    /// MLX.</summary>
    /// <exception cref="T:Mlx.Core.MlxException">The inputs are no multiple of the
    /// group.</exception>
    /// <example><code>QuantizedLinear.init Packing.affine 512 256</code></example>
    let init (packing: Packing) (inputs: int) (outputs: int) : Random<QuantizedLinear> =
        let bound = Math.Sqrt(1.0 / float inputs)

        Random.uniformIn -bound bound [ outputs; inputs ]
        |> Random.map (fun weight ->
            ofLinear packing { Weight = weight; Bias = Some(Tensor.zeros [ outputs ]) })

    /// <summary>The same without a bias.</summary>
    /// <exception cref="T:Mlx.Core.MlxException">The inputs are no multiple of the
    /// group.</exception>
    /// <example><code>QuantizedLinear.initNoBias Packing.mxfp4 512 256</code></example>
    let initNoBias (packing: Packing) (inputs: int) (outputs: int) : Random<QuantizedLinear> =
        init packing inputs outputs |> Random.map (fun p -> { p with Bias = None })

    /// <summary>x of shape (..., in) to (..., out).</summary>
    /// <exception cref="T:Mlx.Core.MlxException">x has another number of inputs.</exception>
    /// <example><code>x |> QuantizedLinear.apply p</code></example>
    let apply (p: QuantizedLinear) (x: Tensor) : Tensor =
        let y = x |> Tensor.quantizedMatmul p.Matrix

        match p.Bias with
        | Some bias -> y + bias
        | None -> y

    /// <summary>The numbers that the codes stand for, as a linear map that can be
    /// trained.</summary>
    /// <example><code>let layer = QuantizedLinear.dequantize p</code></example>
    let dequantize (p: QuantizedLinear) : Linear =
        { Weight = Tensor.dequantize p.Matrix; Bias = p.Bias }

/// <summary>Looking up packed vectors by id (<c>mlx.nn.QuantizedEmbedding</c>).</summary>
[<RequireQualifiedAccess>]
module QuantizedEmbedding =
    /// <summary>An embedding packed.</summary>
    /// <exception cref="T:Mlx.Core.MlxException">The size is no multiple of the group, or the mode
    /// has no such groups or bits.</exception>
    /// <example><code>
    /// let packed = layer |> QuantizedEmbedding.ofEmbedding Packing.affine
    /// </code></example>
    let ofEmbedding (packing: Packing) (p: Embedding) : QuantizedEmbedding =
        { Matrix = Tensor.quantize packing p.Weight }

    /// <summary>Normal with deviation 1 / sqrt size, packed, as in MLX.</summary>
    /// <exception cref="T:Mlx.Core.MlxException">The size is no multiple of the group.</exception>
    /// <example><code>QuantizedEmbedding.init Packing.affine 32_000 512</code></example>
    let init (packing: Packing) (ids: int) (size: int) : Random<QuantizedEmbedding> =
        Embedding.init ids size |> Random.map (ofEmbedding packing)

    /// <summary>Integer ids of shape (...) to vectors (..., size).</summary>
    /// <example><code>x |> QuantizedEmbedding.apply p</code></example>
    let apply (p: QuantizedEmbedding) (ids: Tensor) : Tensor =
        let pick = Tensor.take 0 ids

        Tensor.dequantize
            { p.Matrix with
                Weight = pick p.Matrix.Weight
                Scales = pick p.Matrix.Scales
                Biases = Option.map pick p.Matrix.Biases }

    /// <summary>The same weights as a linear map, (..., size) to (..., ids): a tied output
    /// layer.</summary>
    /// <exception cref="T:Mlx.Core.MlxException">x has vectors of another size.</exception>
    /// <example><code>x |> QuantizedEmbedding.asLinear p</code></example>
    let asLinear (p: QuantizedEmbedding) (x: Tensor) : Tensor = x |> Tensor.quantizedMatmul p.Matrix

    /// <summary>The numbers that the codes stand for, as an embedding that can be
    /// trained.</summary>
    /// <example><code>let embedding = QuantizedEmbedding.dequantize p</code></example>
    let dequantize (p: QuantizedEmbedding) : Embedding = { Weight = Tensor.dequantize p.Matrix }

/// <summary>A linear map without bias of which weight and input are both packed when they meet
/// (<c>mlx.nn.QQLinear</c>): fast where there is hardware for small floats. In training use
/// <c>Linear</c>, and pack its weight afterwards.</summary>
[<RequireQualifiedAccess>]
module QQLinear =
    /// <summary>x of shape (..., in) to (..., out) by a packed weight, at inference. The packing is
    /// <c>nvfp4</c> or <c>mxfp8</c>.</summary>
    /// <exception cref="T:Mlx.Core.MlxException">Another packing, or another number of
    /// inputs.</exception>
    /// <example><code>
    /// let packed = Tensor.quantize Packing.nvfp4 w
    /// x |> QQLinear.apply packed
    /// </code></example>
    let apply (matrix: Packed) (x: Tensor) : Tensor = x |> Tensor.qqmm matrix
