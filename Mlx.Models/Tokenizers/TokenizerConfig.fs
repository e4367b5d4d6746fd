namespace Mlx.Models

open System.IO
open System.Text.Json

/// What the files beside a tokenizer say about it: tokenizer_config.json, generation_config.json
/// and config.json, all of them optional.
type internal TokenizerConfig =
    {
        /// The texts of `bos_token` and its like, by these names.
        Named: Map<string, string>
        /// Whether texts begin with bos_token; None where no file says.
        AddBos: bool option
        BosId: int option
        /// All ids that end a text, in either file.
        EosIds: int list
    }

module internal TokenizerConfig =
    let private largest = 16L <<< 20

    let private tryRead folder file read otherwise =
        let path = Path.Combine(folder, file)
        if File.Exists path then JsonPart.Read path largest read else otherwise

    /// A text, or an object that holds it as `content`.
    let private text (part: JsonPart) =
        if part.Kind = JsonValueKind.Object then part.TryText "content" else Some part.Text

    let private named (config: JsonPart) =
        [ for name in [ "bos_token"; "eos_token"; "unk_token"; "pad_token" ] do
              match config.Try name |> Option.bind text with
              | Some token -> name, token
              | None -> () ]
        |> Map.ofList

    let private ids (name: string) (config: JsonPart) =
        match config.Try name with
        | None -> []
        | Some part when part.Kind = JsonValueKind.Array -> [ for id in part.Items -> id.Int ]
        | Some part -> [ part.Int ]

    let load (folder: string) : TokenizerConfig =
        let names, addBos =
            tryRead
                folder
                "tokenizer_config.json"
                (fun config -> named config, config.Try "add_bos_token" |> Option.map _.Flag)
                (Map.empty, None)

        let bos, eos =
            [ for file in [ "generation_config.json"; "config.json" ] ->
                  tryRead
                      folder
                      file
                      (fun config -> ids "bos_token_id" config, ids "eos_token_id" config)
                      ([], []) ]
            |> List.unzip

        { Named = names
          AddBos = addBos
          BosId = List.tryHead (List.concat bos)
          EosIds = List.distinct (List.concat eos) }
