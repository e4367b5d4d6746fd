namespace Mlx.Models.Jinja

open System
open System.Collections.Generic
open System.Text

/// Names that statements see: those of their block, then those around it.
[<Sealed>]
type internal Scope(parent: Scope option) =
    let values = Dictionary<string, Value>(StringComparer.Ordinal)

    member _.Set(name: string, value: Value) = values[name] <- value

    member _.Find(name: string) : Value voption =
        match values.TryGetValue name with
        | true, value -> ValueSome value
        | _ ->
            match parent with
            | Some outer -> outer.Find name
            | None -> ValueNone

/// Where to go after a statement.
[<RequireQualifiedAccess>]
type internal Flow =
    | Next
    | Break
    | Continue

/// Runs the statements of one template once, within bounds on steps and on output.
[<Sealed>]
type internal Interpreter(globals: Scope) =
    // Some hundred times what a long conversation takes.
    let mutable fuel = 20_000_000
    let mutable depth = 0
    // Where the expression under evaluation stands.
    let mutable position = 0
    let mutable output = StringBuilder()

    let deepest = 100

    let spend n =
        fuel <- fuel - n

        if fuel < 0 then
            Value.fail "the template takes too many steps"

    let write (s: string) =
        spend (1 + s.Length / 16)
        Value.fits (int64 output.Length + int64 s.Length)
        output.Append s |> ignore

    let priced (value: Value) =
        match value with
        | Value.Text s -> spend (s.Length / 16)
        | Value.List items
        | Value.Tuple items -> spend (items.Length / 4)
        | _ -> ()

        value

    let missing (value: Value) : 'T =
        match value with
        | Value.Undefined name -> Value.fail $"{name} is undefined"
        | other -> Value.fail $"{Value.kind other} is no value for this"

    let defined (value: Value) =
        match value with
        | Value.Undefined _ -> missing value
        | other -> other

    let repeat (s: string) (n: int64) =
        let n = max 0L n
        Value.fits (int64 s.Length * min n (1L <<< 31))
        Value.Text(StringBuilder().Insert(0, s, int n).ToString())

    let remainder (a: int64) (b: int64) =
        let r = a % b
        if r <> 0L && (r < 0L) <> (b < 0L) then r + b else r

    let arithmetic (o: string) (a: Value) (b: Value) : Value =
        let numbers (f: float -> float -> float) =
            match Value.number (defined a), Value.number (defined b) with
            | ValueSome x, ValueSome y -> Value.Float(f x y)
            | _ -> Value.fail $"{o} has no meaning for {Value.kind a} and {Value.kind b}"

        let asInt (value: Value) =
            match value with
            | Value.Int i -> ValueSome i
            | Value.Bool b -> ValueSome(if b then 1L else 0L)
            | _ -> ValueNone

        let zero = "division by zero"

        try
            match o, a, b with
            | "~", _, _ -> Value.Text(Value.join "" [| Value.text a; Value.text b |])
            | "+", Value.Text x, Value.Text y -> Value.Text(Value.join "" [| x; y |])
            | "+", Value.List x, Value.List y -> Value.List(Array.append x y)
            | "+", Value.Tuple x, Value.Tuple y -> Value.Tuple(Array.append x y)
            | "*", Value.Text s, Value.Int n
            | "*", Value.Int n, Value.Text s -> repeat s n
            | "%", Value.Text _, _ -> Value.fail "formatting with % is not supported"
            | _ ->
                match o, asInt a, asInt b with
                | "+", ValueSome x, ValueSome y -> Value.Int(Checked.(+) x y)
                | "-", ValueSome x, ValueSome y -> Value.Int(Checked.(-) x y)
                | "*", ValueSome x, ValueSome y -> Value.Int(Checked.(*) x y)
                | ("//" | "%" | "/"), _, ValueSome 0L -> Value.fail zero
                | "//", ValueSome x, ValueSome -1L -> Value.Int(Checked.(~-) x)
                | "//", ValueSome x, ValueSome y -> Value.Int((x - remainder x y) / y)
                | "%", ValueSome _, ValueSome -1L -> Value.Int 0L
                | "%", ValueSome x, ValueSome y -> Value.Int(remainder x y)
                | "**", ValueSome x, ValueSome y when y >= 0L && y < 64L ->
                    Value.Int(Seq.fold (fun p _ -> Checked.(*) p x) 1L (seq { 1L .. y }))
                | "+", _, _ -> numbers (+)
                | "-", _, _ -> numbers (-)
                | "*", _, _ -> numbers (*)
                | "/", _, _ -> numbers (/)
                | "//", _, _ -> numbers (fun x y -> floor (x / y))
                | "%", _, _ -> numbers (fun x y -> x - y * floor (x / y))
                | _ -> numbers (fun x y -> Math.Pow(x, y))
        with :? OverflowException ->
            Value.fail "a whole number beyond 64 bits"

    let holds (o: string) (a: Value) (b: Value) =
        match o with
        | "==" -> Value.Same(a, b)
        | "!=" -> not (Value.Same(a, b))
        | "in" -> Value.contains a b
        | "not in" -> not (Value.contains a b)
        | "<" -> Value.compare (defined a) (defined b) < 0
        | "<=" -> Value.compare (defined a) (defined b) <= 0
        | ">" -> Value.compare (defined a) (defined b) > 0
        | _ -> Value.compare (defined a) (defined b) >= 0

    /// `value[index]`, which finds methods too, as Jinja has it.
    let item (value: Value) (index: Value) : Value =
        let nothing = Value.Undefined(Value.text index)

        match value, index with
        | Value.Undefined _, _ -> missing value
        | Value.Dict items, Value.Text name ->
            match Mapping.tryFind name items with
            | ValueSome found -> found
            | ValueNone -> Methods.find value name |> Option.defaultValue nothing
        | Value.Namespace items, Value.Text name ->
            match items.TryGetValue name with
            | true, found -> found
            | _ -> nothing
        | (Value.List _ | Value.Tuple _ | Value.Text _), Value.Int i ->
            let items = Value.items value
            let at = if i < 0L then i + int64 items.Length else i
            if at >= 0L && at < int64 items.Length then items[int at] else nothing
        | _, Value.Text name -> Methods.find value name |> Option.defaultValue nothing
        | _ -> nothing

    /// `value.name`: methods before items.
    let attribute (value: Value) (name: string) : Value =
        match value with
        | Value.Undefined _ -> missing value
        | Value.Dict _ ->
            match Methods.find value name with
            | Some method -> method
            | None -> item value (Value.Text name)
        | _ -> item value (Value.Text name)

    let slice (value: Value) (start: Value) (stop: Value) (step: Value) : Value =
        let items = Value.items (defined value)
        let length = int64 items.Length

        let bound (value: Value) otherwise =
            match value with
            | Value.Nil -> otherwise
            | Value.Int i when i < 0L -> max -1L (i + length)
            | Value.Int i -> min i length
            | other -> Value.fail $"a slice wants whole numbers, not {Value.kind other}"

        let step =
            match step with
            | Value.Nil -> 1L
            | Value.Int 0L -> Value.fail "the step of a slice is 0"
            | Value.Int n -> n
            | other -> Value.fail $"a slice wants whole numbers, not {Value.kind other}"

        let chosen =
            if step > 0L then
                let first, last = max 0L (bound start 0L), max 0L (bound stop length)
                [| for i in first..step .. last - 1L -> items[int i] |]
            else
                let first = min (length - 1L) (bound start (length - 1L))
                let last = bound stop -1L
                [| for i in first..step .. last + 1L -> items[int i] |]

        match value with
        | Value.Text _ -> Value.Text(chosen |> Array.map Value.text |> String.Concat)
        | Value.Tuple _ -> Value.Tuple chosen
        | _ -> Value.List chosen

    member private this.Optional (scope: Scope) (e: Expr option) =
        match e with
        | Some e -> this.Evaluate scope e
        | None -> Value.Nil

    member private this.All (scope: Scope) (arguments: Arguments) =
        [ for e in arguments.Positional -> this.Evaluate scope e ],
        [ for name, e in arguments.Named -> name, this.Evaluate scope e ]

    member this.Evaluate (scope: Scope) (e: Expr) : Value =
        spend 1
        depth <- depth + 1

        if depth > 20 * deepest then
            Value.fail "nested too deep"

        let value = this.Node scope e
        depth <- depth - 1
        value

    member private this.Node (scope: Scope) (e: Expr) : Value =
        let of' e = this.Evaluate scope e

        /// What fails from here on, fails at this expression.
        let here value =
            position <- e.At
            value

        match e.Node with
        | Node.Literal value -> value
        | Node.Name name -> scope.Find name |> ValueOption.defaultValue (Value.Undefined name)
        | Node.Attribute(target, name) ->
            let target = of' target
            attribute (here target) name
        | Node.Item(target, index) ->
            let target, index = of' target, of' index
            item (here target) index
        | Node.Slice(target, start, stop, step) ->
            let target = of' target
            let start, stop = this.Optional scope start, this.Optional scope stop
            let step = this.Optional scope step
            slice (here target) start stop step |> priced
        | Node.Call(target, arguments) ->
            let target = of' target
            let positional, named = this.All scope arguments

            match here target with
            | Value.Function(_, call) -> call positional named |> priced
            | Value.Undefined _ -> missing target
            | other -> Value.fail $"{Value.kind other} cannot be called"
        | Node.Filter(target, name, arguments) ->
            let target = of' target
            let positional, named = this.All scope arguments

            spend (
                match target with
                | Value.Text s -> s.Length / 16
                | _ -> 0
            )

            Filters.apply name (here target) positional named |> priced
        | Node.Test(target, name, arguments) ->
            let target = of' target
            let positional, _ = this.All scope arguments
            Value.Bool(Filters.isTrue name (here target) positional)
        | Node.Not e -> Value.Bool(not (Value.truth (of' e)))
        | Node.Negate e ->
            match of' e |> here with
            | Value.Int i when i > Int64.MinValue -> Value.Int -i
            | Value.Float f -> Value.Float -f
            | other -> Value.fail $"- has no meaning for {Value.kind other}"
        | Node.Plus e -> of' e
        | Node.And(a, b) ->
            let a = of' a
            if Value.truth a then of' b else a
        | Node.Or(a, b) ->
            let a = of' a
            if Value.truth a then a else of' b
        | Node.Binary(o, a, b) ->
            let a, b = of' a, of' b
            arithmetic o (here a) b |> priced
        | Node.Compare(first, rest) ->
            let rec chain (left: Value) rest =
                match rest with
                | [] -> true
                | (o, right) :: rest ->
                    let right = of' right
                    holds o (here left) right && chain right rest

            Value.Bool(chain (of' first) rest)
        | Node.If(condition, yes, no) ->
            if Value.truth (of' condition) then
                of' yes
            else
                match no with
                | Some no -> of' no
                | None -> Value.Undefined "an if without else"
        | Node.List items -> Value.List [| for item in items -> of' item |]
        | Node.Tuple items -> Value.Tuple [| for item in items -> of' item |]
        | Node.Dict items ->
            Value.ofPairs [ for key, value in items -> Value.text (of' key), of' value ]

    member private this.Assign (scope: Scope) (target: Target) (value: Value) : unit =
        match target with
        | Target.Name name -> scope.Set(name, value)
        | Target.Field(space, name) ->
            match scope.Find space with
            | ValueSome(Value.Namespace fields) -> fields[name] <- value
            | _ -> Value.fail $"{space} is no namespace; only those have fields that can be set"
        | Target.Names targets ->
            let values = Value.items value

            if values.Length <> targets.Length then
                Value.fail $"{targets.Length} values are wanted, {values.Length} were found"

            for target, value in Seq.zip targets values do
                this.Assign scope target value

    /// What statements print, as a value.
    member private this.Captured (scope: Scope) (body: Statement list) : string =
        let outer = output
        output <- StringBuilder()
        this.Run scope body |> ignore
        let text = output.ToString()
        output <- outer
        text

    member private this.Loop (scope: Scope) (loop: Loop) =
        let all = Value.items (this.Evaluate scope loop.Source)

        let items =
            match loop.Condition with
            | None -> all
            | Some condition ->
                all
                |> Array.filter (fun item ->
                    let inner = Scope(Some scope)
                    this.Assign inner loop.Target item
                    Value.truth (this.Evaluate inner condition))

        let count = items.Length
        let number (n: int) = Value.Int(int64 n)
        let neighbour i = if i >= 0 && i < count then items[i] else Value.Undefined "no such item"
        let mutable last: Value list option = None
        let mutable i = 0

        let changed (values: Value list) _ =
            let same = last = Some values
            last <- Some values
            Value.Bool(not same)

        while i < count do
            let at = i
            let inner = Scope(Some scope)

            let cycle (values: Value list) _ =
                match values with
                | [] -> Value.fail "cycle wants values"
                | _ -> values[at % values.Length]

            inner.Set(
                "loop",
                Value.ofPairs
                    [ "index", number (i + 1)
                      "index0", number i
                      "revindex", number (count - i)
                      "revindex0", number (count - i - 1)
                      "first", Value.Bool(i = 0)
                      "last", Value.Bool(i = count - 1)
                      "length", number count
                      "depth", number 1
                      "depth0", number 0
                      "previtem", neighbour (i - 1)
                      "nextitem", neighbour (i + 1)
                      "cycle", Value.Function("cycle", cycle)
                      "changed", Value.Function("changed", changed) ]
            )

            spend 10
            this.Assign inner loop.Target items[i]
            i <- if this.Run inner loop.Each = Flow.Break then count else i + 1

        if count = 0 then
            this.Run (Scope(Some scope)) loop.Empty |> ignore

    member private this.Macro (scope: Scope) name (parameters: (string * Expr option) list) body =
        let call (positional: Value list) (named: (string * Value) list) =
            depth <- depth + 20

            if depth > 20 * deepest then
                Value.fail $"the macro {name} calls itself too deep"

            if positional.Length > parameters.Length then
                Value.fail $"the macro {name} takes {parameters.Length} arguments"

            for given, _ in named do
                if not (parameters |> List.exists (fun (name, _) -> name = given)) then
                    Value.fail $"the macro {name} has no argument {given}"

            let inner = Scope(Some scope)

            parameters
            |> List.iteri (fun i (parameter, otherwise) ->
                let value =
                    match List.tryItem i positional with
                    | Some value -> value
                    | None ->
                        match named |> List.tryFind (fun (n, _) -> n = parameter), otherwise with
                        | Some(_, value), _ -> value
                        | None, Some e -> this.Evaluate inner e
                        | None, None -> Value.Undefined parameter

                inner.Set(parameter, value))

            let text = this.Captured inner body
            depth <- depth - 20
            Value.Text text

        Value.Function(name, call)

    member private this.Filtered (scope: Scope) filters (text: string) =
        (Value.Text text, filters)
        ||> List.fold (fun value (name, arguments) ->
            let positional, named = this.All scope arguments
            Filters.apply name value positional named)

    /// Runs statements until the end, or until a loop is left or gone on with, which is answered.
    member private this.Run (scope: Scope) (statements: Statement list) : Flow =
        let mutable rest = statements
        let mutable flow = Flow.Next

        while not rest.IsEmpty do
            let statement = rest.Head
            rest <- rest.Tail
            spend 1
            position <- statement.Start
            flow <- this.Execute scope statement.Body

            if flow <> Flow.Next then
                rest <- []

        flow

    member private this.Execute (scope: Scope) (body: Body) : Flow =
        match body with
        | Body.Text text ->
            write text
            Flow.Next
        | Body.Print e ->
            write (Value.text (this.Evaluate scope e))
            Flow.Next
        | Body.If(branches, otherwise) ->
            match branches |> List.tryFind (fun (c, _) -> Value.truth (this.Evaluate scope c)) with
            | Some(_, body) -> this.Run scope body
            | None -> this.Run scope otherwise
        | Body.For loop ->
            this.Loop scope loop
            Flow.Next
        | Body.Set(target, e) ->
            this.Assign scope target (this.Evaluate scope e)
            Flow.Next
        | Body.SetBlock(target, filters, body) ->
            let text = this.Captured (Scope(Some scope)) body
            this.Assign scope target (this.Filtered scope filters text)
            Flow.Next
        | Body.Macro(name, parameters, body) ->
            scope.Set(name, this.Macro scope name parameters body)
            Flow.Next
        | Body.Filtered(filters, body) ->
            let text = this.Captured (Scope(Some scope)) body
            write (Value.text (this.Filtered scope filters text))
            Flow.Next
        | Body.Break -> Flow.Break
        | Body.Continue -> Flow.Continue

    /// The text of a whole template.
    member this.Render(template: Statement list) : string =
        try
            this.Run (Scope(Some globals)) template |> ignore
            output.ToString()
        with Fault(problem, -1) ->
            raise (Fault(problem, position))
