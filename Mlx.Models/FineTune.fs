namespace Mlx.Models

open System
open Mlx
open Mlx.Core

/// <summary>Rows of tokens to learn from: a tree, what a training step takes.</summary>
type TokenBatch =
    {
        /// What is read, (batch, length).
        Inputs: Tensor
        /// What comes next, (batch, length).
        Targets: Tensor
        /// How much each of these counts, (batch, length): 0 in prompts and behind the end.
        Weights: Tensor
    }

/// <summary>How to train on examples; change what you need of
/// <c>FineTune.defaults</c>.</summary>
[<NoEquality; NoComparison>]
type FineTuneOptions =
    {
        /// Steps of the optimizer.
        Steps: int
        /// Examples in a step.
        BatchSize: int
        /// Tokens of an example that are read at most.
        MaxLength: int
        /// The optimizer, clipping and guards included.
        Optimizer: Optimizer
        /// Whether prompts are read only, not learnt.
        MasksPrompts: bool
        /// Whether each block is computed again for its gradient, in place of keeping what that
        /// needs: less memory, a third more work.
        IsCheckpointed: bool
        /// The seed of new adapters and of the order of the examples.
        Seed: int
        /// Saves the whole state every so many steps to a file.
        SaveEvery: (int * string) option
        /// Goes on from such a file, as if the run had not been broken off.
        ResumeFrom: string option
        /// Whether progress is shown.
        Show: bool
        /// Told after each step: its number and its loss.
        OnStep: int -> float -> unit
    }

/// <summary>Training on examples: adapters beside a model, or all of its parameters.</summary>
[<RequireQualifiedAccess>]
module FineTune =
    /// <summary>A thousand steps of four examples, with AdamW at 1e-5, gradients clipped to a norm
    /// of 1, and steps without a finite gradient left out.</summary>
    /// <example><code>{ FineTune.defaults with Steps = 200 }</code></example>
    let defaults: FineTuneOptions =
        { Steps = 1000
          BatchSize = 4
          MaxLength = 2048
          Optimizer = Optim.skipNonFinite (Optim.clipByGlobalNorm 1.0 >> Optim.adamW 1e-5)
          MasksPrompts = true
          IsCheckpointed = false
          Seed = 0
          SaveEvery = None
          ResumeFrom = None
          Show = true
          OnStep = fun _ _ -> () }

    /// Lengths are rounded up to a multiple of it, so that a step is traced for few lengths.
    let private grain = 32

    /// Examples as one batch of a shape that does not depend on how many there are.
    let private batchOf (options: FineTuneOptions) (examples: Example[]) : TokenBatch =
        let cut = examples |> Array.map (fun e -> Array.truncate options.MaxLength e.Tokens)
        let longest = cut |> Array.map (fun tokens -> tokens.Length - 1) |> Array.max
        let length = (longest + grain - 1) / grain * grain
        let rows = options.BatchSize
        let inputs, targets = Array.zeroCreate (rows * length), Array.zeroCreate (rows * length)
        let weights: float32[] = Array.zeroCreate (rows * length)

        for row, tokens in Array.indexed cut do
            for i in 0 .. tokens.Length - 2 do
                let at = row * length + i
                inputs[at] <- tokens[i]
                targets[at] <- tokens[i + 1]
                let isRead = options.MasksPrompts && i + 1 < examples[row].PromptLength
                weights[at] <- if isRead then 0.0f else 1.0f

        let shape = [| rows; length |]

        { Inputs = MlxArray.From(inputs, shape)
          Targets = MlxArray.From(targets, shape)
          Weights = MlxArray.From(weights, shape) }

    /// <summary>
    /// The batches of an epoch: examples of like length together, in an order drawn anew for each
    /// epoch. Rows that are missing in the last count for nothing.
    /// </summary>
    /// <exception cref="T:System.ArgumentException">No example has anything to learn.</exception>
    /// <example><code>let batches = FineTune.batches FineTune.defaults examples 1</code></example>
    let batches (options: FineTuneOptions) (examples: Example list) : int -> seq<TokenBatch> =
        let teaches (e: Example) =
            let length = min e.Tokens.Length options.MaxLength
            length > 1 && (not options.MasksPrompts || e.PromptLength < length)

        let usable =
            examples
            |> List.filter teaches
            |> Array.ofList
            |> Array.sortBy (fun e -> min e.Tokens.Length options.MaxLength)

        if usable.Length = 0 then
            invalidArg (nameof examples) "no example has a token to learn within the length"

        let groups = usable |> Array.chunkBySize options.BatchSize

        fun epoch ->
            let order = Array.init groups.Length id
            System.Random(options.Seed * 1_000_003 + epoch).Shuffle order
            order |> Seq.map (fun i -> batchOf options groups[i])

    /// <summary>The mean cross entropy in nats of the tokens that count, a scalar, for a batch whose
    /// tensors are (batch, length).</summary>
    /// <example><code>let nats = FineTune.loss false config parameters batch</code></example>
    let loss (isCheckpointed: bool) (config: ModelConfig) (parameters: CausalLM) (b: TokenBatch) =
        let logits =
            if isCheckpointed then
                CausalLM.checkpointedLogits config parameters b.Inputs
            else
                CausalLM.logits config parameters b.Inputs

        let nats = logits |> Tensor.astype DType.Float32 |> Loss.crossEntropy b.Targets
        Tensor.sum (nats * b.Weights) / Tensor.sum b.Weights

    let private train options (first: 'P) (loss: 'P -> TokenBatch -> Tensor) examples =
        let snapshot = TrainStep.snapshot (Key.ofSeed options.Seed) options.Optimizer first

        let start =
            match options.ResumeFrom with
            | Some path -> Mlx.Checkpoint.load path snapshot
            | None -> snapshot

        let tell (progress: TrainProgress<'P>) =
            progress.History |> List.tryHead |> Option.iter (fun m -> options.OnStep m.Step m.Value)

        Train.run
            { Train.defaults with
                Start = Some(Choice1Of2 start)
                Resumes = options.ResumeFrom.IsSome
                Step = Some(fun optimizer -> TrainStep.fuse optimizer loss)
                Optimizer = options.Optimizer
                Data = Some(batches options examples)
                Epochs = Int32.MaxValue
                Steps = Some options.Steps
                Count = (fun b -> int64 (b.Inputs.Dim 0 * b.Inputs.Dim 1)), "tokens"
                Checkpoints =
                    [ for n, path in Option.toList options.SaveEvery -> Every.Steps n, path ]
                Callbacks = [ Every.Steps 1, tell ]
                Show = options.Show }

    /// <summary>Trains an adapter beside a model, whose weights stay as they are, plain or
    /// packed: they have neither gradients nor a state of the optimizer.</summary>
    /// <exception cref="T:System.ArgumentException">No example has anything to learn, or no matrix
    /// is chosen.</exception>
    /// <example><code>
    /// let model = Model.load "mistral-7b-4bit"
    /// let trained = FineTune.lora FineTune.defaults Lora.defaults model examples
    /// trained.Parameters |> Lora.save "adapters" Lora.defaults
    /// </code></example>
    let lora
        (options: FineTuneOptions)
        (lora: Lora)
        (model: Model)
        (examples: Example list)
        : Trained<Adapter> =
        let adapter = Lora.init lora model.Parameters |> Random.run (Key.ofSeed options.Seed)

        let loss adapter batch =
            let parameters = model.Parameters |> Lora.attach adapter
            loss options.IsCheckpointed model.Config parameters batch

        train options adapter loss examples

    /// <summary>Trains all parameters of a model, in the dtype that they have.</summary>
    /// <exception cref="T:System.ArgumentException">No example has anything to learn, or the model
    /// is packed: codes cannot be trained; unpack it or train an adapter.</exception>
    /// <example><code>
    /// let trained = FineTune.full FineTune.defaults model examples
    /// model |> Model.withParameters trained.Parameters |> Model.save "tuned"
    /// </code></example>
    let full
        (options: FineTuneOptions)
        (model: Model)
        (examples: Example list)
        : Trained<CausalLM> =
        if Tree.leaves model.Parameters |> Array.exists (fun x -> not (x.DType.IsFloating())) then
            invalidArg
                (nameof model)
                "the model is packed: unpack it (Convert.dequantize) or train an adapter"

        train options model.Parameters (loss options.IsCheckpointed model.Config) examples
