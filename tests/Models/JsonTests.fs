/// Constrained generation: whatever the model is, what it writes is of the schema.
module Mlx.Tests.Models.JsonTests

open System
open System.Text
open System.Text.Json
open Expecto
open Mlx
open Mlx.Core
open Mlx.Models
open Mlx.Tests.Models.Tiny

type Measure =
    | Gram
    | Piece

type Amount =
    | Some' of count: int * unit: Measure
    | AsYouLike
    | Range of float * float

type Day =
    | Monday = 1
    | Friday = 5

type Recipe =
    { Title: string
      Minutes: int option
      Vegan: bool
      Amounts: Map<string, Amount>
      Steps: string list
      Days: Day array
      Grade: char
      Rating: byte
      Size: int64 * decimal }

type Tree = { Value: sbyte; Left: Tree option; Right: Tree option }

type Forest =
    | Leaf
    | Branch of Forest list

/// Bytes, and some words that are JSON's, or begin or end in the middle of its parts.
let private words =
    [ "{\""
      "\":"
      "\": "
      "\", \""
      "\","
      "null"
      "true"
      "false"
      "[["
      "]}"
      "},{"
      "Title"
      "Min"
      "utes"
      "case"
      "Branch"
      "123"
      "-1"
      "0.5"
      "00"
      " a"
      "é"
      "日本"
      "\\u00"
      "\\\""
      "}}}" ]

let private tokenizer: ITokenizer =
    let texts =
        Array.append
            [| for b in 0..255 -> [| byte b |] |]
            [| for w in words -> Encoding.UTF8.GetBytes w |]

    let size = texts.Length

    { new ITokenizer with
        member _.VocabSize = size + 1
        member _.Bos = None
        member _.Eos = [ size ]
        member _.Encode text = Encoding.UTF8.GetBytes text |> Array.map int
        member this.EncodeMarkup text = this.Encode text

        member _.Decode ids =
            Encoding.UTF8.GetString
                [| for id in ids do
                       if id < size then
                           yield! texts[id] |]

        member this.DecodeMarkup ids = this.Decode ids
        member _.TokenId _ = None
        member _.Bytes id = if id < size then texts[id] else [||]

        member _.NewStream() =
            let decoder = Encoding.UTF8.GetDecoder()

            let push (bytes: byte[]) flush =
                let chars = Array.zeroCreate<char>(bytes.Length + 2)
                String(chars, 0, decoder.GetChars(ReadOnlySpan bytes, Span chars, flush))

            { new ITextStream with
                member _.Push id = push (if id < size then texts[id] else [||]) false
                member _.Finish() = push [||] true } }

let private config =
    { small with VocabSize = tokenizer.VocabSize; EosTokenIds = tokenizer.Eos }

/// A model of random weights, another one for each number.
let private random (seed: int) =
    let parameters = Mistral.init config |> Random.run (Key.ofSeed seed)
    Mistral.languageModel config parameters

let private options seed tokens =
    { GenerateOptions.defaults with
        Sampling = Sample.temperature 1.5
        Seed = seed
        MaxTokens = tokens }

/// Draws from random models; every one parses, within the tokens allowed.
let private draws<'T> (count: int) (fewest: int) =
    let schema = JsonSchema.ofType<'T>()

    for model in 0 .. count / 50 - 1 do
        let model = random model
        let guide = schema |> JsonSchema.guide tokenizer model

        for seed in 0..49 do
            let tokens = fewest + seed * seed / 12
            let options = { options seed tokens with Guide = Some guide }
            let whole = Generate.complete tokenizer model options [ 1; 2; 3 ]
            Expect.isLessThanOrEqual whole.Tokens.Length tokens "tokens"

            let bytes =
                [| for token in whole.Tokens do
                       yield! tokenizer.Bytes token.Id |]

            let text = Encoding.UTF8.GetString bytes
            Expect.equal whole.Text text "what is shown is what was written"
            use json = JsonDocument.Parse text
            JsonType.read typeof<'T> json.RootElement |> unbox<'T> |> ignore

            // Half a character would show as a replacement.
            Expect.equal (Encoding.UTF8.GetBytes text) bytes "whole characters"

/// The fewest tokens that a type's shortest value surely takes.
let private fewest<'T> () =
    let start =
        JsonAutomaton(JsonSchema.ofType<'T>(), tokenizer, tokenizer.VocabSize, tokenizer.Eos).Start

    start.ToEnd

let private typed =
    [ testCase "records, unions, options, maps, tuples: 200 draws of random models" (fun () ->
          draws<Recipe> 200 (fewest<Recipe>()))

      testCase "types that contain themselves: 200 draws of random models" (fun () ->
          draws<Tree> 100 (fewest<Tree>())
          draws<Forest> 100 (fewest<Forest>()))

      testCase "numbers stay within their types: 200 draws" (fun () ->
          draws<(sbyte * byte * int16 * uint16 * int * uint32 * int64 * uint64) list> 200 2)

      testCase "a value comes out as its type" (fun () ->
          let recipe: Recipe = Generate.typed tokenizer (random 3) (options 7 300) [ 1; 2 ]

          Expect.isGreaterThanOrEqual recipe.Steps.Length 0 "steps")

      testCase "what is read is what was meant" (fun () ->
          let text =
              """{"Title":"Café \"x\"","Vegan":true,"Amounts":{"salt":{"case":"AsYouLike"},
              "egg":{"case":"Some'","count":3,"unit":"Piece"},
              "oil":{"case":"Range","Item1":0.5,"Item2":2}},"Steps":["a","b"],
              "Days":["Friday"],"Grade":"A","Rating":255,"Size":[-9223372036854775808,1.25]}"""

          use json = JsonDocument.Parse text

          let expected =
              { Title = "Café \"x\""
                Minutes = None
                Vegan = true
                Amounts = Map [ "salt", AsYouLike; "egg", Some'(3, Piece); "oil", Range(0.5, 2.0) ]
                Steps = [ "a"; "b" ]
                Days = [| Day.Friday |]
                Grade = 'A'
                Rating = 255uy
                Size = (Int64.MinValue, 1.25M) }

          Expect.equal (JsonType.read typeof<Recipe> json.RootElement |> unbox) expected "recipe")

      testCase "too few tokens are refused before a token is written" (fun () ->
          let fewest = fewest<Recipe>()

          Expect.throwsT<ArgumentException>
              (fun () ->
                  let r: Recipe =
                      Generate.typed tokenizer (random 1) (options 1 (fewest - 1)) [ 1 ]

                  ignore r)
              "one too few")

      testCase "a type without a schema is refused by name" (fun () ->
          try
              JsonSchema.ofType<{| When: DateTime |}>() |> ignore
              failtest "it was accepted"
          with :? NotSupportedException as e ->
              Expect.stringContains e.Message "System.DateTime" "the type")

      testCase "greedy too: the likeliest of what is allowed" (fun () ->
          let greedy = { options 0 60 with Sampling = Sample.greedy }
          let tree: Tree = Generate.typed tokenizer (random 5) greedy [ 1 ]
          ignore tree) ]

/// Whether the machine reads a text to an end.
let private accepts (schema: string) (text: string) =
    let grammar = JsonGrammar(JsonSchema.parse schema)

    let after =
        ([ grammar.Start ], Encoding.UTF8.GetBytes text)
        ||> Array.fold (fun stacks b ->
            stacks |> List.collect (fun stack -> grammar.Step stack b) |> List.distinct)

    after |> List.exists grammar.MayEnd

let private schemas =
    [ for schema, good, bad in
          [ """{"type": "integer"}""",
            [ "0"; "-12"; "9223372036854775807"; "-9223372036854775808" ],
            [ ""; "-"; "01"; "1.0"; "9223372036854775808"; "-9223372036854775809"; "-0"; "1 " ]
            """{"type": "number"}""",
            [ "0"; "-0.5"; "12.25" ],
            [ "."; "1."; ".5"; "1e5"; "00"; "--1" ]
            """{"type": "string"}""",
            [ "\"\""; "\"a é 日 😀\""; """ "\n\u00e9\"" """.Trim() ],
            [ "\""; "\"\n\""; "\"\\x\""; "\"\\ud800\""; "a" ]
            """{"enum": ["a", 1, null, {"x": [1]}]}""",
            [ "\"a\""; "1"; "null"; "{\"x\":[1]}" ],
            [ "2"; "\"b\""; "{}" ]
            """{"type": "array", "items": {"type": "boolean"}, "minItems": 1, "maxItems": 2}""",
            [ "[true]"; "[true,false]"; "[true, false]" ],
            [ "[]"; "[true,true,true]"; "[true,]"; "[true,  false]" ]
            """{"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "null"}},
                "required": ["b"]}""",
            [ """{"b":null}"""; """{"a":1,"b":null}"""; """{"a": 1, "b": null}""" ],
            [ "{}"; """{"a":1}"""; """{"b":null,"a":1}"""; """{"b":null,}""" ]
            """{"anyOf": [{"type": "integer"}, {"const": "none"}]}""",
            [ "5"; "\"none\"" ],
            [ "\"other\"" ]
            """{"type": ["string", "null"]}""", [ "null"; "\"x\"" ], [ "1" ]
            """{"type": "object", "additionalProperties": {"type": "integer"}}""",
            [ "{}"; """{"x":1,"y":2}""" ],
            [ """{"x":"y"}""" ]
            """{"$ref": "#/$defs/n", "$defs": {"n": {"type": "object", "properties":
                {"next": {"$ref": "#/$defs/n"}}}}}""",
            [ "{}"; """{"next":{"next":{}}}""" ],
            [ """{"next":1}""" ]
            "{}", [ """{"a":[1,"x",{"b":null}]}"""; "1.5"; "true" ], [ "{1}"; "nul" ] ] do
          testCase $"schema {schema}" (fun () ->
              for text in good do
                  Expect.isTrue (accepts schema text) $"{text} is one"

              for text in bad do
                  Expect.isFalse (accepts schema text) $"{text} is none"

              let written = JsonSchema.parse schema |> JsonSchema.toText

              for text in good do
                  Expect.isTrue (accepts written text) $"{text} is one of {written}")

      testCase "all that is wrong with a schema is told at once" (fun () ->
          try
              JsonSchema.parse
                  """{"type": "object", "properties": {"a": {"type": "text"},
                      "b": {"type": "string", "pattern": "x"}, "c": {"$ref": "other.json"}},
                      "required": ["d"]}"""
              |> ignore

              failtest "it was accepted"
          with :? ModelException as e ->
              Expect.equal
                  e.Problems
                  [ "#/required: there is no property \"d\""
                    "#/properties/a/type: there is no type \"text\""
                    "#/properties/b/pattern: this keyword is not supported"
                    "#/properties/c/$ref: \"other.json\" is no definition of this schema" ]
                  "problems")

      testCase "a shape without a finite value is refused" (fun () ->
          let schema =
              JsonSchema.parse
                  """{"$ref": "#/$defs/n", "$defs": {"n": {"type": "object", "properties":
                      {"next": {"$ref": "#/$defs/n"}}, "required": ["next"]}}}"""

          Expect.throwsT<ModelException> (fun () -> JsonGrammar schema |> ignore) "schema")

      testCase "a mask is what trying every token says" (fun () ->
          let schema = JsonSchema.ofType<Recipe>()
          let automaton = JsonAutomaton(schema, tokenizer, tokenizer.VocabSize, tokenizer.Eos)
          let dice = System.Random 5
          let mutable state = automaton.Start

          for _ in 1..40 do
              if not state.IsOver then
                  let allowed = automaton.Allowed state 1000

                  let tried =
                      [| for id in 0 .. tokenizer.VocabSize - 1 ->
                             match tokenizer.Bytes id with
                             | [||] -> state.MayEnd && List.contains id tokenizer.Eos
                             | _ -> not (automaton.After state id).Stacks.IsEmpty |]

                  Expect.equal allowed tried "tokens"

                  let ids =
                      [| for id, may in Array.indexed allowed do
                             if may then
                                 id |]

                  state <- automaton.After state ids[dice.Next ids.Length]) ]

let tests = testList "Json" (typed @ schemas)
