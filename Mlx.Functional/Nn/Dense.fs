namespace Mlx

/// <summary>A linear map, plain or packed: what a model holds where its checkpoints may be
/// quantized. Both have the paths of the layer inside (<c>weight</c>, <c>scales</c>, ...), as
/// checkpoints name them.</summary>
[<RequireQualifiedAccess>]
type Dense =
    /// Numbers, which can be trained.
    | Plain of Linear
    /// Small integers, which are frozen.
    | Quantized of QuantizedLinear
    /// Numbers that stay as they are, and a correction of low rank to be trained.
    | Adapted of Adapted<Linear>
    /// Small integers, and a correction of low rank to be trained.
    | AdaptedQuantized of Adapted<QuantizedLinear>

/// <summary>Vectors by id, plain or packed.</summary>
[<RequireQualifiedAccess>]
type Lookup =
    /// Numbers, which can be trained.
    | Plain of Embedding
    /// Small integers, which are frozen.
    | Quantized of QuantizedEmbedding

/// <summary>Linear maps that may be quantized.</summary>
[<RequireQualifiedAccess>]
module Dense =
    /// <summary>A plain one, as <c>Linear.init</c> draws it.</summary>
    /// <example><code>let p = Dense.init 784 256 |> Random.run (Key.ofSeed 0)</code></example>
    let init (inputs: int) (outputs: int) : Random<Dense> =
        Linear.init inputs outputs |> Random.map Dense.Plain

    /// <summary>The same without a bias.</summary>
    /// <example><code>Dense.initNoBias 784 256</code></example>
    let initNoBias (inputs: int) (outputs: int) : Random<Dense> =
        Linear.initNoBias inputs outputs |> Random.map Dense.Plain

    /// <summary>The weight, of shape (out, in), as numbers, without its correction.</summary>
    /// <example><code>let weight (p: Dense) = Dense.weight p</code></example>
    let weight (p: Dense) : Tensor =
        match p with
        | Dense.Plain linear
        | Dense.Adapted { Base = linear } -> linear.Weight
        | Dense.Quantized packed
        | Dense.AdaptedQuantized { Base = packed } -> Tensor.dequantize packed.Matrix

    /// <summary>How many outputs and inputs there are.</summary>
    /// <example><code>let outputs, inputs = Dense.size p</code></example>
    let size (p: Dense) : int * int =
        match p with
        | Dense.Plain linear
        | Dense.Adapted { Base = linear } -> linear.Weight.Dim 0, linear.Weight.Dim 1
        | Dense.Quantized { Matrix = matrix }
        | Dense.AdaptedQuantized { Base = { Matrix = matrix } } ->
            matrix.Weight.Dim 0, matrix.Scales.Dim 1 * matrix.Packing.GroupSize

    let private correct product bias correction (p: Dense) (x: Tensor) : Tensor =
        let y = product |> LowRank.correct correction (lazy weight p) x

        match bias with
        | Some bias -> y + bias
        | None -> y

    /// <summary>x of shape (..., in) to (..., out).</summary>
    /// <exception cref="T:Mlx.Core.MlxException">x has another number of inputs.</exception>
    /// <example><code>x |> Dense.apply p</code></example>
    let apply (p: Dense) (x: Tensor) : Tensor =
        match p with
        | Dense.Plain linear -> Linear.apply linear x
        | Dense.Quantized packed -> QuantizedLinear.apply packed x
        | Dense.Adapted { Base = linear; Correction = correction } ->
            let product = x *@ Tensor.transpose linear.Weight
            x |> correct product linear.Bias correction p
        | Dense.AdaptedQuantized { Base = packed; Correction = correction } ->
            let product = x |> Tensor.quantizedMatmul packed.Matrix
            x |> correct product packed.Bias correction p

    /// <summary>Packed; one that is packed already stays as it is, and so does a
    /// correction.</summary>
    /// <exception cref="T:Mlx.Core.MlxException">The inputs are no multiple of the
    /// group.</exception>
    /// <example><code>p |> Dense.quantize Packing.affine</code></example>
    let quantize (packing: Packing) (p: Dense) : Dense =
        match p with
        | Dense.Plain linear -> Dense.Quantized(QuantizedLinear.ofLinear packing linear)
        | Dense.Adapted { Base = linear; Correction = correction } ->
            let packed = QuantizedLinear.ofLinear packing linear
            Dense.AdaptedQuantized { Base = packed; Correction = correction }
        | Dense.Quantized _
        | Dense.AdaptedQuantized _ -> p

    /// <summary>Numbers, which can be trained; a correction stays as it is.</summary>
    /// <example><code>p |> Dense.dequantize</code></example>
    let dequantize (p: Dense) : Dense =
        match p with
        | Dense.Plain _
        | Dense.Adapted _ -> p
        | Dense.Quantized packed -> Dense.Plain(QuantizedLinear.dequantize packed)
        | Dense.AdaptedQuantized { Base = packed; Correction = correction } ->
            let linear = QuantizedLinear.dequantize packed
            Dense.Adapted { Base = linear; Correction = correction }

    /// <summary>The same with a correction beside it, in place of one that it has.</summary>
    /// <example><code>
    /// let outputs, inputs = Dense.size p
    /// let correction = LowRank.init 8 20.0 inputs outputs |> Random.run (Key.ofSeed 0)
    /// let adapted = p |> Dense.adapt correction
    /// </code></example>
    let adapt (correction: LowRank) (p: Dense) : Dense =
        match p with
        | Dense.Plain linear
        | Dense.Adapted { Base = linear } ->
            Dense.Adapted { Base = linear; Correction = correction }
        | Dense.Quantized packed
        | Dense.AdaptedQuantized { Base = packed } ->
            Dense.AdaptedQuantized { Base = packed; Correction = correction }

    /// <summary>The correction worked into the weight, which is packed again where it was
    /// packed.</summary>
    /// <example><code>p |> Dense.merge</code></example>
    let merge (p: Dense) : Dense =
        match p with
        | Dense.Plain _
        | Dense.Quantized _ -> p
        | Dense.Adapted { Base = linear; Correction = correction } ->
            Dense.Plain { linear with Weight = linear.Weight |> LowRank.merge correction }
        | Dense.AdaptedQuantized { Base = packed; Correction = correction } ->
            let weight = Tensor.dequantize packed.Matrix |> LowRank.merge correction
            let matrix = weight |> Tensor.quantize packed.Matrix.Packing
            Dense.Quantized { packed with Matrix = matrix }

/// <summary>Embeddings that may be quantized.</summary>
[<RequireQualifiedAccess>]
module Lookup =
    /// <summary>A plain one, as <c>Embedding.init</c> draws it.</summary>
    /// <example><code>let p = Lookup.init 32_000 512 |> Random.run (Key.ofSeed 0)</code></example>
    let init (ids: int) (size: int) : Random<Lookup> =
        Embedding.init ids size |> Random.map Lookup.Plain

    /// <summary>Integer ids of shape (...) to vectors (..., size).</summary>
    /// <example><code>x |> Lookup.apply p</code></example>
    let apply (p: Lookup) (ids: Tensor) : Tensor =
        match p with
        | Lookup.Plain embedding -> Embedding.apply embedding ids
        | Lookup.Quantized packed -> QuantizedEmbedding.apply packed ids

    /// <summary>The same weights as a linear map, (..., size) to (..., ids): a tied output
    /// layer.</summary>
    /// <exception cref="T:Mlx.Core.MlxException">x has vectors of another size.</exception>
    /// <example><code>x |> Lookup.asLinear p</code></example>
    let asLinear (p: Lookup) (x: Tensor) : Tensor =
        match p with
        | Lookup.Plain embedding -> Embedding.asLinear embedding x
        | Lookup.Quantized packed -> QuantizedEmbedding.asLinear packed x

    /// <summary>Packed; one that is packed already stays as it is.</summary>
    /// <exception cref="T:Mlx.Core.MlxException">The size is no multiple of the
    /// group.</exception>
    /// <example><code>p |> Lookup.quantize Packing.affine</code></example>
    let quantize (packing: Packing) (p: Lookup) : Lookup =
        match p with
        | Lookup.Plain embedding ->
            Lookup.Quantized(QuantizedEmbedding.ofEmbedding packing embedding)
        | Lookup.Quantized _ -> p

    /// <summary>Numbers, which can be trained.</summary>
    /// <example><code>p |> Lookup.dequantize</code></example>
    let dequantize (p: Lookup) : Lookup =
        match p with
        | Lookup.Plain _ -> p
        | Lookup.Quantized packed -> Lookup.Plain(QuantizedEmbedding.dequantize packed)

/// <summary>Quantizing whole models.</summary>
[<AutoOpen>]
module NnQuantize =
    /// <summary>Layers without parameters, and whole models.</summary>
    [<RequireQualifiedAccess>]
    module Nn =
        /// <summary>Each <c>Dense</c> and <c>Lookup</c> of a model with the packing that its path
        /// gets, or as it is where it gets none, is packed already, or has rows that do not fall
        /// into groups (<c>mlx.nn.quantize</c> with a predicate that answers parameters).</summary>
        /// <example><code>
        /// let eight = { Packing.affine with Bits = 8 }
        /// let packing (path: string) = if path.StartsWith "head" then eight else Packing.affine
        /// let small = model |> Nn.quantizeBy (packing >> Some)
        /// </code></example>
        let quantizeBy (packing: string -> Packing option) (model: 'T) : 'T =
            let at path (weight: Tensor) =
                packing path |> Option.filter (fun p -> weight.Dim -1 % p.GroupSize = 0)

            model
            |> Tree.mapNodes (fun path p ->
                match p with
                | Dense.Plain { Weight = weight }
                | Dense.Adapted { Base = { Weight = weight } } ->
                    at path weight |> Option.fold (fun p it -> Dense.quantize it p) p
                | Dense.Quantized _
                | Dense.AdaptedQuantized _ -> p)
            |> Tree.mapNodes (fun path p ->
                match p with
                | Lookup.Plain embedding ->
                    at path embedding.Weight |> Option.fold (fun p it -> Lookup.quantize it p) p
                | Lookup.Quantized _ -> p)

        /// <summary>The same with one packing, for the paths chosen (<c>mlx.nn.quantize</c>). A
        /// model made to fit a quantized checkpoint is quantized where that has scales.</summary>
        /// <example><code>
        /// let entries = Tensor.loadAll "model.safetensors"
        /// let isPacked path = entries.ContainsKey(path + ".scales")
        /// let model = model |> Nn.quantize Packing.affine isPacked |> Tree.ofNamed entries
        /// </code></example>
        let quantize (packing: Packing) (choose: string -> bool) (model: 'T) : 'T =
            model |> quantizeBy (fun path -> if choose path then Some packing else None)

        /// <summary>Each packed <c>Dense</c> and <c>Lookup</c> of a model as numbers, which can be
        /// trained.</summary>
        /// <example><code>let trainable = Nn.dequantize model</code></example>
        let dequantize (model: 'T) : 'T =
            model
            |> Tree.mapNodes (fun _ p -> Dense.dequantize p)
            |> Tree.mapNodes (fun _ p -> Lookup.dequantize p)
