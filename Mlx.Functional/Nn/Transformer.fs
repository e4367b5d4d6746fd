namespace Mlx

/// <summary>An encoder, and a decoder whose memory is what the encoder gives.</summary>
type Transformer =
    {
        /// Of the source.
        Encoder: TransformerEncoder
        /// Of the target.
        Decoder: TransformerDecoder
    }

/// <summary>The masks of a whole transformer.</summary>
type TransformerMasks =
    {
        /// Source to source.
        Source: Mask
        /// Target to target.
        Target: Mask
        /// Target to memory.
        Memory: Mask
    }

/// <summary>Encoder and decoder (<c>mlx.nn.Transformer</c>;
/// <see href="https://arxiv.org/abs/1706.03762">Attention Is All You Need</see>).</summary>
[<RequireQualifiedAccess>]
module Transformer =
    /// <summary>relu, norms first and no dropping, as in MLX.</summary>
    /// <example><code>
    /// let config = Transformer.config (Attention.heads 8)
    /// { config with Activation = Nn.gelu; Dropout = 0.1 }.NormFirst
    /// // => true
    /// </code></example>
    let config (heads: Heads) : TransformerConfig =
        { Heads = heads; Activation = Nn.relu; NormFirst = true; Dropout = 0.0 }

    /// <summary>The target sees what came before; the source and the memory are seen
    /// whole.</summary>
    let causal: TransformerMasks =
        { Source = Mask.Full; Target = Mask.Causal; Memory = Mask.Full }

    /// <summary>As many layers of the encoder, then of the decoder.</summary>
    /// <exception cref="T:System.ArgumentException">Heads do not divide the size.</exception>
    /// <example><code>
    /// let p = Transformer.init 6 6 (Attention.heads 8) 512 2048 |> Random.run (Key.ofSeed 0)
    /// Tree.size p // elements: the base model of the paper, without its embedding
    /// // => 44103680L
    /// </code></example>
    let init
        (encoderLayers: int)
        (decoderLayers: int)
        (heads: Heads)
        (size: int)
        (mlpSize: int)
        : Random<Transformer> =
        random {
            let! encoder = TransformerEncoder.init encoderLayers heads size mlpSize
            let! decoder = TransformerDecoder.init decoderLayers heads size mlpSize
            return { Encoder = encoder; Decoder = decoder }
        }

    /// <summary>A source (batch, source length, size) and a target (batch, length, size) to the
    /// shape of the target.</summary>
    /// <example><code>
    /// let heads = Attention.heads 4
    /// let p = Transformer.init 2 2 heads 16 64 |> Random.run (Key.ofSeed 0)
    /// let source, target = Tensor.ones [ 2; 7; 16 ], Tensor.ones [ 2; 5; 16 ]
    /// target
    /// |> Transformer.apply (Transformer.config heads) Transformer.causal p source
    /// |> Tensor.shape
    /// // => [2; 5; 16]
    /// </code></example>
    let apply
        (config: TransformerConfig)
        (masks: TransformerMasks)
        (p: Transformer)
        (source: Tensor)
        (target: Tensor)
        : Tensor =
        let memory = source |> TransformerEncoder.apply config masks.Source p.Encoder
        target |> TransformerDecoder.apply config masks.Target masks.Memory p.Decoder memory

    /// <summary>The same in training, with dropping.</summary>
    /// <returns>The shape of the target, (batch, length, size).</returns>
    /// <example><code>
    /// let heads = Attention.heads 8
    /// let! p = Transformer.init 2 2 heads 64 256
    /// let config = { Transformer.config heads with Dropout = 0.1 }
    /// let! y = target |> Transformer.train config Transformer.causal p source
    /// </code></example>
    let train
        (config: TransformerConfig)
        (masks: TransformerMasks)
        (p: Transformer)
        (source: Tensor)
        (target: Tensor)
        : Random<Tensor> =
        random {
            let! memory = source |> TransformerEncoder.train config masks.Source p.Encoder

            return!
                target |> TransformerDecoder.train config masks.Target masks.Memory p.Decoder memory
        }
