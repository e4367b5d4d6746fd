/// Drafts and continuous batching: the tokens are those of one text alone.
module Mlx.Tests.Models.BatcherTests

open System
open System.Threading
open System.Threading.Channels
open System.Threading.Tasks
open Expecto
open Mlx
open Mlx.Models
open Mlx.Tests.Models.Tiny

let private tokenizer = Tokenizer.bytes
let private options = { GenerateOptions.defaults with MaxTokens = 40; StopAtEos = false }

let private speculative =
    let other seed =
        let parameters = Mistral.init small |> Random.run (Key.ofSeed seed)
        Mistral.languageModel small parameters

    [ for name, config in [ "growing", small; "rotating", { small with SlidingWindow = Some 20 } ] do
          for how, sampling in
              [ "greedy", Sample.greedy
                "drawn", { Sample.temperature 1.2 with TopP = 0.9; RepetitionPenalty = 1.3 } ] do
              testCase $"{name}, {how}: a draft changes no token" (fun () ->
                  let model = languageModel config
                  let options = { options with Sampling = sampling; Seed = 4; MaxTokens = 300 }
                  let plain = idsOf (Generate.complete tokenizer model options (ids 12))

                  for draft, tokens in [ model, 3; other 9, 4; other 9, 1 ] do
                      let draft = Some { Model = draft; Tokens = tokens }
                      let options = { options with Draft = draft; LogProbs = Some 2 }
                      let whole = Generate.complete tokenizer model options (ids 12)
                      Expect.equal (idsOf whole) plain "tokens"
                      Expect.all whole.Tokens (fun t -> t.TopLogProbs.Length = 2) "told")

      testCase "a draft that is the model is always right" (fun () ->
          let model = languageModel small

          for sampling in [ Sample.greedy; Sample.temperature 1.0 ] do
              let draft = Some { Model = model; Tokens = 4 }
              let options = { options with Draft = draft; Sampling = sampling }
              let usage = (Generate.complete tokenizer model options (ids 5)).Finish.Usage
              Expect.isGreaterThan usage.DraftedTokens 20 "guesses"
              Expect.equal usage.AcceptedTokens usage.DraftedTokens "right ones")

      testCase "a prompt cache is kept with a draft too" (fun () ->
          let model = languageModel small
          use kept = new PromptCache()
          let draft = Some { Model = other 2; Tokens = 3 }
          let options = { options with Draft = draft; PromptCache = Some kept }
          let first = idsOf (Generate.complete tokenizer model options (ids 30))
          let whole = Generate.complete tokenizer model options (ids 30)
          Expect.equal (idsOf whole) first "tokens"
          Expect.equal whole.Finish.Usage.CachedTokens 29 "cached")

      testCase "a draft of other tokens is refused" (fun () ->
          let small' = languageModel { small with VocabSize = 51 }
          let options = { options with Draft = Some { Model = small'; Tokens = 2 } }

          Expect.throwsT<ArgumentException>
              (fun () -> Generate.tokens (languageModel small) options [ 1 ] |> ignore)
              "draft") ]

let private readAll (reader: ChannelReader<Generated>) : Task<int list> =
    task {
        let all = ResizeArray()
        let mutable goesOn = true

        while goesOn do
            let! more = reader.WaitToReadAsync()
            goesOn <- more

            if more then
                let mutable token = Unchecked.defaultof<Generated>

                while reader.TryRead &token do
                    all.Add token.Id

        return List.ofSeq all
    }

let private wait (task: Task<'T>) =
    if task.Wait(TimeSpan.FromSeconds 60.0) then task.Result else failtest "it takes too long"

let private request i =
    let sampling =
        match i % 3 with
        | 0 -> Sample.greedy
        | 1 -> Sample.temperature 1.0
        | _ -> { Sample.temperature 0.8 with TopK = 5; FrequencyPenalty = 0.5 }

    { options with Sampling = sampling; Seed = i; MaxTokens = 5 + i }, ids (1 + i * 7 % 60)

let private batching =
    [ testCase "32 streams at once have the tokens that each has alone" (fun () ->
          let model = languageModel { small with SlidingWindow = Some 20 }
          use batcher = new Batcher(tokenizer, model, 8, 100)

          let running =
              [ for i in 0..31 ->
                    let options, prompt = request i

                    Task.Run<int list>(fun () ->
                        readAll (batcher.Submit(options, prompt, CancellationToken.None))) ]

          let together = running |> List.map wait

          for i, found in List.indexed together do
              let options, prompt = request i
              let alone = Generate.tokens model options prompt |> List.ofSeq
              Expect.equal found alone $"stream {i}"

          Expect.equal batcher.Tokens (int64 (List.sumBy List.length together)) "tokens")

      testCase "one that is cancelled ends, and the others go on" (fun () ->
          let model = languageModel small
          use batcher = new Batcher(tokenizer, model, 4, 10)
          use source = new CancellationTokenSource()
          let long = { options with MaxTokens = 1_000_000 }
          let doomed = batcher.Submit(long, ids 5, source.Token)
          let other = batcher.Submit(options, ids 9, CancellationToken.None)
          let first = doomed.ReadAsync().AsTask() |> wait
          Expect.isNone first.Finish "it goes on"
          source.Cancel()

          Expect.equal
              (wait (readAll other))
              (List.ofSeq (Generate.tokens model options (ids 9)))
              "other"

          let ended =
              try
                  wait (readAll doomed) |> ignore
                  false
              with
              | :? AggregateException as e -> e.InnerException :? OperationCanceledException
              | :? OperationCanceledException -> true

          Expect.isTrue ended "it is cancelled")

      testCase "beyond the queue requests are refused" (fun () ->
          let model = languageModel small
          use batcher = new Batcher(tokenizer, model, 1, 2)
          let long = { options with MaxTokens = 1_000_000 }
          let submit () = batcher.Submit(long, ids 3, CancellationToken.None)
          submit().ReadAsync().AsTask() |> wait |> ignore
          submit () |> ignore
          submit () |> ignore
          Expect.equal batcher.Waiting 2 "waiting"
          Expect.throwsT<BatcherFullException> (fun () -> submit () |> ignore) "the fourth")

      testCase "a request that cannot be fails alone" (fun () ->
          let model = languageModel small
          use batcher = new Batcher(tokenizer, model, 4, 10)

          let guide (allows: bool) =
              { new ITokenGuide with
                  member _.Allowed _ =
                      if allows then
                          Array.create model.VocabSize true
                      else
                          invalidOp "nothing is allowed"

                  member _.Accept _ = false }

          let submit guides =
              batcher.Submit({ options with Guide = guides }, ids 4, CancellationToken.None)

          let good = submit None

          Expect.throws
              (fun () -> submit (Some(fun () -> guide false)) |> ignore)
              "refused at once"
          // The first is asked when the request comes, the second when it joins.
          let made = ref 0
          let once () = guide (Interlocked.Increment made = 1)
          let failing = submit (Some once)
          let alone = List.ofSeq (Generate.tokens model options (ids 4))
          Expect.throws (fun () -> wait (readAll failing) |> ignore) "the guide's error"
          Expect.equal (wait (readAll good)) alone "the other")

      testCase "closing ends everything" (fun () ->
          let batcher = new Batcher(tokenizer, languageModel small, 1, 5)
          let long = { options with MaxTokens = 1_000_000 }
          let readers = [ for _ in 1..3 -> batcher.Submit(long, ids 3, CancellationToken.None) ]
          (batcher :> IDisposable).Dispose()

          for reader in readers do
              Expect.throws (fun () -> wait (readAll reader) |> ignore) "it ended"

          Expect.throwsT<ObjectDisposedException>
              (fun () -> batcher.Submit(long, ids 3, CancellationToken.None) |> ignore)
              "closed")

      testCase "guided texts and free ones share a batch" (fun () ->
          let config = { small with VocabSize = 258; EosTokenIds = [ 257 ] }
          let model = languageModel config
          use batcher = new Batcher(tokenizer, model, 4, 10)
          let guide = JsonSchema.anyObject |> JsonSchema.guide tokenizer model
          let warm = { options with Sampling = Sample.temperature 1.0 }

          let readers =
              [ for i in 0..7 ->
                    let guide = if i % 2 = 0 then Some guide else None
                    let options = { warm with Guide = guide; Seed = i }
                    options, batcher.Submit(options, ids 4, CancellationToken.None) ]

          for options, reader in readers do
              let found = wait (readAll reader)
              let alone = Generate.complete tokenizer model options (ids 4)
              Expect.equal found (idsOf alone) "tokens"

              if options.Guide.IsSome then
                  use json = Text.Json.JsonDocument.Parse(tokenizer.Decode found)
                  Expect.equal json.RootElement.ValueKind Text.Json.JsonValueKind.Object "JSON") ]

let tests = testList "Batcher" (speculative @ batching)
