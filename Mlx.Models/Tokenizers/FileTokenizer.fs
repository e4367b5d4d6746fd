namespace Mlx.Models

open System
open System.Collections.Generic
open System.Text

/// What a file's format says of its tokens; `FileTokenizer` makes a tokenizer of it.
type internal TokenTable =
    {
        /// The file, for errors.
        Source: string
        /// The token of each id; null where there is none.
        Tokens: (string | null)[]
        /// Ids of tokens that stand for no text.
        Specials: HashSet<int>
        Bos: int option
        Eos: int list
        /// The ids of a text; the flag says whether special tokens in it count.
        Encode: bool -> string -> int[]
        /// A decoder of ids, special ones too where the flag says so.
        Stream: bool -> ITextStream
        Find: string -> int option
        /// The bytes that a token that is text adds in the middle of a text.
        Bytes: string -> byte[]
    }

module internal TokenTable =
    // Far above any vocabulary there is.
    let private most = 1 <<< 22

    let negative (id: int) : 'T =
        raise (ArgumentOutOfRangeException(nameof id, id, "no token has a negative id"))

    /// The tokens by their ids.
    let ofPairs (source: string) (pairs: seq<struct (int * string)>) : (string | null)[] =
        let tokens = List<string | null>()

        for struct (id, token) in pairs do
            if id < 0 || id >= most then
                raise (
                    ModelException(source, [ $"the token {token}: the id {id} is out of range" ])
                )

            while tokens.Count <= id do
                tokens.Add null

            tokens[id] <- token

        tokens.ToArray()

    /// A stream that sends the tokens of ids through steps.
    let stream (tokens: (string | null)[]) (skip: HashSet<int>) (steps: Sink -> Sink) =
        let text = StringBuilder()

        let sink =
            steps
                { Push = fun piece -> text.Append piece |> ignore
                  Finish = ignore }

        let taken () =
            let piece = text.ToString()
            text.Clear() |> ignore
            piece

        { new ITextStream with
            member _.Push id =
                if id < 0 then
                    negative id

                // The output of a model may be wider than its vocabulary; such ids are no text.
                if id < tokens.Length && not (skip.Contains id) then
                    match tokens[id] with
                    | null -> ()
                    | token -> sink.Push token

                taken ()

            member _.Finish() =
                sink.Finish()
                taken () }

/// A tokenizer of a file.
[<Sealed>]
type internal FileTokenizer(table: TokenTable) =
    let decode markup (ids: seq<int>) =
        let stream: ITextStream = table.Stream markup
        let text = StringBuilder()

        for id in ids do
            text.Append(stream.Push id) |> ignore

        text.Append(stream.Finish()).ToString()

    override _.ToString() = $"tokenizer of {table.Tokens.Length} tokens from {table.Source}"

    interface ITokenizer with
        member _.VocabSize = table.Tokens.Length
        member _.Bos = table.Bos
        member _.Eos = table.Eos
        member _.Encode text = table.Encode false (Utf8.whole text)
        member _.EncodeMarkup text = table.Encode true (Utf8.whole text)
        member _.Decode ids = decode false ids
        member _.DecodeMarkup ids = decode true ids
        member _.TokenId text = table.Find text
        member _.NewStream() = table.Stream false

        member _.Bytes id =
            if id < 0 then
                TokenTable.negative id
            elif id >= table.Tokens.Length || table.Specials.Contains id then
                [||]
            else
                match table.Tokens[id] with
                | null -> [||]
                | token -> table.Bytes token
