namespace Mlx

open System

/// <summary>
/// How a parameter of a certain shape is drawn. <c>Random.normal</c>, <c>Random.uniformIn low
/// high</c> and all of <c>Init</c> are initializers.
/// </summary>
type Initializer = seq<int> -> Random<Tensor>

/// <summary>Which side of a weight counts for its scale.</summary>
[<RequireQualifiedAccess>]
type Fan =
    /// Inputs of a unit, which keeps the variance of activations.
    | In
    /// Outputs of a unit, which keeps the variance of gradients.
    | Out

/// <summary>
/// Initial values of parameters, draw for draw those of <c>mlx.nn.init</c>, in float32. Weights
/// have
/// shape (out, ..., in).
/// </summary>
/// <example><code>
/// let weight = Init.heNormal Fan.In (sqrt 2.0) [ 256; 784 ] |> Random.run (Key.ofSeed 0)
/// </code></example>
[<RequireQualifiedAccess>]
module Init =
    let private refuse (shape: int[]) (wanted: string) =
        let shape = String.Join(", ", shape)
        invalidArg (nameof shape) $"{wanted}, not ({shape})"

    /// Inputs and outputs of a unit: what lies between first and last axis, a kernel, counts for
    /// both.
    let private fans (shape: int[]) =
        if shape.Length < 2 then
            refuse shape "a fan wants a shape of at least two axes"

        let field = shape[1 .. shape.Length - 2] |> Array.fold (*) 1
        float (shape[shape.Length - 1] * field), float (shape[0] * field)

    let private matrix (shape: int[]) =
        if shape.Length <> 2 then
            refuse shape "a matrix is wanted"

        shape[0], shape[1]

    /// <summary>The same number everywhere (<c>mlx.nn.init.constant</c>).</summary>
    /// <returns>The shape asked for.</returns>
    /// <example><code>
    /// Init.constant 0.5 [ 3 ] |> Random.run (Key.ofSeed 0)
    /// // => array([0.5, 0.5, 0.5], dtype=float32)
    /// </code></example>
    let constant (value: float) : Initializer =
        fun shape ->
            let shape = Array.ofSeq shape
            Random.result () |> Random.map (fun () -> Tensor.full shape (float32 value))

    /// <summary>Normal numbers of a mean and a deviation (<c>mlx.nn.init.normal</c>).</summary>
    /// <returns>The shape asked for.</returns>
    /// <example><code>
    /// let weight = Init.normal 0.0 0.02 [ 256; 256 ] |> Random.run (Key.ofSeed 0)
    /// Tensor.std weight
    /// // => array(0.0199747, dtype=float32)
    /// </code></example>
    let normal (mean: float) (deviation: float) : Initializer = Random.normalIn mean deviation

    /// <summary>Uniform numbers in [low, high) (<c>mlx.nn.init.uniform</c>).</summary>
    /// <returns>The shape asked for.</returns>
    /// <example><code>
    /// let weight = Init.uniform -0.1 0.1 [ 256; 256 ] |> Random.run (Key.ofSeed 0)
    /// Tensor.max weight
    /// // => array(0.0999959, dtype=float32)
    /// </code></example>
    let uniform (low: float) (high: float) : Initializer = Random.uniformIn low high

    /// <summary>The identity matrix (<c>mlx.nn.init.identity</c>).</summary>
    /// <returns>The shape asked for.</returns>
    /// <exception cref="T:System.ArgumentException">The shape is no square.</exception>
    /// <example><code>
    /// Init.identity [ 2; 2 ] |> Random.run (Key.ofSeed 0)
    /// // => array([[1, 0], [0, 1]], dtype=float32)
    /// </code></example>
    let identity: Initializer =
        fun shape ->
            let shape = Array.ofSeq shape
            let rows, columns = matrix shape

            if rows <> columns then
                refuse shape "an identity wants a square"

            Random.result () |> Random.map (fun () -> Tensor.eye rows)

    let private within (limit: float) : Initializer = Random.uniformIn -limit limit

    let private scaled draw (deviation: float -> float -> float) : Initializer =
        fun shape ->
            let shape = Array.ofSeq shape
            draw (fans shape ||> deviation) shape

    /// <summary>Normal numbers with a deviation of gain sqrt(2 / (inputs + outputs)) (Glorot and
    /// Bengio 2010; <c>mlx.nn.init.glorot_normal</c>).</summary>
    /// <returns>The shape asked for.</returns>
    /// <exception cref="T:System.ArgumentException">The shape has fewer than two axes.</exception>
    /// <example><code>
    /// let weight = Init.glorotNormal 1.0 [ 100; 300 ] |> Random.run (Key.ofSeed 0)
    /// Tensor.std weight // sqrt (2 / 400) = 0.0707
    /// // => array(0.070506, dtype=float32)
    /// </code></example>
    let glorotNormal (gain: float) : Initializer =
        scaled (normal 0.0) (fun inputs outputs -> gain * Math.Sqrt(2.0 / (inputs + outputs)))

    /// <summary>Uniform numbers within gain sqrt(6 / (inputs + outputs)) of 0 (Glorot and Bengio
    /// 2010; <c>mlx.nn.init.glorot_uniform</c>).</summary>
    /// <returns>The shape asked for.</returns>
    /// <exception cref="T:System.ArgumentException">The shape has fewer than two axes.</exception>
    /// <example><code>
    /// let weight = Init.glorotUniform 1.0 [ 100; 500 ] |> Random.run (Key.ofSeed 0)
    /// Tensor.max weight // sqrt (6 / 600) = 0.1
    /// // => array(0.0999984, dtype=float32)
    /// </code></example>
    let glorotUniform (gain: float) : Initializer =
        scaled within (fun inputs outputs -> gain * Math.Sqrt(6.0 / (inputs + outputs)))

    let private side fan inputs outputs =
        match fan with
        | Fan.In -> inputs
        | Fan.Out -> outputs

    /// <summary>Normal numbers with a deviation of gain / sqrt fan (He et al. 2015;
    /// <c>mlx.nn.init.he_normal</c>). For ReLU the gain is sqrt 2.</summary>
    /// <returns>The shape asked for.</returns>
    /// <exception cref="T:System.ArgumentException">The shape has fewer than two axes.</exception>
    /// <example><code>
    /// let weight = Init.heNormal Fan.In (sqrt 2.0) [ 100; 200 ] |> Random.run (Key.ofSeed 0)
    /// Tensor.std weight // sqrt (2 / 200) = 0.1
    /// // => array(0.100944, dtype=float32)
    /// </code></example>
    let heNormal (fan: Fan) (gain: float) : Initializer =
        scaled (normal 0.0) (fun inputs outputs -> gain / Math.Sqrt(side fan inputs outputs))

    /// <summary>Uniform numbers within gain sqrt(3 / fan) of 0 (He et al. 2015;
    /// <c>mlx.nn.init.he_uniform</c>). For ReLU the gain is sqrt 2.</summary>
    /// <returns>The shape asked for.</returns>
    /// <exception cref="T:System.ArgumentException">The shape has fewer than two axes.</exception>
    /// <example><code>
    /// let weight = Init.heUniform Fan.In (sqrt 2.0) [ 100; 600 ] |> Random.run (Key.ofSeed 0)
    /// Tensor.max weight // sqrt (6 / 600) = 0.1
    /// // => array(0.0999972, dtype=float32)
    /// </code></example>
    let heUniform (fan: Fan) (gain: float) : Initializer =
        scaled within (fun inputs outputs -> gain * Math.Sqrt(3.0 / side fan inputs outputs))

    /// <summary>A matrix of normal numbers with a fraction of each row set to 0, rounded up
    /// (<c>mlx.nn.init.sparse</c>).</summary>
    /// <exception cref="T:System.ArgumentException">The shape is no matrix, or the fraction not
    /// within 0 and 1.</exception>
    /// <example><code>
    /// let weight = Init.sparse 0.75 0.0 1.0 [ 3; 8 ] |> Random.run (Key.ofSeed 0)
    /// weight |> Tensor.equal (Tensor.scalar 0.0) |> Tensor.sumAxis 1 // zeros in each row
    /// // => array([6, 6, 6], dtype=int32)
    /// </code></example>
    let sparse (sparsity: float) (mean: float) (deviation: float) : Initializer =
        if not (sparsity >= 0.0 && sparsity <= 1.0) then
            invalidArg (nameof sparsity) $"a fraction within 0 and 1, not {sparsity}"

        fun shape ->
            let shape = Array.ofSeq shape
            let rows, columns = matrix shape
            let zeros = int (Math.Ceiling(sparsity * float columns))

            random {
                let! order = Random.uniform shape |> Random.map (Tensor.argsort 1)
                and! x = normal mean deviation shape
                let chosen = Tensor.narrow 1 0 zeros order
                return x |> Tensor.putAlongAxis 1 chosen (Tensor.zeros [ rows; zeros ])
            }

    /// <summary>A matrix whose rows, or columns if there are fewer, are orthogonal with norm
    /// <c>gain</c> (Saxe et al. 2014; <c>mlx.nn.init.orthogonal</c>).</summary>
    /// <exception cref="T:System.ArgumentException">The shape is no matrix.</exception>
    /// <example><code>
    /// let w = Init.orthogonal 1.0 [ 3; 5 ] |> Random.run (Key.ofSeed 0)
    /// w *@ Tensor.transpose w |> Tensor.allclose 1e-5 1e-5 (Tensor.eye 3)
    /// // => true
    /// </code></example>
    let orthogonal (gain: float) : Initializer =
        fun shape ->
            let rows, columns = matrix (Array.ofSeq shape)
            let n = max rows columns

            Random.normal [ n; n ]
            |> Random.map (fun x ->
                let q, r = Tensor.qr x
                // Without the signs q is not uniform over the orthogonal matrices (Mezzadri 2007).
                let q = q * Tensor.sign (Tensor.diag 0 r)
                gain * (q |> Tensor.narrow 0 0 rows |> Tensor.narrow 1 0 columns))

    /// <summary>What an initializer draws, rounded to a dtype.</summary>
    /// <returns>The shape asked for.</returns>
    /// <example><code>
    /// let initializer = Init.normal 0.0 0.02 |> Init.astype DType.BFloat16
    /// initializer [ 4; 2 ] |> Random.run (Key.ofSeed 0) |> Tensor.dtype
    /// // => BFloat16
    /// </code></example>
    let astype (dtype: DType) (init: Initializer) : Initializer =
        init >> Random.map (Tensor.astype dtype)
