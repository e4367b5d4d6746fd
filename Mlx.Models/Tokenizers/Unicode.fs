namespace Mlx.Models

open System
open System.Collections.Generic
open System.Globalization
open System.IO
open System.Text

/// <summary>Unicode's four normal forms.</summary>
/// <remarks>
/// <c>String.Normalize</c> asks the system's library, and answers the text unchanged where a
/// program runs without one (InvariantGlobalization): the ids of a text would depend on that. So
/// the table comes along.
/// </remarks>
module internal Unicode =
    type private Table =
        {
            Canonical: Dictionary<int, int[]>
            Compatible: Dictionary<int, int[]>
            Composites: Dictionary<struct (int * int), int>
            /// Where a mark stands among marks; 0 for what is no mark.
            Classes: Dictionary<int, int>
        }

    /// The lines of Normalization.txt: `code decomposition`, with `=` for a canonical one that
    /// composes again, `-` for one that does not, `~` for a compatible one, and `#` for a class.
    let private table =
        lazy
            let assembly = typeof<Merger>.Assembly
            use stream = assembly.GetManifestResourceStream "Mlx.Models.Normalization.txt"
            use reader = new StreamReader(nonNull stream)
            let hex (s: string) = Convert.ToInt32(s, 16)

            let t =
                { Canonical = Dictionary()
                  Compatible = Dictionary()
                  Composites = Dictionary()
                  Classes = Dictionary() }

            for line in reader.ReadToEnd().Split '\n' do
                match List.ofArray (line.Split ' ') with
                | "//" :: _
                | [ "" ] -> ()
                | code :: "#" :: [ order ] -> t.Classes[hex code] <- int order
                | code :: kind :: parts ->
                    let parts = [| for p in parts -> hex p |]

                    if kind = "~" then
                        t.Compatible[hex code] <- parts
                    else
                        t.Canonical[hex code] <- parts

                    if kind = "=" then
                        t.Composites[struct (parts[0], parts[1])] <- hex code
                | [ _ ] -> ()
                | [] -> ()

            t

    // Hangul syllables are computed: Unicode 3.12.
    let private sBase, lBase, vBase, tBase = 0xAC00, 0x1100, 0x1161, 0x11A7
    let private lCount, vCount, tCount = 19, 21, 28
    let private sCount = lCount * vCount * tCount

    let rec private decompose (t: Table) compatible (into: List<int>) code =
        let s = code - sBase

        if s >= 0 && s < sCount then
            into.Add(lBase + s / (vCount * tCount))
            into.Add(vBase + s % (vCount * tCount) / tCount)

            if s % tCount <> 0 then
                into.Add(tBase + s % tCount)
        else
            match t.Canonical.TryGetValue code with
            | true, parts ->
                for part in parts do
                    decompose t compatible into part
            | _ ->
                match compatible, t.Compatible.TryGetValue code with
                | true, (true, parts) ->
                    for part in parts do
                        decompose t compatible into part
                | _ -> into.Add code

    let private order (t: Table) code =
        match t.Classes.TryGetValue code with
        | true, order -> order
        | _ -> 0

    /// Marks after one another stand in the order of their classes.
    let private sortMarks (t: Table) (codes: List<int>) =
        let mutable i = 0

        while i < codes.Count do
            let first = i

            while i < codes.Count && order t codes[i] <> 0 do
                i <- i + 1

            if i - first > 1 then
                let sorted = codes.GetRange(first, i - first) |> List.ofSeq |> List.sortBy (order t)
                sorted |> List.iteri (fun k code -> codes[first + k] <- code)

            i <- i + 1

    let private composite (t: Table) first second =
        let l, v = first - lBase, second - vBase
        let s, trail = first - sBase, second - tBase

        if l >= 0 && l < lCount && v >= 0 && v < vCount then
            ValueSome(sBase + (l * vCount + v) * tCount)
        elif s >= 0 && s < sCount && s % tCount = 0 && trail > 0 && trail < tCount then
            ValueSome(first + trail)
        else
            match t.Composites.TryGetValue(struct (first, second)) with
            | true, code -> ValueSome code
            | _ -> ValueNone

    let private compose (t: Table) (codes: List<int>) =
        let into = List<int>(codes.Count)
        let mutable starter = -1
        let mutable last = 0

        for code in codes do
            let mark = order t code

            // A mark of the same class, or a starter, in between blocks.
            let joined =
                if starter >= 0 && (into.Count = starter + 1 || last <> 0 && last < mark) then
                    composite t into[starter] code
                else
                    ValueNone

            match joined with
            | ValueSome whole -> into[starter] <- whole
            | ValueNone ->
                if mark = 0 then
                    starter <- into.Count

                last <- mark
                into.Add code

        into

    /// <summary>A text without half characters in one of the normal forms.</summary>
    let normalize (form: NormalizationForm) (text: string) =
        let compatible = form = NormalizationForm.FormKC || form = NormalizationForm.FormKD

        // No character below changes, and none of them is a mark.
        let safe = if form = NormalizationForm.FormC then '\u0300' else '\u0080'

        if text.AsSpan().IndexOfAnyInRange(safe, '\uFFFF') < 0 then
            text
        else
            let t = table.Value
            let codes = List<int>(text.Length)

            for rune in text.EnumerateRunes() do
                decompose t compatible codes rune.Value

            sortMarks t codes

            let codes =
                match form with
                | NormalizationForm.FormC
                | NormalizationForm.FormKC -> compose t codes
                | _ -> codes

            let result = StringBuilder(text.Length)

            for code in codes do
                result.Append(Rune(code).ToString()) |> ignore

            result.ToString()

    /// A character of one UTF-16 unit in the place of one of two, of the same category: patterns of
    /// .NET look at units, those of tokenizers at characters.
    let private standIn (category: UnicodeCategory) =
        match category with
        | UnicodeCategory.UppercaseLetter -> '\u0531'
        | UnicodeCategory.LowercaseLetter -> '\u0561'
        | UnicodeCategory.TitlecaseLetter -> '\u01C5'
        | UnicodeCategory.ModifierLetter -> '\u02B0'
        | UnicodeCategory.OtherLetter -> '\u05D0'
        | UnicodeCategory.NonSpacingMark -> '\u0591'
        | UnicodeCategory.SpacingCombiningMark -> '\u0903'
        | UnicodeCategory.EnclosingMark -> '\u0488'
        | UnicodeCategory.DecimalDigitNumber -> '\u0661'
        | UnicodeCategory.LetterNumber -> '\u2160'
        | UnicodeCategory.OtherNumber -> '\u2460'
        | UnicodeCategory.ConnectorPunctuation -> '\u203F'
        | UnicodeCategory.DashPunctuation -> '\u2013'
        | UnicodeCategory.OpenPunctuation -> '\u0F3A'
        | UnicodeCategory.ClosePunctuation -> '\u0F3B'
        | UnicodeCategory.InitialQuotePunctuation -> '\u2018'
        | UnicodeCategory.FinalQuotePunctuation -> '\u2019'
        | UnicodeCategory.OtherPunctuation -> '\u2020'
        | UnicodeCategory.MathSymbol -> '\u2200'
        | UnicodeCategory.CurrencySymbol -> '\u20A0'
        | UnicodeCategory.ModifierSymbol -> '\u02C2'
        | UnicodeCategory.OtherSymbol -> '\u2600'
        | UnicodeCategory.Format -> '\u2060'
        | UnicodeCategory.PrivateUse -> '\uE000'
        | _ -> '\u0378'

    /// The text with one unit a character, and where each of its characters begins in the text
    /// (and, last, where the text ends). Nothing is copied where nothing changes.
    let units (text: string) : struct (string * int[] voption) =
        if text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') < 0 then
            struct (text, ValueNone)
        else
            let view = StringBuilder(text.Length)
            let starts = List<int>(text.Length + 1)
            let mutable at = 0

            for rune in text.EnumerateRunes() do
                starts.Add at
                at <- at + rune.Utf16SequenceLength

                if rune.IsBmp then
                    view.Append(char rune.Value) |> ignore
                else
                    view.Append(standIn (Rune.GetUnicodeCategory rune)) |> ignore

            starts.Add at
            struct (view.ToString(), ValueSome(starts.ToArray()))
