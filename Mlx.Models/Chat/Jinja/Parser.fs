namespace Mlx.Models.Jinja

open System.Collections.Generic

/// Tokens to statements: the grammar of Jinja 3.1, in its order of precedence.
[<Sealed>]
type internal Parser(tokens: (Token * int)[]) =
    let mutable i = 0
    let mutable depth = 0

    // Far deeper than any template, and well inside the stack.
    let deepest = 150

    let current () = fst tokens[i]
    let position () = snd tokens[i]
    let fail problem : 'T = raise (Fault(problem, position ()))

    let shown token =
        match token with
        | Token.Data _ -> "text"
        | Token.Name n -> n
        | Token.String s -> Value.repr (Value.Text s)
        | Token.Int n -> string n
        | Token.Float f -> Value.float f
        | Token.Operator o -> o
        | Token.PrintBegin -> "{{"
        | Token.PrintEnd -> "}}"
        | Token.BlockBegin -> "{%"
        | Token.BlockEnd -> "%}"
        | Token.End -> "the end of the template"

    let advance () = i <- i + 1

    let expect token =
        if current () = token then
            advance ()
        else
            fail $"{shown token} is wanted, {shown (current ())} was found"

    let isOperator o = current () = Token.Operator o
    let isName n = current () = Token.Name n

    let accept token =
        if current () = token then
            advance ()
            true
        else
            false

    let name () =
        match current () with
        | Token.Name n ->
            advance ()
            n
        | other -> fail $"a name is wanted, {shown other} was found"

    let nested (read: unit -> 'T) : 'T =
        depth <- depth + 1

        if depth > deepest then
            fail $"nested more than {deepest} deep"

        let result = read ()
        depth <- depth - 1
        result

    let at start node = { At = start; Node = node }
    let none = { Positional = []; Named = [] }

    /// Operators of one level, the left ones first.
    let leftward operators (next: unit -> Expr) =
        let mutable left = next ()
        let mutable more = true

        while more do
            match current () with
            | Token.Operator o when List.contains o operators ->
                let start = position ()
                advance ()
                left <- at start (Node.Binary(o, left, next ()))
            | _ -> more <- false

        left

    member this.Expression() : Expr = nested (fun () -> this.Conditional true)

    /// `a if b else c`; inside a `for`, `if` belongs to the loop.
    member this.Conditional(allowIf: bool) : Expr =
        let mutable value = this.Or()

        while allowIf && isName "if" do
            let start = position ()
            advance ()
            let condition = this.Or()

            let no =
                if accept (Token.Name "else") then
                    Some(nested (fun () -> this.Conditional true))
                else
                    None

            value <- at start (Node.If(condition, value, no))

        value

    member private this.Or() =
        let mutable left = this.And()

        while isName "or" do
            let start = position ()
            advance ()
            left <- at start (Node.Or(left, this.And()))

        left

    member private this.And() =
        let mutable left = this.Not()

        while isName "and" do
            let start = position ()
            advance ()
            left <- at start (Node.And(left, this.Not()))

        left

    member private this.Not() : Expr =
        if isName "not" then
            let start = position ()
            advance ()
            at start (Node.Not(nested this.Not))
        else
            this.Comparison()

    member private this.Comparison() =
        let start = position ()
        let first = this.Sum()
        let rest = List<string * Expr>()
        let mutable more = true

        while more do
            match current () with
            | Token.Operator("==" | "!=" | "<" | "<=" | ">" | ">=" as o) ->
                advance ()
                rest.Add((o, this.Sum()))
            | Token.Name "in" ->
                advance ()
                rest.Add(("in", this.Sum()))
            | Token.Name "not" when fst tokens[i + 1] = Token.Name "in" ->
                i <- i + 2
                rest.Add(("not in", this.Sum()))
            | _ -> more <- false

        if rest.Count = 0 then first else at start (Node.Compare(first, List.ofSeq rest))

    member private this.Sum() = leftward [ "+"; "-" ] this.Concatenation

    member private this.Concatenation() = leftward [ "~" ] this.Product

    member private this.Product() = leftward [ "*"; "/"; "//"; "%" ] this.Power

    member private this.Power() = leftward [ "**" ] (fun () -> this.Unary true)

    member private this.Unary(filters: bool) : Expr =
        let start = position ()

        let value =
            if accept (Token.Operator "-") then
                at start (Node.Negate(nested (fun () -> this.Unary false)))
            elif accept (Token.Operator "+") then
                at start (Node.Plus(nested (fun () -> this.Unary false)))
            else
                this.Postfix(this.Primary())

        if filters then this.Filters value else value

    member private this.Primary() : Expr =
        let start = position ()
        let token = current ()
        advance ()

        match token with
        | Token.Name("true" | "True") -> at start (Node.Literal(Value.Bool true))
        | Token.Name("false" | "False") -> at start (Node.Literal(Value.Bool false))
        | Token.Name("none" | "None") -> at start (Node.Literal Value.Nil)
        | Token.Name n -> at start (Node.Name n)
        | Token.Int n -> at start (Node.Literal(Value.Int n))
        | Token.Float f -> at start (Node.Literal(Value.Float f))
        | Token.String s ->
            // Strings beside each other are one.
            let mutable text = s
            let mutable more = true

            while more do
                match current () with
                | Token.String next ->
                    advance ()
                    text <- text + next
                | _ -> more <- false

            at start (Node.Literal(Value.Text text))
        | Token.Operator "(" ->
            if accept (Token.Operator ")") then
                at start (Node.Tuple [])
            else
                let value = this.TupleOr this.Expression
                expect (Token.Operator ")")
                value
        | Token.Operator "[" -> at start (Node.List(this.Listed "]"))
        | Token.Operator "{" ->
            let pairs = List<Expr * Expr>()

            while not (isOperator "}") do
                if pairs.Count > 0 then
                    expect (Token.Operator ",")

                if not (isOperator "}") then
                    let key = this.Expression()
                    expect (Token.Operator ":")
                    pairs.Add((key, this.Expression()))

            advance ()
            at start (Node.Dict(List.ofSeq pairs))
        | other -> raise (Fault($"an expression is wanted, {shown other} was found", start))

    /// Expressions with commas between, up to a bracket, which is taken too.
    member private this.Listed(ending: string) : Expr list =
        let items = List<Expr>()

        while not (isOperator ending) do
            if items.Count > 0 then
                expect (Token.Operator ",")

            if not (isOperator ending) then
                items.Add(this.Expression())

        advance ()
        List.ofSeq items

    /// An expression, or several with commas between.
    member private this.TupleOr(read: unit -> Expr) : Expr =
        let start = position ()
        let first = read ()

        if isOperator "," then
            let items = List [ first ]

            while accept (Token.Operator ",") do
                match current () with
                | Token.Operator ")"
                | Token.BlockEnd
                | Token.PrintEnd -> ()
                | _ -> items.Add(read ())

            at start (Node.Tuple(List.ofSeq items))
        else
            first

    member private this.Arguments() : Arguments =
        expect (Token.Operator "(")
        let positional = List<Expr>()
        let named = List<string * Expr>()
        let mutable first = true

        while not (isOperator ")") do
            if not first then
                expect (Token.Operator ",")

            first <- false

            match current (), fst tokens[min (i + 1) (tokens.Length - 1)] with
            | Token.Operator ")", _ -> ()
            | Token.Operator("*" | "**"), _ -> fail "* and ** in a call are not supported"
            | Token.Name n, Token.Operator "=" ->
                i <- i + 2
                named.Add((n, this.Expression()))
            | _ -> positional.Add(this.Expression())

        advance ()

        { Positional = List.ofSeq positional; Named = List.ofSeq named }

    member private this.Subscript(target: Expr, start: int) : Expr =
        let bound () =
            match current () with
            | Token.Operator(":" | "]") -> None
            | _ -> Some(this.Expression())

        let first = bound ()

        if isOperator ":" then
            advance ()
            let stop = bound ()
            let step = if accept (Token.Operator ":") then bound () else None
            expect (Token.Operator "]")
            at start (Node.Slice(target, first, stop, step))
        else
            expect (Token.Operator "]")

            match first with
            | Some index -> at start (Node.Item(target, index))
            | None -> raise (Fault("an index is wanted", start))

    member private this.Postfix(first: Expr) : Expr =
        let mutable value = first
        let mutable more = true

        while more do
            let start = position ()

            match current () with
            | Token.Operator "." ->
                advance ()

                match current () with
                | Token.Int n ->
                    advance ()
                    value <- at start (Node.Item(value, at start (Node.Literal(Value.Int n))))
                | _ -> value <- at start (Node.Attribute(value, name ()))
            | Token.Operator "[" ->
                advance ()
                value <- this.Subscript(value, start)
            | Token.Operator "(" -> value <- at start (Node.Call(value, this.Arguments()))
            | _ -> more <- false

        value

    member private this.FilterName() =
        let first = name ()

        if isOperator "." then
            fail "filters with dots in their names are not supported"

        first, (if isOperator "(" then this.Arguments() else none)

    member private this.Filters(first: Expr) : Expr =
        let mutable value = first
        let mutable more = true

        while more do
            let start = position ()

            match current () with
            | Token.Operator "|" ->
                advance ()
                let filter, arguments = this.FilterName()
                value <- at start (Node.Filter(value, filter, arguments))
            | Token.Name "is" ->
                advance ()
                let negated = accept (Token.Name "not")
                let test = name ()

                let arguments =
                    match current () with
                    | Token.Operator "(" -> this.Arguments()
                    | Token.Name("else" | "or" | "and" | "if" | "is" | "in" | "not") -> none
                    | Token.Name _
                    | Token.String _
                    | Token.Int _
                    | Token.Float _
                    | Token.Operator("[" | "{") ->
                        { Positional = [ this.Postfix(this.Primary()) ]; Named = [] }
                    | _ -> none

                let tested = at start (Node.Test(value, test, arguments))
                value <- if negated then at start (Node.Not tested) else tested
            | Token.Operator "(" -> value <- at start (Node.Call(value, this.Arguments()))
            | _ -> more <- false

        value

    member private this.Target() : Target =
        let one () =
            let first = name ()
            if accept (Token.Operator ".") then Target.Field(first, name ()) else Target.Name first

        let single () =
            if accept (Token.Operator "(") then
                let inner = nested this.Target
                expect (Token.Operator ")")
                inner
            else
                one ()

        let first = single ()

        if isOperator "," then
            let all = List [ first ]

            while accept (Token.Operator ",") do
                if not (isOperator "=" || isName "in") then
                    all.Add(single ())

            Target.Names(List.ofSeq all)
        else
            first

    /// Statements up to a block that begins with one of the names; the name is not yet taken.
    member private this.Until(endings: string list) : Statement list =
        nested (fun () ->
            let body = List<Statement>()
            let opened = position ()
            let mutable more = true

            while more do
                match current (), fst tokens[min (i + 1) (tokens.Length - 1)] with
                | Token.BlockBegin, Token.Name n when List.contains n endings ->
                    advance ()
                    more <- false
                | Token.End, _ when endings = [] -> more <- false
                | Token.End, _ ->
                    let wanted = String.concat " or " endings
                    raise (Fault($"this block has no end: {wanted} is wanted", opened))
                | _ -> body.AddRange(this.Statement())

            List.ofSeq body)

    member private this.End(name: string) =
        expect (Token.Name name)
        expect Token.BlockEnd

    member private this.IfBlock() =
        let branches = List<Expr * Statement list>()
        let mutable otherwise = []
        let mutable more = true

        while more do
            let condition = this.TupleOr this.Expression
            expect Token.BlockEnd
            branches.Add((condition, this.Until [ "elif"; "else"; "endif" ]))

            if not (accept (Token.Name "elif")) then
                more <- false

                if accept (Token.Name "else") then
                    expect Token.BlockEnd
                    otherwise <- this.Until [ "endif" ]

        this.End "endif"
        Body.If(List.ofSeq branches, otherwise)

    member private this.ForBlock() =
        let target = this.Target()
        expect (Token.Name "in")
        let source = this.TupleOr(fun () -> this.Conditional false)
        let condition = if accept (Token.Name "if") then Some(this.Expression()) else None

        if isName "recursive" then
            fail "recursive loops are not supported"

        expect Token.BlockEnd
        let each = this.Until [ "endfor"; "else" ]

        let empty =
            if accept (Token.Name "else") then
                expect Token.BlockEnd
                this.Until [ "endfor" ]
            else
                []

        this.End "endfor"

        Body.For
            { Target = target
              Source = source
              Condition = condition
              Each = each
              Empty = empty }

    member private this.FilterChain() =
        let all = List<string * Arguments>()

        while accept (Token.Operator "|") do
            all.Add(this.FilterName())

        List.ofSeq all

    member private this.SetBlock() =
        let target = this.Target()

        if accept (Token.Operator "=") then
            let value = this.TupleOr this.Expression
            expect Token.BlockEnd
            Body.Set(target, value)
        else
            let filters = this.FilterChain()
            expect Token.BlockEnd
            let body = this.Until [ "endset" ]
            this.End "endset"
            Body.SetBlock(target, filters, body)

    member private this.MacroBlock() =
        let macro = name ()
        expect (Token.Operator "(")
        let parameters = List<string * Expr option>()

        while not (isOperator ")") do
            if parameters.Count > 0 then
                expect (Token.Operator ",")

            let parameter = name ()
            let value = if accept (Token.Operator "=") then Some(this.Expression()) else None
            parameters.Add((parameter, value))

        advance ()
        expect Token.BlockEnd
        let body = this.Until [ "endmacro" ]
        this.End "endmacro"
        Body.Macro(macro, List.ofSeq parameters, body)

    member private this.Statement() : Statement list =
        let start = position ()
        let one body = [ { Start = start; Body = body } ]
        let token = current ()
        advance ()

        match token with
        | Token.Data text -> one (Body.Text text)
        | Token.PrintBegin ->
            let value = this.TupleOr this.Expression
            expect Token.PrintEnd
            one (Body.Print value)
        | Token.BlockBegin ->
            match name () with
            | "if" -> one (this.IfBlock())
            | "for" -> one (this.ForBlock())
            | "set" -> one (this.SetBlock())
            | "macro" -> one (this.MacroBlock())
            | "break" ->
                expect Token.BlockEnd
                one Body.Break
            | "continue" ->
                expect Token.BlockEnd
                one Body.Continue
            | "filter" ->
                let first = this.FilterName()
                let filters = first :: this.FilterChain()
                expect Token.BlockEnd
                let body = this.Until [ "endfilter" ]
                this.End "endfilter"
                one (Body.Filtered(filters, body))
            // Marks what the model wrote, for training; it prints what it holds.
            | "generation" ->
                expect Token.BlockEnd
                let body = this.Until [ "endgeneration" ]
                this.End "endgeneration"
                body
            | other -> raise (Fault($"the tag {other} is not supported", start))
        | other -> raise (Fault($"{shown other} was not expected", start))

    member this.Template() : Statement list = this.Until []
