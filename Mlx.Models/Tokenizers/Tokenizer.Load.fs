namespace Mlx.Models

open System.IO

/// Tokenizers of model folders.
[<AutoOpen>]
module TokenizerLoad =
    let private formats =
        [ "tokenizer.json", TokenizerJson.load
          "tokenizer.model", SentencePiece.load
          "tekken.json", Tekken.load ]

    /// <summary>Tokenizers, ready-made and from files.</summary>
    [<RequireQualifiedAccess>]
    module Tokenizer =
        /// <summary>
        /// The tokenizer of a model's folder: <c>tokenizer.json</c> (BPE), else
        /// <c>tokenizer.model</c> (SentencePiece, BPE), else Mistral's <c>tekken.json</c>. Which
        /// tokens begin and end a text is read from the files beside it, where they say so.
        /// </summary>
        /// <exception cref="T:Mlx.Models.ModelException">
        /// There is none of these, the file is broken, or it asks for what is not supported, which
        /// the error names.
        /// </exception>
        /// <example><code>
        /// let tokenizer = Tokenizer.load folder
        /// let ids = Tokenizer.prompt tokenizer "Once upon a time"
        /// printf "%s" (tokenizer.Decode ids)
        /// </code></example>
        let load (folder: string) : ITokenizer =
            let found =
                formats |> List.tryFind (fun (file, _) -> File.Exists(Path.Combine(folder, file)))

            match found with
            | Some(file, load) -> load (Path.Combine(folder, file)) (TokenizerConfig.load folder)
            | None ->
                let names = formats |> List.map fst |> String.concat ", "
                raise (ModelException(folder, [ $"there is no tokenizer in it: none of {names}" ]))
