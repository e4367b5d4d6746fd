/// Texts of a batch are those that each row has alone; text that stops; what is told of tokens.
module Mlx.Tests.Models.BatchTests

open System
open Expecto
open Mlx
open Mlx.Models
open Mlx.Tests.Models.Tiny

let private tokenizer = Tokenizer.bytes
let private options = { GenerateOptions.defaults with MaxTokens = 24; StopAtEos = false }

let private kinds =
    let wide = { small with HeadDim = 32; NumAttentionHeads = 2; NumKeyValueHeads = 1 }

    [ "growing", small, CacheKind.full
      "rotating", { small with SlidingWindow = Some 20 }, CacheKind.full
      "packed", wide, CacheKind.full |> CacheKind.packed 8 32 ]

let private batches =
    [ for name, config, kind in kinds do
          for how, sampling in
              [ "greedy", Sample.greedy
                "drawn", { Sample.temperature 1.5 with TopP = 0.95; RepetitionPenalty = 1.2 } ] do
              testCase $"{name}, {how}: each row has the tokens that it has alone" (fun () ->
                  let language = languageModel config
                  let options = { options with Cache = kind; Sampling = sampling; Seed = 3 }
                  let prompts = [ ids 3; ids 250; ids 17; ids 300; [| 9 |] ]

                  let alone =
                      [ for prompt in prompts ->
                            idsOf (Generate.complete tokenizer language options prompt) ]

                  let together =
                      prompts |> Generate.batch tokenizer language options |> List.map idsOf

                  Expect.equal together alone "tokens")

      testCase "rows that end early leave, and the others go on as they were" (fun () ->
          let language = languageModel small
          let prompts = [ ids 30; ids 3; ids 40 ]

          let long =
              [ for prompt in prompts ->
                    idsOf (Generate.complete tokenizer language options prompt) ]

          // A token that comes at different times in the rows.
          let stop = long[1][5]
          let options = { options with StopTokens = [ stop ] }

          let alone =
              [ for prompt in prompts ->
                    idsOf (Generate.complete tokenizer language options prompt) ]

          let together = prompts |> Generate.batch tokenizer language options |> List.map idsOf

          Expect.equal together alone "tokens"
          Expect.isLessThan alone[1].Length options.MaxTokens "a row ends early")

      testCase "rows that join and leave change nothing for the others" (fun () ->
          let language = languageModel { small with SlidingWindow = Some 20 }
          let texts = Collections.Generic.Dictionary<DecodingRow, ResizeArray<int>>()
          use running = new DecodingBatch(language)

          let add (seed: int) (length: int) =
              let sampling = if seed % 2 = 0 then Sample.greedy else Sample.temperature 1.0
              let options = { options with Seed = seed; Sampling = sampling; MaxTokens = 1000 }
              let row = DecodingRow(options, ids length)
              texts[row] <- ResizeArray()
              running.Add row
              row

          let step count =
              for _ in 1..count do
                  for row, told in running.Step() do
                      texts[row].Add told.Id

          let a = add 1 40
          step 3
          let b = add 2 300
          step 5
          let c = add 3 4
          step 2
          running.Remove(fun row -> row = b)
          step 4
          let d = add 4 10
          step 6
          running.Remove(fun row -> row = a || row = d)
          step 5

          for row in [ a; b; c; d ] do
              let count = texts[row].Count
              let alone = { row.Options with MaxTokens = count }
              let expected = Generate.tokens language alone row.Prompt |> List.ofSeq
              Expect.equal (List.ofSeq texts[row]) expected $"a prompt of {row.Prompt.Length}") ]

let private told =
    [ testCase "log-probabilities are those of softmax, and the likeliest come first" (fun () ->
          let parameters = model small
          let language = Mistral.languageModel small parameters
          let options = { options with LogProbs = Some 3; MaxTokens = 5 }
          let prompt = ids 12
          let whole = Generate.complete tokenizer language options prompt
          let all = Array.append prompt [| for token in whole.Tokens -> token.Id |]

          let expected: float[,] =
              Mistral.logits small parameters (Golden.batch all)
              |> Tensor.squeezeAxis 0
              |> Tensor.logSoftmax -1
              |> Tensor.toArray2D

          for i, token in List.indexed whole.Tokens do
              let row = [ for id in 0..49 -> id, expected[11 + i, id] ]
              let best = row |> List.sortByDescending snd |> List.truncate 3
              Expect.equal (List.map fst token.TopLogProbs) (List.map fst best) "ids"
              Expect.equal (fst token.TopLogProbs.Head) token.Id "greedy"

              for (_, a), (_, b) in List.zip token.TopLogProbs best do
                  Expect.floatClose { absolute = 1e-4; relative = 0.0 } a b "log-probability"

              Expect.equal token.LogProb (Some(snd token.TopLogProbs.Head)) "its own")

      testCase "nothing is told that was not asked for" (fun () ->
          let whole = Generate.complete tokenizer (languageModel small) options (ids 3)
          Expect.all whole.Tokens (fun t -> t.LogProb.IsNone && t.TopLogProbs.IsEmpty) "tokens")

      testCase "the last token says why the text ended, and what it cost" (fun () ->
          let language = languageModel small
          let whole = Generate.complete tokenizer language { options with MaxTokens = 7 } (ids 20)
          let usage = whole.Finish.Usage
          Expect.equal whole.Finish.Reason FinishReason.MaxTokens "reason"
          Expect.equal (usage.PromptTokens, usage.GeneratedTokens) (20, 7) "tokens"
          Expect.isGreaterThan usage.TokensPerSecond 0.0 "a rate"
          let flags = whole.Tokens |> List.map _.Finish.IsSome
          Expect.equal flags (List.replicate 6 false @ [ true ]) "only the last"
          let none = Generate.complete tokenizer language { options with MaxTokens = 0 } (ids 20)
          Expect.equal none.Tokens [] "no tokens")

      testCase "prefill tells how far it is" (fun () ->
          let told = ResizeArray<int * int>()
          let tell read all = told.Add((read, all))
          let options = { options with PrefillChunk = 8; OnPrefill = tell; MaxTokens = 1 }
          Generate.complete tokenizer (languageModel small) options (ids 20) |> ignore
          Expect.sequenceEqual told [ 0, 20; 8, 20; 16, 20; 20, 20 ] "chunks") ]

/// A tokenizer's stream whose tokens are given pieces of text.
let private pieces (parts: string[]) =
    let stream =
        { new ITextStream with
            member _.Push id = parts[id]
            member _.Finish() = "" }

    stream

/// What is shown of a text that comes in these pieces.
let private shown stops (parts: string[]) =
    let text = StopText(pieces parts, stops)

    let rec push i shown =
        if i = parts.Length then
            let rest, stopped = text.Finish()
            List.rev (rest :: shown), stopped
        else
            match text.Push i with
            | piece, None -> push (i + 1) (piece :: shown)
            | piece, Some stop -> List.rev (piece :: shown), Some stop

    push 0 []

/// All ways to cut a text in pieces.
let rec private cuts (text: string) : string list list =
    if text = "" then
        [ [] ]
    else
        [ for length in 1 .. text.Length do
              for rest in cuts text[length..] -> text[.. length - 1] :: rest ]

let private stops =
    [ for text, stops, expected, stop in
          [ "hello END x", [ "END" ], "hello ", Some "END"
            "aaab", [ "aab" ], "a", Some "aab"
            "ababac!", [ "abac" ], "ab", Some "abac"
            "no stop EN", [ "END"; "stops" ], "no stop EN", None
            "one\n\ntwo", [ "\n\n"; "two" ], "one", Some "\n\n"
            "x<|e|>y", [ "<|e|>"; "e" ], "x<|", Some "e" ] do
          testCase $"{text}: no split shows a stop string or a part of it" (fun () ->
              for parts in cuts text do
                  let pieces, found = shown stops (Array.ofList parts)

                  // A whole stop string may end in the piece that completes another one.
                  if found <> stop || String.concat "" pieces <> expected then
                      let isOther = found.IsSome && stops.Length > 1 && text.Contains found.Value

                      Expect.isTrue isOther $"%A{parts}: %A{pieces} %A{found}"
                      let whole = String.concat "" pieces
                      Expect.isTrue (text.StartsWith(whole + found.Value)) $"%A{parts}"

                  for stop in stops do
                      Expect.isFalse ((String.concat "" pieces).Contains stop) $"%A{parts}")

      testCase "a generation ends at a stop string, which is not shown" (fun () ->
          let language = writing "one two three"
          let options = { GenerateOptions.defaults with StopStrings = [ "two" ] }
          let whole = Generate.complete tokenizer language options [ 256 ]
          Expect.equal whole.Text "one " "text"
          Expect.equal whole.Finish.Reason (FinishReason.StopString "two") "reason"
          let streamed = Generate.text tokenizer language options "" |> List.ofSeq
          Expect.equal (String.concat "" streamed) "one " "streamed")

      testCase "the end of the text shows what was held back" (fun () ->
          let options = { GenerateOptions.defaults with StopStrings = [ "twofold" ] }
          let whole = Generate.complete tokenizer (writing "one two") options [ 256 ]
          Expect.equal whole.Text "one two" "text"
          Expect.equal whole.Finish.Reason FinishReason.EndOfText "reason")

      testCase "what cannot be done is refused" (fun () ->
          let language = languageModel small

          for wrong in
              [ { options with StopStrings = [ "" ] }
                { options with PrefillChunk = 0 }
                { options with LogProbs = Some 51 }
                { options with LogProbs = Some -1 }
                { options with Cache = { CacheKind.full with Window = Some 0 } } ] do
              Expect.throwsT<ArgumentException>
                  (fun () -> Generate.tokens language wrong (ids 3) |> ignore)
                  "options") ]

let tests = testList "Batch" (batches @ told @ stops)
