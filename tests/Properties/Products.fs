/// Products of matrices and convolutions against loops.
module Mlx.Tests.Properties.Products

open FsCheck.FSharp
open Mlx

let private pair =
    gen {
        let! n, k, m = Gen.three (Draw.int 1 4)
        let! x = Draw.matrix n k Draw.whole
        let! y = Draw.matrix k m Draw.whole
        return x, y
    }

let private chain =
    gen {
        let! x, y = pair
        let! m = Draw.int 1 4
        let! z = Draw.matrix y.Shape[1] m Draw.whole
        return x.Tensor, y.Tensor, z.Tensor
    }

let private at (x: Numbers) i j = x.Data[i * x.Shape[1] + j]

let private naive (x: Numbers) (y: Numbers) =
    let k = x.Shape[1]

    Tensor.ofRows
        [ for i in 0 .. x.Shape[0] - 1 ->
              [ for j in 0 .. y.Shape[1] - 1 ->
                    List.sum [ for l in 0 .. k - 1 -> at x i l * at y l j ] ] ]

let private algebra =
    [ law "matmul is rows by columns" pair (fun (x, y) -> x.Tensor *@ y.Tensor =. naive x y)
      law "matmul is associative" chain (fun (x, y, z) -> (x *@ y) *@ z =. x *@ (y *@ z))
      law "matmul distributes" chain (fun (x, y, _) -> x *@ (y + 2.0 * y) =. 3.0 * (x *@ y))
      law "(x y)' = y' x'" pair (fun (x, y) ->
          Tensor.transpose (x.Tensor *@ y.Tensor)
          =. Tensor.transpose y.Tensor *@ Tensor.transpose x.Tensor)
      law "the unit matrix" pair (fun (x, _) -> x.Tensor *@ Tensor.eye x.Shape[1] =. x.Tensor)
      law "a batch is a product for each" chain (fun (x, y, _) ->
          Tensor.stack 0 [ x; x + 1.0 ] *@ y =. Tensor.stack 0 [ x *@ y; (x + 1.0) *@ y ])
      law "addmm adds" pair (fun (x, y) ->
          Tensor.addmm (Tensor.scalar 5.0) y.Tensor x.Tensor =. x.Tensor *@ y.Tensor + 5.0)
      law "addmm with factors" pair (fun (x, y) ->
          Tensor.addmmWith 2.0 3.0 (Tensor.scalar 5.0) y.Tensor x.Tensor
          =. 2.0 * (x.Tensor *@ y.Tensor) + 15.0)
      law "inner is a sum of products" (Draw.vector Draw.whole) (fun x ->
          Tensor.inner x.Tensor x.Tensor =. Tensor.sum (x.Tensor * x.Tensor))
      law "outer is all products" (Gen.two (Draw.vector Draw.whole)) (fun (x, y) ->
          Tensor.outer y.Tensor x.Tensor
          =. Tensor.expandDims 1 x.Tensor * Tensor.expandDims 0 y.Tensor)
      law "tensordot over one axis is matmul" pair (fun (x, y) ->
          Tensor.tensordot 1 y.Tensor x.Tensor =. x.Tensor *@ y.Tensor)
      law "tensordot over chosen axes" pair (fun (x, y) ->
          Tensor.tensordotAxes [ 1 ] [ 0 ] y.Tensor x.Tensor =. x.Tensor *@ y.Tensor)
      law "Kronecker products multiply" (Gen.two pair) (fun ((a, b), (c, d)) ->
          let a, b, c, d = a.Tensor, b.Tensor, c.Tensor, d.Tensor
          Tensor.kron c a *@ Tensor.kron d b =. Tensor.kron (c *@ d) (a *@ b))
      law "the Hadamard transform twice" (Draw.ofShape Draw.real [ 2; 8 ]) (fun x ->
          x.Tensor |> Tensor.hadamardTransform |> Tensor.hadamardTransform =~ x.Tensor)
      law "the Hadamard transform keeps the norm" (Draw.ofShape Draw.real [ 8 ]) (fun x ->
          Tensor.norm (Tensor.hadamardTransform x.Tensor) =~ Tensor.norm x.Tensor)
      law "gathered products are products" (Gen.zip chain (Draw.int 0 1)) (fun ((x, y, _), i) ->
          let experts = Tensor.stack 0 [ y; 2.0 * y ]

          Tensor.gatherMm None (Some(Tensor.ofSeq [ i ])) experts x
          =. Tensor.expandDims 0 (x *@ experts[i]))
      law "segments add up to the product" pair (fun (x, y) ->
          let k = x.Shape[1]
          let segments = Tensor.ofRows [ [ 0; k / 2 ]; [ k / 2; k ] ] |> Tensor.astype DType.UInt32

          Tensor.sumAxis 0 (Tensor.segmentedMm segments y.Tensor x.Tensor) =. x.Tensor *@ y.Tensor)
      law "vectors stand in for rows and columns" pair (fun (x, y) ->
          x.Tensor[0] *@ y.Tensor =. (x.Tensor *@ y.Tensor)[0]
          x.Tensor *@ y.Tensor[*, 0] =. (x.Tensor *@ y.Tensor)[*, 0]) ]

/// Einstein's summation, each case with what it is in other words.
let private sums: (string * int list list * (Tensor list -> Tensor)) list =
    [ "ij,jk->ik", [ [ 2; 3 ]; [ 3; 4 ] ], (fun t -> t[0] *@ t[1])
      "ij->ji", [ [ 2; 3 ] ], (fun t -> Tensor.transpose t[0])
      "ij->", [ [ 2; 3 ] ], (fun t -> Tensor.sum t[0])
      "ij->i", [ [ 2; 3 ] ], (fun t -> Tensor.sumAxis 1 t[0])
      "ii->i", [ [ 3; 3 ] ], (fun t -> Tensor.diagonal 0 t[0])
      "ii->", [ [ 3; 3 ] ], (fun t -> Tensor.trace t[0])
      "ij,ij->", [ [ 2; 3 ]; [ 2; 3 ] ], (fun t -> Tensor.sum (t[0] * t[1]))
      "ij,ij->ij", [ [ 2; 3 ]; [ 2; 3 ] ], (fun t -> t[0] * t[1])
      "i,j->ij", [ [ 2 ]; [ 3 ] ], (fun t -> Tensor.outer t[1] t[0])
      "i,i->", [ [ 3 ]; [ 3 ] ], (fun t -> Tensor.inner t[1] t[0])
      "bij,bjk->bik", [ [ 2; 2; 3 ]; [ 2; 3; 2 ] ], (fun t -> t[0] *@ t[1])
      "ij,kj->ik", [ [ 2; 3 ]; [ 4; 3 ] ], (fun t -> t[0] *@ Tensor.transpose t[1])
      "ijk->kij", [ [ 2; 3; 4 ] ], (fun t -> Tensor.permute [ 2; 0; 1 ] t[0])
      "ij,jk,kl->il", [ [ 2; 3 ]; [ 3; 2 ]; [ 2; 4 ] ], (fun t -> t[0] *@ t[1] *@ t[2]) ]

let private einsums =
    [ for pattern, shapes, inWords in sums do
          let draw = Gen.sequenceToList [ for shape in shapes -> Draw.ofShape Draw.whole shape ]

          law $"einsum {pattern}" draw (fun xs ->
              let xs = xs |> List.map _.Tensor
              Tensor.einsum pattern xs =. inWords xs) ]

let private signals = Gen.two (Draw.vector Draw.whole)

let private convolved (x: float list) (y: float list) =
    [ for n in 0 .. x.Length + y.Length - 2 ->
          List.sum
              [ for i in 0 .. x.Length - 1 do
                    if n - i >= 0 && n - i < y.Length then
                        x[i] * y[n - i] ] ]

let private image =
    gen {
        let! x = Draw.ofShape Draw.whole [ 1; 4; 5; 2 ]
        let! w = Draw.ofShape Draw.whole [ 3; 2; 2; 2 ]
        return x.Tensor, w.Tensor
    }

let private convolutions =
    [ law "convolve is a sum over the past" signals (fun (x, y) ->
          Tensor.convolve "full" y.Tensor x.Tensor =. Tensor.ofSeq (convolved x.Data y.Data))
      law "convolve commutes" signals (fun (x, y) ->
          Tensor.convolve "full" y.Tensor x.Tensor =. Tensor.convolve "full" x.Tensor y.Tensor)
      law "a valid convolution is the middle" signals (fun (x, y) ->
          let longer, shorter = max x.Data.Length y.Data.Length, min x.Data.Length y.Data.Length
          let full = Tensor.convolve "full" y.Tensor x.Tensor
          Tensor.convolve "valid" y.Tensor x.Tensor =. full[shorter - 1 .. longer - 1])
      law "conv2d is a product with patches" image (fun (x, w) ->
          let patches =
              [ for i in 0..2 do
                    for j in 0..3 -> x[0, i .. i + 1, j .. j + 1] |> Tensor.flatten ]
              |> Tensor.stack 0

          let weights = Tensor.reshape [ 3; 8 ] w

          Tensor.conv2d Conv.defaults w x
          =. Tensor.reshape [ 1; 3; 4; 3 ] (patches *@ Tensor.transpose weights))
      law "conv2d is linear in its input" image (fun (x, w) ->
          Tensor.conv2d Conv.defaults w (3.0 * x) =. 3.0 * Tensor.conv2d Conv.defaults w x)
      law "padding by hand" image (fun (x, w) ->
          Tensor.conv2d { Conv.defaults with Padding = 1, 1 } w x
          =. Tensor.conv2d Conv.defaults w (Tensor.pad [ 0, 0; 1, 1; 1, 1; 0, 0 ] x))
      law "a stride skips" image (fun (x, w) ->
          Tensor.conv2d { Conv.defaults with Stride = 2, 2 } w x
          =. (Tensor.conv2d Conv.defaults w x
              |> Tensor.index [ Idx.All; Idx.Slice(step = 2); Idx.Slice(step = 2); Idx.All ]))
      law "the transposed convolution is the transpose" image (fun (x, w) ->
          // <conv x, y> = <x, convTranspose y>, with input and output channels exchanged.
          let y = Tensor.ones [ 1; 3; 4; 3 ]

          let back =
              Tensor.convTranspose2d ConvTranspose.defaults (Tensor.permute [ 3; 1; 2; 0 ] w) y

          Tensor.sum (Tensor.conv2d Conv.defaults w x * y) =. Tensor.sum (x * back))
      law
          "conv1d is conv2d of one row"
          (Gen.two (Draw.ofShape Draw.whole [ 2; 4; 3 ]))
          (fun (x, w) ->
              let x, w = x.Tensor, w.Tensor

              Tensor.conv1d Conv.defaults1d w x
              =. (Tensor.conv2d Conv.defaults (Tensor.expandDims 1 w) (Tensor.expandDims 1 x)
                  |> Tensor.squeezeAxis 1))
      law "convGeneral is conv1d" (Gen.two (Draw.ofShape Draw.whole [ 2; 4; 3 ])) (fun (x, w) ->
          Tensor.convGeneral (ConvGeneral.defaults 1) w.Tensor x.Tensor
          =. Tensor.conv1d Conv.defaults1d w.Tensor x.Tensor) ]

let private weights = Draw.ofShape Draw.real [ 4; 64 ]

let private packed =
    [ for bits in [ 4; 8 ] do
          let packing = { Packing.affine with Bits = bits }

          law $"{bits} bits are off by half a step at most" weights (fun x ->
              let packed = Tensor.quantize packing x.Tensor
              let off = abs (Tensor.dequantize packed - x.Tensor)
              // MLX shifts the grid so that 0 is on it, which costs up to another half.
              isTrue "off" (Tensor.toFloat (Tensor.max (off - 1.01 * abs packed.Scales)) <= 1e-4))

          law
              $"a product with {bits} bits"
              (Gen.zip weights (Draw.ofShape Draw.real [ 3; 64 ]))
              (fun (w, x) ->
                  let w = Tensor.quantize packing w.Tensor

                  Tensor.quantizedMatmul w x.Tensor
                  =~~ x.Tensor *@ Tensor.transpose (Tensor.dequantize w))

      law "gathered products of packed weights" (Gen.zip weights (Draw.int 0 1)) (fun (w, i) ->
          let w = Tensor.quantize Packing.affine (Tensor.stack 0 [ w.Tensor; -w.Tensor ])
          let x = Tensor.ones [ 1; 64 ]

          let chosen = (Tensor.dequantize w)[i]

          Tensor.gatherQmm None (Some(Tensor.ofSeq [ i ])) w x
          =~~ (x *@ Tensor.transpose chosen |> Tensor.expandDims 0)) ]

let tests = algebra @ einsums @ convolutions @ packed
