namespace Mlx

open System
open Mlx.Core

/// <summary>Activations and other layers without parameters, as plain functions.</summary>
[<RequireQualifiedAccess>]
module Nn =
    let private zero (x: Tensor) = Tensor.beside x 0.0

    /// <summary>max(x, 0) (<c>mlx.nn.relu</c>).</summary>
    /// <returns>The shape of x.</returns>
    /// <example><code>
    /// Nn.relu (Tensor.ofSeq [ -1.0; 0.5; 2.0 ])
    /// // => array([0, 0.5, 2], dtype=float32)
    /// </code></example>
    let relu (x: Tensor) : Tensor = x |> Tensor.maximum (zero x)

    /// <summary>relu, at most 6 (<c>mlx.nn.relu6</c>).</summary>
    /// <returns>The shape of x.</returns>
    /// <example><code>
    /// Nn.relu6 (Tensor.ofSeq [ -1.0; 3.0; 8.0 ])
    /// // => array([0, 3, 6], dtype=float32)
    /// </code></example>
    let relu6 (x: Tensor) : Tensor = Tensor.clip 0.0 6.0 x

    /// <summary>relu squared (<c>mlx.nn.relu2</c>).</summary>
    /// <returns>The shape of x.</returns>
    /// <example><code>
    /// Nn.relu2 (Tensor.ofSeq [ -1.0; 3.0 ])
    /// // => array([0, 9], dtype=float32)
    /// </code></example>
    let relu2 (x: Tensor) : Tensor = Tensor.square (relu x)

    /// <summary>x where positive, else slope x (<c>mlx.nn.leaky_relu</c>, whose slope is
    /// 0.01).</summary>
    /// <returns>The shape of x.</returns>
    /// <example><code>
    /// Tensor.ofSeq [ -1.0; 2.0 ] |> Nn.leakyRelu 0.1
    /// // => array([-0.1, 2], dtype=float32)
    /// </code></example>
    let leakyRelu (slope: float) (x: Tensor) : Tensor = (slope * x) |> Tensor.maximum x

    /// <summary>x where positive, else alpha (e^x - 1) (<c>mlx.nn.elu</c>, whose alpha is
    /// 1).</summary>
    /// <returns>The shape of x.</returns>
    /// <example><code>
    /// Tensor.ofSeq [ -9.0; -1.0; 2.0 ] |> Nn.elu 1.0
    /// // => array([-0.999877, -0.632121, 2], dtype=float32)
    /// </code></example>
    let elu (alpha: float) (x: Tensor) : Tensor =
        Tensor.where (x |> Tensor.greater (zero x)) x (alpha * (Tensor.exp x - 1.0))

    /// <summary>1.0507 elu 1.67326 (<c>mlx.nn.selu</c>).</summary>
    /// <returns>The shape of x.</returns>
    /// <example><code>
    /// Nn.selu (Tensor.ofSeq [ -1.0; 1.0 ])
    /// // => array([-1.11133, 1.0507], dtype=float32)
    /// </code></example>
    let selu (x: Tensor) : Tensor = 1.0507 * elu 1.67326 x

    /// <summary>max(0, x) + min(0, alpha (e^(x/alpha) - 1)) (<c>mlx.nn.celu</c>).</summary>
    /// <returns>The shape of x.</returns>
    /// <example><code>
    /// Tensor.ofSeq [ -1.0; 2.0 ] |> Nn.celu 2.0
    /// // => array([-0.786939, 2], dtype=float32)
    /// </code></example>
    let celu (alpha: float) (x: Tensor) : Tensor =
        let zero = zero x
        Tensor.maximum zero x + alpha * (Tensor.exp (Tensor.minimum zero x / alpha) - 1.0)

    /// <summary>1 / (1 + e^-x) (<c>mlx.nn.sigmoid</c>).</summary>
    /// <returns>The shape of x.</returns>
    /// <example><code>
    /// Nn.sigmoid (Tensor.ofSeq [ -4.0; 0.0; 4.0 ])
    /// // => array([0.0179862, 0.5, 0.982014], dtype=float32)
    /// </code></example>
    let sigmoid (x: Tensor) : Tensor = Tensor.sigmoid x

    /// <summary>log sigmoid(x), finite however small x is (<c>mlx.nn.log_sigmoid</c>).</summary>
    /// <returns>The shape of x.</returns>
    /// <example><code>
    /// Nn.logSigmoid (Tensor.ofSeq [ -200.0; 0.0 ])
    /// // => array([-200, -0.693147], dtype=float32)
    /// </code></example>
    let logSigmoid (x: Tensor) : Tensor = -Tensor.logaddexp (zero x) (-x)

    /// <summary>log(1 + e^x) (<c>mlx.nn.softplus</c>).</summary>
    /// <returns>The shape of x.</returns>
    /// <example><code>
    /// Nn.softplus (Tensor.ofSeq [ 0.0; 200.0 ])
    /// // => array([0.693147, 200], dtype=float32)
    /// </code></example>
    let softplus (x: Tensor) : Tensor = Tensor.logaddexp (zero x) x

    /// <summary>x / (1 + |x|) (<c>mlx.nn.softsign</c>).</summary>
    /// <returns>The shape of x.</returns>
    /// <example><code>
    /// Nn.softsign (Tensor.ofSeq [ -1.0; 3.0 ])
    /// // => array([-0.5, 0.75], dtype=float32)
    /// </code></example>
    let softsign (x: Tensor) : Tensor = x / (1.0 + Tensor.abs x)

    /// <summary>0 within lambda of 0, x elsewhere, moved towards 0
    /// (<c>mlx.nn.softshrink</c>, whose lambda is 0.5).</summary>
    /// <returns>The shape of x.</returns>
    /// <example><code>
    /// Tensor.ofSeq [ -2.0; 0.25; 1.0 ] |> Nn.softshrink 0.5
    /// // => array([-1.5, 0, 0.5], dtype=float32)
    /// </code></example>
    let softshrink (lambda: float) (x: Tensor) : Tensor =
        let moved = x - Tensor.sign x * lambda

        Tensor.where
            (Tensor.abs x |> Tensor.greater (Tensor.beside x lambda))
            moved
            (Tensor.zerosLike x)

    /// <summary>0 within lambda of 0, x elsewhere (<c>mlx.nn.hard_shrink</c>, whose lambda is
    /// 0.5).</summary>
    /// <returns>The shape of x.</returns>
    /// <example><code>
    /// Tensor.ofSeq [ -2.0; 0.25; 1.0 ] |> Nn.hardShrink 0.5
    /// // => array([-2, 0, 1], dtype=float32)
    /// </code></example>
    let hardShrink (lambda: float) (x: Tensor) : Tensor =
        Tensor.where
            (Tensor.abs x |> Tensor.greater (Tensor.beside x lambda))
            x
            (Tensor.zerosLike x)

    /// <summary>x sigmoid(x), also called swish (<c>mlx.nn.silu</c>).</summary>
    /// <returns>The shape of x.</returns>
    /// <example><code>
    /// Nn.silu (Tensor.ofSeq [ -1.0; 2.0 ])
    /// // => array([-0.268941, 1.76159], dtype=float32)
    /// </code></example>
    let silu (x: Tensor) : Tensor = x * Tensor.sigmoid x

    /// <summary>x tanh(softplus x) (<c>mlx.nn.mish</c>).</summary>
    /// <returns>The shape of x.</returns>
    /// <example><code>
    /// Nn.mish (Tensor.ofSeq [ -1.0; 2.0 ])
    /// // => array([-0.303401, 1.94396], dtype=float32)
    /// </code></example>
    let mish (x: Tensor) : Tensor = x * Tensor.tanh (softplus x)

    /// <summary>x min(max(x + 3, 0), 6) / 6 (<c>mlx.nn.hardswish</c>).</summary>
    /// <returns>The shape of x.</returns>
    /// <example><code>
    /// Nn.hardswish (Tensor.ofSeq [ -1.0; 1.0; 4.0 ])
    /// // => array([-0.333333, 0.666667, 4], dtype=float32)
    /// </code></example>
    let hardswish (x: Tensor) : Tensor = x * Tensor.clip 0.0 6.0 (x + 3.0) / 6.0

    /// <summary>min(max(x, -1), 1) (<c>mlx.nn.hard_tanh</c>).</summary>
    /// <returns>The shape of x.</returns>
    /// <example><code>
    /// Nn.hardTanh (Tensor.ofSeq [ -3.0; 0.5; 3.0 ])
    /// // => array([-1, 0.5, 1], dtype=float32)
    /// </code></example>
    let hardTanh (x: Tensor) : Tensor = Tensor.clip -1.0 1.0 x

    /// <summary>The hyperbolic tangent (<c>mlx.nn.tanh</c>).</summary>
    /// <returns>The shape of x.</returns>
    /// <example><code>
    /// Nn.tanh (Tensor.ofSeq [ -1.0; 0.0; 1.0 ])
    /// // => array([-0.761594, 0, 0.761594], dtype=float32)
    /// </code></example>
    let tanh (x: Tensor) : Tensor = Tensor.tanh x

    /// <summary>x (1 + erf(x / sqrt 2)) / 2 (<c>mlx.nn.gelu</c>).</summary>
    /// <returns>The shape of x.</returns>
    /// <example><code>
    /// Nn.gelu (Tensor.ofSeq [ -1.0; 1.0 ])
    /// // => array([-0.158655, 0.841345], dtype=float32)
    /// </code></example>
    let gelu (x: Tensor) : Tensor = x * (1.0 + Tensor.erf (x / Math.Sqrt 2.0)) / 2.0

    /// <summary>gelu by tanh: 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x³)))
    /// (<c>mlx.nn.gelu_approx</c>).</summary>
    /// <returns>The shape of x.</returns>
    /// <example><code>
    /// Nn.geluApprox (Tensor.ofSeq [ -1.0; 1.0 ]) // gelu: -0.158655, 0.841345
    /// // => array([-0.158808, 0.841192], dtype=float32)
    /// </code></example>
    let geluApprox (x: Tensor) : Tensor =
        0.5 * x * (1.0 + Tensor.tanh (Math.Sqrt(2.0 / Math.PI) * (x + 0.044715 * x ** 3)))

    /// <summary>gelu by sigmoid: x sigmoid(1.702 x) (<c>mlx.nn.gelu_fast_approx</c>).</summary>
    /// <returns>The shape of x.</returns>
    /// <example><code>
    /// Nn.geluFastApprox (Tensor.ofSeq [ -1.0; 1.0 ]) // gelu: -0.158655, 0.841345
    /// // => array([-0.154204, 0.845796], dtype=float32)
    /// </code></example>
    let geluFastApprox (x: Tensor) : Tensor = x * Tensor.sigmoid (1.702 * x)

    /// <summary>e^x over its sum along an axis (<c>mlx.nn.softmax</c>).</summary>
    /// <example><code>
    /// Tensor.ofSeq [ 1.0; 2.0; 3.0 ] |> Nn.softmax -1
    /// // => array([0.0900306, 0.244728, 0.665241], dtype=float32)
    /// </code></example>
    let softmax (axis: int) (x: Tensor) : Tensor = Tensor.softmax axis x

    /// <summary>softmax(-x) (<c>mlx.nn.softmin</c>).</summary>
    /// <returns>The shape of x.</returns>
    /// <example><code>
    /// Tensor.ofSeq [ 1.0; 2.0; 3.0 ] |> Nn.softmin -1
    /// // => array([0.665241, 0.244728, 0.0900306], dtype=float32)
    /// </code></example>
    let softmin (axis: int) (x: Tensor) : Tensor = Tensor.softmax axis -x

    /// <summary>log softmax along an axis (<c>mlx.nn.log_softmax</c>).</summary>
    /// <returns>The shape of x.</returns>
    /// <example><code>
    /// Tensor.ofSeq [ 0.0; 0.0; 200.0 ] |> Nn.logSoftmax -1
    /// // => array([-200, -200, 0], dtype=float32)
    /// </code></example>
    let logSoftmax (axis: int) (x: Tensor) : Tensor = Tensor.logSoftmax axis x

    /// <summary>1 above the threshold, else 0, as int32 (<c>mlx.nn.step</c>, whose threshold is
    /// 0).</summary>
    /// <returns>The shape of x.</returns>
    /// <example><code>
    /// Tensor.ofSeq [ 0.25; 0.75 ] |> Nn.step 0.5
    /// // => array([0, 1], dtype=int32)
    /// </code></example>
    let step (threshold: float) (x: Tensor) : Tensor =
        x |> Tensor.greater (Tensor.beside x threshold) |> Tensor.astype DType.Int32

    /// <summary>The first half of an axis, gated by the sigmoid of the second
    /// (<c>mlx.nn.glu</c>).</summary>
    /// <returns>The shape of x, of whose axis half is left.</returns>
    /// <example><code>
    /// Tensor.ofSeq [ 1.0; 2.0; 0.0; 100.0 ] |> Nn.glu -1
    /// // => array([0.5, 2], dtype=float32)
    /// </code></example>
    let glu (axis: int) (x: Tensor) : Tensor =
        match Tensor.split 2 axis x with
        | [ value; gate ] -> value * Tensor.sigmoid gate
        | _ -> invalidOp "split in two"

    /// <summary>x where positive, else weight x, the weight learnt (<c>mlx.nn.prelu</c>).</summary>
    /// <returns>The shape of x; the weight, (1) or (features), broadcasts to it.</returns>
    /// <example><code>
    /// Tensor.ofSeq [ -2.0; -2.0 ] |> Nn.prelu (Tensor.ofSeq [ 0.25; 0.5 ])
    /// // => array([-0.5, -1], dtype=float32)
    /// </code></example>
    let prelu (weight: Tensor) (x: Tensor) : Tensor =
        let zero = zero x
        (zero |> Tensor.maximum x) + weight * (zero |> Tensor.minimum x)
