namespace Mlx

open System

/// <summary>The projections of multi-head attention. Keys and values may have fewer heads than
/// queries (grouped attention).</summary>
type Attention =
    {
        /// (..., size) to (..., heads head size).
        QueryProj: Dense
        /// (..., size) to (..., kv heads head size).
        KeyProj: Dense
        /// (..., size) to (..., kv heads head size).
        ValueProj: Dense
        /// (..., heads head size) to (..., size).
        OutProj: Dense
    }

/// <summary>How the features of attention fall into heads.</summary>
type Heads =
    {
        /// Heads of queries.
        Query: int
        /// Heads of keys and values: as many, or a divisor of them.
        KeyValue: int
    }

/// <summary>Multi-head and grouped attention (<c>mlx.nn.MultiHeadAttention</c>).</summary>
[<RequireQualifiedAccess>]
module Attention =
    /// <summary>As many heads of keys and values as of queries.</summary>
    /// <example><code>
    /// (Attention.heads 8).KeyValue
    /// // => 8
    /// </code></example>
    let heads (count: int) : Heads = { Query = count; KeyValue = count }

    let private initBy projection (heads: Heads) (size: int) : Random<Attention> =
        if size % heads.Query <> 0 || heads.Query % heads.KeyValue <> 0 then
            invalidArg
                (nameof heads)
                $"{heads.Query} heads over {heads.KeyValue} of keys and values do not fit size {size}"

        let head = size / heads.Query

        random {
            let! query = projection size size
            let! key = projection size (heads.KeyValue * head)
            let! value = projection size (heads.KeyValue * head)
            let! out = projection size size

            return { QueryProj = query; KeyProj = key; ValueProj = value; OutProj = out }
        }

    /// <summary>Projections without bias, as in MLX; size counts the features of input and
    /// output.</summary>
    /// <exception cref="T:System.ArgumentException">Heads do not divide the size or each
    /// other.</exception>
    /// <example><code>
    /// let p = Attention.init { Query = 8; KeyValue = 2 } 64 |> Random.run (Key.ofSeed 0)
    /// </code></example>
    let init (heads: Heads) (size: int) : Random<Attention> = initBy Dense.initNoBias heads size

    /// <summary>Projections with bias (MLX's <c>bias=True</c>).</summary>
    /// <exception cref="T:System.ArgumentException">Heads do not divide the size or each
    /// other.</exception>
    /// <example><code>Attention.initBias (Attention.heads 8) 64</code></example>
    let initBias (heads: Heads) (size: int) : Random<Attention> = initBy Dense.init heads size

    /// <summary>What is added to scores so that nobody looks ahead: 0 on and below the diagonal,
    /// the lowest number of the dtype above it; shape (length, length)
    /// (<c>MultiHeadAttention.create_additive_causal_mask</c>). <c>Mask.Causal</c> does without
    /// it.</summary>
    /// <example><code>
    /// let mask = Attention.causalMask DType.Float32 3
    /// mask |> Tensor.equal (Tensor.scalar 0.0) |> Tensor.astype DType.Int32 // who sees whom
    /// // => array([[1, 0, 0], [1, 1, 0], [1, 1, 1]], dtype=int32)
    /// </code></example>
    let causalMask (dtype: DType) (length: int) : Tensor =
        let places = Tensor.arange length
        let isAhead = Tensor.expandDims 1 places |> Tensor.less (Tensor.expandDims 0 places)

        let lowest =
            match dtype with
            | DType.Float16 -> -65504.0
            | DType.BFloat16 -> -3.3895313892515355e38
            | DType.Float64 -> Double.MinValue
            | _ -> float Single.MinValue

        Tensor.astype dtype isAhead * lowest

    let private splitHeads count (x: Tensor) =
        x |> Tensor.unflatten -1 [ count; -1 ] |> Tensor.permute [ 0; 2; 1; 3 ]

    /// <summary>Attention of queries (batch, queries, size) to keys and values (batch, keys, size),
    /// giving (batch, queries, size).</summary>
    /// <example><code>
    /// let heads = { Query = 4; KeyValue = 2 }
    /// let p = Attention.init heads 16 |> Random.run (Key.ofSeed 0)
    /// let x, memory = Tensor.ones [ 2; 5; 16 ], Tensor.ones [ 2; 7; 16 ]
    /// x |> Attention.applyTo heads Mask.Full p memory memory |> Tensor.shape
    /// // => [2; 5; 16]
    /// </code></example>
    let applyTo
        (heads: Heads)
        (mask: Mask)
        (p: Attention)
        (keys: Tensor)
        (values: Tensor)
        (queries: Tensor)
        : Tensor =
        let q = queries |> Dense.apply p.QueryProj |> splitHeads heads.Query
        let k = keys |> Dense.apply p.KeyProj |> splitHeads heads.KeyValue
        let v = values |> Dense.apply p.ValueProj |> splitHeads heads.KeyValue
        let scale = Math.Sqrt(1.0 / float (Tensor.dim -1 q))

        q
        |> Tensor.attention scale mask k v
        |> Tensor.permute [ 0; 2; 1; 3 ]
        |> Tensor.flattenAxes 2 3
        |> Dense.apply p.OutProj

    /// <summary>Attention of x (batch, length, size) to itself, giving the same shape.</summary>
    /// <example><code>
    /// let heads = Attention.heads 4
    /// let p = Attention.init heads 16 |> Random.run (Key.ofSeed 0)
    /// Tensor.ones [ 2; 5; 16 ] |> Attention.apply heads Mask.Causal p |> Tensor.shape
    /// // => [2; 5; 16]
    /// </code></example>
    let apply (heads: Heads) (mask: Mask) (p: Attention) (x: Tensor) : Tensor =
        applyTo heads mask p x x x
