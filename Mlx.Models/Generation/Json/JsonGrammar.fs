namespace Mlx.Models

open System
open System.Collections.Generic
open System.Text
open System.Text.Json

/// What is still to be written of a value: the frames of a stack machine over bytes. Shapes and
/// texts are numbers in the tables of the grammar, so that comparing frames is cheap.
[<RequireQualifiedAccess; Struct>]
type internal Frame =
    /// The rest of a text.
    | Text of text: int * at: int
    /// Nothing, or one space.
    | Space
    /// A value of a shape.
    | Value of shape: int
    /// The digits of a whole number, so many of them, as compared with those of its bound so far.
    | Digits of integer: int * isNegative: bool * digits: int * compared: int * isZero: bool
    /// The rest of a number.
    | Number of phase: NumberPhase * count: int
    /// The rest of a string behind its quote.
    | Chars of place: CharPhase * isLetter: bool
    /// The items of a list behind so many of them.
    | Items of list: int * had: int
    /// The properties of an object from one of them on.
    | Properties of object: int * from: int * isFirst: bool
    /// The entries of a map.
    | Entries of map: int * isFirstEntry: bool

and [<RequireQualifiedAccess>] internal NumberPhase =
    | Start
    | Minus
    | Zero
    | Whole
    | Point
    | Fraction

/// Where in a character of a string: the ways of UTF-8 (RFC 3629) and of escapes.
and [<RequireQualifiedAccess>] internal CharPhase =
    | Between
    | Escape
    | Hex4
    | Hex3
    /// Behind a D, where half characters must not come.
    | Hex3Low
    | Hex2
    | Hex1
    | More1
    | More2
    | More3
    | MoreE0
    | MoreED
    | MoreF0
    | MoreF4

/// The texts that a schema allows, as a machine that reads bytes. Between parts one space may stand,
/// nothing else; properties come in the order of the schema.
[<Sealed>]
type internal JsonGrammar(schema: JsonSchema) =
    let texts = List<byte[]>()
    let textNumbers = Dictionary<string, int>()
    let shapes = List<JsonShape>()
    let shapeNumbers = Dictionary<JsonShape, int>(HashIdentity.Structural)

    let textOf (text: string) : Frame =
        match textNumbers.TryGetValue text with
        | true, number -> Frame.Text(number, 0)
        | _ ->
            texts.Add(Encoding.UTF8.GetBytes text)
            textNumbers[text] <- texts.Count - 1
            Frame.Text(texts.Count - 1, 0)

    let numberOf (shape: JsonShape) : int =
        match shapeNumbers.TryGetValue shape with
        | true, number -> number
        | _ ->
            shapes.Add shape
            shapeNumbers[shape] <- shapes.Count - 1
            shapes.Count - 1

    let valueOf (shape: JsonShape) = Frame.Value(numberOf shape)
    let quote (name: string) = JsonSerializer.Serialize name

    let definition (name: string) =
        match schema.Definitions.TryFind name with
        | Some shape -> shape
        | None -> raise (ModelException("JSON schema", [ $"there is no definition \"{name}\"" ]))

    let rec resolved (seen: string list) (shape: JsonShape) : JsonShape list =
        match shape with
        | JsonShape.Ref name when List.contains name seen -> []
        | JsonShape.Ref name -> resolved (name :: seen) (definition name)
        | JsonShape.AnyOf parts -> parts |> List.collect (resolved seen)
        | shape -> [ shape ]

    /// The ways to begin a value.
    let beginnings (shape: JsonShape) : Frame list list =
        [ for shape in resolved [] shape do
              match shape with
              | JsonShape.Null -> [ textOf "null" ]
              | JsonShape.Boolean ->
                  [ textOf "true" ]
                  [ textOf "false" ]
              | JsonShape.Integer _ -> [ Frame.Digits(numberOf shape, false, 0, 0, false) ]
              | JsonShape.Number -> [ Frame.Number(NumberPhase.Start, 0) ]
              | JsonShape.String -> [ textOf "\""; Frame.Chars(CharPhase.Between, false) ]
              | JsonShape.Letter -> [ textOf "\""; Frame.Chars(CharPhase.Between, true) ]
              | JsonShape.Literals values ->
                  for value in values do
                      [ textOf value ]
              | JsonShape.Array _ -> [ textOf "["; Frame.Items(numberOf shape, 0) ]
              | JsonShape.Tuple [] -> [ textOf "[]" ]
              | JsonShape.Tuple items ->
                  [ textOf "["
                    for i, item in List.indexed items do
                        if i > 0 then
                            textOf ","
                            Frame.Space

                        valueOf item
                    textOf "]" ]
              | JsonShape.Object _ -> [ textOf "{"; Frame.Properties(numberOf shape, 0, true) ]
              | JsonShape.Map _ -> [ textOf "{"; Frame.Entries(numberOf shape, true) ]
              | JsonShape.Ref _
              | JsonShape.AnyOf _ -> () ]

    /// The ways to go on in a list, an object or a map.
    let goingOn (frame: Frame) : Frame list list =
        match frame with
        | Frame.Items(list, had) ->
            match shapes[list] with
            | JsonShape.Array(item, least, most) ->
                // Beyond what is counted, one item is like another.
                let counted = most |> Option.defaultValue (max least 1)
                let next = Frame.Items(list, min counted (had + 1))

                [ if had >= least then
                      [ textOf "]" ]
                  if most.IsNone || had < most.Value then
                      if had = 0 then
                          [ valueOf item; next ]
                      else
                          [ textOf ","; Frame.Space; valueOf item; next ] ]
            | _ -> []
        | Frame.Properties(o, from, isFirst) ->
            match shapes[o] with
            | JsonShape.Object properties ->
                let rec ways i =
                    [ if i = properties.Length then
                          [ textOf "}" ]
                      else
                          let property = properties[i]

                          [ if not isFirst then
                                textOf ","
                                Frame.Space

                            textOf $"{quote property.Name}:"
                            Frame.Space
                            valueOf property.Value
                            Frame.Properties(o, i + 1, false) ]

                          if not property.IsRequired then
                              yield! ways (i + 1) ]

                ways from
            | _ -> []
        | Frame.Entries(map, isFirst) ->
            match shapes[map] with
            | JsonShape.Map value ->
                [ [ textOf "}" ]
                  [ if not isFirst then
                        textOf ","
                        Frame.Space

                    textOf "\""
                    Frame.Chars(CharPhase.Between, false)
                    textOf ":"
                    Frame.Space
                    valueOf value
                    Frame.Entries(map, false) ] ]
            | _ -> []
        | _ -> []

    let bound (integer: int) (isNegative: bool) : string =
        match shapes[integer] with
        | JsonShape.Integer(least, most) -> string (if isNegative then -least else most)
        | _ -> ""

    let isDigit (b: byte) = b >= '0'B && b <= '9'B

    let digits integer isNegative count compared isZero (b: byte) : Frame list list =
        let limit = bound integer isNegative

        if b = '-'B && count = 0 && not isNegative && bound integer true <> "0" then
            [ [ Frame.Digits(integer, true, 0, 0, false) ] ]
        elif not (isDigit b) || isZero || count = limit.Length then
            []
        elif isNegative && count = 0 && b = '0'B then
            []
        else
            let compared = if compared = 0 then compare (char b) limit[count] else compared

            if count + 1 = limit.Length && compared > 0 then
                []
            else
                let isZero = count = 0 && b = '0'B
                [ [ Frame.Digits(integer, isNegative, count + 1, compared, isZero) ] ]

    /// No more than a decimal holds, so that every number is one of every type.
    let most = 12

    let number (phase: NumberPhase) (count: int) (b: byte) : Frame list list =
        let next phase count = [ [ Frame.Number(phase, count) ] ]

        match phase with
        | NumberPhase.Start when b = '-'B -> next NumberPhase.Minus 0
        | NumberPhase.Start
        | NumberPhase.Minus when b = '0'B -> next NumberPhase.Zero 0
        | NumberPhase.Start
        | NumberPhase.Minus when isDigit b -> next NumberPhase.Whole 1
        | NumberPhase.Whole when isDigit b && count < most -> next NumberPhase.Whole (count + 1)
        | NumberPhase.Zero
        | NumberPhase.Whole when b = '.'B -> next NumberPhase.Point 0
        | NumberPhase.Point when isDigit b -> next NumberPhase.Fraction 1
        | NumberPhase.Fraction when isDigit b && count < most -> next phase (count + 1)
        | _ -> []

    let isHex (b: byte) = Char.IsAsciiHexDigit(char b)

    let chars (phase: CharPhase) (isLetter: bool) (b: byte) : Frame list list =
        let next phase = [ [ Frame.Chars(phase, isLetter) ] ]

        let ended = if isLetter then [ [ textOf "\"" ] ] else next CharPhase.Between

        let within low high (found: unit -> Frame list list) =
            if b >= low && b <= high then found () else []

        match phase with
        | CharPhase.Between ->
            if b = '"'B then
                if isLetter then [] else [ [] ]
            elif b = '\\'B then
                next CharPhase.Escape
            elif b < 0x20uy then
                []
            elif b < 0x80uy then
                ended
            elif b < 0xC2uy then
                []
            elif b < 0xE0uy then
                next CharPhase.More1
            elif b = 0xE0uy then
                next CharPhase.MoreE0
            elif b = 0xEDuy then
                next CharPhase.MoreED
            elif b < 0xF0uy then
                next CharPhase.More2
            elif isLetter then
                []
            elif b = 0xF0uy then
                next CharPhase.MoreF0
            elif b < 0xF4uy then
                next CharPhase.More3
            elif b = 0xF4uy then
                next CharPhase.MoreF4
            else
                []
        | CharPhase.Escape ->
            if b = 'u'B then next CharPhase.Hex4
            elif "\"\\/bfnrt".Contains(char b) then ended
            else []
        | CharPhase.Hex4 when b = 'd'B || b = 'D'B -> next CharPhase.Hex3Low
        | CharPhase.Hex4 when isHex b -> next CharPhase.Hex3
        | CharPhase.Hex3Low when b >= '0'B && b <= '7'B -> next CharPhase.Hex2
        | CharPhase.Hex3 when isHex b -> next CharPhase.Hex2
        | CharPhase.Hex2 when isHex b -> next CharPhase.Hex1
        | CharPhase.Hex1 when isHex b -> ended
        | CharPhase.More1 -> within 0x80uy 0xBFuy (fun () -> ended)
        | CharPhase.More2 -> within 0x80uy 0xBFuy (fun () -> next CharPhase.More1)
        | CharPhase.More3 -> within 0x80uy 0xBFuy (fun () -> next CharPhase.More2)
        | CharPhase.MoreE0 -> within 0xA0uy 0xBFuy (fun () -> next CharPhase.More1)
        | CharPhase.MoreED -> within 0x80uy 0x9Fuy (fun () -> next CharPhase.More1)
        | CharPhase.MoreF0 -> within 0x90uy 0xBFuy (fun () -> next CharPhase.More2)
        | CharPhase.MoreF4 -> within 0x80uy 0x8Fuy (fun () -> next CharPhase.More2)
        | _ -> []

    /// Whether nothing more need come.
    let mayEnd (frame: Frame) =
        match frame with
        | Frame.Space -> true
        | Frame.Digits(_, _, count, _, _) -> count > 0
        | Frame.Number((NumberPhase.Zero | NumberPhase.Whole | NumberPhase.Fraction), _) -> true
        | _ -> false

    let rec step (stack: Frame list) (b: byte) : Frame list list =
        match stack with
        | [] -> []
        | top :: rest ->
            let consumed =
                match top with
                | Frame.Text(text, at) ->
                    if texts[text][at] <> b then []
                    elif at + 1 = texts[text].Length then [ [] ]
                    else [ [ Frame.Text(text, at + 1) ] ]
                | Frame.Space -> if b = ' 'B then [ [] ] else []
                | Frame.Value shape ->
                    beginnings shapes[shape] |> List.collect (fun way -> step way b)
                | Frame.Digits(integer, isNegative, count, compared, isZero) ->
                    digits integer isNegative count compared isZero b
                | Frame.Number(phase, count) -> number phase count b
                | Frame.Chars(phase, isLetter) -> chars phase isLetter b
                | frame -> goingOn frame |> List.collect (fun way -> step way b)

            let later = consumed |> List.map (fun frames -> frames @ rest)
            if mayEnd top then later @ step rest b else later

    // The shortest text of each shape; found by going round until nothing gets shorter, for shapes
    // may contain themselves.
    let shortest = Dictionary<int, byte[]>()

    let join (parts: byte[] option list) : byte[] option =
        if parts |> List.forall Option.isSome then
            Some(parts |> List.map Option.get |> Array.concat)
        else
            None

    let isEnough (list: int) (had: int) =
        match shapes[list] with
        | JsonShape.Array(_, least, _) -> had >= least
        | _ -> true

    /// A short text behind a frame. What has had enough ends: another way leads to itself again.
    let rec ending (frame: Frame) : byte[] option =
        let ascii (text: string) = Some(Encoding.ASCII.GetBytes text)

        match frame with
        | Frame.Text(text, at) -> Some(texts[text][at..])
        | Frame.Space -> Some [||]
        | Frame.Value shape ->
            match shortest.TryGetValue shape with
            | true, text -> Some text
            | _ -> None
        | Frame.Digits(_, isNegative, count, _, _) ->
            ascii (
                if count > 0 then ""
                elif isNegative then "1"
                else "0"
            )
        | Frame.Number(phase, _) ->
            match phase with
            | NumberPhase.Start
            | NumberPhase.Minus
            | NumberPhase.Point -> ascii "0"
            | _ -> Some [||]
        | Frame.Chars(phase, isLetter) ->
            let rest: byte[] =
                match phase with
                | CharPhase.Between -> if isLetter then "a"B else [||]
                | CharPhase.Escape -> "n"B
                | CharPhase.Hex4 -> "0000"B
                | CharPhase.Hex3
                | CharPhase.Hex3Low -> "000"B
                | CharPhase.Hex2 -> "00"B
                | CharPhase.Hex1 -> "0"B
                | CharPhase.More1 -> [| 0x80uy |]
                | CharPhase.More2
                | CharPhase.MoreED -> [| 0x80uy; 0x80uy |]
                | CharPhase.MoreE0 -> [| 0xA0uy; 0x80uy |]
                | CharPhase.More3
                | CharPhase.MoreF4 -> [| 0x80uy; 0x80uy; 0x80uy |]
                | CharPhase.MoreF0 -> [| 0x90uy; 0x80uy; 0x80uy |]

            Some(Array.append rest "\""B)
        | Frame.Entries _ -> ascii "}"
        | Frame.Items(list, had) when isEnough list had -> ascii "]"
        | frame -> least (goingOn frame)

    and least (ways: Frame list list) : byte[] option =
        ways
        |> List.choose (fun way -> way |> List.map ending |> join)
        |> function
            | [] -> None
            | found -> Some(List.minBy _.Length found)

    let start = valueOf schema.Root

    let settle () =
        let mutable isChanged = true

        while isChanged do
            isChanged <- false
            let mutable i = 0

            // New shapes are found on the way.
            while i < shapes.Count do
                match least (beginnings shapes[i]), shortest.TryGetValue i with
                | Some text, (false, _) ->
                    shortest[i] <- text
                    isChanged <- true
                | Some text, (true, known) when text.Length < known.Length ->
                    shortest[i] <- text
                    isChanged <- true
                | _ -> ()

                i <- i + 1

    do
        settle ()

        if (ending start).IsNone then
            raise (ModelException("JSON schema", [ "no finite value is of this shape" ]))

    /// The stack before a text.
    member _.Start: Frame list = [ start ]

    /// The stacks after one more byte.
    member _.Step (stack: Frame list) (b: byte) : Frame list list = step stack b

    /// Whether a text may end here.
    member _.MayEnd(stack: Frame list) = List.forall mayEnd stack

    /// A short text that ends it; none where there is no end. Reading a part of it leads to where
    /// the rest ends it.
    member _.Ending(stack: Frame list) : byte[] option = stack |> List.map ending |> join
