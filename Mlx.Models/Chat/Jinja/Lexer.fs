namespace Mlx.Models.Jinja

open System
open System.Collections.Generic
open System.Globalization
open System.Text
open System.Text.RegularExpressions

[<RequireQualifiedAccess>]
type internal Token =
    /// Text between tags.
    | Data of string
    | Name of string
    | String of string
    | Int of int64
    | Float of float
    | Operator of string
    | PrintBegin
    | PrintEnd
    | BlockBegin
    | BlockEnd
    | End

/// Cuts a template into tokens, as Jinja does with trim_blocks and lstrip_blocks, which is how
/// Hugging Face reads chat templates.
module internal Lexer =
    /// Newlines are one character, and the last one goes.
    let normalize (source: string) =
        let text = source.Replace("\r\n", "\n").Replace('\r', '\n')
        if text.EndsWith '\n' then text.Substring(0, text.Length - 1) else text

    let private operators =
        [ "//"; "**"; "=="; "!="; ">="; "<="; "+"; "-"; "/"; "*"; "%"; "~"; "["; "]"; "("; ")" ]
        @ [ "{"; "}"; ">"; "<"; "="; "."; ":"; "|"; "," ]

    let private isSpace (c: char) = Char.IsWhiteSpace c

    /// Escapes as Python has them; what it does not know stays as it is.
    let private unescape at (raw: string) =
        let text = StringBuilder()
        let mutable i = 0

        let hex digits =
            let part =
                raw.AsSpan(min raw.Length (i + 2), min digits (raw.Length - min raw.Length (i + 2)))

            let mutable code = 0

            if
                part.Length = digits
                && Int32.TryParse(
                    part,
                    NumberStyles.AllowHexSpecifier,
                    CultureInfo.InvariantCulture,
                    &code
                )
                && (digits < 8 || Rune.IsValid code)
            then
                text.Append(if digits < 8 then string (char code) else Rune(code).ToString())
                |> ignore

                i <- i + 2 + digits
            else
                raise (Fault($"the escape \\{raw[i + 1]} wants {digits} hexadecimal digits", at))

        while i < raw.Length do
            if raw[i] <> '\\' || i + 1 = raw.Length then
                text.Append raw[i] |> ignore
                i <- i + 1
            else
                let plain =
                    match raw[i + 1] with
                    | 'n' -> "\n"
                    | 't' -> "\t"
                    | 'r' -> "\r"
                    | 'b' -> "\b"
                    | 'f' -> "\012"
                    | 'v' -> "\011"
                    | 'a' -> "\007"
                    | '0' -> "\000"
                    | '\n' -> ""
                    | '\\' -> "\\"
                    | '\'' -> "'"
                    | '"' -> "\""
                    | 'x'
                    | 'u'
                    | 'U' -> "x"
                    | other -> "\\" + string other

                match raw[i + 1] with
                | 'x' -> hex 2
                | 'u' -> hex 4
                | 'U' -> hex 8
                | _ ->
                    text.Append plain |> ignore
                    i <- i + 2

        text.ToString()

    let tokens (source: string) : (Token * int)[] =
        let found = List<Token * int>()
        let mutable i = 0
        // Whether what comes next begins a line of the template.
        let mutable lineStart = true

        let at (text: string) = String.CompareOrdinal(source, i, text, 0, text.Length) = 0

        let skipSpace () =
            while i < source.Length && isSpace source[i] do
                i <- i + 1

        // Where the last tag ended, before what comes after it was trimmed.
        let mutable untrimmed = 0

        /// After a tag's end: `-` takes all white space, a block's end takes a newline.
        let close (ending: string) trims =
            let dash = source[i] = '-'
            let plus = source[i] = '+'
            i <- i + (if dash || plus then 1 else 0) + ending.Length
            let before = i

            if dash then
                skipSpace ()
                untrimmed <- i
            elif trims && not plus && i < source.Length && source[i] = '\n' then
                untrimmed <- i
                i <- i + 1
            else
                untrimmed <- i

            lineStart <- i > before && source[i - 1] = '\n'

        let closes (ending: string) =
            at ending || at ("-" + ending) || at ("+" + ending) && ending <> "}}"

        let data (from: int) (stop: int) (isPrint: bool) =
            let text = source.Substring(from, stop - from)
            let sign = if stop + 2 < source.Length then source[stop + 2] else ' '

            let text =
                if stop = source.Length then
                    text
                elif sign = '-' then
                    text.TrimEnd()
                elif sign <> '+' && not isPrint then
                    let line = text.LastIndexOf '\n' + 1
                    let blank = String.IsNullOrWhiteSpace(text.Substring line)
                    if (line > 0 || lineStart) && blank then text.Substring(0, line) else text
                else
                    text

            if text <> "" then
                found.Add((Token.Data text, from))

        let quoted () =
            let start = i
            let quote = source[i]
            i <- i + 1
            let from = i

            while i < source.Length && source[i] <> quote do
                i <- i + (if source[i] = '\\' then 2 else 1)

            if i >= source.Length then
                raise (Fault("a string without an end", start))

            found.Add((Token.String(unescape start (source.Substring(from, i - from))), start))
            i <- i + 1

        let number () =
            let start = i

            while i < source.Length && (Char.IsAsciiDigit source[i] || source[i] = '_') do
                i <- i + 1

            let digit k = k < source.Length && Char.IsAsciiDigit source[k]
            let mutable whole = true

            if i < source.Length && source[i] = '.' && digit (i + 1) then
                whole <- false
                i <- i + 1

                while digit i do
                    i <- i + 1

            if i < source.Length && (source[i] = 'e' || source[i] = 'E') then
                let sign = i + 1 < source.Length && (source[i + 1] = '-' || source[i + 1] = '+')
                let first = if sign then i + 2 else i + 1

                if digit first then
                    whole <- false
                    i <- first

                    while digit i do
                        i <- i + 1

            let text = source.Substring(start, i - start).Replace("_", "")

            match Int64.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture) with
            | true, n when whole -> found.Add((Token.Int n, start))
            | _ when whole -> raise (Fault($"the number {text} is too large", start))
            | _ -> found.Add((Token.Float(Double.Parse(text, CultureInfo.InvariantCulture)), start))

        /// One token inside a tag.
        let inside () =
            let c = source[i]

            if c = '"' || c = '\'' then
                quoted ()
            elif Char.IsAsciiDigit c then
                number ()
            elif Char.IsLetter c || c = '_' then
                let start = i

                while i < source.Length && (Char.IsLetterOrDigit source[i] || source[i] = '_') do
                    i <- i + 1

                found.Add((Token.Name(source.Substring(start, i - start)), start))
            else
                match operators |> List.tryFind at with
                | Some operator ->
                    found.Add((Token.Operator operator, i))
                    i <- i + operator.Length
                | None -> raise (Fault($"unexpected character {c}", i))

        /// The inside of a tag, up to its end outside of all brackets.
        let tag (opening: Token) (ending: string) (closing: Token) =
            let start = i
            found.Add((opening, start))
            i <- i + 2

            if i < source.Length && (source[i] = '-' || source[i] = '+') then
                i <- i + 1

            let mutable depth = 0
            let mutable inTag = true

            while inTag do
                skipSpace ()

                if i >= source.Length then
                    raise (Fault($"this tag has no end: {ending} is wanted", start))
                elif depth = 0 && closes ending then
                    found.Add((closing, i))
                    close ending (ending <> "}}")
                    inTag <- false
                else
                    match source[i] with
                    | '('
                    | '['
                    | '{' -> depth <- depth + 1
                    | ')'
                    | ']'
                    | '}' -> depth <- max 0 (depth - 1)
                    | _ -> ()

                    inside ()

        let comment () =
            let start = i
            i <- i + 2

            while i < source.Length && not (closes "#}") do
                i <- i + 1

            if i >= source.Length then
                raise (Fault("a comment without an end", start))

            close "#}" true

        /// `{% raw %}`: the text up to `{% endraw %}` is no template.
        let rawEnd = Regex(@"\{%[-+]?\s*endraw\s*[-+]?%\}", RegexOptions.CultureInvariant)

        let isRaw () =
            let n = found.Count

            n >= 3
            && fst found[n - 1] = Token.BlockEnd
            && fst found[n - 2] = Token.Name "raw"
            && fst found[n - 3] = Token.BlockBegin

        let raw () =
            let start = snd found[found.Count - 3]
            found.RemoveRange(found.Count - 3, 3)
            // Here, and only here, Jinja keeps the newline after a block.
            i <- untrimmed
            let ending = rawEnd.Match(source, i)

            if not ending.Success then
                raise (Fault("raw without endraw", start))

            data i ending.Index false
            i <- ending.Index + ending.Length - 2

            if source[i - 1] = '-' || source[i - 1] = '+' then
                i <- i - 1

            close "%}" true

        while i < source.Length do
            let next = source.IndexOf('{', i)
            let mutable stop = next

            let opens at = at + 1 < source.Length && "{%#".Contains source[at + 1]

            while stop >= 0 && not (opens stop) do
                stop <- source.IndexOf('{', stop + 1)

            if stop < 0 then
                data i source.Length false
                i <- source.Length
            else
                data i stop (source[stop + 1] = '{')
                i <- stop

                match source[stop + 1] with
                | '{' -> tag Token.PrintBegin "}}" Token.PrintEnd
                | '%' -> tag Token.BlockBegin "%}" Token.BlockEnd
                | _ -> comment ()

                if isRaw () then
                    raw ()

        found.Add((Token.End, source.Length))
        found.ToArray()
