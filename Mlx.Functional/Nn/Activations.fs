namespace Mlx

open System
open Mlx.Core

/// <summary>Activations and other layers without parameters, as plain functions.</summary>
[<RequireQualifiedAccess>]
module Nn =
    let private zero (x: Tensor) = Tensor.beside x 0.0

    /// <summary>max(x, 0) (<c>mlx.nn.relu</c>).</summary>
    let relu (x: Tensor) : Tensor = x |> Tensor.maximum (zero x)

    /// <summary>relu, at most 6 (<c>mlx.nn.relu6</c>).</summary>
    let relu6 (x: Tensor) : Tensor = Tensor.clip 0.0 6.0 x

    /// <summary>relu squared (<c>mlx.nn.relu2</c>).</summary>
    let relu2 (x: Tensor) : Tensor = Tensor.square (relu x)

    /// <summary>x where positive, else slope x (<c>mlx.nn.leaky_relu</c>, whose slope is
    /// 0.01).</summary>
    let leakyRelu (slope: float) (x: Tensor) : Tensor = (slope * x) |> Tensor.maximum x

    /// <summary>x where positive, else alpha (e^x - 1) (<c>mlx.nn.elu</c>, whose alpha is
    /// 1).</summary>
    let elu (alpha: float) (x: Tensor) : Tensor =
        Tensor.where (x |> Tensor.greater (zero x)) x (alpha * (Tensor.exp x - 1.0))

    /// <summary>1.0507 elu 1.67326 (<c>mlx.nn.selu</c>).</summary>
    let selu (x: Tensor) : Tensor = 1.0507 * elu 1.67326 x

    /// <summary>max(0, x) + min(0, alpha (e^(x/alpha) - 1)) (<c>mlx.nn.celu</c>).</summary>
    let celu (alpha: float) (x: Tensor) : Tensor =
        let zero = zero x
        Tensor.maximum zero x + alpha * (Tensor.exp (Tensor.minimum zero x / alpha) - 1.0)

    /// <summary>1 / (1 + e^-x) (<c>mlx.nn.sigmoid</c>).</summary>
    let sigmoid (x: Tensor) : Tensor = Tensor.sigmoid x

    /// <summary>log sigmoid(x) (<c>mlx.nn.log_sigmoid</c>).</summary>
    let logSigmoid (x: Tensor) : Tensor = -Tensor.logaddexp (zero x) (-x)

    /// <summary>log(1 + e^x) (<c>mlx.nn.softplus</c>).</summary>
    let softplus (x: Tensor) : Tensor = Tensor.logaddexp (zero x) x

    /// <summary>x / (1 + |x|) (<c>mlx.nn.softsign</c>).</summary>
    let softsign (x: Tensor) : Tensor = x / (1.0 + Tensor.abs x)

    /// <summary>0 within lambda of 0, x elsewhere, moved towards 0
    /// (<c>mlx.nn.softshrink</c>, whose lambda is 0.5).</summary>
    let softshrink (lambda: float) (x: Tensor) : Tensor =
        let moved = x - Tensor.sign x * lambda

        Tensor.where
            (Tensor.abs x |> Tensor.greater (Tensor.beside x lambda))
            moved
            (Tensor.zerosLike x)

    /// <summary>0 within lambda of 0, x elsewhere (<c>mlx.nn.hard_shrink</c>, whose lambda is
    /// 0.5).</summary>
    let hardShrink (lambda: float) (x: Tensor) : Tensor =
        Tensor.where
            (Tensor.abs x |> Tensor.greater (Tensor.beside x lambda))
            x
            (Tensor.zerosLike x)

    /// <summary>x sigmoid(x), also called swish (<c>mlx.nn.silu</c>).</summary>
    let silu (x: Tensor) : Tensor = x * Tensor.sigmoid x

    /// <summary>x tanh(softplus x) (<c>mlx.nn.mish</c>).</summary>
    let mish (x: Tensor) : Tensor = x * Tensor.tanh (softplus x)

    /// <summary>x min(max(x + 3, 0), 6) / 6 (<c>mlx.nn.hardswish</c>).</summary>
    let hardswish (x: Tensor) : Tensor = x * Tensor.clip 0.0 6.0 (x + 3.0) / 6.0

    /// <summary>min(max(x, -1), 1) (<c>mlx.nn.hard_tanh</c>).</summary>
    let hardTanh (x: Tensor) : Tensor = Tensor.clip -1.0 1.0 x

    /// <summary>The hyperbolic tangent (<c>mlx.nn.tanh</c>).</summary>
    let tanh (x: Tensor) : Tensor = Tensor.tanh x

    /// <summary>x (1 + erf(x / sqrt 2)) / 2 (<c>mlx.nn.gelu</c>).</summary>
    let gelu (x: Tensor) : Tensor = x * (1.0 + Tensor.erf (x / Math.Sqrt 2.0)) / 2.0

    /// <summary>gelu by tanh: 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x³)))
    /// (<c>mlx.nn.gelu_approx</c>).</summary>
    let geluApprox (x: Tensor) : Tensor =
        0.5 * x * (1.0 + Tensor.tanh (Math.Sqrt(2.0 / Math.PI) * (x + 0.044715 * x ** 3)))

    /// <summary>gelu by sigmoid: x sigmoid(1.702 x) (<c>mlx.nn.gelu_fast_approx</c>).</summary>
    let geluFastApprox (x: Tensor) : Tensor = x * Tensor.sigmoid (1.702 * x)

    /// <summary>e^x over its sum along an axis (<c>mlx.nn.softmax</c>).</summary>
    let softmax (axis: int) (x: Tensor) : Tensor = Tensor.softmax axis x

    /// <summary>softmax(-x) (<c>mlx.nn.softmin</c>).</summary>
    let softmin (axis: int) (x: Tensor) : Tensor = Tensor.softmax axis -x

    /// <summary>log softmax (<c>mlx.nn.log_softmax</c>).</summary>
    let logSoftmax (axis: int) (x: Tensor) : Tensor = Tensor.logSoftmax axis x

    /// <summary>1 above the threshold, else 0, as int32 (<c>mlx.nn.step</c>, whose threshold is
    /// 0).</summary>
    let step (threshold: float) (x: Tensor) : Tensor =
        x |> Tensor.greater (Tensor.beside x threshold) |> Tensor.astype DType.Int32

    /// <summary>The first half of an axis, gated by the sigmoid of the second
    /// (<c>mlx.nn.glu</c>).</summary>
    let glu (axis: int) (x: Tensor) : Tensor =
        match Tensor.split 2 axis x with
        | [ value; gate ] -> value * Tensor.sigmoid gate
        | _ -> invalidOp "split in two"

    /// <summary>x where positive, else weight x, the weight learnt (<c>mlx.nn.prelu</c>).</summary>
    let prelu (weight: Tensor) (x: Tensor) : Tensor =
        let zero = zero x
        (zero |> Tensor.maximum x) + weight * (zero |> Tensor.minimum x)
