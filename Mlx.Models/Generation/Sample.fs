namespace Mlx.Models

open Mlx
open Mlx.Core

/// <summary>
/// Picks a token for each row of logits (batch, vocabulary): (batch), uint32. Pure, and runs inside
/// the compiled decoding step: the same key picks the same tokens.
/// </summary>
type Sampler = Key -> Tensor -> Tensor

/// <summary>Ways to pick the next token.</summary>
[<RequireQualifiedAccess>]
module Sample =
    /// <summary>The likeliest token; of equals the first. Draws nothing.</summary>
    let greedy: Sampler = fun _ logits -> logits |> Tensor.argmaxAxis -1

    /// <summary>
    /// At random with the probabilities softmax(logits / t): below 1 likelier tokens gain, and 0 is
    /// greedy.
    /// </summary>
    /// <exception cref="T:System.ArgumentOutOfRangeException">t is negative or no
    /// number.</exception>
    let temperature (t: float) : Sampler =
        if not (t >= 0.0) then
            raise (System.ArgumentOutOfRangeException(nameof t, t, "a temperature is 0 or more"))

        // Logits divided by so little would be infinite.
        if t < 1e-6 then
            greedy
        else
            // In float32 whatever the model computes in: probabilities of many tokens are small.
            fun key logits ->
                let scaled = Tensor.astype DType.Float32 logits * float32 (1.0 / t)
                MlxRandom.Categorical(scaled, key = key.Data)
