/// Caches of every kind say what reading all again says.
module Mlx.Tests.Models.CacheTests

open System
open System.IO
open Expecto
open Mlx
open Mlx.Core
open Mlx.Models
open Mlx.Tests.Models.Golden
open Mlx.Tests.Models.Tiny

let private uncached config parameters tokens =
    Mistral.logits config parameters (batch tokens) |> Tensor.squeezeAxis 0

/// Logits after each token, reading in parts of these lengths, then one by one as the compiled step
/// of decoding does.
let private stepwise kind config parameters (parts: int list) (tokens: int[]) : Tensor list =
    let model = Mistral.languageModel config parameters
    let bounds = parts |> List.scan (+) 0 |> List.pairwise

    let read cache (first, stop) =
        let logits, cache = model.Logits cache (batch tokens[first .. stop - 1])
        Tensor.squeezeAxis 0 logits, cache

    let before, cache = bounds |> List.mapFold read (Cache.ofKind kind)
    let last = List.last before |> Tensor.narrow 0 -1 (List.last before |> fun x -> x.Dim 0)
    use decoder = new Decoder(model, cache, [| 0 |], last)

    let after =
        [ for id in tokens[List.sum parts ..] ->
              decoder.Read(MlxArray.From [| id |])
              let logits = decoder.Logits
              logits.AsyncEval()
              logits ]

    before @ after

/// A rounding. In MLX the sine of a compiled function is not that of an eager one: at angles of some
/// thousands, which positions turn by, they differ by 1e-4.
let private rounding = if Engine.IsMlx then 1e-3 else 1e-4

let private windowed = { small with SlidingWindow = Some 20 }
let private wide = { small with HeadDim = 32; NumAttentionHeads = 2; NumKeyValueHeads = 1 }
let private packed bits = CacheKind.full |> CacheKind.packed bits 32

/// How far the logits of a packed cache may be from the truth, relative to their size.
let private spread (x: Tensor) = x |> Tensor.abs |> Tensor.max |> Tensor.toFloat

let tests =
    testList
        "Cache"
        [ testCase "cached is uncached over 4,096 positions" (fun () ->
              let parameters = model small
              let tokens = ids 4096
              let rows = stepwise CacheKind.full small parameters [ 512; 512; 1; 300 ] tokens
              let expected = uncached small parameters tokens
              Expect.isLessThan (distance (Tensor.concatenate 0 rows) expected) rounding "logits")

          testCase "a rotating cache is full attention with the same window" (fun () ->
              let parameters = model windowed
              let tokens = ids 1200

              let rows =
                  stepwise CacheKind.full windowed parameters [ 3; 17; 250; 60; 400; 1; 9 ] tokens

              let expected = uncached windowed parameters tokens
              Expect.isLessThan (distance (Tensor.concatenate 0 rows) expected) rounding "logits")

          testCase "a window of the caller's is one of the model's" (fun () ->
              let parameters = model windowed
              let tokens = ids 700
              let kind = { CacheKind.full with Window = Some 20 }
              let rows = stepwise kind small parameters [ 350; 7 ] tokens
              let expected = uncached windowed parameters tokens
              Expect.isLessThan (distance (Tensor.concatenate 0 rows) expected) rounding "logits")

          testCase "a window bounds memory, however long the text and the chunks" (fun () ->
              let language = languageModel windowed

              let room (parts: int list) =
                  let read cache count = snd (language.Features cache (batch (ids count)))
                  let cache = parts |> List.fold read Cache.empty
                  (Cache.room cache, [ for layer in cache.Layers -> Slots.room layer.Keys ])

              Expect.equal (room [ 3000; 5; 900 ]) (None, [ 256; 256 ]) "slots"
              Expect.equal (room [ 200 ]) (Some 200, [ 200; 200 ]) "not more than are needed")

          for bits, tolerance in [ 8, 0.02; 4, 0.3 ] do
              testCase
                  $"a cache of {bits} bits is near the truth, in chunks and in steps"
                  (fun () ->
                      let parameters = model wide
                      let tokens = ids 600
                      let rows = stepwise (packed bits) wide parameters [ 300; 20 ] tokens
                      let expected = uncached wide parameters tokens
                      let far = distance (Tensor.concatenate 0 rows) expected
                      Expect.isLessThan (far / spread expected) tolerance "logits"
                      Expect.isGreaterThan far 0.0 "it is packed")

          testCase "packed and rotating: packed with the same window" (fun () ->
              let config = { wide with SlidingWindow = Some 20 }
              let parameters = model config
              let tokens = ids 900
              let kind = packed 8
              let rows = stepwise kind config parameters [ 300; 20; 300 ] tokens
              let expected = uncached config parameters tokens
              let far = distance (Tensor.concatenate 0 rows) expected
              Expect.isLessThan (far / spread expected) 0.02 "logits")

          testCase "a cache taken back reads on as if it had never gone on" (fun () ->
              for config, length, back in
                  [ small, 300, 40; windowed, 200, 150; windowed, 500, 460; small, 5, 0 ] do
                  let language = languageModel config
                  let tokens = ids (length + 10)
                  let _, cache = language.Features Cache.empty (batch tokens[.. length - 1])
                  let again = (cache |> Cache.trim back).Value

                  let there = if back = 0 then [||] else tokens[.. back - 1]

                  let news = [| 7; 8; 9 |]
                  let trimmed, _ = language.Next again (batch news)
                  let fresh, _ = language.Next Cache.empty (batch (Array.append there news))
                  Expect.isLessThan (distance trimmed fresh) rounding $"{length} back to {back}")

          testCase "a window that has gone too far is not taken back" (fun () ->
              let language = languageModel windowed
              let _, cache = language.Features Cache.empty (batch (ids 500))
              Expect.isNone (cache |> Cache.trim 400) "100 back"
              Expect.isSome (cache |> Cache.trim 450) "50 back"
              Expect.isSome (cache |> Cache.trim 0) "all of it"

              Expect.throwsT<ArgumentException>
                  (fun () -> cache |> Cache.trim 501 |> ignore)
                  "more than there is") ]

/// What a generation reads of its prompt, and what it writes.
let private generate (language: LanguageModel) (options: GenerateOptions) prompt =
    let whole = Generate.complete Tokenizer.bytes language options prompt
    whole.Finish.Usage.CachedTokens, [ for token in whole.Tokens -> token.Id ]

let prompts =
    let options = { GenerateOptions.defaults with MaxTokens = 9; StopAtEos = false }
    // The byte tokenizer shows the tokens.
    let language () = languageModel small

    testList
        "PromptCache"
        [ testCase "what is shared with the text before is not read again" (fun () ->
              let language = language ()
              use kept = new PromptCache()
              let cached = { options with PromptCache = Some kept }
              let first = Array.toList (ids 40)
              let _, text = generate language options first
              Expect.equal (generate language cached first) (0, text) "the first time"
              // The last token written was never read.
              Expect.equal kept.Tokens (first @ List.take 8 text) "what it remembers"
              let longer = first @ text @ [ 3; 4 ]
              let _, expected = generate language options longer
              Expect.equal (generate language cached longer) (48, expected) "a longer prompt"
              let other = List.take 30 first @ [ 1; 2; 3 ]
              let _, expected = generate language options other
              Expect.equal (generate language cached other) (30, expected) "another end"
              Expect.equal (generate language cached other) (32, expected) "the same again")

          testCase "a generation that is given up leaves what it has read" (fun () ->
              let language = language ()
              use kept = new PromptCache()
              let cached = { options with PromptCache = Some kept }
              Generate.tokens language cached (ids 20) |> Seq.truncate 3 |> Seq.iter ignore
              Expect.isGreaterThanOrEqual kept.Tokens.Length 22 "tokens"
              let _, expected = generate language options (ids 20)
              Expect.equal (generate language cached (ids 20)) (19, expected) "the next one")

          for name, kind, config in
              [ "growing", CacheKind.full, small
                "packed", packed 8, wide
                "rotating", CacheKind.full, windowed ] do
              testCase $"saved and loaded: {name}" (fun () ->
                  use folder = new Folder()
                  let language = languageModel config
                  let options = { options with Cache = kind }
                  use kept = new PromptCache()
                  generate language { options with PromptCache = Some kept } (ids 300) |> ignore
                  let path = folder.File "cache.safetensors"
                  kept.Save path
                  use loaded = PromptCache.Load path
                  Expect.equal loaded.Tokens kept.Tokens "tokens"
                  let longer = kept.Tokens @ [ 3; 4; 5 ]
                  let again = { options with PromptCache = Some loaded }
                  let length = kept.Tokens.Length
                  let expected = generate language { options with PromptCache = Some kept } longer
                  Expect.equal (generate language again longer) expected "the next text"
                  Expect.equal (fst expected) length "it is used")

          testCase "no prompt cache is refused" (fun () ->
              use folder = new Folder()
              let path = folder.File "x.safetensors"
              Safetensors.Save(path, dict [ "tokens", Tensor.zeros [ 2 ] ])
              Expect.throwsT<ModelException> (fun () -> PromptCache.Load path |> ignore) "loading"
              use fresh = new PromptCache()

              Expect.throwsT<InvalidOperationException> (fun () -> fresh.Save path) "saving") ]
