module Mlx.Tests.Models.GenerateTests

open System
open Expecto
open Mlx
open Mlx.Core
open Mlx.Models
open Mlx.Tests.Models.Tiny

/// A model that always writes the token after the last one, and counts how often it is traced.
let private counting vocabulary (calls: int ref) =
    scripted vocabulary [ 0 ] (fun tokens ->
        calls.Value <- calls.Value + 1
        (Tensor.astype DType.Int32 tokens + 1) |> Tensor.remainder (Tensor.scalar vocabulary))

let private options = GenerateOptions.defaults

let tests =
    testList
        "Generate"
        [ testCase "tokens follow, up to the most allowed" (fun () ->
              let tokens =
                  Generate.tokens (counting 1000 (ref 0)) { options with MaxTokens = 5 } [ 7; 8 ]

              Expect.sequenceEqual tokens [ 9; 10; 11; 12; 13 ] "tokens")

          testCase "a token that ends the text ends it" (fun () ->
              let model = counting 5 (ref 0)
              Expect.sequenceEqual (Generate.tokens model options [ 1 ]) [ 2; 3; 4 ] "tokens"

              Expect.sequenceEqual
                  (Generate.tokens model { options with MaxTokens = 6; StopAtEos = false } [ 1 ])
                  [ 2; 3; 4; 0; 1; 2 ]
                  "tokens")

          testCase
              "nothing runs before it is asked for, and what is not read is not written"
              (fun () ->
                  let calls = ref 0
                  let tokens = Generate.tokens (counting 1000 calls) options [ 7 ]
                  Expect.equal calls.Value 0 "calls"
                  Expect.sequenceEqual (Seq.truncate 3 tokens) [ 8; 9; 10 ] "tokens"
                  Expect.sequenceEqual (Seq.truncate 3 tokens) [ 8; 9; 10 ] "tokens, once more")

          testCase "a step is traced once for each size of the cache" (fun () ->
              let calls = ref 0

              let model = counting 1000 calls
              let options = { options with MaxTokens = 600 }
              Expect.sequenceEqual (Generate.tokens model options [ 1 ]) [ 2..601 ] "tokens"
              // The prompt, then rooms of 256, 512 and 768.
              Expect.isLessThanOrEqual calls.Value 4 "traces"
              let before = calls.Value
              Expect.sequenceEqual (Generate.tokens model options [ 1 ]) [ 2..601 ] "tokens"
              Expect.equal calls.Value (before + 1) "only the prompt is read again")

          testCase "a token costs the same few calls whatever the layers, and no handles" (fun () ->
              let calls layers =
                  let config =
                      { MistralConfig.defaults with NumHiddenLayers = layers; HiddenSize = 32 }

                  let model = Mistral.init config |> Random.run (Key.ofSeed 0)
                  let options = { options with MaxTokens = 200; StopAtEos = false }
                  let tokens = Generate.tokens (Mistral.languageModel config model) options [ 1 ]
                  use numbers = tokens.GetEnumerator()

                  let read count =
                      for _ in 1..count do
                          numbers.MoveNext() |> ignore

                  read 50
                  let handles, before = Engine.LiveHandles, Engine.Crossings
                  read 100
                  let calls = Engine.Crossings - before
                  Expect.equal Engine.LiveHandles handles "handles"
                  calls

              // The finalizers of other tests' arrays call the engine as well.
              Mlx.Tests.Suite.quiesce ()
              let few, many = calls 1, calls 5
              Expect.isLessThan (float many / 100.0) 16.0 "calls a token"
              Expect.equal many few "calls of five layers are those of one")

          testCase "a prompt that is empty or out of the vocabulary is refused" (fun () ->
              let model = counting 10 (ref 0)

              for prompt in [ []; [ 10 ]; [ 1; -1 ] ] do
                  Expect.throwsT<ArgumentException>
                      (fun () -> Generate.tokens model options prompt |> ignore)
                      $"%A{prompt}")

          testCase "the same seed draws the same tokens, another seed others" (fun () ->
              // Logits of 0 and 10 at temperature 20 leave every token likely.
              let draw seed =
                  let options =
                      { options with
                          MaxTokens = 40
                          Sampling = Sample.temperature 20.0
                          StopAtEos = false
                          Seed = seed }

                  Generate.tokens (counting 50 (ref 0)) options [ 1 ] |> List.ofSeq

              Expect.equal (draw 3) (draw 3) "the same"
              Expect.notEqual (draw 3) (draw 4) "others"
              Expect.isGreaterThan (List.distinct (draw 3)).Length 10 "many tokens")

          testCase "text streams in whole characters" (fun () ->
              let model = writing "naïve 😀!"

              // One token of prompt, Bos: the text begins at place 0.
              let pieces = Generate.text Tokenizer.bytes model options "" |> List.ofSeq
              Expect.equal (String.concat "" pieces) "naïve 😀!" "text"
              Expect.contains pieces "😀" "whole"

              let seen = Text.StringBuilder()

              let all =
                  Generate.stream
                      (fun p -> seen.Append p |> ignore)
                      Tokenizer.bytes
                      model
                      options
                      ""

              Expect.equal (seen.ToString()) all "what was streamed is what was answered") ]
