namespace Mlx

/// <summary>
/// A layer as a value: how its parameters are drawn and how they act, at inference and in training.
/// <c>>=></c> puts one after the other, and a plain function of tensors after a layer; parameters
/// of two layers are a pair.
/// </summary>
/// <typeparam name="P">The parameters: a tree.</typeparam>
[<Sealed; NoEquality; NoComparison>]
type Layer<'P>
    internal
    (init: Random<'P>, apply: 'P -> Tensor -> Tensor, train: 'P -> Tensor -> Random<Tensor>) =

    /// <summary>Parameters to begin with.</summary>
    member _.Init: Random<'P> = init

    /// <summary>At inference: from the parameters and x, of the shape that the layer takes, to the
    /// shape that it makes of it.</summary>
    /// <example><code>
    /// let layer = Layer.make (Linear.init 3 2) Linear.apply >=> Layer.dropout 0.5
    /// let p = layer.Init |> Random.run (Key.ofSeed 0)
    /// Tensor.ones [ 4; 3 ] |> layer.Apply p |> Tensor.shape // nothing is dropped
    /// // => [4; 2]
    /// </code></example>
    member _.Apply (p: 'P) (x: Tensor) : Tensor = apply p x

    /// <summary>In training, where layers may draw at random: shapes as at inference.</summary>
    /// <example><code>
    /// let layer = Layer.identity >=> Layer.dropout 0.5
    /// Tensor.ones [ 6 ] |> layer.Train ((), ()) |> Random.run (Key.ofSeed 0)
    /// // => array([2, 2, 2, 0, 2, 2], dtype=float32)
    /// </code></example>
    member _.Train (p: 'P) (x: Tensor) : Random<Tensor> = train p x

    /// <summary>One layer after the other; their parameters are a pair.</summary>
    /// <example><code>
    /// let norm = Layer.make (LayerNorm.init 8) LayerNorm.apply
    /// let net = Layer.make (Linear.init 3 8) Linear.apply >=> norm
    /// let first, second = net.Init |> Random.run (Key.ofSeed 0)
    /// Tensor.shape first.Weight, Tensor.shape second.Weight
    /// // => ([8; 3], [8])
    /// </code></example>
    static member (>=>)(first: Layer<'P>, second: Layer<'Q>) : Layer<'P * 'Q> =
        Layer(
            Random.zip first.Init second.Init,
            (fun (p, q) x -> x |> first.Apply p |> second.Apply q),
            (fun (p, q) x -> first.Train p x |> Random.bind (second.Train q))
        )

    /// <summary>A function of a tensor of any shape after a layer, whose parameters stay.</summary>
    /// <example><code>
    /// let net = Layer.make (Linear.init 3 8) Linear.apply >=> Nn.relu
    /// let linear = net.Init |> Random.run (Key.ofSeed 0)
    /// Tensor.shape linear.Weight
    /// // => [8; 3]
    /// </code></example>
    static member (>=>)(first: Layer<'P>, second: Tensor -> Tensor) : Layer<'P> =
        Layer(
            first.Init,
            (fun p x -> x |> first.Apply p |> second),
            (fun p x -> first.Train p x |> Random.map second)
        )

/// <summary>Layers as values, and what is made of several (<c>mlx.nn.Sequential</c>).</summary>
/// <example><code>
/// let net =
///     Layer.make (Linear.init 784 256) Linear.apply
///     >=> Nn.relu
///     >=> Layer.dropout 0.1
///     >=> Layer.make (Linear.init 256 10) Linear.apply
/// let p = net.Init |> Random.run (Key.ofSeed 0)
/// let loss p (x, y) = net.Train p x |> Random.map (Loss.crossEntropy y >> Tensor.mean)
/// </code></example>
[<RequireQualifiedAccess>]
module Layer =
    /// <summary>A layer, tensor of any shape to tensor, of its <c>init</c> and
    /// <c>apply</c>.</summary>
    /// <example><code>
    /// let layer = Layer.make (Conv2d.init 3 8 (3, 3)) (Conv2d.apply Conv.defaults)
    /// </code></example>
    let make (init: Random<'P>) (apply: 'P -> Tensor -> Tensor) : Layer<'P> =
        Layer(init, apply, (fun p x -> Random.result (apply p x)))

    /// <summary>The same with another function, of the same shapes, for training.</summary>
    /// <example><code>
    /// Layer.makeTrained
    ///     (TransformerEncoder.init 2 heads 64 256)
    ///     (TransformerEncoder.apply config Mask.Full)
    ///     (TransformerEncoder.train config Mask.Full)
    /// </code></example>
    let makeTrained
        (init: Random<'P>)
        (apply: 'P -> Tensor -> Tensor)
        (train: 'P -> Tensor -> Random<Tensor>)
        : Layer<'P> =
        Layer(init, apply, train)

    /// <summary>A function without parameters, of tensors of any shape, to begin with.</summary>
    /// <example><code>
    /// Layer.ofFunction (fun x -> x / 255.0) >=> Layer.make (Linear.init 784 10) Linear.apply
    /// </code></example>
    let ofFunction (f: Tensor -> Tensor) : Layer<unit> = make (Random.result ()) (fun () x -> f x)

    /// <summary>Nothing (<c>mlx.nn.Identity</c>).</summary>
    /// <example><code>Layer.identity >=> Nn.relu >=> Nn.tanh</code></example>
    let identity: Layer<unit> = ofFunction id

    /// <summary>Elements dropped with the probability, in training only
    /// (<c>mlx.nn.Dropout</c>).</summary>
    /// <exception cref="T:System.ArgumentException">The probability is not in [0, 1); when it is
    /// trained.</exception>
    /// <example><code>
    /// Layer.make (Linear.init 8 8) Linear.apply >=> Layer.dropout 0.1
    /// </code></example>
    let dropout (probability: float) : Layer<unit> =
        makeTrained (Random.result ()) (fun () x -> x) (fun () x -> Nn.dropout probability x)

    /// <summary>So many layers of one kind, each with parameters of its own: their list.</summary>
    /// <exception cref="T:System.ArgumentException">Fewer than none.</exception>
    /// <example><code>
    /// Layer.repeat 12 (Layer.make (Linear.init 64 64) Linear.apply >=> Nn.relu)
    /// </code></example>
    let repeat (count: int) (layer: Layer<'P>) : Layer<'P list> =
        if count < 0 then
            invalidArg (nameof count) $"{count} layers"

        let applyAll p x = (x, p) ||> List.fold (fun x p -> layer.Apply p x)

        let trainAll p x =
            (Random.result x, p)
            ||> List.fold (fun x p -> x |> Random.bind (fun x -> layer.Train p x))

        makeTrained (Random.replicate count layer.Init) applyAll trainAll

    /// <summary>What comes in plus what the layer makes of it, which has the same shape
    /// (<see href="https://arxiv.org/abs/1512.03385">He et al.</see>).</summary>
    /// <example><code>
    /// Layer.residual (Layer.make (Linear.init 64 64) Linear.apply >=> Nn.gelu)
    /// </code></example>
    let residual (layer: Layer<'P>) : Layer<'P> =
        makeTrained layer.Init (fun p x -> x + layer.Apply p x) (fun p x ->
            layer.Train p x |> Random.map (fun y -> x + y))
