/// Commands and options: names, help with examples, and errors of one form.
module Mlx.Tool.CommandLine

open System
open System.CommandLine
open System.CommandLine.Help
open System.CommandLine.Invocation
open System.CommandLine.Parsing
open System.Globalization

/// An option as the parser knows it.
type ISetting =
    abstract Option: Option

/// An option and how its value is taken from what was parsed.
[<Sealed>]
type Setting<'T>(option: Option, read: ParseResult -> 'T) =
    /// The value given, or what stands for none.
    member _.Of(result: ParseResult) : 'T = read result

    /// Other names.
    member this.Also(name: string) : Setting<'T> =
        option.Aliases.Add name
        this

    interface ISetting with
        member _.Option = option

/// Text becomes a value, or an error that names the option and says what is wanted.
let private valued name help summary wanted (parse: string -> 'T option) =
    let option = Option<'T>(name, Description = summary, HelpName = help)

    option.CustomParser <-
        fun (result: ArgumentResult) ->
            let given = result.Tokens[0].Value

            match parse given with
            | Some value -> value
            | None ->
                result.AddError $"{name}: {wanted} is wanted, not '{given}'"
                Unchecked.defaultof<'T>

    option

let private isGiven (option: Option) (result: ParseResult) =
    match result.GetResult option with
    | null -> false
    | found -> not found.Implicit

let private optional (option: Option<'T>) : Setting<'T option> =
    Setting(
        option,
        fun result -> if isGiven option result then Some(result.GetRequiredValue option) else None
    )

let private orElse (otherwise: 'T) (option: Option<'T>) : Setting<'T> =
    option.Description <- $"{option.Description} ({otherwise})"

    Setting(
        option,
        fun result -> if isGiven option result then result.GetRequiredValue option else otherwise
    )

let private wholeOption name (low: int) summary =
    let parse (text: string) =
        match Int32.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture) with
        | true, n when n >= low -> Some n
        | _ -> None

    valued name "N" summary $"a whole number of at least {low}" parse

let private numberOption name (low: float) (high: float) summary =
    let wanted =
        if Double.IsPositiveInfinity high then
            $"a number of at least {low}"
        else
            $"a number from {low} to {high}"

    let parse (text: string) =
        match Double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture) with
        | true, x when x >= low && x <= high && Double.IsFinite x -> Some x
        | _ -> None

    valued name "X" summary wanted parse

/// A whole number of at least so much.
let whole name low (otherwise: int) summary = wholeOption name low summary |> orElse otherwise
let tryWhole name low summary = wholeOption name low summary |> optional

/// A number between two.
let number name low high (otherwise: float) summary =
    numberOption name low high summary |> orElse otherwise

let tryNumber name low high summary = numberOption name low high summary |> optional

/// Text as it is.
let tryText name help summary = valued name help summary "text" Some |> optional

/// Text that must be given.
let text name help summary : Setting<string> =
    let option = valued name help summary "text" Some
    option.Required <- true
    Setting(option, fun result -> result.GetRequiredValue option)

/// One of a few words.
let choice name (words: string list) (otherwise: string) summary : Setting<string> =
    let known = String.Join(", ", words)

    valued name "WORD" $"{summary}: {known}" $"one of {known}" (fun text ->
        List.tryFind ((=) text) words)
    |> orElse otherwise

/// Text that may be given several times.
let texts name help summary : Setting<string list> =
    let option = Option<string[]>(name, Description = summary, HelpName = help)
    option.Arity <- ArgumentArity.OneOrMore

    Setting(
        option,
        fun result ->
            if isGiven option result then List.ofArray (result.GetRequiredValue option) else []
    )

let flag name summary : Setting<bool> =
    let option = Option<bool>(name, Description = summary)
    Setting(option, fun result -> isGiven option result && result.GetRequiredValue option)

/// Token ids with commas between them.
let tryIds name summary : Setting<int[] option> =
    let parse (text: string) =
        let ids =
            text.Split([| ','; ' ' |], StringSplitOptions.RemoveEmptyEntries)
            |> Array.map (fun part ->
                match Int32.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture) with
                | true, id -> Some id
                | _ -> None)

        if ids.Length > 0 && Array.forall Option.isSome ids then
            Some(Array.choose id ids)
        else
            None

    valued name "IDS" summary "a list of token ids such as 1,5,9" parse |> optional

/// The folder of a model.
let model () =
    (text "--model" "DIR" "The folder of the model, as Hugging Face lays it out.").Also "-m"

let json () = flag "--json" "Print the result as one JSON object."
let verbose () = flag "--verbose" "Tell more on standard error."

/// Help as the library writes it, then examples.
type private HelpWithExamples(examples: string list, inner: HelpAction) =
    inherit SynchronousCommandLineAction()

    override _.ClearsParseErrors = true

    override _.Invoke result =
        let code = inner.Invoke result
        let out = result.InvocationConfiguration.Output
        out.WriteLine "Examples:"

        for example in examples do
            out.WriteLine("  " + example)

        out.WriteLine()
        code

/// A command; its work answers the exit code.
let command name summary examples (settings: ISetting list) (run: ParseResult -> int) =
    let command = Command(name, summary)

    for setting in settings do
        command.Add setting.Option

    let help = HelpOption()

    match help.Action with
    | :? HelpAction as action -> help.Action <- HelpWithExamples(examples, action)
    | _ -> ()

    command.Add help
    command.SetAction run
    command
