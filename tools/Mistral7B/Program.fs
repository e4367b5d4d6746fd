/// Mistral-7B's shapes on this machine: opening, decoding, the first token after a long prompt.
module Mlx.Mistral7B.Program

open System
open System.Diagnostics
open Mlx
open Mlx.Core
open Mlx.Models

let private usage =
    """make FOLDER [--bits N] [--layers N]   a folder of random weights with the shapes of Mistral-7B
measure FOLDER [--tokens N]           time to open, tokens a second, first token of a prompt of 512"""

let private timed (work: unit -> 'T) : 'T * float =
    let start = Stopwatch.GetTimestamp()
    let answer = work ()
    answer, Stopwatch.GetElapsedTime(start).TotalSeconds

let private peak () =
    use me = Process.GetCurrentProcess()
    float me.PeakWorkingSet64 / float (1 <<< 30)

/// What a token reads: all but the table of embeddings, of which it reads a row.
let private bytesRead (model: Model) =
    let isTable (path: string) = path.StartsWith "model.embed_tokens."

    Tree.named model.Parameters
    |> Array.sumBy (fun (path, x) -> if isTable path then 0L else x.NBytes)

/// Seconds until the first token, and from there to the last.
let private generate (model: Model) (prompt: int[]) (tokens: int) : float * float =
    let options = { GenerateOptions.defaults with StopAtEos = false; MaxTokens = tokens }

    use ids = (Generate.tokens model.LanguageModel options prompt).GetEnumerator()
    let _, first = timed (fun () -> ids.MoveNext())

    let _, rest =
        timed (fun () ->
            while ids.MoveNext() do
                ())

    first, rest

let private measureDecoding (model: Model) (tokens: int) =
    let _, rest = generate model [| 1; 2; 3; 4 |] (tokens + 1)
    let rate = float tokens / rest
    let bandwidth = Machine.bandwidth ()
    let read = float (bytesRead model)
    let limit = bandwidth / read
    let share = 100.0 * rate / limit
    printfn $"a token reads {read / 1e9:F2} GB; memory gives {bandwidth / 1e9:F2} GB/s"
    printfn $"decodes {rate:F2} tokens/s: {share:F0} %% of the {limit:F2} that this allows"

let private measurePrompt (model: Model) =
    let prompt = Array.init 512 (fun i -> i * 7919 % model.Config.VocabSize)
    let first, _ = generate model prompt 1

    let weights =
        let c = model.Config
        let attention = 2 * c.HiddenSize + 2 * c.NumKeyValueHeads * c.HeadDim
        float c.NumHiddenLayers * float (c.HiddenSize * (attention + 3 * c.IntermediateSize))

    // A product of each with 512 rows; attention and the output are little beside that.
    let achieved = 2.0 * 512.0 * weights / first
    let matmul = Machine.matmulRate DType.BFloat16
    let share = 100.0 * achieved / matmul
    printfn $"first token of a prompt of 512: {first:F1} s, {achieved / 1e9:F0} Gflop/s"
    printfn $"a product of 512 rows has {matmul / 1e9:F0}; the prompt has {share:F0} %% of that"

let private measure (folder: string) (tokens: int) =
    let model, opening = timed (fun () -> Model.load folder)
    printfn $"opens in {opening:F3} s"

    // Reads the files into memory, and traces.
    let _, cold = timed (fun () -> generate model [| 1; 2; 3 |] 2)
    printfn $"two tokens after opening: {cold:F1} s"
    measureDecoding model tokens
    measurePrompt model
    printfn $"memory at most {peak ():F1} GiB, mapped files included"

let private number (name: string) (arguments: string list) : int option =
    match arguments |> List.tryFindIndex ((=) name) with
    | Some i when i + 1 < arguments.Length -> Some(int arguments[i + 1])
    | _ -> None

[<EntryPoint>]
let main arguments =
    match List.ofArray arguments with
    | "make" :: folder :: rest ->
        let layers = rest |> number "--layers" |> Option.defaultValue 32
        Folder.make folder layers (rest |> number "--bits")
        0
    | "measure" :: folder :: rest ->
        measure folder (rest |> number "--tokens" |> Option.defaultValue 16)
        0
    | _ ->
        eprintfn $"{usage}"
        2
