/// A folder as a command uses it: model, tokenizer and chat template.
module Mlx.Tool.Loading

open System.CommandLine
open System.IO
open Mlx.Models
open Mlx.Tool.CommandLine

type Loaded =
    {
        Model: Model
        /// None where the folder has no tokenizer: then only tokens go in and out.
        Tokenizer: ITokenizer option
        /// None where the model only continues text.
        Template: ChatTemplate option
    }

let load (folder: string) : Loaded =
    Terminal.during "loading" (fun () ->
        let model = Model.load folder

        { Model = model
          Tokenizer = TextModel.TryTokenizer model
          Template = TextModel.TryTemplate model })

let adapter =
    tryText "--adapter" "DIR" "An adapter that mlx lora or mlx-lm has made, beside the model."

/// The folder with the adapter that is asked for, if one is.
let loadAdapted (result: ParseResult) (folder: string) : Loaded =
    let loaded = load folder

    match adapter.Of result with
    | None -> loaded
    | Some adapter ->
        let _, corrections = loaded.Model.Parameters |> Lora.load adapter
        let parameters = loaded.Model.Parameters |> Lora.attach corrections
        { loaded with Model = loaded.Model |> Model.withParameters parameters }

/// Writes a model into a folder, with what lies beside the weights that it came from.
let save (folder: string) (model: Model) : unit =
    model |> Model.save folder

    let isBeside (name: string) =
        List.contains (Path.GetExtension name) [ ".json"; ".jinja"; ".model"; ".txt" ]
        && name <> "config.json"
        && not (name.EndsWith ".index.json")

    for file in Directory.GetFiles model.Folder do
        let name = nonNull (Path.GetFileName file)

        if isBeside name then
            File.Copy(file, Path.Combine(folder, name), overwrite = true)

/// The tokenizer, or why there is none.
let tokenizer (loaded: Loaded) : ITokenizer =
    match loaded.Tokenizer with
    | Some tokenizer -> tokenizer
    | None ->
        Errors.fail
            $"{loaded.Model.Folder}: there is no tokenizer, so text cannot be read; give --prompt-tokens"

/// The template, or why there is none.
let template (loaded: Loaded) : ChatTemplate =
    match loaded.Template with
    | Some template -> template
    | None ->
        Errors.fail
            $"{loaded.Model.Folder}: there is no chat template, so it cannot chat; mlx generate continues text"

/// Tokens as numbers with spaces between them, for folders without a tokenizer.
let numbers: ITokenizer =
    { new ITokenizer with
        member _.VocabSize = System.Int32.MaxValue
        member _.Bos = None
        member _.Eos = []
        member _.Encode _ = [||]
        member _.EncodeMarkup _ = [||]
        member _.Decode ids = System.String.Join(' ', ids)
        member _.DecodeMarkup ids = System.String.Join(' ', ids)
        member _.TokenId _ = None
        member _.Bytes _ = [||]

        member _.NewStream() =
            let mutable isFirst = true

            { new ITextStream with
                member _.Push id =
                    let text = if isFirst then string id else $" {id}"
                    isFirst <- false
                    text

                member _.Finish() = "" } }
