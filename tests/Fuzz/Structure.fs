/// Mutations that know a format: what is changed inside is wrapped again with lengths and checksums
/// that fit, so that readers get as far as the change.
module Mlx.Tests.Fuzz.Structure

open System
open System.Buffers.Binary
open System.IO
open System.IO.Compression
open System.Text

let private latin = Encoding.Latin1

let private sizes =
    [| "0"
       "1"
       "2"
       "3"
       "24"
       "65"
       "-1"
       "2147483647"
       "2147483648"
       "4294967296"
       "9223372036854775807"
       "18446744073709551616"
       "1e3"
       "1.5" |]

let private npyTokens =
    Array.append
        sizes
        [| "'descr'"
           "'fortran_order'"
           "'shape'"
           "True"
           "False"
           "'<f4'"
           "'>f8'"
           "'|b1'"
           "'<V2'"
           "'<c8'"
           "'>c8'"
           "'|O'"
           "'=i4'"
           "()"
           "(3,)"
           "(2, 3)"
           "(0, 2147483647)"
           "("
           ")"
           "{"
           "}"
           ","
           ":"
           "'"
           "\""
           "\\"
           " "
           "\n"
           "L" |]

/// The header's text changed, its length right again.
let npy (dice: Dice) (input: byte[]) =
    if input.Length < 12 then
        input
    else
        let isWide = input[6] > 1uy
        let start = if isWide then 12 else 10

        let length =
            if isWide then
                int (min 70000u (BitConverter.ToUInt32(input, 8)))
            else
                int (BitConverter.ToUInt16(input, 8))

        let stop = min input.Length (start + length)
        let header = latin.GetString(input, start, stop - start)
        let changed = latin.GetBytes(Mutate.text dice npyTokens header)
        let result = Mutate.replace input start (stop - start) changed

        if isWide then
            BinaryPrimitives.WriteInt32LittleEndian(result.AsSpan 8, changed.Length)
        else
            BinaryPrimitives.WriteUInt16LittleEndian(result.AsSpan 8, uint16 changed.Length)

        result

let private jsonTokens =
    Array.append
        sizes
        [| "\"dtype\""
           "\"shape\""
           "\"data_offsets\""
           "\"__metadata__\""
           "\"F32\""
           "\"F64\""
           "\"BOOL\""
           "\"BF16\""
           "\"C64\""
           "\"F8_E4M3\""
           "\"U8\""
           "\"\""
           "\"a\""
           "\"\\ud800\""
           "[]"
           "[0]"
           "[0,0]"
           "[2,3]"
           "[0,24]"
           "{}"
           "null"
           "true"
           "{"
           "}"
           "["
           "]"
           ","
           ":"
           "\""
           "\\"
           " " |]

/// The JSON changed, its length right again.
let safetensors (dice: Dice) (input: byte[]) =
    if input.Length < 10 then
        input
    else
        let length = BitConverter.ToUInt64(input, 0)
        let length = int (min length (uint64 (input.Length - 8)))
        let header = latin.GetString(input, 8, length)
        let changed = latin.GetBytes(Mutate.text dice jsonTokens header)
        let result = Mutate.replace input 8 length changed
        BinaryPrimitives.WriteInt64LittleEndian(result, int64 changed.Length)
        result

let private ggufTypes =
    [| 0u; 1u; 2u; 3u; 6u; 7u; 8u; 9u; 10u; 11u; 12u; 13u; 14u; 24u; 27u; 28u; 30u; 99u |]

/// A number in the header becomes a type or a small count; texts are found by their lengths.
let gguf (dice: Dice) (input: byte[]) =
    if input.Length < 32 then
        input
    else
        let copy = Array.copy input
        let at = 4 * (1 + dice.Below(copy.Length / 4 - 1)) + dice.Below 4 |> min (copy.Length - 8)

        if dice.Once 2 then
            BinaryPrimitives.WriteUInt32LittleEndian(copy.AsSpan at, dice.Pick ggufTypes)
        else
            BinaryPrimitives.WriteUInt64LittleEndian(copy.AsSpan at, uint64 (dice.Below 70))

        copy

/// An archive of its own, whose entry is a changed .npy file.
let private archive (dice: Dice) (entry: byte[]) =
    use stream = new MemoryStream()

    (use zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen = true)

     for _ in 0 .. dice.Below 3 do
         let name = dice.Pick [| "x.npy"; "y.npy"; "x"; "ein/zwei.npy"; ".npy"; "größe.npy"; "d/" |]

         let level =
             if dice.Once 2 then CompressionLevel.Fastest else CompressionLevel.NoCompression

         use file = (zip.CreateEntry(name, level)).Open()
         file.Write(entry, 0, entry.Length))

    stream.ToArray()

/// Where a record of an archive starts: "PK" and its two letters.
let private records (input: byte[]) =
    [| for i in 0 .. input.Length - 4 do
           if input[i] = byte 'P' && input[i + 1] = byte 'K' && input[i + 2] <= 8uy then
               i |]

/// A field of one record changed.
let private field (dice: Dice) (input: byte[]) =
    match records input with
    | [||] -> input
    | found ->
        let start = dice.Pick found
        let stop = min input.Length (start + 56)
        let record = Mutate.bytes dice input[start .. stop - 1] input[start .. stop - 1]
        Mutate.replace input start (stop - start) record

let npz (npyCorpus: byte[][]) (dice: Dice) (input: byte[]) =
    if dice.Once 3 then
        let entry = dice.Pick npyCorpus
        archive dice (if dice.Once 2 then npy dice entry else Mutate.bytes dice entry entry)
    else
        field dice input
