/// `mlx lora`: fine-tuning, of an adapter beside the model or of all its weights.
module Mlx.Tool.Commands.Lora

open System.CommandLine
open System.Diagnostics
open System.IO
open Mlx
open Mlx.Models
open Mlx.Tool
open Mlx.Tool.CommandLine
open Mlx.Tool.Loading

let private model = CommandLine.model ()

let private data =
    text
        "--data"
        "PATH"
        "A file of JSON lines (text; prompt and completion; messages), or a folder with train.jsonl and perhaps valid.jsonl."

let private out =
    (text "--out" "DIR" "The folder for the adapter, or for the model with --full.").Also "-o"

let private steps = whole "--steps" 1 1000 "Steps of the optimizer."
let private batchSize = whole "--batch-size" 1 4 "Examples in a step."
let private rate = number "--learning-rate" 0.0 10.0 1e-5 "The optimizer's rate (AdamW)."
let private rank = whole "--rank" 1 8 "Columns of the adapter's matrices."
let private scale = number "--scale" 0.0 1e6 20.0 "What the adapter is multiplied by."
let private layers = tryWhole "--layers" 1 "Only so many of the last layers."

let private keys =
    texts "--key" "NAME" "Only such matrices, self_attn.q_proj for instance; may be repeated."

let private dora = flag "--dora" "Learn lengths of rows as well (DoRA)."
let private full = flag "--full" "Train all weights instead of an adapter."
let private maxLength = whole "--max-length" 2 2048 "Tokens of an example at most."

let private learnPrompts =
    flag "--learn-prompts" "Learn prompts too, not only what comes after them."

let private recompute =
    flag "--recompute" "Less memory, a third more work: blocks are computed again."

let private seed = whole "--seed" 0 0 "The same seed gives the same run."

let private saveEvery =
    tryWhole "--save-every" 1 "Save the state of the run every so many steps."

let private resume = flag "--resume" "Go on from the state that was saved last."
let private json = CommandLine.json ()
let private verbose = CommandLine.verbose ()

/// Examples to learn from, and those to judge by.
let private examples (loaded: Loaded) (path: string) : Example list * Example list =
    let tokenizer = tokenizer loaded
    let chat = loaded.Template |> Option.map (Examples.chat tokenizer)
    let read file = Examples.load tokenizer chat file

    if Directory.Exists path then
        let at name = Path.Combine(path, name)

        read (at "train.jsonl"),
        (if File.Exists(at "valid.jsonl") then read (at "valid.jsonl") else [])
    else
        read path, []

/// The mean loss over examples, each token counting once.
let private judge (options: FineTuneOptions) (config: ModelConfig) (parameters: CausalLM) examples =
    match examples with
    | [] -> None
    | examples ->
        let sums =
            [ for batch in FineTune.batches options examples 1 ->
                  Tree.scoped (fun () ->
                      let loss = FineTune.loss false config parameters batch |> Tensor.toFloat
                      let count = batch.Weights |> Tensor.sum |> Tensor.toFloat
                      loss * count, count) ]

        Some((List.sumBy fst sums) / (List.sumBy snd sums))

/// What the run has told so far.
type private Log() =
    let clock = Stopwatch.StartNew()
    let mutable first, last = None, None

    member _.First = first
    member _.Last = last
    member _.Seconds = clock.Elapsed.TotalSeconds

    member _.Step (all: int) (step: int) (loss: float) =
        first <- first |> Option.orElse (Some loss)
        last <- Some loss

        if Terminal.isWatched then
            eprintf "\r%s" ($"step {step:N0} of {all:N0}, loss {loss:F4}".PadRight 48)

            if step = all then
                eprintfn ""

        Terminal.stop.ThrowIfCancellationRequested()

let private run (result: ParseResult) =
    let target = out.Of result
    let state = Path.Combine(target, "training.safetensors")
    let loaded = Loading.load (model.Of result)
    let train, valid = examples loaded (data.Of result)
    let log = Log()
    let optimizer = Optim.clipByGlobalNorm 1.0 >> Optim.adamW (rate.Of result)

    let options =
        { FineTune.defaults with
            Steps = steps.Of result
            BatchSize = batchSize.Of result
            MaxLength = maxLength.Of result
            Optimizer = Optim.skipNonFinite optimizer
            MasksPrompts = not (learnPrompts.Of result)
            IsCheckpointed = recompute.Of result
            Seed = seed.Of result
            SaveEvery = saveEvery.Of result |> Option.map (fun every -> every, state)
            ResumeFrom = if resume.Of result then Some state else None
            Show = false
            OnStep = log.Step(steps.Of result) }

    ignore (Directory.CreateDirectory target)
    let config = loaded.Model.Config
    let before = judge options config loaded.Model.Parameters valid

    let trained =
        if full.Of result then
            let trained = FineTune.full options loaded.Model train
            loaded.Model |> Model.withParameters trained.Parameters |> Loading.save target
            trained.Parameters
        else
            let lora: Lora =
                { Rank = rank.Of result
                  Scale = scale.Of result
                  IsDora = dora.Of result
                  NumLayers = layers.Of result
                  Keys =
                    match keys.Of result with
                    | [] -> None
                    | keys -> Some keys }

            let trained = FineTune.lora options lora loaded.Model train
            trained.Parameters |> Lora.save target lora
            loaded.Model.Parameters |> Lora.attach trained.Parameters

    let after = judge options config trained valid

    if json.Of result then
        Json.object
            [ "out", Json.text target
              "steps", Json.int options.Steps
              "examples", Json.int train.Length
              "first_loss", Json.option Json.measure log.First
              "last_loss", Json.option Json.measure log.Last
              "valid_loss_before", Json.option Json.measure before
              "valid_loss", Json.option Json.measure after
              "seconds", Json.measure log.Seconds ]
        |> Json.print
    else
        let loss = Option.defaultValue nan

        Terminal.out.WriteLine
            $"{target}: {options.Steps:N0} steps in {log.Seconds:F1} s, loss {loss log.First:F4} -> {loss log.Last:F4}"

        match before, after with
        | Some before, Some after ->
            Terminal.out.WriteLine $"held out: loss {before:F4} -> {after:F4}"
        | _ -> ()

    0

let command =
    CommandLine.command
        "lora"
        "Teach a model from examples: an adapter beside it, or all of its weights."
        [ "mlx lora --model mistral-7b-4bit --data examples --out adapter --steps 500"
          "mlx lora --model mistral-7b-4bit --data examples.jsonl --out adapter --dora --learning-rate 1e-4"
          "mlx generate --model mistral-7b-4bit --adapter adapter --prompt \"What is 2 + 2?\"" ]
        [ model
          data
          out
          steps
          batchSize
          rate
          rank
          scale
          layers
          keys
          dora
          full
          maxLength
          learnPrompts
          recompute
          seed
          saveEvery
          resume
          json
          verbose ]
        run
