/// Folders that mean harm: an error of one line, in bounded time and memory.
module Mlx.Tests.Tool.HostileTests

open System
open System.IO
open System.Text.Json
open System.Text.Json.Nodes
open Expecto
open Mlx.Tests.Models
open Mlx.Tests.Tool.Command

/// The commands that read a folder, with what they need to begin.
let private readers =
    [ "generate", [ "--prompt-tokens"; "1,5,9"; "--max-tokens"; "2" ]; "inspect", [] ]

/// What regular expressions that go astray have to chew on.
let private text = String('a', 40) + "!"

let private bounded (outcome: Outcome) =
    Expect.isLessThan outcome.Seconds 20.0 "seconds"
    Expect.isLessThan outcome.PeakBytes (1L <<< 30) "bytes of memory"

/// A damaged copy of a good folder is refused by these commands with these words.
let private refused name (damage: Golden.Folder -> unit) (part: string) commands () =
    use folder = Golden.copy name
    damage folder

    for command, more in readers do
        if List.contains command commands then
            let outcome = mlx ([ command; "--model"; folder.Path ] @ more)
            bounded outcome
            refuses 1 part outcome

let private both = [ "generate"; "inspect" ]

let private configure (changes: (string * string) list) (folder: Golden.Folder) =
    let file = folder.File "config.json"
    let json = (nonNull (JsonNode.Parse(File.ReadAllText file))).AsObject()

    for name, value in changes do
        json[name] <- JsonNode.Parse value

    File.WriteAllText(file, json.ToJsonString())

/// A safetensors file with this header over so many zeros.
let private safetensors (header: string) (zeros: int) (folder: Golden.Folder) =
    let text = Text.Encoding.UTF8.GetBytes header

    File.WriteAllBytes(
        folder.File "model.safetensors",
        Array.concat [ BitConverter.GetBytes(int64 text.Length); text; Array.zeroCreate zeros ]
    )

let private truncate (folder: Golden.Folder) =
    use file = File.OpenWrite(folder.File "model.safetensors")
    file.SetLength(file.Length / 2L)

/// The weights of the folder with one of them in another dtype of the same size.
let private wrongDtype (folder: Golden.Folder) =
    let file = folder.File "model.safetensors"
    let bytes = File.ReadAllBytes file
    let length = int (BitConverter.ToInt64(bytes, 0))
    let header = Text.Encoding.UTF8.GetString(bytes, 8, length)
    let at = header.IndexOf "\"F32\""
    bytes[8 + at + 1] <- byte 'I'
    File.WriteAllBytes(file, bytes)

let private index (file: string) (folder: Golden.Folder) =
    let path = folder.File "model.safetensors.index.json"
    let json = nonNull (JsonNode.Parse(File.ReadAllText path))
    let map = (nonNull json["weight_map"]).AsObject()
    map["model.norm.weight"] <- JsonValue.Create file
    File.WriteAllText(path, json.ToJsonString())

let private write name (text: string) (folder: Golden.Folder) =
    File.WriteAllText(folder.File name, text)

let private nested = String('[', 1_000_000)

/// A folder with a tokenizer of two letters, in which some parts of the file are replaced.
let private tokenizer (changes: (string * string) list) (folder: Golden.Folder) =
    let json =
        nonNull (
            JsonNode.Parse
                """{"version": "1.0", "added_tokens": [], "normalizer": null, "pre_tokenizer": null,
                    "post_processor": null, "decoder": null,
                    "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2},
                              "merges": ["a b"], "unk_token": null}}"""
        )

    for path, value in changes do
        let names = path.Split '.'

        let owner =
            Array.fold
                (fun (at: JsonNode) (name: string) -> nonNull at[name])
                json
                (Array.take (names.Length - 1) names)

        owner[Array.last names] <-
            JsonNode.Parse(value, documentOptions = JsonDocumentOptions(MaxDepth = 1000))

    File.WriteAllText(
        folder.File "tokenizer.json",
        json.ToJsonString(JsonSerializerOptions(MaxDepth = 1000))
    )

let private sequence depth =
    let opening = String.replicate depth """{"type": "Sequence", "normalizers": ["""
    opening + """{"type": "NFC"}""" + String.replicate depth "]}"

let private replace (what: string) (by: string) =
    JsonObject(
        dict
            [ "type", JsonValue.Create "Replace" :> JsonNode | null
              "pattern", JsonObject(dict [ "String", JsonValue.Create what :> JsonNode | null ])
              "content", JsonValue.Create by ]
    )
        .ToJsonString()

let private sequenceOf (parts: string list) =
    let parts = String.Join(',', parts)
    $"""{{"type": "Sequence", "normalizers": [{parts}]}}"""

/// A tokenizer that is refused, or that takes too long over a text.
let private tokenizers =
    [ "merges of tokens that are not there", [ "model.merges", """["ab a", "aba ab"]""" ], "aba"
      "parts inside parts without end", [ "normalizer", sequence 300 ], "not valid JSON"
      "ids below zero", [ "model.vocab", """{"a": -1}""" ], "vocab"
      "ids beyond any vocabulary", [ "model.vocab", """{"a": 1099511627776}""" ], "vocab"
      "an added token beyond any vocabulary",
      [ "added_tokens", """[{"id": 1000000000, "content": "<x>", "special": true}]""" ],
      "out of range"
      "a text that grows a millionfold at each step",
      [ "normalizer", sequenceOf (List.replicate 5 (replace "a" (String('a', 1000)))) ],
      "characters of"
      "a pattern that tries everything",
      [ "pre_tokenizer",
        """{"type": "Split", "pattern": {"Regex": "(a+)+$|(a|aa)+c"}, "behavior": "Isolated"}""" ],
      "(a+)+"
      "a kind there is not", [ "model.type", "\"Magic\"" ], "Magic is not supported" ]

let private refusedTokenizer changes (part: string) () =
    use folder = Golden.copy "tiny-f32"
    tokenizer changes folder

    let outcome =
        mlx [ "generate"; "--model"; folder.Path; "--prompt"; text; "--max-tokens"; "2" ]

    bounded outcome
    refuses 1 part outcome

let private acceptedMerges () =
    use folder = Golden.copy "tiny-f32"
    let merges = Seq.replicate 1_000_000 "\"a b\"" |> String.concat ","
    tokenizer [ "model.merges", $"[{merges}]" ] folder

    let outcome =
        mlx [ "generate"; "--model"; folder.Path; "--prompt"; text; "--max-tokens"; "2" ]

    bounded outcome
    outcome |> succeeds |> ignore

let private case name folder damage part commands =
    testCase name (refused folder damage part commands)

let tests =
    testList
        "hostile folders"
        [ case
              "no config"
              "tiny-f32"
              (fun f -> File.Delete(f.File "config.json"))
              "no such file"
              both
          case "a config that is no JSON" "tiny-f32" (write "config.json" "{") "not valid JSON" both
          case "a config of brackets" "tiny-f32" (write "config.json" nested) "not valid JSON" both

          case
              "a config of 20 MB"
              "tiny-f32"
              (fun f -> write "config.json" (String(' ', 20_000_000)) f)
              "larger than 16 MiB"
              both

          case
              "sizes beyond any model"
              "tiny-f32"
              (configure [ "hidden_size", "1e300"; "num_hidden_layers", "-3" ])
              "hidden_size: a whole number"
              both

          case
              "sizes that multiply beyond any memory"
              "tiny-f32"
              (configure
                  [ "hidden_size", "16777216"
                    "intermediate_size", "16777216"
                    "vocab_size", "16777216"
                    "num_hidden_layers", "4096"
                    "head_dim", "65536" ])
              "more (--verbose lists all)"
              [ "generate" ]

          case
              "heads that do not divide"
              "tiny-f32"
              (configure [ "num_key_value_heads", "3" ])
              "no multiple"
              [ "generate" ]

          case
              "a packing there is not"
              "tiny-q4g64"
              (configure [ "quantization", """{"group_size": 64, "bits": 7, "mode": "affine"}""" ])
              "quantization"
              [ "generate" ]

          for file in [ "../outside.safetensors"; "/etc/passwd"; "..\\\\x"; "a/b"; "" ] do
              case
                  $"an index that leads to '{file}'"
                  "tiny-f32-sharded"
                  (index file)
                  "no name of a file in the folder"
                  both

          case
              "an index that promises more than there is"
              "tiny-f32-sharded"
              (index "model-00001-of-00002.safetensors")
              "missing, though the index has it"
              [ "generate" ]

          case
              "an index of a file that is not there"
              "tiny-f32-sharded"
              (index "model-00009-of-00002.safetensors")
              "model-00009-of-00002.safetensors"
              both

          case
              "an index that is no object"
              "tiny-f32-sharded"
              (write "model.safetensors.index.json" "[]")
              "model.safetensors.index.json"
              both

          case "a file that is cut off" "tiny-f32" truncate "model.safetensors" both
          case
              "a header without end"
              "tiny-f32"
              (fun f -> File.WriteAllBytes(f.File "model.safetensors", Array.create 64 255uy))
              "a header takes from 2 to"
              both
          case "an empty file" "tiny-f32" (write "model.safetensors" "") "model.safetensors" both

          case
              "offsets that lead out of the file"
              "tiny-f32"
              (safetensors
                  """{"a":{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,9223372036854775807]}}"""
                  16)
              "model.safetensors"
              both

          case
              "weights of the wrong dtype"
              "tiny-f32"
              wrongDtype
              "float32 is wanted, int32 was found"
              [ "generate" ]

          case
              "weights of another model"
              "tiny-f32"
              (safetensors """{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}""" 16)
              "missing"
              [ "generate" ]

          for name, changes, part in tokenizers do
              testCase $"a tokenizer with {name}" (refusedTokenizer changes part)

          testCase "a tokenizer with a million merges is read in time" acceptedMerges ]
