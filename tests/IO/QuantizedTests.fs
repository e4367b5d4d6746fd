/// Quantized tensors of gguf files: against MLX where it reads them rightly, and against the loops
/// that the format is described by.
module Mlx.Tests.IO.QuantizedTests

open System
open System.IO
open System.Text
open Expecto
open Mlx.Core
open Mlx.Tests.IO.Golden
open Mlx.Tests.IO.Layers

type private Kind =
    {
        Name: string
        Number: uint32
        Weights: int
        Bytes: int
        /// Where half floats lie in a block: random bits there must not be infinite.
        Halves: int list
    }

let private kind name number weights bytes halves =
    { Name = name
      Number = number
      Weights = weights
      Bytes = bytes
      Halves = halves }

let private q40 = kind "Q4_0" 2u 32 18 [ 0 ]
let private q41 = kind "Q4_1" 3u 32 20 [ 0; 2 ]
let private q80 = kind "Q8_0" 8u 32 34 [ 0 ]

/// MLX reads Q4_1 and Q4_K as well, but wrongly (docs/upstream.md).
let private readByMlx =
    [ kind "BF16" 30u 1 2 []
      q40
      q80
      kind "Q2_K" 10u 256 84 [ 80; 82 ]
      kind "Q6_K" 14u 256 210 [ 208 ] ]

let private q50 = kind "Q5_0" 6u 32 22 [ 0 ]
let private q51 = kind "Q5_1" 7u 32 24 [ 0; 2 ]
let private q3k = kind "Q3_K" 11u 256 110 [ 108 ]
let private q4k = kind "Q4_K" 12u 256 144 [ 0; 2 ]
let private q5k = kind "Q5_K" 13u 256 176 [ 0; 2 ]

let private rows, private columns = 3, 512

/// Random blocks with scales of ordinary size.
let private blocks kind =
    let random = Random(int kind.Number + 1)
    let data = Array.zeroCreate<byte>(rows * columns / kind.Weights * kind.Bytes)
    random.NextBytes data

    for block in 0 .. data.Length / kind.Bytes - 1 do
        for at in kind.Halves do
            let scale = Half.op_Explicit (random.NextSingle() - 0.5f): Half
            BitConverter.TryWriteBytes(Span(data, block * kind.Bytes + at, 2), scale) |> ignore

    data

/// A file of one tensor, `a.weight`.
let private file kind (data: byte[]) =
    use stream = new MemoryStream()
    use writer = new BinaryWriter(stream)
    writer.Write "GGUF"B
    writer.Write 3u
    writer.Write 1UL
    writer.Write 0UL
    let name = Encoding.UTF8.GetBytes "a.weight"
    writer.Write(uint64 name.Length)
    writer.Write name
    writer.Write 2u
    writer.Write(uint64 columns)
    writer.Write(uint64 rows)
    writer.Write kind.Number
    writer.Write 0UL
    writer.Write(Array.zeroCreate<byte>(int (-stream.Length &&& 31L)))
    writer.Write data
    stream.ToArray()

let private scoped f =
    use scope = Scope.Enter()
    f ()

let private asTheEngine kind =
    testCase $"{kind.Name} as the engine's own reader has it"
    <| fun () ->
        scoped (fun () ->
            withTemporary ".gguf" (fun path ->
                File.WriteAllBytes(path, file kind (blocks kind))
                let core, engine = core "gguf" path, engine "gguf" [] path
                Expect.equal (List.ofSeq core.Arrays.Keys) (List.ofSeq engine.Arrays.Keys) "names"

                for KeyValue(name, a) in engine.Arrays do
                    same name (expectedOf a) core.Arrays[name]))

let private half (data: byte[]) at = float32 (BitConverter.ToHalf(data, at))

/// Two weights in a byte, the fifth bits in a word.
let private q5 zero codes (scale: float32) (bias: float32) (data: byte[]) start =
    let fifth = BitConverter.ToUInt32(data, start + codes - 4)

    [| for i in 0..31 do
           let b = int data[start + codes + i % 16]
           let low = if i < 16 then b &&& 15 else b >>> 4
           let high = int (fifth >>> i) &&& 1
           float32 (low + 16 * high - zero) * scale + bias |]

/// The twelve bytes of 6-bit scales, put together as four words are in the format's own code.
let private q3 (data: byte[]) start =
    let word i = BitConverter.ToUInt32(data, start + 96 + 4 * i)
    let low, high = 0x0F0F0F0Fu, 0x03030303u
    let a, b, tops = word 0, word 1, word 2

    let scales =
        [| (a &&& low) ||| ((tops &&& high) <<< 4)
           (b &&& low) ||| (((tops >>> 2) &&& high) <<< 4)
           ((a >>> 4) &&& low) ||| (((tops >>> 4) &&& high) <<< 4)
           ((b >>> 4) &&& low) ||| (((tops >>> 6) &&& high) <<< 4) |]
        |> Array.collect BitConverter.GetBytes

    let scale = half data (start + 108)

    [| for part in 0..15 do
           for l in 0..15 do
               let i = part * 16 + l
               let two = int data[start + 32 + i / 128 * 32 + i % 32] >>> (i % 128 / 32 * 2) &&& 3
               let isSet = int data[start + i % 32] &&& (1 <<< (i / 32)) <> 0
               let code = if isSet then two else two - 4
               scale * float32 (int scales[part] - 32) * float32 code |]

/// Eight parts of 32 weights with a 6-bit scale and minimum each. Two parts share 32 bytes of low
/// bits; the fifth bits, where there are some, lie in front of them.
let private k45 hasFifth (data: byte[]) start =
    let scale, minimum = half data start, half data (start + 2)
    let packed i = int data[start + 4 + i]
    let codes = start + if hasFifth then 48 else 16

    [| for part in 0..7 do
           let s, m =
               if part < 4 then
                   packed part &&& 63, packed (part + 4) &&& 63
               else
                   (packed (part + 4) &&& 15) ||| (packed (part - 4) >>> 6 <<< 4),
                   (packed (part + 4) >>> 4) ||| (packed part >>> 6 <<< 4)

           for l in 0..31 do
               let b = int data[codes + part / 2 * 32 + l]
               let low = if part % 2 = 0 then b &&& 15 else b >>> 4
               let isSet = hasFifth && int data[start + 16 + l] >>> part &&& 1 = 1
               let code = if isSet then low + 16 else low
               float32 code * (scale * float32 s) - minimum * float32 m |]

let private asDescribed kind dequantize =
    testCase $"{kind.Name} as the format describes it"
    <| fun () ->
        scoped (fun () ->
            let data = blocks kind
            let found = (Gguf.Load(new MemoryStream(file kind data))).Arrays["a.weight"]

            let want =
                [| for block in 0 .. data.Length / kind.Bytes - 1 do
                       yield! dequantize data (block * kind.Bytes) |]
                |> Array.map (fun (x: float32) -> Half.op_Explicit x: Half)

            Expect.equal (found.Shape.ToArray()) [| rows; columns |] "shape"
            Expect.equal (found.ToArray<Half>()) want "weights")

/// A block of 32 as whole numbers, the scale and what is added.
type private Parts = { Codes: int[]; Scale: Half; Bias: Half }

/// The low halves of sixteen bytes are the first weights, the high ones the others.
let private nibbles (data: byte[]) start =
    [| for i in 0..31 do
           let b = int data[start + i % 16]
           if i < 16 then b &&& 15 else b >>> 4 |]

let private times factor (scale: Half) : Half = Half.op_Explicit (factor * float32 scale)

let private partsOf kind (data: byte[]) start =
    let scale = BitConverter.ToHalf(data, start)

    match kind.Name with
    | "Q4_0" -> { Codes = nibbles data (start + 2); Scale = scale; Bias = times -8f scale }
    | "Q4_1" ->
        { Codes = nibbles data (start + 4)
          Scale = scale
          Bias = BitConverter.ToHalf(data, start + 2) }
    | _ ->
        { Codes = [| for i in 0..31 -> int (sbyte data[start + 2 + i]) + 128 |]
          Scale = scale
          Bias = times -128f scale }

let private partsAsDescribed kind =
    testCase $"{kind.Name}: codes, scales and biases as the format describes them"
    <| fun () ->
        scoped (fun () ->
            let data = blocks kind
            let arrays = (Gguf.Load(new MemoryStream(file kind data))).Arrays
            let bits = if kind.Name = "Q8_0" then 8 else 4

            let want =
                [| for block in 0 .. data.Length / kind.Bytes - 1 ->
                       partsOf kind data (block * kind.Bytes) |]

            let codes =
                [| for word in arrays["a.weight"].ToArray<uint32>() do
                       for i in 0 .. 32 / bits - 1 do
                           int (word >>> (bits * i)) &&& ((1 <<< bits) - 1) |]

            Expect.equal codes (want |> Array.collect _.Codes) "codes"
            Expect.equal (arrays["a.scales"].ToArray<Half>()) (want |> Array.map _.Scale) "scales"
            Expect.equal (arrays["a.biases"].ToArray<Half>()) (want |> Array.map _.Bias) "biases")

/// Codes, scales and biases are what the quantized products take. The weights in full precision;
/// `largest` is the error of adding two terms in float16.
let private multiplies kind largest (weight: byte[] -> int -> int -> float32) =
    testCase $"{kind.Name} becomes the weights that it stands for"
    <| fun () ->
        scoped (fun () ->
            let data = blocks kind
            let arrays = (Gguf.Load(new MemoryStream(file kind data))).Arrays
            let bits = if kind.Name = "Q8_0" then 8 else 4

            let weights =
                Ops.Dequantize(
                    arrays["a.weight"],
                    arrays["a.scales"],
                    arrays["a.biases"],
                    32,
                    bits
                )

            let found = (weights.AsType DType.Float32).ToArray<float32>()

            for i in 0 .. rows * columns - 1 do
                let want = weight data (i / 32 * kind.Bytes) (i % 32)
                let message = $"weight {i}: {found[i]}, not {want}"
                Expect.isLessThan (abs (want - found[i])) largest message)

let private nibble data start i = nibbles data start |> Array.item i |> float32

let tests =
    [ yield! List.map asTheEngine readByMlx
      if not Engine.IsMlx then
          yield! List.map asTheEngine [ q41; q4k ]
      yield! List.map partsAsDescribed [ q40; q41; q80 ]
      asDescribed q50 (fun data at -> q5 16 6 (half data at) 0f data at)
      asDescribed q51 (fun data at -> q5 0 8 (half data at) (half data (at + 2)) data at)
      asDescribed q3k q3
      asDescribed q4k (k45 false)
      asDescribed q5k (k45 true)
      // Terms up to 8 x 0.5, 15 x 0.5 and 128 x 0.5.
      multiplies q40 0.008f (fun data at i -> half data at * (nibble data (at + 2) i - 8f))
      multiplies q41 0.008f (fun data at i ->
          half data at * nibble data (at + 4) i + half data (at + 2))
      multiplies q80 0.13f (fun data at i -> half data at * float32 (sbyte data[at + 2 + i])) ]
