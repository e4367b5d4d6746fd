namespace Mlx.Models.Jinja

open System
open System.Collections.Generic
open System.Globalization
open System.Text

/// The functions that every template sees.
module internal Globals =
    let private longestRange = 100_000L

    let private range (positional: Value list) _ =
        let start, stop, step =
            match positional with
            | [ Value.Int stop ] -> 0L, stop, 1L
            | [ Value.Int start; Value.Int stop ] -> start, stop, 1L
            | [ Value.Int start; Value.Int stop; Value.Int step ] when step <> 0L ->
                start, stop, step
            | _ -> Value.fail "range wants one to three whole numbers, the last of them not 0"

        let count = (decimal stop - decimal start) / decimal step

        if count > decimal longestRange then
            Value.fail $"a range of more than {longestRange} numbers"

        Value.List
            [| if step > 0L && start < stop then
                   for i in start..step .. stop - 1L -> Value.Int i
               elif step < 0L && start > stop then
                   for i in start..step .. stop + 1L -> Value.Int i |]

    let private fields (positional: Value list) (named: (string * Value) list) =
        [ for value in positional do
              match value with
              | Value.Dict items -> for e in items -> e.Key, e.Value
              | other -> Value.fail $"a mapping is wanted, {Value.kind other} was given"
          yield! named ]

    let private dict positional named = Value.ofPairs (fields positional named)

    let private space positional named =
        let values = Dictionary<string, Value>(StringComparer.Ordinal)

        for name, value in fields positional named do
            values[name] <- value

        Value.Namespace values

    let private raiseException (positional: Value list) _ : Value =
        match positional with
        | message :: _ -> Value.fail (Value.text message)
        | [] -> Value.fail "the template refuses this"

    /// C's strftime, in English.
    let private format (now: DateTime) (pattern: string) =
        let text = StringBuilder()
        let invariant = CultureInfo.InvariantCulture
        let mutable i = 0

        while i < pattern.Length do
            if pattern[i] <> '%' || i + 1 = pattern.Length then
                text.Append pattern[i] |> ignore
                i <- i + 1
            else
                // %-d is %d without a zero in front.
                let bare = pattern[i + 1] = '-' && i + 2 < pattern.Length
                let code = if bare then pattern[i + 2] else pattern[i + 1]
                i <- i + (if bare then 3 else 2)
                let put (s: string) = text.Append s |> ignore
                let number width (n: int) = put (n.ToString(if bare then "0" else width))
                let net (f: string) = put (now.ToString(f, invariant))

                match code with
                | 'Y' -> net "yyyy"
                | 'y' -> number "00" (now.Year % 100)
                | 'm' -> number "00" now.Month
                | 'd' -> number "00" now.Day
                | 'e' -> put ((string now.Day).PadLeft 2)
                | 'H' -> number "00" now.Hour
                | 'I' -> number "00" ((now.Hour + 11) % 12 + 1)
                | 'M' -> number "00" now.Minute
                | 'S' -> number "00" now.Second
                | 'f' -> net "ffffff"
                | 'j' -> number "000" now.DayOfYear
                | 'B' -> net "MMMM"
                | 'b' -> net "MMM"
                | 'A' -> net "dddd"
                | 'a' -> net "ddd"
                | 'p' -> net "tt"
                | 'F' -> net "yyyy-MM-dd"
                | 'T' -> net "HH:mm:ss"
                | '%' -> put "%"
                | other -> Value.fail $"strftime_now does not know %%{other}"

        text.ToString()

    let make (now: DateTime) : Scope =
        let scope = Scope None
        let add name call = scope.Set(name, Value.Function(name, call))

        let strftime (positional: Value list) _ =
            match positional with
            | [ Value.Text pattern ] -> Value.Text(format now pattern)
            | _ -> Value.fail "strftime_now wants a pattern"

        add "range" range
        add "dict" dict
        add "namespace" space
        add "raise_exception" raiseException
        add "strftime_now" strftime
        scope
