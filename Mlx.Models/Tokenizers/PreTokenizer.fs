namespace Mlx.Models

open System
open System.Collections.Generic

/// A part of a text that no token crosses the ends of, and whether it is the first one.
[<Struct>]
type internal Piece = { Text: string; First: bool }

/// Cuts pieces into smaller ones: the `pre_tokenizer` of a tokenizer.json.
type internal PreTokenizer = Piece -> Piece[]

module internal PreTokenizer =
    [<Struct>]
    type private Span = { Start: int; End: int; Match: bool }

    /// The whole text as spans that match and spans that do not.
    let private spans pattern invert (text: string) =
        let all = List<Span>()
        let mutable last = 0

        let add start stop isMatch =
            if stop > start then
                all.Add { Start = start; End = stop; Match = isMatch <> invert }

        for struct (start, length) in Pattern.find pattern text do
            add last start false
            add start (start + length) true
            last <- start + length

        add last text.Length false
        all

    /// A match that follows none joins what stands before it.
    let private joinBackwards (all: List<Span>) =
        let joined = List<Span>()
        let mutable before = false

        for span in all do
            if span.Match && not before && joined.Count > 0 then
                joined[joined.Count - 1] <- { joined[joined.Count - 1] with End = span.End }
            else
                joined.Add span

            before <- span.Match

        joined

    /// A match that no match follows joins what stands after it.
    let private joinForwards (all: List<Span>) =
        let joined = List<Span>()
        let mutable after = false

        for i in all.Count - 1 .. -1 .. 0 do
            let span = all[i]

            if span.Match && not after && joined.Count > 0 then
                joined[joined.Count - 1] <- { joined[joined.Count - 1] with Start = span.Start }
            else
                joined.Add span

            after <- span.Match

        joined.Reverse()
        joined

    let private joinAlike (all: List<Span>) =
        let joined = List<Span>()

        for span in all do
            if joined.Count > 0 && joined[joined.Count - 1].Match = span.Match then
                joined[joined.Count - 1] <- { joined[joined.Count - 1] with End = span.End }
            else
                joined.Add span

        joined

    let private behaviour (part: JsonPart) name : List<Span> -> List<Span> =
        match name with
        | "Isolated" -> id
        | "Removed" -> _.FindAll(fun span -> not span.Match)
        | "MergedWithPrevious" -> joinBackwards
        | "MergedWithNext" -> joinForwards
        | "Contiguous" -> joinAlike
        | other -> part.Fail $"the behavior {other} is not supported"

    let private split pattern invert behaviour : PreTokenizer =
        fun piece ->
            [| for span in behaviour (spans pattern invert piece.Text) do
                   { Text = piece.Text.Substring(span.Start, span.End - span.Start)
                     First = piece.First && span.Start = 0 } |]

    let private splitBy part regex invert name =
        split (Pattern.regex part regex) invert (behaviour part name)

    let private words =
        @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"

    let private byteLevel (part: JsonPart) : PreTokenizer =
        let prefix = part.FlagOr("add_prefix_space", true)

        let cut =
            if part.FlagOr("use_regex", true) then
                splitBy part words false "Isolated"
            else
                Array.singleton

        fun piece ->
            let text =
                if prefix && not (piece.Text.StartsWith ' ') then " " + piece.Text else piece.Text

            cut { piece with Text = text }
            |> Array.map (fun p -> { p with Text = ByteLevel.ofText p.Text })

    let private metaspace (part: JsonPart) : PreTokenizer =
        let replacement = part.TextOr("replacement", "\u2581")

        // Older files say add_prefix_space only.
        let scheme =
            let older = if part.FlagOr("add_prefix_space", true) then "always" else "never"
            part.TextOr("prepend_scheme", older)

        let wanted: Piece -> bool =
            match scheme with
            | "always" -> fun _ -> true
            | "first" -> _.First
            | "never" -> fun _ -> false
            | other -> part.Fail $"the prepend_scheme {other} is not supported"

        let cut =
            if part.FlagOr("split", true) then
                split (Pattern.Text replacement) false joinForwards
            else
                Array.singleton

        fun piece ->
            let text = piece.Text.Replace(" ", replacement, StringComparison.Ordinal)

            let text =
                if wanted piece && not (text.StartsWith(replacement, StringComparison.Ordinal)) then
                    replacement + text
                else
                    text

            cut { piece with Text = text }

    let rec private ofPart (part: JsonPart) : PreTokenizer =
        match (part.Need "type").Text with
        | "Sequence" ->
            let steps = [ for item in (part.Need "pretokenizers").Items -> ofPart item ]

            if steps.Length > 64 then
                part.Fail "more than 64 steps"
            else
                fun piece ->
                    (([| piece |], steps) ||> List.fold (fun all step -> Array.collect step all))
        | "Split" ->
            let pattern = Pattern.read (part.Need "pattern")
            let name = (part.Need "behavior").Text
            split pattern (part.FlagOr("invert", false)) (behaviour part name)
        | "ByteLevel" -> byteLevel part
        | "Metaspace" -> metaspace part
        | "Whitespace" -> splitBy part @"\w+|[^\w\s]+" true "Removed"
        | "WhitespaceSplit" -> splitBy part @"\s" false "Removed"
        | "Punctuation" ->
            // Unicode's punctuation, and what ASCII counts to it.
            let name = part.TextOr("behavior", "Isolated")
            splitBy part @"[\p{P}$+<=>^`|~]" false name
        | "Digits" ->
            let alone = part.FlagOr("individual_digits", false)
            splitBy part @"\p{N}" false (if alone then "Isolated" else "Contiguous")
        | other -> part.Fail $"the pre_tokenizer {other} is not supported"

    let read (part: JsonPart option) : PreTokenizer =
        match part with
        | None -> Array.singleton
        | Some part -> ofPart part
