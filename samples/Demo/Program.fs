/// Trains a small Mistral on text, saves it, loads it, and writes with it.
module Demo.Program

open System
open System.Diagnostics
open System.IO
open System.Text
open Mlx
open Mlx.Core
open Mlx.Models
open Demo.Options

/// Steps that the loss has use for, and the seconds that they may take.
let private mostSteps, mostSeconds = 900, 110.0

/// Bytes to write.
let private length = 300

let private chooseSteps corpus options =
    match options.Steps with
    | Some steps -> steps
    | None ->
        let fit = Training.fitting corpus mostSeconds

        if fit < mostSteps then
            printfn $"{max 1 fit} steps: {mostSteps} would take over {mostSeconds:F0} s here"

        Math.Clamp(fit, 1, mostSteps)

/// Streams text to the console; answers it and the tokens per second.
let private write (config: MistralConfig) (model: Mistral) (seed: int) (prompt: string) =
    let options =
        { GenerateOptions.defaults with
            MaxTokens = length
            Sampling = Sample.temperature 0.5
            Seed = seed
            StopAtEos = false }

    let clock = Stopwatch()
    let text = StringBuilder()

    let timed (tokens: seq<int>) =
        tokens
        |> Seq.map (fun token ->
            // From the first token on: reading the prompt and tracing are not decoding.
            clock.Start()
            token)

    printf "%s" prompt

    for piece in
        Tokenizer.prompt Tokenizer.bytes prompt
        |> Generate.tokens (Mistral.languageModel config model) options
        |> timed
        |> Tokenizer.stream Tokenizer.bytes do
        text.Append piece |> ignore
        printf "%s" piece
        stdout.Flush()

    printfn ""
    text.ToString(), float (length - 1) / clock.Elapsed.TotalSeconds

let private run (options: Options) =
    let clock = Stopwatch.StartNew()

    let out =
        match options.Out, Corpus.repository with
        | Some folder, _ -> folder
        | None, Some root -> Path.Combine(root, "artifacts", "demo")
        | None, None -> Path.Combine(Environment.CurrentDirectory, "artifacts", "demo")

    let corpus = Corpus.load options.Text
    let engine = Engine.Describe()
    printfn $"engine    {engine.Name} (MLX {engine.Version})"
    printfn $"text      {corpus.Source}: {corpus.Text.Length:N0} bytes"
    let steps = chooseSteps corpus options
    let trained = Training.train corpus options.Seed steps
    let tokens = float steps * float (Training.length * Training.batch)
    let trainRate = tokens / trained.Seconds

    let heldOut =
        Tree.scoped (fun () -> Training.evaluate corpus.HeldOut 2048 trained.Parameters)
        |> Tensor.toFloat

    printfn
        $"trained   {Tree.size trained.Parameters:N0} parameters, {steps} steps in {trained.Seconds:F1} s: {trainRate:N0} tokens/s"

    printfn $"held out  {heldOut:F4} nats/byte"

    let folder = Path.Combine(out, "model")
    Mistral.save folder Training.config trained.Parameters
    let page = Path.Combine(out, "loss.html")

    let curve name =
        [ for m in trained.History do
              if m.Name = name then
                  m.Step, m.Value ]

    Plot.save page (curve "loss") (curve "held out")
    printfn $"saved     {folder}"
    printfn $"plot      {page}"

    let config, model = Mistral.load folder
    printfn "loaded    from there; it writes:\n"
    let prompt = options.Prompt |> Option.defaultValue corpus.Prompt
    let text, decodeRate = write config model options.Seed prompt
    let words, known = Corpus.knownWords corpus text

    printfn
        $"\nwrote     {length} bytes, {decodeRate:N0} tokens/s; {known} of {words} words are the text's"

    printfn
        $"demo: loss={heldOut:F4} train_tokens_per_s={trainRate:F0} decode_tokens_per_s={decodeRate:F0} seconds={clock.Elapsed.TotalSeconds:F1}"

[<EntryPoint>]
let main arguments =
    try
        // Without the mark that some consoles print.
        Console.OutputEncoding <- UTF8Encoding false
        run (Options.parse arguments)
        0
    with
    | Complaint "" ->
        printfn "%s" usage
        0
    | Complaint message ->
        eprintfn $"{message}\n\n{usage}"
        2
    | :? IOException
    | :? UnauthorizedAccessException
    | :? ModelException
    | :? MlxException as e ->
        eprintfn $"{e.Message}"
        1
