namespace Mlx.Models

open System
open System.Collections.Generic

/// A state of the machine that reads tokens: all stacks that the bytes so far lead to, and what was
/// found out about it.
type internal GuideState(stacks: Frame list list, toEnd: int, mayEnd: bool) =
    member _.Stacks = stacks

    /// The fewest tokens that surely lead to an end.
    member _.ToEnd = toEnd

    /// Whether the text may end here.
    member _.MayEnd = mayEnd

    /// Whether nothing can follow.
    member _.IsOver = stacks = [ [] ]

    /// Where a byte leads; null where that is not known yet.
    member val Next: (GuideState | null)[] = Array.zeroCreate 256

    /// For each token the tokens to an end after it; the largest number where it is not allowed.
    member val After: int[] = [||] with get, set

    /// The tokens that are allowed where there is time enough, and how much time that is.
    member val Mask: bool[] = [||] with get, set
    member val Enough = 0 with get, set

/// The texts of a schema in the tokens of a tokenizer. What is found out about a state is kept: a
/// mask costs one walk through the vocabulary, and nothing when the state comes again. Guides of
/// several texts share it.
[<Sealed>]
type internal JsonAutomaton
    (schema: JsonSchema, tokenizer: ITokenizer, vocabulary: int, eos: int list) =
    let grammar = JsonGrammar schema
    let trie = TokenTrie.Of tokenizer
    let states = Dictionary<Frame list list, GuideState>(HashIdentity.Structural)
    let endings = Dictionary<byte[], int>(HashIdentity.Structural)
    let nowhere = GuideState([], Int32.MaxValue, false)
    let never = Int32.MaxValue

    let tokensFor (text: byte[]) : int =
        match endings.TryGetValue text with
        | true, count -> count
        | _ ->
            let count = trie.Fewest text |> Option.defaultValue never
            endings[text] <- count
            count

    let state (stacks: Frame list list) : GuideState =
        match stacks with
        | [] -> nowhere
        | stacks ->
            match states.TryGetValue stacks with
            | true, state -> state
            | _ ->
                let toEnd =
                    stacks
                    |> List.choose grammar.Ending
                    |> List.map tokensFor
                    |> List.fold min never

                let mayEnd = stacks |> List.exists grammar.MayEnd
                let state = GuideState(stacks, toEnd, mayEnd)
                states[stacks] <- state
                state

    let next (from: GuideState) (b: byte) : GuideState =
        match from.Next[int b] with
        | null ->
            let stacks = from.Stacks |> List.collect (fun stack -> grammar.Step stack b)
            let found = state (List.distinct stacks)
            from.Next[int b] <- found
            found
        | known -> known

    let rec walk (from: GuideState) (node: TokenTrie) (after: int[]) =
        for i in 0 .. node.Keys.Length - 1 do
            let reached, child = next from node.Keys[i], node.Children[i]

            if reached.ToEnd < never then
                for id in child.Ids do
                    if id < vocabulary then
                        after[id] <- reached.ToEnd

                walk reached child after

    let explore (from: GuideState) =
        let after = Array.create vocabulary never
        walk from trie after

        if from.MayEnd then
            for id in eos do
                if id < vocabulary then
                    after[id] <- 0

        from.After <- after
        from.Mask <- after |> Array.map (fun count -> count < never)

        from.Enough <-
            after |> Array.fold (fun most count -> if count < never then max most count else most) 0

    let start = state [ grammar.Start ]

    /// Where a text begins.
    member _.Start = start

    member _.Eos = eos

    /// The tokens that may come in a state, with so many to come, that one included.
    member this.Allowed (from: GuideState) (left: int) : bool[] =
        lock this (fun () ->
            if from.After.Length = 0 then
                explore from

            if from.Enough < left then
                from.Mask
            else
                from.After |> Array.map (fun count -> count < left))

    /// Where a token leads.
    member this.After (from: GuideState) (id: int) : GuideState =
        lock this (fun () -> (from, tokenizer.Bytes id) ||> Array.fold next)

/// Guides one text through the texts of a schema.
[<Sealed>]
type internal JsonGuide(automaton: JsonAutomaton) =
    let mutable state = automaton.Start

    interface ITokenGuide with
        member _.Allowed left =
            if state.ToEnd > left then
                let problem =
                    if state.ToEnd = Int32.MaxValue then
                        "the tokenizer lacks the tokens for a value of this shape"
                    else
                        $"{left} tokens are too few: a value of this shape takes {state.ToEnd}"

                raise (System.ArgumentException problem)

            automaton.Allowed state left

        member _.Accept id =
            if List.contains id automaton.Eos && state.MayEnd then
                true
            else
                state <- automaton.After state id
                state.IsOver
