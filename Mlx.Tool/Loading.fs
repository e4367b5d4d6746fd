/// A folder as a command uses it: model and tokenizer.
module Mlx.Tool.Loading

open System.IO
open Mlx.Models

type Loaded =
    {
        Model: Model
        /// None where the folder has no tokenizer: then only tokens go in and out.
        Tokenizer: ITokenizer option
    }

let private tokenizers = [ "tokenizer.json"; "tokenizer.model"; "tekken.json" ]

let load (folder: string) : Loaded =
    let model = Model.load folder
    let isThere file = File.Exists(Path.Combine(folder, file))

    { Model = model
      Tokenizer =
        if List.exists isThere tokenizers then Some(Tokenizer.load folder)
        // What the demo trains reads bytes, and has no file to say so.
        elif model.Config.VocabSize = Tokenizer.bytes.VocabSize then Some Tokenizer.bytes
        else None }

/// The tokenizer, or why there is none.
let tokenizer (loaded: Loaded) : ITokenizer =
    match loaded.Tokenizer with
    | Some tokenizer -> tokenizer
    | None ->
        Errors.fail
            $"{loaded.Model.Folder}: there is no tokenizer, so text cannot be read; give --prompt-tokens"
