namespace Mlx.Models

open System
open System.Diagnostics
open Mlx
open Mlx.Core

/// What is told of a token.
type internal Told =
    {
        Id: int
        LogProb: float option
        /// The likeliest tokens, the likeliest first.
        Top: (int * float) list
    }

/// Reading what is told of tokens.
[<RequireQualifiedAccess>]
module internal Told =
    /// What the arrays of `Pick` tell of a row, as far as it is asked for.
    let ofArrays (wanted: int option) (row: int) (told: Tensor[]) : Told =
        let at (x: Tensor) = x |> Tensor.narrow 0 row (row + 1)
        let id = if told[0].Size = 1L then told[0] else at told[0]

        let top =
            match wanted with
            | Some top when top > 0 ->
                let ids: int[] = Tensor.toArray (at told[2])
                let values: float[] = Tensor.toArray (at told[3])
                Array.zip ids values |> Array.truncate top |> List.ofArray
            | _ -> []

        { Id = int (id.Item<uint32>())
          LogProb = wanted |> Option.map (fun _ -> Tensor.toFloat (at told[1]))
          Top = top }

/// One text of a batch.
[<Sealed>]
type internal DecodingRow(options: GenerateOptions, prompt: int[]) =
    let guide = options.Guide |> Option.map (fun make -> make ())

    member _.Options = options
    member _.Prompt = prompt

    /// The prompt, and what was picked after it.
    member val Tokens = ResizeArray<int>(prompt)

    /// How many tokens were picked; the last of them may be under way.
    member val Picks = 0 with get, set

    /// The last one picked, where it is known and nobody was told of it.
    member val Told: Told option = None with get, set

    /// Whether the guide says that the text is complete.
    member val IsComplete = false with get, set

    /// Tokens of the prompt that a cache remembered.
    member val Cached = 0 with get, set

    /// Tokens that a draft guessed, and those that were right.
    member val Drafted = 0 with get, set
    member val Accepted = 0 with get, set

    member val PrefillTime = TimeSpan.Zero with get, set

    /// Runs from the first token on.
    member val Clock = Stopwatch() with get
    member _.Guide = guide

    /// Whether there may be another token after the last one picked.
    member row.Continues = row.Picks < options.MaxTokens && not row.IsComplete

    /// The token is known now.
    member row.Learn(told: Told) =
        row.Tokens.Add told.Id
        row.Told <- Some told
        guide |> Option.iter (fun guide -> row.IsComplete <- guide.Accept told.Id)

/// Texts that are decoded together, a token of each at a time. Rows join and leave between steps.
/// While the tokens of a step are used, the engine works on those of the next one. What is drawn for
/// a row depends on its seed and on how many tokens it has, not on its place or the others.
[<Sealed>]
type internal DecodingBatch(model: LanguageModel) =
    let rows = ResizeArray<DecodingRow>()
    let mutable decoder: Decoder option = None
    // What the compiled function that picks goes on with; none after rows have come or gone.
    let mutable picks: (PickPlan * ArrayVector) option = None
    // Whether the last tokens picked are not known yet.
    let mutable isUnderWay = false

    let plan () =
        let isMasked = rows |> Seq.exists (fun row -> row.Guide.IsSome)
        let top = rows |> Seq.map _.Options.LogProbs |> Seq.max
        Pick.plan isMasked top [ for row in rows -> row.Options.Sampling ]

    let start () =
        use _ = Scope.Enter()
        let plan = plan ()

        let parts =
            Pick.start
                model.VocabSize
                plan
                [ for row in rows ->
                      let number = uint32 (row.Picks + 1)
                      row.Options.Sampling, uint32 row.Options.Seed, number, row.Tokens.ToArray() ]

        let state = new ArrayVector(ReadOnlySpan(Array.ofList parts))
        picks <- Some(plan, state)
        plan, state

    let mask () : Tensor =
        let allowed =
            [| for row in rows do
                   match row.Guide with
                   | Some guide when row.Continues ->
                       guide.Allowed(row.Options.MaxTokens - row.Picks)
                   | _ -> Array.create model.VocabSize true |]

        MlxArray.From(Array.concat allowed, [| rows.Count; model.VocabSize |])

    /// Picks a token for each row, and starts to compute it.
    let pick (logits: Tensor) =
        let plan, state = picks |> Option.defaultWith start
        let f = model.Compiled plan (Pick.run plan)

        if plan.IsMasked then
            use mask = mask ()
            f.Step(state, ReadOnlySpan [| logits; mask |], evaluate = false)
        else
            f.Step(state, ReadOnlySpan [| logits |], evaluate = false)

        state.AsyncEval()

        for row in rows do
            row.Picks <- row.Picks + 1

        isUnderWay <- true

    let drop () =
        picks |> Option.iter (fun (_, state) -> state.Dispose())
        picks <- None

    /// The arrays that tell what was picked, as new handles.
    let told () =
        match picks with
        | Some(plan, state) -> [| for i in 0 .. Pick.results plan - 1 -> state[i] |]
        | None -> [||]

    let learn (told: Tensor[]) =
        for i, row in Seq.indexed rows do
            row.Learn(Told.ofArrays row.Options.LogProbs i told)

        isUnderWay <- false

    /// The tokens picked are known.
    let know () =
        if isUnderWay then
            use _ = Scope.Enter()
            learn (told ())

    /// The tokens picked are known, and rows may come or go.
    let settle () =
        know ()
        drop ()

    let forget (row: DecodingRow) : Told =
        let told = row.Told.Value
        row.Told <- None
        told

    /// Starts on the tokens after these, (batch).
    let advance (tokens: Tensor) =
        let decoder: Decoder = decoder.Value
        decoder.Read tokens
        pick decoder.Logits

    /// What a row has read, for the generations after it.
    let store (index: int) (row: DecodingRow) =
        match row.Options.PromptCache, decoder with
        | Some kept, Some decoder ->
            use _ = Scope.Enter()
            let length = decoder.Held - decoder.Padding[index]
            let cache = decoder.Cache
            let own = if rows.Count = 1 then cache else cache |> Cache.rows [ index ]
            let tokens = row.Tokens.GetRange(0, length).ToArray()
            kept.Store(tokens, own |> Cache.moveTo length decoder.Held)
        | _ -> ()

    /// Puts a row with its cache below the others.
    let join (row: DecodingRow) (logits: Tensor) (cache: Cache) =
        let length = row.Prompt.Length

        match decoder with
        | None -> decoder <- Some(new Decoder(model, cache, [| 0 |], logits))
        | Some decoder ->
            use _ = Scope.Enter()
            let stop = max decoder.Held length

            let all =
                [ decoder.Cache |> Cache.moveTo stop decoder.Held
                  cache |> Cache.moveTo stop length ]

            let before = decoder.Padding |> Array.map (fun count -> count + stop - decoder.Held)
            let blank = Tensor.zerosOf logits.DType [ rows.Count + 1; model.VocabSize ]
            decoder.Replace(blank, Cache.stack all, Array.append before [| stop - length |])

    member _.Rows: seq<DecodingRow> = rows

    /// Reads the prompt of a row, picks its first token, and lets it join.
    member _.Add(row: DecodingRow) : unit =
        settle ()
        let clock = Stopwatch.StartNew()
        use _ = Scope.Enter()
        let struct (logits, cache, cached) = Prefill.read model row.Options row.Prompt
        row.Cached <- cached
        // Alone, for the first token.
        let others = rows.ToArray()
        rows.Clear()
        rows.Add row

        try
            pick logits
            know ()
        finally
            drop ()
            isUnderWay <- false
            rows.Clear()
            rows.AddRange others

        join row logits cache
        rows.Add row
        row.PrefillTime <- clock.Elapsed
        row.Clock.Restart()

    /// Every row tells its next token, and the engine starts on those after them.
    member _.Step() : (DecodingRow * Told)[] =
        use _ = Scope.Enter()

        if rows |> Seq.exists (fun row -> row.Guide.IsSome) then
            // What may come next depends on what has come.
            know ()

        let goesOn = rows |> Seq.exists _.Continues

        if isUnderWay then
            let now = told ()
            isUnderWay <- false

            if goesOn then
                advance now[0]

            let isNext = isUnderWay
            learn now
            isUnderWay <- isNext
        elif goesOn then
            advance (Tensor.ofSeq [ for row in rows -> uint32 row.Told.Value.Id ])

        [| for row in rows -> row, forget row |]

    /// Lets rows go: those that the function picks.
    member _.Remove(isGone: DecodingRow -> bool) : unit =
        settle ()

        rows
        |> Seq.iteri (fun i row ->
            if isGone row then
                store i row)

        let kept =
            [ for i in 0 .. rows.Count - 1 do
                  if not (isGone rows[i]) then
                      i ]

        match decoder with
        | Some it when kept.IsEmpty ->
            (it :> IDisposable).Dispose()
            decoder <- None
        | Some decoder when kept.Length < rows.Count ->
            use _ = Scope.Enter()
            let padding = [| for i in kept -> decoder.Padding[i] |]
            let spare = Array.min padding
            let cache = decoder.Cache |> Cache.rows kept
            let logits = Tensor.zerosOf decoder.Logits.DType [ kept.Length; model.VocabSize ]
            let cache = cache |> Cache.moveTo (decoder.Held - spare) decoder.Held
            decoder.Replace(logits, cache, padding |> Array.map (fun count -> count - spare))
        | _ -> ()

        rows.RemoveAll(fun row -> isGone row) |> ignore

    interface IDisposable with
        member this.Dispose() =
            if rows |> Seq.exists (fun row -> row.Options.PromptCache.IsSome) then
                this.Remove(fun _ -> true)

            drop ()
            decoder |> Option.iter (fun decoder -> (decoder :> IDisposable).Dispose())
            decoder <- None
