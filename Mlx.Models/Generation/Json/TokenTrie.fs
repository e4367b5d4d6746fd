namespace Mlx.Models

open System
open System.Collections.Generic
open System.Runtime.CompilerServices

/// The tokens of a vocabulary by their bytes: a tree in which tokens with the same beginning share a
/// path.
type internal TokenTrie() =
    // By the byte that leads there; both in order.
    let mutable keys: byte[] = [||]
    let mutable children: TokenTrie[] = [||]
    let mutable ids: int[] = [||]

    /// The next bytes.
    member _.Keys = keys

    /// Where they lead.
    member _.Children = children

    /// The tokens that end here.
    member _.Ids = ids

    member _.Child(b: byte) : TokenTrie | null =
        let at = Array.BinarySearch(keys, b)
        if at >= 0 then children[at] else null

    member private _.Grow(b: byte) : TokenTrie =
        let at = Array.BinarySearch(keys, b)

        if at >= 0 then
            children[at]
        else
            let child = TokenTrie()
            keys <- Array.insertAt ~~~at b keys
            children <- Array.insertAt ~~~at child children
            child

    member private _.End(id: int) = ids <- Array.append ids [| id |]

    member this.Add(bytes: byte[], id: int) =
        let node = (this, bytes) ||> Array.fold (fun node b -> node.Grow b)
        node.End id

    static member val private Known = ConditionalWeakTable<ITokenizer, TokenTrie>()

    /// The tree of a tokenizer's tokens, made once; tokens without text are left out.
    static member Of(tokenizer: ITokenizer) : TokenTrie =
        let make (tokenizer: ITokenizer) =
            let root = TokenTrie()

            for id in 0 .. tokenizer.VocabSize - 1 do
                match tokenizer.Bytes id with
                | [||] -> ()
                | bytes -> root.Add(bytes, id)

            root

        TokenTrie.Known.GetValue(tokenizer, make)

    /// The fewest tokens whose bytes are these; None where there are none such.
    member this.Fewest(bytes: byte[]) : int option =
        let never = Int32.MaxValue
        let counts = Array.create (bytes.Length + 1) never
        counts[0] <- 0

        let rec go (node: TokenTrie | null) (count: int) (at: int) =
            match node with
            | null -> ()
            | node ->
                if node.Ids.Length > 0 then
                    counts[at] <- min counts[at] count

                if at < bytes.Length then
                    go (node.Child bytes[at]) count (at + 1)

        for start in 0 .. bytes.Length - 1 do
            if counts[start] < never then
                go (this.Child bytes[start]) (counts[start] + 1) (start + 1)

        if counts[bytes.Length] < never then Some counts[bytes.Length] else None
