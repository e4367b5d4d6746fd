module Mlx.Tests.Models.ConfigTests

open System.IO
open Expecto
open Mlx
open Mlx.Models
open Mlx.Tests.Models.Golden

let private problems json =
    try
        MistralConfig.parse json |> ignore
        failtest "it was accepted"
    with :? ModelException as e ->
        e.Problems

/// A config.json with fields set to other JSON, or taken out by an empty text.
let private edited (changes: (string * string) list) =
    let json =
        nonNull (System.Text.Json.Nodes.JsonNode.Parse(MistralConfig.toJson MistralConfig.defaults))
        |> _.AsObject()

    for name, value in changes do
        if value = "" then
            json.Remove name |> ignore
        else
            json[name] <- System.Text.Json.Nodes.JsonNode.Parse value

    json.ToJsonString()

let tests =
    testList
        "MistralConfig"
        [ testCase "a golden folder's is read" (fun () ->
              let config = MistralConfig.load (Path.Combine(path "tiny-q8g32", "config.json"))
              Expect.equal config.HiddenSize 64 "hidden_size"
              Expect.equal config.HeadDim 8 "head_dim"
              Expect.equal config.SlidingWindow None "sliding_window"
              Expect.equal config.EosTokenIds [ 2 ] "eos_token_id"

              Expect.equal
                  config.Quantization
                  (Some(Quantization.all { GroupSize = 32; Bits = 8; Mode = "affine" }))
                  "quantization")

          testCase "what is written is read again" (fun () ->
              let config =
                  { MistralConfig.defaults with
                      SlidingWindow = Some 9
                      TieWordEmbeddings = true
                      EosTokenIds = [ 3; 4 ]
                      BosTokenId = None
                      RopeTheta = 1e6
                      Quantization =
                          Some
                              { Packing = Packing.affine
                                Layers =
                                  Map [ "lm_head", None; "model.embed_tokens", Some Packing.mxfp8 ] } }

              Expect.equal (MistralConfig.parse (MistralConfig.toJson config)) config "config")

          testCase "absent fields have Hugging Face's defaults" (fun () ->
              let absent =
                  [ "head_dim"
                    "num_key_value_heads"
                    "rope_theta"
                    "sliding_window"
                    "eos_token_id" ]

              let config = MistralConfig.parse (edited [ for name in absent -> name, "" ])
              Expect.equal config.HeadDim 32 "hidden_size / num_attention_heads"
              Expect.equal config.NumKeyValueHeads 4 "num_attention_heads"
              Expect.equal config.RopeTheta 10000.0 "rope_theta"
              Expect.equal config.SlidingWindow None "sliding_window"
              Expect.equal config.EosTokenIds [] "eos_token_id")

          testCase "newer files keep rope_theta in rope_parameters" (fun () ->
              let json =
                  edited
                      [ "rope_theta", ""
                        "rope_parameters", """{"rope_type": "default", "rope_theta": 5e5}""" ]

              Expect.equal (MistralConfig.parse json).RopeTheta 5e5 "rope_theta")

          testCase "all that is wrong is told at once" (fun () ->
              let json =
                  edited
                      [ "model_type", "\"bert\""
                        "hidden_size", ""
                        "vocab_size", "-3"
                        "num_hidden_layers", "1e30"
                        "rms_norm_eps", "\"small\""
                        "tie_word_embeddings", "1"
                        "hidden_act", "\"gelu\"" ]

              Expect.equal
                  (problems json)
                  [ "model_type: mistral is wanted, \"bert\" was found"
                    "hidden_act: silu is wanted, \"gelu\" was found"
                    "hidden_size: missing"
                    "vocab_size: a whole number from 1 to 16777216 is wanted, -3 was found"
                    "num_hidden_layers: a whole number from 1 to 4096 is wanted, 1e30 was found"
                    "rms_norm_eps: a number from 0 to 1 is wanted, \"small\" was found"
                    "tie_word_embeddings: true or false is wanted, 1 was found" ]
                  "problems")

          testCase "fields that contradict each other are told" (fun () ->
              Expect.hasLength
                  (problems (
                      edited
                          [ "num_key_value_heads", "3"; "head_dim", "33"; "bos_token_id", "258" ]
                  ))
                  3
                  "problems")

          testCase "what is no JSON object is refused" (fun () ->
              for json in [ ""; "{"; "[1]"; "\"mistral\""; "{\"a\": 1} x" ] do
                  Expect.hasLength (problems json) 1 json) ]
