/// Mutations that know nothing of formats.
module Mlx.Tests.Fuzz.Mutate

open System
open System.Buffers.Binary

/// Inputs stay short, so that many fit into a second.
let private longest = 1 <<< 16

/// Numbers that programs trip over, whatever their width.
let private numbers =
    [| 0UL
       1UL
       2UL
       3UL
       7UL
       8UL
       31UL
       32UL
       33UL
       64UL
       65UL
       127UL
       128UL
       255UL
       256UL
       65535UL
       65536UL
       1UL <<< 20
       0x7FFFFFFFUL
       0x80000000UL
       0xFFFFFFFFUL
       1UL <<< 32
       1UL <<< 40
       1UL <<< 60
       1UL <<< 62
       0x7FFFFFFFFFFFFFFFUL
       0x8000000000000000UL
       0xFFFFFFFFFFFFFFF8UL
       UInt64.MaxValue |]

let private cut (bytes: byte[]) = if bytes.Length > longest then bytes[.. longest - 1] else bytes

/// Puts a piece in the place of some bytes.
let replace (bytes: byte[]) start length (piece: byte[]) =
    Array.concat [ bytes[.. start - 1]; piece; bytes[start + length ..] ] |> cut

let private flip (dice: Dice) (bytes: byte[]) =
    let copy = Array.copy bytes
    let i = dice.Below copy.Length
    copy[i] <- copy[i] ^^^ byte (1 <<< dice.Below 8)
    copy

let private overwrite (dice: Dice) (bytes: byte[]) =
    let copy = Array.copy bytes
    copy[dice.Below copy.Length] <- byte (dice.Below 256)
    copy

/// A number of 2, 4 or 8 bytes becomes a tempting one, or one near what it was.
let private number (dice: Dice) (bytes: byte[]) =
    let width = 2 <<< dice.Below 3

    if bytes.Length < width then
        bytes
    else
        let copy = Array.copy bytes
        let at = Span(copy, dice.Below(copy.Length - width + 1), width)
        let near = uint64 (dice.Below 9) - 4UL

        match width with
        | 2 ->
            let old = uint64 (BinaryPrimitives.ReadUInt16LittleEndian at)
            let value = if dice.Once 2 then old + near else dice.Pick numbers
            BinaryPrimitives.WriteUInt16LittleEndian(at, uint16 value)
        | 4 ->
            let old = uint64 (BinaryPrimitives.ReadUInt32LittleEndian at)
            let value = if dice.Once 2 then old + near else dice.Pick numbers
            BinaryPrimitives.WriteUInt32LittleEndian(at, uint32 value)
        | _ ->
            let old = BinaryPrimitives.ReadUInt64LittleEndian at
            let value = if dice.Once 2 then old + near else dice.Pick numbers
            BinaryPrimitives.WriteUInt64LittleEndian(at, value)

        copy

let private truncate (dice: Dice) (bytes: byte[]) = bytes[.. dice.Below bytes.Length - 1]

let private remove (dice: Dice) (bytes: byte[]) =
    let start = dice.Below bytes.Length
    replace bytes start (1 + dice.Below(min 32 (bytes.Length - start))) [||]

let private insert (dice: Dice) (bytes: byte[]) =
    let piece = Array.init (1 + dice.Below 16) (fun _ -> byte (dice.Below 256))
    replace bytes (dice.Below(bytes.Length + 1)) 0 piece

/// A stretch of the file once more, elsewhere.
let private repeat (dice: Dice) (bytes: byte[]) =
    let start = dice.Below bytes.Length
    let piece = bytes[start .. start + dice.Below(min 256 (bytes.Length - start))]
    let at = dice.Below(bytes.Length + 1)
    replace bytes at (if dice.Once 2 then 0 else min piece.Length (bytes.Length - at)) piece

/// The end of another file behind the start of this one.
let private splice (dice: Dice) (other: byte[]) (bytes: byte[]) =
    let start = other[dice.Below(other.Length + 1) ..]
    Array.append bytes[.. dice.Below(bytes.Length + 1) - 1] start |> cut

/// Bytes changed at random; `other` is another file of the corpus.
let bytes (dice: Dice) (other: byte[]) (input: byte[]) =
    if input.Length = 0 then
        other
    else
        match dice.Below 10 with
        | 0
        | 1 -> flip dice input
        | 2 -> overwrite dice input
        | 3
        | 4
        | 5 -> number dice input
        | 6 -> truncate dice input
        | 7 -> if dice.Once 2 then remove dice input else insert dice input
        | 8 -> repeat dice input
        | _ -> splice dice other input

/// Text with a token exchanged for another of the format's, removed, or doubled.
let text (dice: Dice) (tokens: string[]) (input: string) =
    if input = "" then
        dice.Pick tokens
    else
        let start = dice.Below input.Length
        let length = dice.Below(min 12 (input.Length - start) + 1)
        let found = dice.Pick tokens
        let at = input.IndexOf(found, start, StringComparison.Ordinal)

        match dice.Below 5 with
        | 0 -> input.Remove(start, length)
        | 1 -> input.Insert(start, found)
        | 2 -> input.Insert(start, input.Substring(start, length))
        | 3 when at >= 0 -> input.Remove(at, found.Length).Insert(at, dice.Pick tokens)
        | _ -> input.Remove(start, length).Insert(start, found)
