/// A folder as a command uses it: model and tokenizer.
module Mlx.Tool.Loading

open System.IO
open Mlx.Models

type Loaded =
    {
        Folder: string
        Model: LanguageModel
        /// None where the folder has no tokenizer: then only tokens go in and out.
        Tokenizer: ITokenizer option
    }

let load (folder: string) : Loaded =
    if not (Directory.Exists folder) then
        Errors.fail $"{folder}: there is no such folder"

    let config, parameters = Mistral.load folder

    { Folder = folder
      Model = Mistral.languageModel config parameters
      Tokenizer =
        if config.VocabSize = Tokenizer.bytes.VocabSize then Some Tokenizer.bytes else None }

/// The tokenizer, or why there is none.
let tokenizer (loaded: Loaded) : ITokenizer =
    match loaded.Tokenizer with
    | Some tokenizer -> tokenizer
    | None ->
        Errors.fail
            $"{loaded.Folder}: there is no tokenizer, so text cannot be read; give --prompt-tokens"
