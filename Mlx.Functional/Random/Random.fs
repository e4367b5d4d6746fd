namespace Mlx

open System
open Mlx.Core

/// <summary>
/// The state of a random number generator: two 32-bit words. Whatever is drawn from a key is a pure
/// function of it, so a key is used once, and split where more are needed.
/// </summary>
[<Struct>]
type Key =
    {
        /// The words, uint32 of shape (2).
        Data: Tensor
    }

/// <summary>Keys of the counter-based generator (threefry, bit for bit as MLX has it).</summary>
[<RequireQualifiedAccess>]
module Key =
    /// <summary>The key of a seed; the same seed gives the same numbers on every engine.</summary>
    /// <example><code>
    /// (Key.ofSeed 42).Data
    /// // => array([0, 42], dtype=uint32)
    /// </code></example>
    let ofSeed (seed: int) : Key = { Data = MlxRandom.Key(uint64 (int64 seed)) }

    /// <summary>Two independent keys; the one given is used up
    /// (<c>mlx.core.random.split</c>).</summary>
    /// <example><code>
    /// let a, b = Key.split (Key.ofSeed 0)
    /// a.Data |> Tensor.arrayEqual b.Data
    /// // => false
    /// </code></example>
    let split (key: Key) : Key * Key =
        let struct (a, b) = MlxRandom.Split key.Data
        { Data = a }, { Data = b }

    /// <summary>So many independent keys; the one given is used up
    /// (<c>mlx.core.random.split</c>).</summary>
    /// <example><code>
    /// Key.ofSeed 0 |> Key.splitMany 3 |> List.length
    /// // => 3
    /// </code></example>
    let splitMany (count: int) (key: Key) : Key list =
        use rows = MlxRandom.Split(key.Data, count)
        [ for i in 0 .. count - 1 -> { Data = rows[i] } ]

/// <summary>
/// A value drawn at random: a function that takes a key and gives the value and the next key.
/// Composed with <c>random { }</c>, run with <c>Random.run</c>.
/// </summary>
[<Struct; NoEquality; NoComparison>]
type Random<'T> = internal Random of draw: (Key -> struct ('T * Key))

/// <summary>Drawing at random, as values that compose.</summary>
/// <remarks>
/// Each draw splits the key as MLX's global generator does, so <c>Random.run (Key.ofSeed 42)</c>
/// gives the numbers of Python's <c>mx.random.seed(42)</c> and the same draws.
/// </remarks>
[<RequireQualifiedAccess>]
module Random =
    /// <summary>Draws with a key; answers the value and the key for what comes next.</summary>
    /// <example><code>
    /// let x, next = Random.uniform [ 2 ] |> Random.runNext (Key.ofSeed 0)
    /// Tensor.shape x
    /// // => [2]
    /// </code></example>
    let runNext (key: Key) (Random draw: Random<'T>) : 'T * Key =
        let struct (value, next) = draw key
        value, next

    /// <summary>Draws with a key.</summary>
    /// <example><code>
    /// Random.normal [ 3; 4 ] |> Random.run (Key.ofSeed 42) |> Tensor.shape
    /// // => [3; 4]
    /// </code></example>
    let run (key: Key) (Random draw: Random<'T>) : 'T =
        let struct (value, _) = draw key
        value

    /// <summary>Always this value; draws nothing.</summary>
    /// <example><code>
    /// Random.result 7 |> Random.run (Key.ofSeed 0)
    /// // => 7
    /// </code></example>
    let result (value: 'T) : Random<'T> = Random(fun key -> struct (value, key))

    /// <summary>Draws, then draws what the value says.</summary>
    /// <example><code>
    /// Random.randint 1 4 [ 1 ]
    /// |> Random.bind (fun n -> Random.uniform [ Tensor.item n ])
    /// |> Random.map Tensor.ndim
    /// |> Random.run (Key.ofSeed 0)
    /// // => 1
    /// </code></example>
    let bind (f: 'T -> Random<'U>) (Random draw: Random<'T>) : Random<'U> =
        Random(fun key ->
            let struct (value, next) = draw key
            let (Random draw) = f value
            draw next)

    /// <summary>Applies a function to what is drawn.</summary>
    /// <example><code>
    /// Random.bernoulli 1.0 [ 2 ] |> Random.map Tensor.logicalNot |> Random.run (Key.ofSeed 0)
    /// // => array([false, false], dtype=bool)
    /// </code></example>
    let map (f: 'T -> 'U) (Random draw: Random<'T>) : Random<'U> =
        Random(fun key ->
            let struct (value, next) = draw key
            struct (f value, next))

    /// <summary>Draws both, the first before the second.</summary>
    /// <example><code>
    /// let two = Random.zip (Random.uniform [ 2 ]) (Random.uniform [ 2 ])
    /// let a, b = two |> Random.run (Key.ofSeed 0)
    /// Tensor.arrayEqual a b
    /// // => false
    /// </code></example>
    let zip (a: Random<'T>) (b: Random<'U>) : Random<'T * 'U> =
        a |> bind (fun x -> b |> map (fun y -> x, y))

    /// <summary>A fresh key.</summary>
    /// <example><code>
    /// let key = Random.key |> Random.run (Key.ofSeed 0)
    /// Tensor.shape key.Data
    /// // => [2]
    /// </code></example>
    let key: Random<Key> =
        Random(fun key ->
            // As MLX's global generator: the first half goes on, the second is used.
            let next, fresh = Key.split key
            struct (fresh, next))

    /// <summary>Draws for every element, in order.</summary>
    /// <example><code>
    /// [ 2; 3 ]
    /// |> Random.traverse (fun n -> Random.uniform [ n ])
    /// |> Random.run (Key.ofSeed 0)
    /// |> List.map Tensor.shape
    /// // => [[2]; [3]]
    /// </code></example>
    let traverse (f: 'T -> Random<'U>) (items: seq<'T>) : Random<'U list> =
        Random(fun key ->
            let mutable key = key

            let drawn =
                [ for item in items do
                      let value, next = runNext key (f item)
                      key <- next
                      value ]

            struct (drawn, key))

    /// <summary>Draws all, in order.</summary>
    /// <example><code>
    /// Random.list [ Random.uniform [ 2 ]; Random.normal [ 3 ] ]
    /// |> Random.run (Key.ofSeed 0)
    /// |> List.map Tensor.shape
    /// // => [[2]; [3]]
    /// </code></example>
    let list (items: seq<Random<'T>>) : Random<'T list> = traverse id items

    /// <summary>Draws so many times: <c>Random.replicate 24 (Linear.init 64 64)</c>.</summary>
    /// <example><code>
    /// Random.replicate 4 (Random.uniform [ 2 ]) |> Random.run (Key.ofSeed 0) |> List.length
    /// // => 4
    /// </code></example>
    let replicate (count: int) (one: Random<'T>) : Random<'T list> =
        traverse (fun _ -> one) (seq { 1..count })

    let private draw (shape: seq<int>) (from: int[] -> Tensor -> Tensor) : Random<Tensor> =
        let shape = Array.ofSeq shape
        key |> map (fun key -> from shape key.Data)

    /// <summary>Uniform float32 numbers in [0, 1) (<c>mlx.core.random.uniform</c>).</summary>
    /// <returns>The shape given.</returns>
    /// <example><code>
    /// Random.uniform [ 2 ] |> Random.run (Key.ofSeed 42)
    /// // => array([0.955981, 0.403273], dtype=float32)
    /// </code></example>
    let uniform (shape: seq<int>) : Random<Tensor> =
        draw shape (fun shape key -> MlxRandom.Uniform(ReadOnlySpan shape, key = key))

    /// <summary>Uniform float32 numbers in [low, high) (<c>mlx.core.random.uniform</c>).</summary>
    /// <returns>The shape given.</returns>
    /// <example><code>
    /// Random.uniformIn -1.0 1.0 [ 2 ] |> Random.run (Key.ofSeed 42)
    /// // => array([0.911963, -0.193455], dtype=float32)
    /// </code></example>
    let uniformIn (low: float) (high: float) (shape: seq<int>) : Random<Tensor> =
        draw shape (fun shape key ->
            MlxRandom.Uniform(ReadOnlySpan shape, float32 low, float32 high, key = key))

    /// <summary>Normal float32 numbers of mean 0 and deviation 1
    /// (<c>mlx.core.random.normal</c>).</summary>
    /// <returns>The shape given.</returns>
    /// <example><code>
    /// Random.normal [ 2 ] |> Random.run (Key.ofSeed 42)
    /// // => array([1.70584, -0.244885], dtype=float32)
    /// </code></example>
    let normal (shape: seq<int>) : Random<Tensor> =
        draw shape (fun shape key -> MlxRandom.Normal(ReadOnlySpan shape, key = key))

    /// <summary>Normal float32 numbers of a mean and a deviation
    /// (<c>mlx.core.random.normal</c>).</summary>
    /// <returns>The shape given.</returns>
    /// <example><code>
    /// Random.normalIn 10.0 0.1 [ 2 ] |> Random.run (Key.ofSeed 42)
    /// // => array([10.1706, 9.97551], dtype=float32)
    /// </code></example>
    let normalIn (mean: float) (deviation: float) (shape: seq<int>) : Random<Tensor> =
        draw shape (fun shape key ->
            MlxRandom.Normal(ReadOnlySpan shape, float32 mean, float32 deviation, key = key))

    /// <summary>Standard normal float32 numbers, cut to [low, high]
    /// (<c>mlx.core.random.truncated_normal</c>).</summary>
    /// <returns>The shape given.</returns>
    /// <example><code>
    /// Random.truncatedNormal -1.0 1.0 [ 2 ] |> Random.run (Key.ofSeed 42)
    /// // => array([0.882673, -0.166288], dtype=float32)
    /// </code></example>
    let truncatedNormal (low: float) (high: float) (shape: seq<int>) : Random<Tensor> =
        draw shape (fun shape key ->
            use low = MlxArray.Scalar(float32 low)
            use high = MlxArray.Scalar(float32 high)
            MlxRandom.TruncatedNormal(low, high, ReadOnlySpan shape, key = key))

    /// <summary>Int32 numbers in [low, high) (<c>mlx.core.random.randint</c>).</summary>
    /// <returns>The shape given.</returns>
    /// <example><code>
    /// Random.randint 0 100 [ 3 ] |> Random.run (Key.ofSeed 42)
    /// // => array([28, 61, 17], dtype=int32)
    /// </code></example>
    let randint (low: int) (high: int) (shape: seq<int>) : Random<Tensor> =
        draw shape (fun shape key ->
            use low = MlxArray.Scalar low
            use high = MlxArray.Scalar high
            MlxRandom.RandInt(low, high, ReadOnlySpan shape, key = key))

    /// <summary>True with a probability (<c>mlx.core.random.bernoulli</c>).</summary>
    /// <returns>The shape given.</returns>
    /// <example><code>
    /// Random.bernoulli 0.5 [ 3 ] |> Random.run (Key.ofSeed 42)
    /// // => array([true, false, true], dtype=bool)
    /// </code></example>
    let bernoulli (probability: float) (shape: seq<int>) : Random<Tensor> =
        draw shape (fun shape key ->
            use p = MlxArray.Scalar(float32 probability)
            MlxRandom.Bernoulli(p, ReadOnlySpan shape, key))

    /// <summary>Standard Gumbel float32 numbers (<c>mlx.core.random.gumbel</c>).</summary>
    /// <returns>The shape given.</returns>
    /// <example><code>
    /// Random.gumbel [ 2 ] |> Random.run (Key.ofSeed 42)
    /// // => array([3.10072, 0.0963539], dtype=float32)
    /// </code></example>
    let gumbel (shape: seq<int>) : Random<Tensor> =
        draw shape (fun shape key -> MlxRandom.Gumbel(ReadOnlySpan shape, key = key))

    /// <summary>Laplace float32 numbers of mean 0 and scale 1
    /// (<c>mlx.core.random.laplace</c>).</summary>
    /// <returns>The shape given.</returns>
    /// <example><code>
    /// Random.laplace [ 2 ] |> Random.run (Key.ofSeed 42)
    /// // => array([-2.42999, 0.214995], dtype=float32)
    /// </code></example>
    let laplace (shape: seq<int>) : Random<Tensor> =
        draw shape (fun shape key -> MlxRandom.Laplace(ReadOnlySpan shape, key = key))

    /// <summary>One index along the last axis of the logits, with the probabilities
    /// softmax(logits), as uint32 (<c>mlx.core.random.categorical</c>).</summary>
    /// <example><code>
    /// Tensor.ofRows [ [ 0.0; 100.0 ]; [ 100.0; 0.0 ] ]
    /// |> Random.categorical
    /// |> Random.run (Key.ofSeed 42)
    /// // => array([1, 0], dtype=uint32)
    /// </code></example>
    let categorical (logits: Tensor) : Random<Tensor> =
        key |> map (fun key -> MlxRandom.Categorical(logits, -1, key.Data))

    /// <summary>So many indices along the last axis for each row of the logits (..., n), with the
    /// probabilities softmax(logits), as uint32 of shape (..., count)
    /// (<c>mlx.core.random.categorical</c>).</summary>
    /// <example><code>
    /// Tensor.ofSeq [ 0.0; 100.0 ] |> Random.categoricalMany 3 |> Random.run (Key.ofSeed 42)
    /// // => array([1, 1, 1], dtype=uint32)
    /// </code></example>
    let categoricalMany (count: int) (logits: Tensor) : Random<Tensor> =
        key |> map (fun key -> MlxRandom.Categorical(logits, -1, count, key.Data))

    /// <summary>Jointly normal float32 numbers with a mean (..., n) and a covariance (..., n, n),
    /// of shape (shape..., n) (<c>mlx.core.random.multivariate_normal</c>).</summary>
    /// <example><code>
    /// let mean, covariance = Tensor.zeros [ 2 ], Tensor.eye 2
    /// Random.multivariateNormal mean covariance [ 5 ] |> Random.run (Key.ofSeed 0) |> Tensor.shape
    /// // => [5; 2]
    /// </code></example>
    let multivariateNormal (mean: Tensor) (covariance: Tensor) (shape: seq<int>) : Random<Tensor> =
        draw shape (fun shape key ->
            MlxRandom.MultivariateNormal(mean, covariance, ReadOnlySpan shape, key = key))

    /// <summary>Random bits, so many bytes an element: uint8, uint16 or uint32
    /// (<c>mlx.core.random.bits</c>).</summary>
    /// <returns>The shape given.</returns>
    /// <example><code>
    /// Random.bits 4 [ 2 ] |> Random.run (Key.ofSeed 42)
    /// // => array([4105908234, 1732042517], dtype=uint32)
    /// </code></example>
    let bits (width: int) (shape: seq<int>) : Random<Tensor> =
        draw shape (fun shape key -> MlxRandom.Bits(ReadOnlySpan shape, width, key))

    /// <summary>The integers below n in random order
    /// (<c>mlx.core.random.permutation</c>).</summary>
    /// <returns>Shape (n).</returns>
    /// <example><code>
    /// Random.permutation 5 |> Random.run (Key.ofSeed 42)
    /// // => array([2, 3, 0, 1, 4], dtype=uint32)
    /// </code></example>
    let permutation (n: int) : Random<Tensor> =
        key |> map (fun key -> MlxRandom.Permutation(n, key.Data))

    /// <summary>The rows of x in random order (<c>mlx.core.random.permutation</c>).</summary>
    /// <returns>The shape of x.</returns>
    /// <example><code>
    /// Tensor.ofRows [ [ 1; 2 ]; [ 3; 4 ]; [ 5; 6 ] ]
    /// |> Random.shuffle
    /// |> Random.run (Key.ofSeed 42)
    /// // => array([[5, 6], [1, 2], [3, 4]], dtype=int32)
    /// </code></example>
    let shuffle (x: Tensor) : Random<Tensor> =
        key |> map (fun key -> MlxRandom.Permutation(x, 0, key.Data))

/// <summary>The builder behind <c>random { }</c>.</summary>
[<Sealed>]
type RandomBuilder internal () =
    /// <summary>Nothing is drawn.</summary>
    member _.Return(value: 'T) = Random.result value

    /// <summary>As it is.</summary>
    member _.ReturnFrom(draw: Random<'T>) = draw

    /// <summary>One after the other.</summary>
    member _.Bind(draw: Random<'T>, f: 'T -> Random<'U>) = Random.bind f draw

    /// <summary>A single draw, mapped.</summary>
    member _.BindReturn(draw: Random<'T>, f: 'T -> 'U) = Random.map f draw

    /// <summary><c>and!</c>: both, the first before the second.</summary>
    member _.MergeSources(a: Random<'T>, b: Random<'U>) = Random.zip a b

    /// <summary>Nothing.</summary>
    member _.Zero() = Random.result ()

    /// <summary>Not before it is run.</summary>
    member _.Delay(f: unit -> Random<'T>) : Random<'T> = Random.result () |> Random.bind f

    /// <summary>One after the other.</summary>
    member _.Combine(first: Random<unit>, second: Random<'T>) =
        first |> Random.bind (fun () -> second)

    /// <summary>For each element, in order.</summary>
    member _.For(items: seq<'T>, body: 'T -> Random<unit>) =
        items |> Random.traverse body |> Random.map ignore

/// <summary>Opened with the namespace.</summary>
[<AutoOpen>]
module RandomBuilders =
    /// <summary>
    /// Composes draws: <c>let!</c> draws, and the key is split behind the scenes, so no two draws
    /// share one.
    /// </summary>
    /// <example><code>
    /// let init = random {
    ///     let! hidden = Linear.init 784 256
    ///     and! out = Linear.init 256 10
    ///     return {| Hidden = hidden; Out = out |} }
    /// </code></example>
    let random = RandomBuilder()
