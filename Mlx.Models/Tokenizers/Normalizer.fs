namespace Mlx.Models

open System
open System.Text

/// What happens to a text before it is cut: the `normalizer` of a tokenizer.json.
type internal Normalizer = string -> string

module internal Normalizer =
    /// A chain of replacements can double a text at every step: far beyond what a real one adds, it
    /// is refused.
    let private bounded (source: JsonPart) (normalizer: Normalizer) : Normalizer =
        fun text ->
            let result = normalizer text

            if result.Length > 64 * (text.Length + 1024) then
                source.Fail $"it makes {result.Length} characters of {text.Length}"
            else
                result

    let private replace pattern (content: string) : Normalizer =
        match pattern with
        | Pattern.Text "" -> id
        | Pattern.Text wanted -> fun text -> text.Replace(wanted, content, StringComparison.Ordinal)
        | Pattern.Regex _ ->
            fun text ->
                let result = StringBuilder(text.Length)
                let mutable last = 0

                for struct (start, length) in Pattern.find pattern text do
                    result.Append(text, last, start - last).Append(content) |> ignore
                    last <- start + length

                result.Append(text, last, text.Length - last).ToString()

    // The one letter whose small form is two characters.
    let private lowercase (text: string) =
        text.Replace("\u0130", "i\u0307", StringComparison.Ordinal).ToLowerInvariant()

    let private strip left right (text: string) =
        let text = if left then text.TrimStart() else text
        if right then text.TrimEnd() else text

    let rec private ofPart (part: JsonPart) : Normalizer =
        match (part.Need "type").Text with
        | "Sequence" ->
            let steps = [ for item in (part.Need "normalizers").Items -> ofPart item ]

            if steps.Length > 64 then part.Fail "more than 64 steps" else List.fold (>>) id steps
        | "Prepend" ->
            let prefix = (part.Need "prepend").Text
            fun text -> if text = "" then "" else prefix + text
        | "Replace" ->
            let pattern = Pattern.read (part.Need "pattern")
            bounded part (replace pattern (part.Need "content").Text)
        | "NFC" -> Unicode.normalize NormalizationForm.FormC
        | "NFD" -> Unicode.normalize NormalizationForm.FormD
        | "NFKC" -> Unicode.normalize NormalizationForm.FormKC
        | "NFKD" -> Unicode.normalize NormalizationForm.FormKD
        | "Lowercase" -> lowercase
        | "Strip" -> strip (part.FlagOr("strip_left", true)) (part.FlagOr("strip_right", true))
        | other -> part.Fail $"the normalizer {other} is not supported"

    let read (part: JsonPart option) : Normalizer =
        match part with
        | None -> id
        | Some part -> bounded part (ofPart part)
