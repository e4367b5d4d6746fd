namespace Mlx.Models

open System
open System.Collections.Generic
open System.Text.RegularExpressions

/// What a Split or a Replace looks for.
[<RequireQualifiedAccess>]
type internal Pattern =
    | Text of string
    | Regex of Regex

module internal Pattern =
    // A pattern that goes wrong on a text goes wrong exponentially; a good one takes microseconds.
    let private patience = TimeSpan.FromSeconds 10.0
    let private longest = 65536

    let regex (part: JsonPart) (text: string) =
        if text.Length > longest then
            part.Fail $"a pattern of more than {longest} characters"
        else
            try
                Pattern.Regex(Regex(text, RegexOptions.CultureInvariant, patience))
            with :? ArgumentException as e ->
                part.Fail $"the pattern {text} is none that .NET has: {e.Message}"

    /// `{"String": ...}` or `{"Regex": ...}`.
    let read (part: JsonPart) =
        match part.TryText "String", part.TryText "Regex" with
        | Some text, _ -> Pattern.Text text
        | None, Some text -> regex part text
        | None, None -> part.Fail "String or Regex is wanted"

    let private literal (wanted: string) (text: string) =
        let found = List<struct (int * int)>()

        if wanted <> "" then
            let mutable i = text.IndexOf(wanted, StringComparison.Ordinal)

            while i >= 0 do
                found.Add(struct (i, wanted.Length))
                let after = i + wanted.Length
                i <- text.IndexOf(wanted, after, StringComparison.Ordinal)

        found

    let private matches (regex: Regex) (text: string) =
        let found = List<struct (int * int)>()
        let struct (view, starts) = Unicode.units text

        try
            let mutable m = regex.Match view

            while m.Success do
                if m.Length > 0 then
                    match starts with
                    | ValueNone -> found.Add(struct (m.Index, m.Length))
                    | ValueSome starts ->
                        let start = starts[m.Index]
                        found.Add(struct (start, starts[m.Index + m.Length] - start))

                m <- m.NextMatch()
        with :? RegexMatchTimeoutException as e ->
            raise (
                ModelException(
                    "tokenizer",
                    [ $"the pattern {regex} took more than {patience.TotalSeconds} s on a text" ],
                    e
                )
            )

        found

    /// Where it stands in a text: starts and lengths, none of them empty.
    let find (pattern: Pattern) (text: string) : List<struct (int * int)> =
        match pattern with
        | Pattern.Text wanted -> literal wanted text
        | Pattern.Regex regex -> matches regex text
