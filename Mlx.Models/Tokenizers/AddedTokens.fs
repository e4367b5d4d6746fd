namespace Mlx.Models

open System
open System.Collections.Generic
open System.Globalization

/// A token that is looked for in the text itself, before anything cuts it.
type internal AddedToken =
    {
        Id: int
        Content: string
        /// It stands for no text: the begin of a turn, the end of a text.
        Special: bool
        /// Only where no letter stands beside it.
        SingleWord: bool
        /// White space before it belongs to it.
        LeftStrip: bool
        /// White space after it belongs to it.
        RightStrip: bool
        /// It is looked for in the normalized text.
        Normalized: bool
    }

/// A part of a text: a token found in it, or what stands between those.
[<RequireQualifiedAccess>]
type internal Segment =
    | Token of id: int
    | Text of text: string * first: bool

module internal AddedTokens =
    let plain id content : AddedToken =
        { Id = id
          Content = content
          Special = true
          SingleWord = false
          LeftStrip = false
          RightStrip = false
          Normalized = false }

    let read (part: JsonPart) : AddedToken =
        { Id = (part.Need "id").Int
          Content = (part.Need "content").Text
          Special = part.FlagOr("special", false)
          SingleWord = part.FlagOr("single_word", false)
          LeftStrip = part.FlagOr("lstrip", false)
          RightStrip = part.FlagOr("rstrip", false)
          Normalized = part.FlagOr("normalized", true) }

    let private isWord (c: char) =
        Char.IsLetterOrDigit c
        || c = '_'
        || Char.GetUnicodeCategory c = UnicodeCategory.NonSpacingMark

    /// Finds tokens by their texts, the longest at each place; `written` is how a token's content
    /// stands in the text.
    let finder (written: string -> string) (tokens: AddedToken list) =
        let tokens = Array.ofList tokens
        let trie = Trie(tokens |> Seq.mapi (fun i t -> written t.Content, i))

        fun (specials: bool) (text: string) (first: bool) ->
            let segments = List<Segment>()
            let mutable from = 0
            let mutable i = 0

            let take start =
                if start > from then
                    segments.Add(
                        Segment.Text(text.Substring(from, start - from), first && from = 0)
                    )

            while not trie.IsEmpty && i < text.Length do
                match trie.Longest(text, i) with
                | ValueNone -> i <- i + 1
                | ValueSome(struct (index, length)) ->
                    let token = tokens[index]
                    let mutable start = i
                    let mutable stop = i + length
                    i <- stop

                    let alone =
                        (start = 0 || not (isWord text[start - 1]))
                        && (stop = text.Length || not (isWord text[stop]))

                    if (specials || not token.Special) && (alone || not token.SingleWord) then
                        if token.LeftStrip then
                            while start > from && Char.IsWhiteSpace text[start - 1] do
                                start <- start - 1

                        if token.RightStrip then
                            while stop < text.Length && Char.IsWhiteSpace text[stop] do
                                stop <- stop + 1

                        take start
                        segments.Add(Segment.Token token.Id)
                        from <- stop
                        i <- max i stop

            take text.Length
            segments
