namespace Mlx

/// <summary>How the layers of a transformer compute. Nothing in it is learnt.</summary>
[<NoEquality; NoComparison>]
type TransformerConfig =
    {
        /// How features fall into heads.
        Heads: Heads
        /// Between the two linear maps of a layer.
        Activation: Tensor -> Tensor
        /// Norms before attention and linear maps, not after.
        NormFirst: bool
        /// The probability of dropping, in training only.
        Dropout: float
    }

/// <summary>Attention of a sequence to itself, then two linear maps, each added to what came
/// in.</summary>
type TransformerEncoderLayer =
    {
        /// Of the sequence to itself.
        Attention: Attention
        /// For attention.
        Ln1: LayerNorm
        /// For the linear maps.
        Ln2: LayerNorm
        /// (..., size) to (..., mlp size).
        Linear1: Dense
        /// (..., mlp size) to (..., size).
        Linear2: Dense
    }

/// <summary>Encoder layers one after the other, then a norm.</summary>
type TransformerEncoder =
    {
        /// From the input on.
        Layers: TransformerEncoderLayer list
        /// After the last layer.
        Ln: LayerNorm
    }

/// The sums of a residual layer, written once for training and inference: `drops` holds what drops,
/// drawn before, or nothing that does.
module internal Residual =
    let drawn count (config: TransformerConfig) : Random<(Tensor -> Tensor) list> =
        Random.replicate count (drawDropout Tensor.shape config.Dropout)

    let none count : (Tensor -> Tensor) list = List.replicate count id

    /// x plus a branch of it, the norm on the side that the configuration says.
    let add config norm drop branch x =
        if config.NormFirst then
            x + (x |> LayerNorm.apply norm |> branch |> drop)
        else
            x + (x |> branch |> drop) |> LayerNorm.apply norm

    /// Layers one after the other, each with its drops, then a norm.
    let through layers drops norm (run: 'Layer -> (Tensor -> Tensor) list -> Tensor -> Tensor) x =
        List.fold2 (fun x layer drops -> run layer drops x) x layers drops |> LayerNorm.apply norm

    /// The linear maps, between which their dropping lies.
    let perceptron config linear1 linear2 drop x =
        x |> Dense.apply linear1 |> config.Activation |> drop |> Dense.apply linear2

/// <summary>An encoder layer (<c>mlx.nn.TransformerEncoderLayer</c>).</summary>
[<RequireQualifiedAccess>]
module TransformerEncoderLayer =
    /// <summary>Attention as <c>Attention.init</c>, linear maps as <c>Linear.init</c>.</summary>
    /// <exception cref="T:System.ArgumentException">Heads do not divide the size.</exception>
    /// <example><code>
    /// let p = TransformerEncoderLayer.init (Attention.heads 4) 16 64 |> Random.run (Key.ofSeed 0)
    /// Tree.size p // elements
    /// // => 3216L
    /// </code></example>
    let init (heads: Heads) (size: int) (mlpSize: int) : Random<TransformerEncoderLayer> =
        random {
            let! attention = Attention.init heads size
            let! ln1 = LayerNorm.init size
            let! ln2 = LayerNorm.init size
            let! linear1 = Dense.init size mlpSize
            let! linear2 = Dense.init mlpSize size

            return
                { Attention = attention
                  Ln1 = ln1
                  Ln2 = ln2
                  Linear1 = linear1
                  Linear2 = linear2 }
        }

    let internal run config mask (p: TransformerEncoderLayer) (drops: (Tensor -> Tensor) list) x =
        x
        |> Residual.add config p.Ln1 drops[0] (Attention.apply config.Heads mask p.Attention)
        |> Residual.add config p.Ln2 id (Residual.perceptron config p.Linear1 p.Linear2 drops[1])

    /// <summary>x of shape (batch, length, size) to the same shape.</summary>
    /// <example><code>
    /// let heads = Attention.heads 4
    /// let p = TransformerEncoderLayer.init heads 16 64 |> Random.run (Key.ofSeed 0)
    /// let config = Transformer.config heads
    /// Tensor.ones [ 2; 5; 16 ] |> TransformerEncoderLayer.apply config Mask.Full p |> Tensor.shape
    /// // => [2; 5; 16]
    /// </code></example>
    let apply
        (config: TransformerConfig)
        (mask: Mask)
        (p: TransformerEncoderLayer)
        (x: Tensor)
        : Tensor =
        run config mask p (Residual.none 2) x

    /// <summary>The same in training: attention and what is between the linear maps drop.</summary>
    /// <returns>The shape of x, (batch, length, size).</returns>
    /// <example><code>
    /// let heads = Attention.heads 4
    /// let p = TransformerEncoderLayer.init heads 16 64 |> Random.run (Key.ofSeed 0)
    /// let config = { Transformer.config heads with Dropout = 0.1 }
    /// let y = Tensor.ones [ 2; 5; 16 ] |> TransformerEncoderLayer.train config Mask.Full p
    /// y |> Random.run (Key.ofSeed 1) |> Tensor.shape
    /// // => [2; 5; 16]
    /// </code></example>
    let train
        (config: TransformerConfig)
        (mask: Mask)
        (p: TransformerEncoderLayer)
        (x: Tensor)
        : Random<Tensor> =
        Residual.drawn 2 config |> Random.map (fun drops -> run config mask p drops x)

/// <summary>A stack of encoder layers (<c>mlx.nn.TransformerEncoder</c>).</summary>
[<RequireQualifiedAccess>]
module TransformerEncoder =
    /// <summary>So many layers, each drawn for itself.</summary>
    /// <exception cref="T:System.ArgumentException">Heads do not divide the size.</exception>
    /// <example><code>
    /// let p = TransformerEncoder.init 2 (Attention.heads 4) 16 64 |> Random.run (Key.ofSeed 0)
    /// (Tree.paths p)[0]
    /// // => "layers.0.attention.query_proj.weight"
    /// </code></example>
    let init (layers: int) (heads: Heads) (size: int) (mlpSize: int) : Random<TransformerEncoder> =
        random {
            let! layers = Random.replicate layers (TransformerEncoderLayer.init heads size mlpSize)
            let! ln = LayerNorm.init size
            return { Layers = layers; Ln = ln }
        }

    let internal run config mask (p: TransformerEncoder) drops x =
        x |> Residual.through p.Layers drops p.Ln (TransformerEncoderLayer.run config mask)

    let internal drawn config (p: TransformerEncoder) =
        Random.replicate p.Layers.Length (Residual.drawn 2 config)

    /// <summary>x of shape (batch, length, size) to the same shape.</summary>
    /// <example><code>
    /// let heads = Attention.heads 4
    /// let p = TransformerEncoder.init 2 heads 16 64 |> Random.run (Key.ofSeed 0)
    /// let config = Transformer.config heads
    /// Tensor.ones [ 2; 5; 16 ] |> TransformerEncoder.apply config Mask.Causal p |> Tensor.shape
    /// // => [2; 5; 16]
    /// </code></example>
    let apply
        (config: TransformerConfig)
        (mask: Mask)
        (p: TransformerEncoder)
        (x: Tensor)
        : Tensor =
        run config mask p [ for _ in p.Layers -> Residual.none 2 ] x

    /// <summary>The same in training, with dropping.</summary>
    /// <returns>The shape of x, (batch, length, size).</returns>
    /// <example><code>
    /// let config = { Transformer.config (Attention.heads 8) with Dropout = 0.1 }
    /// let! y = x |> TransformerEncoder.train config Mask.Causal encoder
    /// </code></example>
    let train
        (config: TransformerConfig)
        (mask: Mask)
        (p: TransformerEncoder)
        (x: Tensor)
        : Random<Tensor> =
        drawn config p |> Random.map (fun drops -> run config mask p drops x)
