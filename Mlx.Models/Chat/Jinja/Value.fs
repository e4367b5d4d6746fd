namespace Mlx.Models.Jinja

open System
open System.Collections.Generic
open System.Globalization
open System.Text

/// What goes wrong in a template, and where: line and column count from 1.
exception internal Fault of problem: string * position: int

/// Names and values in the order in which they came.
type internal Mapping<'T> = OrderedDictionary<string, 'T>

module internal Mapping =
    let tryFind (name: string) (items: Mapping<'T>) : 'T voption =
        let mutable found = Unchecked.defaultof<'T>
        if items.TryGetValue(name, &found) then ValueSome found else ValueNone

/// What expressions of a template are: Python's values, as far as templates meet them.
[<CustomEquality; NoComparison; RequireQualifiedAccess>]
type internal Value =
    | Undefined of name: string
    | Nil
    | Bool of bool
    | Int of int64
    | Float of float
    | Text of string
    | List of Value[]
    | Tuple of Value[]
    | Dict of Mapping<Value>
    /// What `namespace(...)` makes: the only thing a template can change.
    | Namespace of Dictionary<string, Value>
    | Function of name: string * call: (Value list -> (string * Value) list -> Value)

    override this.Equals other =
        match other with
        | :? Value as other -> Value.Same(this, other)
        | _ -> false

    override this.GetHashCode() =
        match this with
        | Text s -> s.GetHashCode()
        | Bool b -> (if b then 1.0 else 0.0).GetHashCode()
        | Int i -> (float i).GetHashCode()
        | Float f -> f.GetHashCode()
        | List items
        | Tuple items -> items.Length
        | Dict items -> items.Count
        | _ -> 0

    /// Python's `==`: numbers and truth values by their value.
    static member Same(a: Value, b: Value) : bool =
        // Lists that hold one another many times over are longer than they look.
        let mutable fuel = 1_000_000

        let rec same a b =
            fuel <- fuel - 1

            if fuel < 0 then
                raise (Fault("the values are too large to compare", -1))

            match a, b with
            | Undefined _, Undefined _
            | Nil, Nil -> true
            | Text x, Text y -> String.Equals(x, y, StringComparison.Ordinal)
            | Bool x, Bool y -> x = y
            | Int x, Int y -> x = y
            | Bool x, Int y
            | Int y, Bool x -> (if x then 1L else 0L) = y
            | Float x, Float y -> x = y
            | Float x, Int y
            | Int y, Float x -> x = float y
            | Float x, Bool y
            | Bool y, Float x -> x = (if y then 1.0 else 0.0)
            | List x, List y
            | Tuple x, Tuple y -> x.Length = y.Length && Array.forall2 same x y
            | Dict x, Dict y -> x.Count = y.Count && Seq.forall (sameEntry y) x
            | Namespace x, Namespace y -> obj.ReferenceEquals(x, y)
            | _ -> false

        and sameEntry (items: Mapping<Value>) (entry: KeyValuePair<_, _>) =
            match Mapping.tryFind entry.Key items with
            | ValueSome other -> same entry.Value other
            | ValueNone -> false

        same a b

module internal Value =
    let fail problem : 'T = raise (Fault(problem, -1))

    /// The longest text that a template may make.
    let longest = 16 <<< 20

    /// Refuses texts longer than that before they are made.
    let fits (length: int64) =
        if length > int64 longest then
            fail $"a text of more than {longest} characters"

    let ofPairs (pairs: seq<string * Value>) =
        let dict = Mapping<Value>(StringComparer.Ordinal)

        for name, value in pairs do
            dict[name] <- value

        Value.Dict dict

    /// The name of its type, for errors.
    let kind (value: Value) =
        match value with
        | Value.Undefined _ -> "undefined"
        | Value.Nil -> "none"
        | Value.Bool _ -> "a truth value"
        | Value.Int _ -> "a whole number"
        | Value.Float _ -> "a number"
        | Value.Text _ -> "a string"
        | Value.List _ -> "a list"
        | Value.Tuple _ -> "a tuple"
        | Value.Dict _ -> "a mapping"
        | Value.Namespace _ -> "a namespace"
        | Value.Function _ -> "a function"

    let truth (value: Value) =
        match value with
        | Value.Undefined _
        | Value.Nil -> false
        | Value.Bool b -> b
        | Value.Int i -> i <> 0L
        | Value.Float f -> f <> 0.0
        | Value.Text s -> s <> ""
        | Value.List items
        | Value.Tuple items -> items.Length > 0
        | Value.Dict items -> items.Count > 0
        | Value.Namespace _
        | Value.Function _ -> true

    /// A number as Python writes it: the shortest digits that read back, with a point.
    let float (x: float) =
        let sign = if x < 0.0 || x = 0.0 && Double.IsNegative x then "-" else ""

        if Double.IsNaN x then
            "nan"
        elif Double.IsInfinity x then
            sign + "inf"
        elif x = 0.0 then
            sign + "0.0"
        else
            let shortest = (abs x).ToString("R", CultureInfo.InvariantCulture).Split 'E'
            let mantissa = shortest[0]
            let shift = if shortest.Length = 2 then int shortest[1] else 0
            let point = if mantissa.Contains '.' then mantissa.IndexOf '.' else mantissa.Length
            let all = mantissa.Replace(".", "")
            let significant = all.TrimStart '0'
            // The power of ten of the first digit.
            let exponent = point + shift - (all.Length - significant.Length) - 1
            let digits = significant.TrimEnd '0'

            if exponent < -4 || exponent >= 16 then
                let rest = if digits.Length > 1 then "." + digits.Substring 1 else ""
                let power = if exponent < 0 then "-" else "+"
                $"{sign}{digits[0]}{rest}e{power}%02d{abs exponent}"
            elif exponent < 0 then
                sign + "0." + String('0', -exponent - 1) + digits
            else
                let digits = digits.PadRight(exponent + 2, '0')
                sign + digits.Substring(0, exponent + 1) + "." + digits.Substring(exponent + 1)

    let private quote (into: StringBuilder) (s: string) =
        let quote = if s.Contains '\'' && not (s.Contains '"') then '"' else '\''
        into.Append quote |> ignore

        for c in s do
            match c with
            | '\\' -> into.Append @"\\" |> ignore
            | '\n' -> into.Append @"\n" |> ignore
            | '\r' -> into.Append @"\r" |> ignore
            | '\t' -> into.Append @"\t" |> ignore
            | c when c = quote -> into.Append('\\').Append(c) |> ignore
            | c when c < ' ' || c = '\127' -> into.Append($@"\x%02x{int c}") |> ignore
            | c -> into.Append c |> ignore

        into.Append quote |> ignore

    /// What has no items, as Python's `str` writes it.
    let private atom (value: Value) =
        match value with
        | Value.Nil -> "None"
        | Value.Bool b -> if b then "True" else "False"
        | Value.Int i -> i.ToString CultureInfo.InvariantCulture
        | Value.Float f -> float f
        | Value.Text s -> s
        | Value.Namespace _ -> "<namespace>"
        | Value.Function(name, _) -> $"<function {name}>"
        | _ -> ""

    /// Python's `repr`.
    let repr (value: Value) : string =
        let into = StringBuilder()

        let rec put (value: Value) =
            fits (int64 into.Length)

            match value with
            | Value.Text s -> quote into s
            | Value.List items -> between '[' items ']'
            | Value.Tuple [| one |] ->
                into.Append '(' |> ignore
                put one
                into.Append ",)" |> ignore
            | Value.Tuple items -> between '(' items ')'
            | Value.Dict items ->
                into.Append '{' |> ignore
                let mutable first = true

                for e in items do
                    if not first then
                        into.Append ", " |> ignore

                    first <- false
                    quote into e.Key
                    into.Append ": " |> ignore
                    put e.Value

                into.Append '}' |> ignore
            | Value.Undefined _ -> into.Append "Undefined" |> ignore
            | other -> into.Append(atom other) |> ignore

        and between (opening: char) items (closing: char) =
            into.Append opening |> ignore

            items
            |> Array.iteri (fun i item ->
                if i > 0 then
                    into.Append ", " |> ignore

                put item)

            into.Append closing |> ignore

        put value
        into.ToString()

    /// Python's `str`: what a template prints.
    let text (value: Value) : string =
        match value with
        | Value.List _
        | Value.Tuple _
        | Value.Dict _ -> repr value
        | other -> atom other

    /// Texts after one another.
    let join (separator: string) (parts: string[]) =
        let total = parts |> Array.sumBy (fun p -> int64 p.Length)
        fits (total + int64 separator.Length * int64 parts.Length)
        String.Join(separator, parts)

    /// A text with each occurrence of a part replaced, or so many of them.
    let replace (s: string) (old: string) (fresh: string) (most: int) =
        let pieces = if most < 0 then s.Split old else s.Split(old, most + 1)
        join fresh pieces

    /// What a loop goes through.
    let items (value: Value) : Value[] =
        match value with
        | Value.Undefined _ -> [||]
        | Value.List items
        | Value.Tuple items -> items
        | Value.Dict items -> [| for e in items -> Value.Text e.Key |]
        | Value.Text s -> [| for rune in s.EnumerateRunes() -> Value.Text(rune.ToString()) |]
        | other -> fail $"{kind other} has no items"

    let length (value: Value) : int =
        match value with
        | Value.Dict items -> items.Count
        | Value.Text s ->
            let mutable n = 0

            for _ in s.EnumerateRunes() do
                n <- n + 1

            n
        | other -> (items other).Length

    let number (value: Value) : float voption =
        match value with
        | Value.Int i -> ValueSome(double i)
        | Value.Float f -> ValueSome f
        | Value.Bool b -> ValueSome(if b then 1.0 else 0.0)
        | _ -> ValueNone

    /// The order of two numbers or two strings.
    let compare (a: Value) (b: Value) : int =
        match a, b with
        | Value.Text x, Value.Text y -> String.CompareOrdinal(x, y)
        | Value.Int x, Value.Int y -> x.CompareTo y
        | _ ->
            match number a, number b with
            | ValueSome x, ValueSome y -> x.CompareTo y
            | _ -> fail $"{kind a} and {kind b} have no order"

    let contains (item: Value) (container: Value) : bool =
        match container, item with
        | Value.Text s, Value.Text part -> s.Contains(part, StringComparison.Ordinal)
        | Value.Text _, other -> fail $"{kind other} cannot stand in a string"
        | Value.Dict items, Value.Text name -> items.ContainsKey name
        | Value.Dict _, _ -> false
        | _ -> items container |> Array.exists (fun x -> Value.Same(x, item))
