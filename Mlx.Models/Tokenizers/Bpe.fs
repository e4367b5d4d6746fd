namespace Mlx.Models

open System
open System.Collections.Generic

/// What two neighbours join to, and how urgent it is: the smallest priority goes first.
[<Struct>]
type internal Join = { Priority: float; Id: int }

/// Which neighbours join. What they would be together is text[start .. start + length - 1].
type internal IJoins =
    abstract Find: left: int * right: int * text: string * start: int * length: int -> Join voption

/// <summary>
/// Byte-pair encoding: symbols join with their neighbours, the most urgent pair first, among equals
/// the leftmost, until no pair joins.
/// </summary>
/// <remarks>
/// Pairs wait in a heap, so a word of n symbols takes n log n steps. Microsoft.ML.Tokenizers 2.0.1
/// takes n squared (BpeTokenizer: 15 s for one word of 300,000 letters; TiktokenTokenizer the
/// same), which no server can offer, and its SentencePieceTokenizer joins equals from the right:
/// 8 of the 126 recorded texts of a Mistral come out with other ids.
/// </remarks>
[<Sealed>]
type internal Merger(joins: IJoins) =
    static let byPriority =
        { new IComparer<struct (float * int)> with
            member _.Compare(struct (a, i), struct (b, j)) =
                let order = a.CompareTo b
                if order <> 0 then order else i.CompareTo j }

    let queue = PriorityQueue<struct (int * int * int * int), struct (float * int)>(byPriority)

    let mutable text = ""
    let mutable count = 0
    let mutable starts = Array.zeroCreate<int> 64
    // A symbol that joined its left neighbour has length 0.
    let mutable lengths = Array.zeroCreate<int> 64
    let mutable ids = Array.zeroCreate<int> 64
    let mutable previous = Array.zeroCreate<int> 64
    let mutable next = Array.zeroCreate<int> 64

    let grow () =
        let size = 2 * starts.Length
        Array.Resize(&starts, size)
        Array.Resize(&lengths, size)
        Array.Resize(&ids, size)
        Array.Resize(&previous, size)
        Array.Resize(&next, size)

    let offer left right =
        if left >= 0 && right < count then
            let length = lengths[left] + lengths[right]

            match joins.Find(ids[left], ids[right], text, starts[left], length) with
            | ValueSome join ->
                queue.Enqueue(struct (left, right, length, join.Id), struct (join.Priority, left))
            | ValueNone -> ()

    /// Begins another word.
    member _.Begin(word: string) =
        text <- word
        count <- 0
        queue.Clear()

    /// The next symbol of the word.
    member _.Add(id: int, start: int, length: int) =
        if count = starts.Length then
            grow ()

        starts[count] <- start
        lengths[count] <- length
        ids[count] <- id
        previous[count] <- count - 1
        next[count] <- count + 1
        count <- count + 1

    /// Joins what joins, and tells what is left: id, start and length of each symbol.
    member _.Finish(tell: int -> int -> int -> unit) =
        for right in 1 .. count - 1 do
            offer (right - 1) right

        while queue.Count > 0 do
            let struct (left, right, length, id) = queue.Dequeue()

            // Either may have joined another since; then the pair is no more what was offered.
            if
                lengths[left] > 0
                && lengths[right] > 0
                && next[left] = right
                && lengths[left] + lengths[right] = length
            then
                ids[left] <- id
                lengths[left] <- length
                lengths[right] <- 0
                next[left] <- next[right]

                if next[left] < count then
                    previous[next[left]] <- left

                offer previous[left] left
                offer left next[left]

        let mutable i = 0

        while i < count do
            tell ids[i] starts[i] lengths[i]
            i <- next[i]

/// Texts found at the start of a rest of a text: the longest one.
[<Sealed>]
type internal Trie(entries: seq<string * int>) =
    let edges = Dictionary<struct (int * char), int>()
    let values = Dictionary<int, int>()

    do
        for text, value in entries do
            if text <> "" then
                let mutable node = 0

                for c in text do
                    match edges.TryGetValue(struct (node, c)) with
                    | true, child -> node <- child
                    | _ ->
                        let child = edges.Count + 1
                        edges[struct (node, c)] <- child
                        node <- child

                values.TryAdd(node, value) |> ignore

    member _.IsEmpty = values.Count = 0

    /// The value and the length of the longest text that stands here.
    member _.Longest(text: string, start: int) : struct (int * int) voption =
        let mutable node = 0
        let mutable i = start
        let mutable found = ValueNone

        while node >= 0 && i < text.Length do
            match edges.TryGetValue(struct (node, text[i])) with
            | true, child ->
                node <- child
                i <- i + 1

                match values.TryGetValue node with
                | true, value -> found <- ValueSome(struct (value, i - start))
                | _ -> ()
            | _ -> node <- -1

        found
