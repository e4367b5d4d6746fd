namespace Mlx.Models

open System
open Mlx
open Mlx.Core

/// A number of a way to sample that each row of a batch has of its own.
[<RequireQualifiedAccess>]
type internal Column =
    | Repetition
    | Presence
    | Frequency
    | Context
    | Typical
    | TopP
    | MinP
    | XtcProbability
    | XtcThreshold
    | TopK
    | Temperature

/// What the compiled function that picks tokens is made for, beside the shapes of its arguments.
type internal PickPlan =
    {
        /// What some row makes use of.
        Columns: Column list
        /// The largest k.
        TopK: int
        /// The recent tokens kept.
        Context: int
        HasBias: bool
        /// Whether each call says which tokens are allowed.
        IsMasked: bool
        /// How many of the likeliest tokens are told with their log-probabilities; None: not even
        /// the log-probability of the one that was picked.
        Top: int option
    }

/// Picking a token for each row of logits, as a function of arrays, to be compiled. What is a number
/// in `Sampling` is a column of a tensor here, so that one function serves all requests.
[<RequireQualifiedAccess>]
module internal Pick =
    let private value (sampling: Sampling) (column: Column) : float =
        match column with
        | Column.Repetition -> sampling.RepetitionPenalty
        | Column.Presence -> sampling.PresencePenalty
        | Column.Frequency -> sampling.FrequencyPenalty
        | Column.Context -> float sampling.PenaltyContext
        | Column.Typical -> sampling.TypicalP
        | Column.TopP -> sampling.TopP
        | Column.MinP -> sampling.MinP
        | Column.XtcProbability -> sampling.XtcProbability
        | Column.XtcThreshold -> sampling.XtcThreshold
        | Column.TopK -> float sampling.TopK
        | Column.Temperature -> sampling.Temperature

    // Logits divided by so little would be infinite.
    let private least = 1e-6

    /// The columns that a row makes use of; without a draw filters change nothing.
    let private used (s: Sampling) : Column list =
        let neutral = Sample.greedy
        let differs (column: Column) = value s column <> value neutral column

        let penalties =
            [ Column.Repetition; Column.Presence; Column.Frequency ] |> List.filter differs

        [ yield! penalties
          if not penalties.IsEmpty then
              Column.Context
          if s.Temperature >= least then
              yield! [ Column.Typical; Column.TopP; Column.MinP ] |> List.filter differs

              if differs Column.XtcProbability then
                  yield! [ Column.XtcProbability; Column.XtcThreshold ]

              if differs Column.TopK then
                  Column.TopK

              Column.Temperature ]

    let plan (isMasked: bool) (top: int option) (rows: Sampling list) : PickPlan =
        let columns = rows |> List.collect used |> List.distinct |> List.sort
        let hasContext = columns |> List.contains Column.Context

        { Columns = columns
          TopK = rows |> List.map _.TopK |> List.max
          Context = if hasContext then rows |> List.map _.PenaltyContext |> List.max else 0
          HasBias = rows |> List.exists (fun row -> not row.LogitBias.IsEmpty)
          IsMasked = isMasked
          Top = top }

    /// How many arrays tell what was picked: the tokens, and their log-probabilities, and the
    /// likeliest tokens and theirs.
    let results (plan: PickPlan) =
        match plan.Top with
        | None -> 1
        | Some 0 -> 2
        | Some _ -> 4

    let private draws (plan: PickPlan) = plan.Columns |> List.contains Column.Temperature

    /// The arrays that go from call to call: what is told, keys, recent tokens, columns, bias.
    let start
        (vocabulary: int)
        (plan: PickPlan)
        (rows: (Sampling * uint32 * uint32 * int[]) list)
        : Tensor list =
        let batch = rows.Length
        let top = defaultArg plan.Top 0

        [ Tensor.zerosOf DType.UInt32 [ batch ]
          if plan.Top.IsSome then
              Tensor.zeros [ batch ]
          if top > 0 then
              Tensor.zerosOf DType.UInt32 [ batch; top ]
              Tensor.zeros [ batch; top ]
          if draws plan then
              Tensor.ofRows [ for _, seed, number, _ in rows -> [ number; seed ] ]
          if plan.Context > 0 then
              Tensor.ofRows
                  [ for _, _, _, recent in rows ->
                        let recent = Array.truncate plan.Context (Array.rev recent) |> Array.rev
                        Array.append (Array.create (plan.Context - recent.Length) -1) recent ]
          if not plan.Columns.IsEmpty then
              Tensor.ofRows
                  [ for sampling, _, _, _ in rows ->
                        [ for column in plan.Columns -> float32 (value sampling column) ] ]
          if plan.HasBias then
              Tensor.ofRows
                  [ for sampling, _, _, _ in rows ->
                        let row = Array.zeroCreate<float32> vocabulary

                        for KeyValue(id, bias) in sampling.LogitBias do
                            if id < vocabulary then
                                row[id] <- float32 bias

                        row ] ]

    let private take (isThere: bool) (inputs: Tensor list) =
        match isThere, inputs with
        | true, first :: rest -> Some first, rest
        | _ -> None, inputs

    /// How often each token is among the recent ones of its row, (batch, vocabulary).
    let private counts (context: Tensor) (recent: Tensor) (vocabulary: int) : Tensor =
        let width = recent.Dim 1

        let age =
            Tensor.scalar (float32 width) - (Tensor.arange width |> Tensor.astype DType.Float32)

        let counted =
            (age |> Tensor.lessEqual context)
            |> Tensor.logicalAnd (recent |> Tensor.greaterEqual (Tensor.scalar 0))
            |> Tensor.astype DType.Float32

        Tensor.zeros [ recent.Dim 0; vocabulary ]
        |> Tensor.scatterAddAxis 1 (recent |> Tensor.maximum (Tensor.scalar 0)) counted

    let private penalize (column: Column -> Tensor option) (recent: Tensor) (x: Tensor) : Tensor =
        let often = counts (column Column.Context).Value recent (x.Dim 1)
        let present = often |> Tensor.greater (Tensor.scalar 0.0f)

        let repeated (x: Tensor) (penalty: Tensor) =
            let less =
                Tensor.where (x |> Tensor.less (Tensor.scalar 0.0f)) (x * penalty) (x / penalty)

            Tensor.where present less x

        let x = (x, column Column.Repetition) ||> Option.fold repeated

        let x =
            (x, column Column.Presence)
            ||> Option.fold (fun x p -> x - p * Tensor.astype DType.Float32 present)

        (x, column Column.Frequency) ||> Option.fold (fun x p -> x - p * often)

    /// The function for each row with the row's own key: what is drawn depends on no other row.
    let private perRow (f: Key -> Tensor -> Tensor) (keys: Tensor) (x: Tensor) : Tensor =
        if x.Dim 0 = 1 then
            f { Data = Tensor.reshape [ 2 ] keys } (Tensor.squeezeAxis 0 x) |> Tensor.expandDims 0
        else
            (keys, x) |> vmap (fun (key, x) -> f { Data = key } x)

    let private draw (plan: PickPlan) column (keys: Tensor) (x: Tensor) : Tensor =
        let applied filter wanted (x: Tensor) =
            (x, column wanted) ||> Option.fold (fun x p -> filter p x)

        let crossOut (x: Tensor) =
            match column Column.XtcProbability, column Column.XtcThreshold with
            | Some probability, Some threshold ->
                let uniform key _ = MlxRandom.Uniform(ReadOnlySpan [| 1 |], key = key)
                // The key of the token draws the token; one made of it draws this.
                let drawn = (keys, x) ||> perRow (fun key -> uniform (fst (Key.split key)).Data)
                x |> Filter.xtc probability threshold drawn
            | _ -> x

        let temperature = (column Column.Temperature).Value

        let filtered =
            x
            |> applied Filter.typical Column.Typical
            |> applied Filter.topP Column.TopP
            |> applied Filter.minP Column.MinP
            |> crossOut
            |> applied (Filter.topK plan.TopK) Column.TopK

        let scaled = filtered / Tensor.maximum (Tensor.scalar (float32 least)) temperature

        let drawn =
            (keys, scaled) ||> perRow (fun key row -> MlxRandom.Categorical(row, key = key.Data))

        let isDrawn = temperature |> Tensor.greaterEqual (Tensor.scalar (float32 least))
        Tensor.where (Tensor.squeezeAxis 1 isDrawn) drawn (x |> Tensor.argmaxAxis -1)

    /// The arrays of `start`, then logits (batch, vocabulary), and where the plan says so which
    /// tokens are allowed, to the arrays of `start`.
    let run (plan: PickPlan) (inputs: Tensor[]) : Tensor[] =
        let inputs = inputs |> List.ofArray |> List.skip (results plan)
        let keys, inputs = inputs |> take (draws plan)
        let recent, inputs = inputs |> take (plan.Context > 0)
        let columns, inputs = inputs |> take (not plan.Columns.IsEmpty)
        let bias, inputs = inputs |> take plan.HasBias

        let column (wanted: Column) =
            plan.Columns
            |> List.tryFindIndex ((=) wanted)
            |> Option.map (fun i -> columns.Value |> Tensor.narrow 1 i (i + 1))

        let isPlain = plan.Columns.IsEmpty && plan.Top.IsNone
        // In float32 whatever the model computes in: probabilities of many tokens are small.
        let x = if isPlain then inputs.Head else inputs.Head |> Tensor.astype DType.Float32
        let x = (x, bias) ||> Option.fold (+)
        let x = (x, recent) ||> Option.fold (fun x recent -> x |> penalize column recent)

        let x =
            match inputs.Tail with
            | [ allowed ] -> Tensor.where allowed x (Tensor.scalar Single.NegativeInfinity)
            | _ -> x

        let x = if isPlain then x else x - Tensor.logsumexpKeep [ -1 ] x

        let token =
            match keys with
            | Some keys -> x |> draw plan column keys
            | None -> x |> Tensor.argmaxAxis -1

        let told =
            [ if plan.Top.IsSome then
                  x |> Tensor.takeAlongAxis 1 (Tensor.expandDims 1 token) |> Tensor.squeezeAxis 1
              match plan.Top with
              | Some top when top > 0 ->
                  let best = -x |> Tensor.argpartition (top - 1) -1 |> Tensor.narrow 1 0 top
                  let order = -(x |> Tensor.takeAlongAxis 1 best) |> Tensor.argsort -1
                  let best = best |> Tensor.takeAlongAxis 1 order
                  best
                  x |> Tensor.takeAlongAxis 1 best
              | _ -> () ]

        let later =
            let next = Tensor.ofSeq [ 1u; 0u ]
            let newest = token |> Tensor.astype DType.Int32 |> Tensor.expandDims 1

            [ keys |> Option.map (fun keys -> keys + next)
              recent
              |> Option.map (fun recent ->
                  Tensor.concatenate 1 [ recent |> Tensor.narrow 1 1 (recent.Dim 1); newest ])
              columns
              bias ]
            |> List.choose id

        Array.ofList (token :: told @ later)

/// <summary>Ways to sample over tensors.</summary>
[<AutoOpen>]
module SampleDraw =
    /// <summary>Ways to pick the next token.</summary>
    [<RequireQualifiedAccess>]
    module Sample =
        /// <summary>
        /// A token for each row of logits, (batch, vocabulary): (batch), uint32. A pure function of
        /// its arguments, for a loop of your own; without earlier tokens penalties do nothing.
        /// </summary>
        /// <example><code>
        /// Tensor.ofRows [ [ 0.1; 2.0; 0.3 ] ] |> Sample.draw Sample.greedy (Key.ofSeed 0)
        /// // => array([1], dtype=uint32)
        /// </code></example>
        let draw (sampling: Sampling) (key: Key) (logits: Tensor) : Tensor =
            let sampling = Sample.check { sampling with PenaltyContext = 0 }
            let batch, vocabulary = logits.Dim 0, logits.Dim 1

            Tree.scoped (fun () ->
                let plan = Pick.plan false None [ sampling ]
                let rows = List.replicate batch (sampling, 0u, 0u, [||])

                let start =
                    Pick.start vocabulary plan rows
                    |> List.map (fun x ->
                        if x.DType = DType.UInt32 && x.NDim = 2 then
                            Key.splitMany batch key |> List.map _.Data |> Tensor.stack 0
                        else
                            x)

                (Pick.run plan (Array.ofList (start @ [ logits ])))[0])
