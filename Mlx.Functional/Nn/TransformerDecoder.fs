namespace Mlx

/// <summary>Attention of a sequence to itself, then to a memory, then two linear maps, each added
/// to what came in.</summary>
type TransformerDecoderLayer =
    {
        /// Of the sequence to itself.
        SelfAttention: Attention
        /// Of the sequence to the memory.
        CrossAttention: Attention
        /// For attention to itself.
        Ln1: LayerNorm
        /// For attention to the memory.
        Ln2: LayerNorm
        /// For the linear maps.
        Ln3: LayerNorm
        /// (..., size) to (..., mlp size).
        Linear1: Dense
        /// (..., mlp size) to (..., size).
        Linear2: Dense
    }

/// <summary>Decoder layers one after the other, then a norm.</summary>
type TransformerDecoder =
    {
        /// From the input on.
        Layers: TransformerDecoderLayer list
        /// After the last layer.
        Ln: LayerNorm
    }

/// <summary>A decoder layer (<c>mlx.nn.TransformerDecoderLayer</c>).</summary>
[<RequireQualifiedAccess>]
module TransformerDecoderLayer =
    /// <summary>Attention as <c>Attention.init</c>, linear maps as <c>Linear.init</c>.</summary>
    /// <exception cref="T:System.ArgumentException">Heads do not divide the size.</exception>
    /// <example><code>
    /// let p = TransformerDecoderLayer.init (Attention.heads 4) 16 64 |> Random.run (Key.ofSeed 0)
    /// Tree.size p // elements
    /// // => 4272L
    /// </code></example>
    let init (heads: Heads) (size: int) (mlpSize: int) : Random<TransformerDecoderLayer> =
        random {
            let! self = Attention.init heads size
            let! cross = Attention.init heads size
            let! norms = Random.replicate 3 (LayerNorm.init size)
            let! linear1 = Dense.init size mlpSize
            let! linear2 = Dense.init mlpSize size

            return
                { SelfAttention = self
                  CrossAttention = cross
                  Ln1 = norms[0]
                  Ln2 = norms[1]
                  Ln3 = norms[2]
                  Linear1 = linear1
                  Linear2 = linear2 }
        }

    let internal run
        config
        mask
        memoryMask
        (p: TransformerDecoderLayer)
        memory
        (drops: (Tensor -> Tensor) list)
        x
        =
        let toMemory = Attention.applyTo config.Heads memoryMask p.CrossAttention memory memory

        x
        |> Residual.add config p.Ln1 drops[0] (Attention.apply config.Heads mask p.SelfAttention)
        |> Residual.add config p.Ln2 drops[1] toMemory
        |> Residual.add config p.Ln3 id (Residual.perceptron config p.Linear1 p.Linear2 drops[2])

    /// <summary>x of shape (batch, length, size), and a memory (batch, memory length, size), to the
    /// shape of x.</summary>
    /// <example><code>
    /// let heads = Attention.heads 4
    /// let p = TransformerDecoderLayer.init heads 16 64 |> Random.run (Key.ofSeed 0)
    /// let config, memory = Transformer.config heads, Tensor.ones [ 2; 7; 16 ]
    /// Tensor.ones [ 2; 5; 16 ]
    /// |> TransformerDecoderLayer.apply config Mask.Causal Mask.Full p memory
    /// |> Tensor.shape
    /// // => [2; 5; 16]
    /// </code></example>
    let apply
        (config: TransformerConfig)
        (mask: Mask)
        (memoryMask: Mask)
        (p: TransformerDecoderLayer)
        (memory: Tensor)
        (x: Tensor)
        : Tensor =
        run config mask memoryMask p memory (Residual.none 3) x

    /// <summary>The same in training: both attentions and what is between the linear maps
    /// drop.</summary>
    /// <returns>The shape of x, (batch, length, size).</returns>
    /// <example><code>
    /// let heads = Attention.heads 4
    /// let p = TransformerDecoderLayer.init heads 16 64 |> Random.run (Key.ofSeed 0)
    /// let config = { Transformer.config heads with Dropout = 0.1 }
    /// let x, memory = Tensor.ones [ 2; 5; 16 ], Tensor.ones [ 2; 7; 16 ]
    /// x
    /// |> TransformerDecoderLayer.train config Mask.Causal Mask.Full p memory
    /// |> Random.run (Key.ofSeed 1)
    /// |> Tensor.shape
    /// // => [2; 5; 16]
    /// </code></example>
    let train
        (config: TransformerConfig)
        (mask: Mask)
        (memoryMask: Mask)
        (p: TransformerDecoderLayer)
        (memory: Tensor)
        (x: Tensor)
        : Random<Tensor> =
        Residual.drawn 3 config
        |> Random.map (fun drops -> run config mask memoryMask p memory drops x)

/// <summary>A stack of decoder layers (<c>mlx.nn.TransformerDecoder</c>).</summary>
[<RequireQualifiedAccess>]
module TransformerDecoder =
    /// <summary>So many layers, each drawn for itself.</summary>
    /// <exception cref="T:System.ArgumentException">Heads do not divide the size.</exception>
    /// <example><code>
    /// let p = TransformerDecoder.init 2 (Attention.heads 4) 16 64 |> Random.run (Key.ofSeed 0)
    /// p.Layers.Length, Tree.size p // layers, elements
    /// // => (2, 8576L)
    /// </code></example>
    let init (layers: int) (heads: Heads) (size: int) (mlpSize: int) : Random<TransformerDecoder> =
        random {
            let! layers = Random.replicate layers (TransformerDecoderLayer.init heads size mlpSize)
            let! ln = LayerNorm.init size
            return { Layers = layers; Ln = ln }
        }

    let internal run config mask memoryMask (p: TransformerDecoder) memory drops x =
        x
        |> Residual.through p.Layers drops p.Ln (fun layer ->
            TransformerDecoderLayer.run config mask memoryMask layer memory)

    let internal drawn config (p: TransformerDecoder) =
        Random.replicate p.Layers.Length (Residual.drawn 3 config)

    /// <summary>x of shape (batch, length, size), and a memory (batch, memory length, size), to the
    /// shape of x.</summary>
    /// <example><code>
    /// let heads = Attention.heads 4
    /// let p = TransformerDecoder.init 2 heads 16 64 |> Random.run (Key.ofSeed 0)
    /// let config, memory = Transformer.config heads, Tensor.ones [ 2; 7; 16 ]
    /// Tensor.ones [ 2; 5; 16 ]
    /// |> TransformerDecoder.apply config Mask.Causal Mask.Full p memory
    /// |> Tensor.shape
    /// // => [2; 5; 16]
    /// </code></example>
    let apply
        (config: TransformerConfig)
        (mask: Mask)
        (memoryMask: Mask)
        (p: TransformerDecoder)
        (memory: Tensor)
        (x: Tensor)
        : Tensor =
        run config mask memoryMask p memory [ for _ in p.Layers -> Residual.none 3 ] x

    /// <summary>The same in training, with dropping.</summary>
    /// <returns>The shape of x, (batch, length, size).</returns>
    /// <example><code>
    /// let heads = Attention.heads 8
    /// let! decoder = TransformerDecoder.init 2 heads 64 256
    /// let config = { Transformer.config heads with Dropout = 0.1 }
    /// let! y = x |> TransformerDecoder.train config Mask.Causal Mask.Full decoder source
    /// </code></example>
    let train
        (config: TransformerConfig)
        (mask: Mask)
        (memoryMask: Mask)
        (p: TransformerDecoder)
        (memory: Tensor)
        (x: Tensor)
        : Random<Tensor> =
        drawn config p |> Random.map (fun drops -> run config mask memoryMask p memory drops x)
