namespace Mlx.Models

open System.Text

/// <summary>
/// GPT-2's alphabet: a printable character for each byte, in which the vocabularies of byte-level
/// tokenizers are written.
/// </summary>
module internal ByteLevel =
    let private printable b = b >= 33 && b <= 126 || b >= 161 && b <= 172 || b >= 174

    let private letters =
        let mutable others = 0

        [| for b in 0..255 do
               if printable b then
                   char b
               else
                   others <- others + 1
                   char (255 + others) |]

    let private bytes =
        let table = Array.create 512 -1
        letters |> Array.iteri (fun b letter -> table[int letter] <- b)
        table

    /// The UTF-8 of a text, a letter a byte.
    let ofText (text: string) =
        let utf8 = Encoding.UTF8.GetBytes text

        System.String.Create(
            utf8.Length,
            utf8,
            fun span utf8 ->
                for i in 0 .. utf8.Length - 1 do
                    span[i] <- letters[int utf8[i]]
        )

    /// The bytes that a token's letters stand for. A token with any other letter, as added ones
    /// have, stands for its own UTF-8.
    let toBytes (token: string) : byte[] =
        let known (c: char) = int c < bytes.Length && bytes[int c] >= 0

        if Seq.forall known token then
            [| for c in token -> byte bytes[int c] |]
        else
            Encoding.UTF8.GetBytes token
