/// Any tokenizer can stand in for the one of Mlx.Models: here Hugging Face's own library, beside
/// ours on the same file, and then writing with a model.
module OtherTokenizer.Program

open System
open System.IO
open Mlx
open Mlx.Models

/// The checkout that this was built from.
let rec private root (folder: DirectoryInfo) =
    if File.Exists(Path.Combine(folder.FullName, "build.fsx")) then
        folder.FullName
    else
        root (nonNull folder.Parent)

let private texts =
    [ "Hello world"
      "  two  spaces\n"
      "naïve café 漢字 \U0001F389"
      "It's 2024-01-02, isn't it?" ]

[<EntryPoint>]
let main arguments =
    let folder =
        match arguments with
        | [| folder |] -> folder
        | _ ->
            let here = root (DirectoryInfo AppContext.BaseDirectory)
            Path.Combine(here, "tests", "data", "tokenizer", "bytelevel")

    let ours = Tokenizer.load folder
    let theirs = HuggingFace.load (Path.Combine(folder, "tokenizer.json")) ours.VocabSize ours.Eos

    for text in texts do
        let a, b = ours.Encode text, theirs.Encode text
        let streamed = Tokenizer.stream theirs b |> String.concat ""

        printfn
            "%-32s %s  %s"
            (text.Trim())
            (if a = b then "same ids" else "OTHER IDS")
            (if streamed = text then "same text" else "OTHER TEXT")

    // A model of random weights writes nonsense, but it writes.
    let config =
        { MistralConfig.defaults with
            VocabSize = ours.VocabSize
            BosTokenId = ours.Bos
            EosTokenIds = ours.Eos }

    let model = Mistral.init config |> Random.run (Key.ofSeed 1) |> Mistral.languageModel config

    let options = { GenerateOptions.defaults with MaxTokens = 12 }
    let mine = Generate.stream ignore ours model options "Hello"
    let other = Generate.stream ignore theirs model options "Hello"
    printfn "%s" (if mine = other then "and the same text from a model" else "OTHER TEXT")
    0
