namespace Mlx.Models

open System
open Mlx
open Mlx.Core

/// <summary>
/// How the next token is picked: first logits are changed (bias, penalties), then unlikely tokens
/// are left out, then one is drawn. Change what you need of <c>Sample.greedy</c>; what is not
/// changed does nothing.
/// </summary>
/// <remarks>
/// Everything runs on the engine in one compiled function, in the order of the fields below, which
/// is that of mlx-lm: bias and penalties change logits, filters look at the probabilities of what
/// is left, and the temperature comes last.
/// </remarks>
type Sampling =
    {
        /// Added to the logits of tokens, by id.
        LogitBias: Map<int, float>
        /// Divides the positive and multiplies the negative logits of recent tokens (Keskar et al.,
        /// 2019); 1 does nothing.
        RepetitionPenalty: float
        /// Taken from the logits of recent tokens; 0 does nothing.
        PresencePenalty: float
        /// Taken from the logits of recent tokens, for each time they came; 0 does nothing.
        FrequencyPenalty: float
        /// How many tokens, of the prompt too, are recent.
        PenaltyContext: int
        /// Keeps the tokens whose surprise is nearest to the expected one, up to this probability
        /// (Meister et al., 2022); 1 keeps all.
        TypicalP: float
        /// Keeps the likeliest tokens up to this probability (Holtzman et al., 2020); 1 keeps all.
        TopP: float
        /// Keeps the tokens at least this part as likely as the likeliest (Nguyen et al., 2024); 0
        /// keeps all.
        MinP: float
        /// How often the likeliest tokens are left out, so that a less likely one comes; 0 never.
        XtcProbability: float
        /// What a token left out so must reach; the least likely of them stays.
        XtcThreshold: float
        /// Keeps so many of the likeliest tokens, and those that are as likely as the last of them;
        /// 0 keeps all.
        TopK: int
        /// Draws with the probabilities softmax(logits / temperature): below 1 likelier tokens
        /// gain, and 0 picks the likeliest, of equals the first.
        Temperature: float
    }

/// <summary>Filters of log-probabilities (..., vocabulary): what they leave out becomes -infinity.
/// A parameter is a number or a tensor, such as (batch, 1).</summary>
[<RequireQualifiedAccess>]
module internal Filter =
    let private nothing = Single.NegativeInfinity

    let private keepIf (keep: Tensor) (x: Tensor) = Tensor.where keep x (Tensor.scalar nothing)

    /// Which are kept, where that is known in some order of them.
    let private unsorted (order: Tensor) (kept: Tensor) : Tensor =
        Tensor.zerosLike kept |> Tensor.putAlongAxis -1 order kept

    /// The likeliest up to the probability p, of which a p of 1 keeps all.
    let topP (p: Tensor) (x: Tensor) : Tensor =
        let order = x |> Tensor.argsort -1
        let share = x |> Tensor.takeAlongAxis -1 order |> Tensor.exp |> Tensor.cumsum -1
        let likely = share |> Tensor.greater (Tensor.scalar 1.0f - p) |> unsorted order
        // Sums are rounded: the likeliest must not fall to that.
        let best = x |> Tensor.greaterEqual (Tensor.maxKeep [ -1 ] x)
        let all = p |> Tensor.greaterEqual (Tensor.scalar 1.0f)
        x |> keepIf (likely |> Tensor.logicalOr best |> Tensor.logicalOr all)

    /// Those at least p times as likely as the likeliest.
    let minP (p: Tensor) (x: Tensor) : Tensor =
        x |> keepIf (x |> Tensor.greaterEqual (Tensor.maxKeep [ -1 ] x + Tensor.log p))

    /// Those whose surprise is nearest to the entropy, up to the probability p.
    let typical (p: Tensor) (x: Tensor) : Tensor =
        let probability = Tensor.exp x
        let isThere = x |> Tensor.greater (Tensor.scalar nothing)
        let parts = Tensor.where isThere (x * probability) (Tensor.scalar 0.0f)
        let strange = Tensor.abs (x - Tensor.sumKeep [ -1 ] parts)
        let order = strange |> Tensor.argsort -1
        let sorted = probability |> Tensor.takeAlongAxis -1 order
        let before = sorted |> Tensor.cumsumWith { Scan.defaults with Inclusive = false } -1
        let kept = before |> Tensor.less p |> unsorted order
        x |> keepIf (kept |> Tensor.logicalOr (p |> Tensor.greaterEqual (Tensor.scalar 1.0f)))

    /// Without those above the threshold except the least likely of them, where a number drawn is
    /// at most the probability.
    let xtc (probability: Tensor) (threshold: Tensor) (drawn: Tensor) (x: Tensor) : Tensor =
        let p = x |> Tensor.softmax -1
        let above = Tensor.where (p |> Tensor.greater threshold) p (Tensor.scalar infinityf)
        let isOver = p |> Tensor.greater (Tensor.minKeep [ -1 ] above)
        let isNow = drawn |> Tensor.lessEqual probability
        x |> keepIf (isOver |> Tensor.logicalAnd isNow |> Tensor.logicalNot)

    /// The k likeliest and their equals, with k of 0 for all, and no k above the most.
    let topK (most: int) (k: Tensor) (x: Tensor) : Tensor =
        let vocabulary = x.Dim -1

        if most >= vocabulary then
            x
        else
            let best = x |> Tensor.topk most -1 |> Tensor.sort -1
            let place = most - Tensor.maximum (Tensor.scalar 1.0f) k |> Tensor.astype DType.Int32
            let least = best |> Tensor.takeAlongAxis -1 place
            let all = k |> Tensor.equal (Tensor.scalar 0.0f)
            x |> keepIf (x |> Tensor.greaterEqual least |> Tensor.logicalOr all)

/// <summary>Ways to pick the next token.</summary>
[<RequireQualifiedAccess>]
module Sample =
    /// <summary>The likeliest token; of equals the first. Draws nothing.</summary>
    /// <example><code>
    /// { Sample.greedy with Temperature = 0.8; TopP = 0.95; RepetitionPenalty = 1.1 }
    /// </code></example>
    let greedy: Sampling =
        { LogitBias = Map.empty
          RepetitionPenalty = 1.0
          PresencePenalty = 0.0
          FrequencyPenalty = 0.0
          PenaltyContext = 20
          TypicalP = 1.0
          TopP = 1.0
          MinP = 0.0
          XtcProbability = 0.0
          XtcThreshold = 0.1
          TopK = 0
          Temperature = 0.0 }

    let private bounds =
        [ "RepetitionPenalty", _.RepetitionPenalty, 0.0, Double.MaxValue
          "PresencePenalty", _.PresencePenalty, Double.MinValue, Double.MaxValue
          "FrequencyPenalty", _.FrequencyPenalty, Double.MinValue, Double.MaxValue
          "PenaltyContext", (fun s -> float s.PenaltyContext), 0.0, 65536.0
          "TypicalP", _.TypicalP, 0.0, 1.0
          "TopP", _.TopP, 0.0, 1.0
          "MinP", _.MinP, 0.0, 1.0
          "XtcProbability", _.XtcProbability, 0.0, 1.0
          "XtcThreshold", _.XtcThreshold, 0.0, 0.5
          "TopK", (fun s -> float s.TopK), 0.0, Double.MaxValue
          "Temperature", _.Temperature, 0.0, Double.MaxValue ]

    /// <summary>The same, if every number is one that it may be.</summary>
    /// <exception cref="T:System.ArgumentOutOfRangeException">A number is outside its range, or no
    /// number; the message names the field.</exception>
    /// <example><code>
    /// { Sample.greedy with TopP = 1.5 } |> Sample.check
    /// </code></example>
    let check (sampling: Sampling) : Sampling =
        for name, get, least, most in bounds do
            let value = get sampling

            // What is no number is in no range.
            if not (value >= least && value <= most) then
                let range =
                    if most = Double.MaxValue then $"{least} or more" else $"from {least} to {most}"

                let range = if least = Double.MinValue then "a number" else range
                raise (ArgumentOutOfRangeException(name, value, $"{name} is {range}"))

        if sampling.RepetitionPenalty = 0.0 then
            let problem = "RepetitionPenalty divides: it is above 0"
            raise (ArgumentOutOfRangeException(nameof sampling.RepetitionPenalty, 0.0, problem))

        for KeyValue(id, bias) in sampling.LogitBias do
            if Double.IsNaN bias || id < 0 then
                let problem = "LogitBias has ids from 0 on and numbers"
                raise (ArgumentOutOfRangeException(nameof sampling.LogitBias, bias, problem))

        sampling

    /// <summary>
    /// At random with the probabilities softmax(logits / t): below 1 likelier tokens gain, and 0 is
    /// greedy.
    /// </summary>
    /// <exception cref="T:System.ArgumentOutOfRangeException">t is negative or no
    /// number.</exception>
    /// <example><code>
    /// { GenerateOptions.defaults with Sampling = Sample.temperature 0.7 }
    /// </code></example>
    let temperature (t: float) : Sampling = check { greedy with Temperature = t }
