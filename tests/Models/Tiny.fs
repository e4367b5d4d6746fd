/// Small models of random weights, and models that write what they are told.
module Mlx.Tests.Models.Tiny

open Mlx
open Mlx.Core
open Mlx.Models

/// Small and odd: heads that do not fill the hidden size, three queries to a key.
let small =
    { MistralConfig.defaults with
        VocabSize = 50
        HiddenSize = 24
        NumHiddenLayers = 2
        NumAttentionHeads = 6
        NumKeyValueHeads = 2
        HeadDim = 8
        IntermediateSize = 40
        BosTokenId = Some 0
        EosTokenIds = [] }

let model config = Mistral.init config |> Random.run (Key.ofSeed 1)

let languageModel config = Mistral.languageModel config (model config)

/// The tokens of a text.
let idsOf (whole: Completion) = [ for token in whole.Tokens -> token.Id ]

/// Tokens without rhyme.
let ids count = [| for i in 1..count -> i * i * 7 % 50 |]

/// A model whose next token is a function of the last one, as one-hot logits of 10.
let scripted vocabulary eos (next: Tensor -> Tensor) =
    let body (cache: Cache) (tokens: Tensor) =
        let length = tokens.Dim 1
        let memory = Tensor.zeros [ tokens.Dim 0; 1; length; 2 ]
        let view = Cache.view None length cache
        let before = cache |> Cache.memories 1 |> List.head
        let struct (_, layer) = memory |> Cache.attend view before 1.0 memory memory
        10.0 * Tensor.oneHot vocabulary (next tokens), cache |> Cache.extend length [ layer ]

    LanguageModel(vocabulary, eos, body, id)

/// A model of the byte tokenizer that writes a text after its Bos.
let writing (text: string) =
    let bytes = System.Text.Encoding.UTF8.GetBytes text |> Array.map int
    // The token at each place; the cache tells the place.
    let table = Tensor.ofArray (Array.append bytes [| 257; 257 |])

    let body (cache: Cache) (tokens: Tensor) =
        let length = tokens.Dim 1
        let view = Cache.view None length cache
        let before = cache |> Cache.memories 1 |> List.head
        let memory = Tensor.zeros [ 1; 1; length; 2 ]
        let struct (_, layer) = memory |> Cache.attend view before 1.0 memory memory

        let place =
            match cache.Length with
            | CacheLength.Known n -> MlxArray.From [| n |]
            | CacheLength.Traced n -> n

        let next = Tensor.oneHot 258 (table |> Tensor.take 0 place)
        Tensor.expandDims 0 next, cache |> Cache.extend length [ layer ]

    LanguageModel(258, [ 257 ], body, id)
