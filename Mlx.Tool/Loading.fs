/// A folder as a command uses it: model, tokenizer and chat template.
module Mlx.Tool.Loading

open System.IO
open Mlx.Models

type Loaded =
    {
        Model: Model
        /// None where the folder has no tokenizer: then only tokens go in and out.
        Tokenizer: ITokenizer option
        /// None where the model only continues text.
        Template: ChatTemplate option
    }

let private tokenizers = [ "tokenizer.json"; "tokenizer.model"; "tekken.json" ]

let load (folder: string) : Loaded =
    Terminal.during "loading" (fun () ->
        let model = Model.load folder
        let isThere file = File.Exists(Path.Combine(folder, file))

        let tokenizer =
            if List.exists isThere tokenizers then Some(Tokenizer.load folder)
            // What the demo trains reads bytes, and has no file to say so.
            elif model.Config.VocabSize = Tokenizer.bytes.VocabSize then Some Tokenizer.bytes
            else None

        { Model = model; Tokenizer = tokenizer; Template = ChatTemplate.load folder })

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
        member _.Bytes _ = [||]

        member _.NewStream() =
            let mutable isFirst = true

            { new ITextStream with
                member _.Push id =
                    let text = if isFirst then string id else $" {id}"
                    isFirst <- false
                    text

                member _.Finish() = "" } }
