/// Quantized weights, and 8-bit floats.
module Mlx.Tests.Laws.Rows.Quantized

open System
open System.Numerics
open Mlx.Core
open Mlx.Tests.Laws

let private any = Between(-1.0, 1.0)

/// The integer that a group's scale multiplies: codes lie in a row's words as a stream of bits.
let private code bits (words: Nd) row column =
    let width = words.Shape[1]

    Seq.init bits (fun bit ->
        let at = column * bits + bit
        let word = uint64 words.Data[row * width + at / 32].Real
        float ((word >>> (at % 32)) &&& 1UL) * 2.0 ** float bit)
    |> Seq.sum

/// scale * code + bias, for each group of a row.
let private dequantized group bits (words: Nd) (scales: Nd) (biases: Nd) =
    let columns = words.Shape[1] * 32 / bits

    Nd.init [| words.Shape[0]; columns |] (fun i ->
        let g = [| i[0]; i[1] / group |]
        scales[g] * Nd.real (code bits words i[0] i[1]) + biases[g])

let private packed rows columns group bits =
    [ fixedTo DType.UInt32 [ rows; columns * bits / 32 ] Words
      value [ rows; columns / group ] (Between(0.05, 0.1))
      value [ rows; columns / group ] any ]

/// Scales and biases as constants: only vjp goes to them.
let private held inputs =
    inputs |> List.map (fun i -> if i.Role = Value then { i with Role = Constant } else i)

let private widths = [ 2; 3; 4; 5; 6; 8 ]

let private products row = row |> over (Values.floats |> List.except [ DType.Float64 ])

let private noMap = unmapped "the weights of examples cannot differ"

/// The value of an 8-bit float: a sign, four bits of exponent (bias 7), three of mantissa.
let private e4m3 (code: Complex) =
    let bits = int code.Real
    let exponent, mantissa = (bits >>> 3) &&& 15, float (bits &&& 7)

    let size =
        if exponent = 0 then
            mantissa / 512.0
        else
            (1.0 + mantissa / 8.0) * 2.0 ** float (exponent - 7)

    Nd.real (if bits &&& 128 = 0 then size else -size)

/// All codes but those of NaN.
let private codes8 = These [ 0.0; 1.0; 7.0; 8.0; 63.0; 126.0; 128.0; 200.0; 254.0 ]

let private eighths =
    [ for dtype in Values.floats |> List.except [ DType.Float64 ] do
          op "from_fp8" [ fixedTo DType.UInt8 [ 9 ] codes8 ] (fun a -> [ a[0]; dtype ])
          |> label (dtype.Name())
          |> over [ DType.Float32 ]
          |> gives (fun _ -> dtype)
          |> refer (fun xs -> [ Nd.map e4m3 xs[0] ])
      // There and back: a number of eight bits comes as itself.
      op
          "to_fp8"
          [ value [ 9 ] (These [ 0.0; 1.0; -1.5; 0.25; 2.0; -8.0; 448.0; 0.875; 13.0 ]) ]
          (fun a -> [ a[0] ])
      |> after (Array.map (fun codes -> Row.call "from_fp8" [ codes; DType.Float32 ] |> Array.head))
      |> over Values.floats
      |> gives (fun _ -> DType.Float32)
      |> noDerivative
      |> refer (fun xs -> [ xs[0] ]) ]

/// Groups that span just the codes there are: nothing is rounded.
let private spanning =
    [ for _ in 1..6 do
          yield! [ -128.0; 127.0 ]
          yield! [ for i in 1..30 -> float (i * 37 % 256 - 128) ] ]

let private quantized =
    op "quantize" [ value [ 3; 64 ] (These spanning) ] (fun a -> [ a[0]; 32; 8; "affine"; null ])
    |> after (fun p -> Row.call "dequantize" [ p[0]; p[1]; p[2]; 32; 8; "affine"; null; null ])
    |> over Values.floats
    |> refer (fun xs -> [ xs[0] ])
    |> noDerivative

let private gathered =
    let numbers = fixedTo DType.UInt32 [ 3 ] (These [ 1.0; 0.0; 1.0 ])

    let batch (i: Input) = { i with Shape = 2 :: i.Shape }

    op
        "gather_qmm"
        (value [ 2; 2; 64 ] any :: List.map batch (held (packed 3 64 32 4)) @ [ numbers; numbers ])
        (fun a -> [ a[0]; a[1]; a[2]; a[3]; a[4]; a[5]; true; 32; 4; "affine"; false ])
    |> products
    |> ulps 128.0
    |> noMap
    |> refer (fun xs ->
        let one (k: Complex) =
            let pick = Nd.pick 0 (int k.Real)
            let weights = dequantized 32 4 (pick xs[1]) (pick xs[2]) (pick xs[3])
            Nd.matmul (pick xs[0]) (Nd.transpose [| 1; 0 |] weights)

        [ xs[4].Data |> Array.map one |> Array.toList |> Nd.stack 0 ])

/// Whole numbers below 3.5 have eight bits already, so nothing is rounded (4 would be cut to 3.5,
/// as in MLX, where a group's scale is the nearest power of two). They are
/// constants: the derivative is that of the product without rounding, which no difference shows.
let private rounded =
    let whole shape = constant shape (Index 3)

    op "qqmm" [ whole [ 2; 32 ]; whole [ 3; 32 ] ] (fun a ->
        [ a[0]; a[1]; null; 32; 8; "mxfp8"; null; null ])
    |> products
    |> ulps 32.0
    |> refer (fun xs -> [ Nd.matmul xs[0] (Nd.transpose [| 1; 0 |] xs[1]) ])

let rows =
    [ yield! eighths
      rounded
      quantized
      gathered
      for bits in widths do
          op "dequantize" (packed 3 64 32 bits) (fun a ->
              [ a[0]; a[1]; a[2]; 32; bits; "affine"; null; null ])
          |> label $"bits={bits}"
          |> over Values.floats
          // Gradients are sums of codes, which are this large.
          |> ulps (max 4.0 (2.0 ** float bits))
          |> refer (fun xs -> [ dequantized 32 bits xs[0] xs[1] xs[2] ])

          op "quantized_matmul" (value [ 2; 64 ] any :: held (packed 3 64 32 bits)) (fun a ->
              [ a[0]; a[1]; a[2]; a[3]; true; 32; bits; "affine" ])
          |> label $"bits={bits}"
          |> products
          |> ulps 128.0
          |> noMap
          |> refer (fun xs ->
              [ Nd.matmul xs[0] (Nd.transpose [| 1; 0 |] (dequantized 32 bits xs[1] xs[2] xs[3])) ]) ]
