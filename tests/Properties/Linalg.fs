/// Factors make the matrix again, and Fourier transforms come back.
module Mlx.Tests.Properties.Linalg

open System
open FsCheck.FSharp
open Mlx

let private matrix = Draw.int 1 4 |> Gen.bind (fun n -> Draw.matrix n n Draw.unit)

let private rectangle =
    gen {
        let! n = Draw.int 1 4
        let! m = Draw.int 1 4
        return! Draw.matrix n m Draw.unit
    }

let private eyeOf (x: Tensor) = Tensor.eye (Tensor.dim -1 x)
let private transposed (x: Tensor) = Tensor.swapaxes -1 -2 x

/// Tensors are drawn in the law's scope, so their draws are kept as numbers.
let private on (draw: FsCheck.Gen<Numbers>) (prepare: Tensor -> Tensor) name check =
    law name draw (fun x -> check (prepare x.Tensor))

/// Far from singular.
let private regularly = on matrix (fun x -> x + 5.0 * eyeOf x)
let private symmetrically = on matrix (fun x -> x + transposed x)
let private definitely = on matrix (fun x -> x *@ transposed x + eyeOf x)
let private lower = on matrix (fun x -> Tensor.tril 0 x + 3.0 * eyeOf x)
let private anyhow = on rectangle id

let private factors =
    [ regularly "a matrix times its inverse" (fun x -> x *@ Tensor.inv x =~~ eyeOf x)
      regularly "the inverse of the inverse" (fun x -> Tensor.inv (Tensor.inv x) =~~ x)
      regularly "a solution solves" (fun x ->
          let b = Tensor.arange (Tensor.dim 0 x) |> Tensor.astype DType.Float32
          x *@ Tensor.solve b x =~~ b)
      regularly "solving is multiplying by the inverse" (fun x ->
          let b = Tensor.ones [ Tensor.dim 0 x; 2 ]
          Tensor.solve b x =~~ Tensor.inv x *@ b)
      regularly "LU makes the matrix" (fun x ->
          let p, l, u = Tensor.lu x
          Tensor.take 0 p l *@ u =~~ x)
      regularly "L is unit lower, U upper" (fun x ->
          let _, l, u = Tensor.lu x
          l =. Tensor.tril 0 l
          Tensor.diagonal 0 l =. Tensor.ones [ Tensor.dim 0 x ]
          u =. Tensor.triu 0 u)
      regularly "luFactor packs L and U" (fun x ->
          let packed, _ = Tensor.luFactor x
          let _, l, u = Tensor.lu x
          packed =~ Tensor.tril -1 l + u)
      definitely "L L' is the matrix" (fun x ->
          let l = Tensor.cholesky x
          l *@ transposed l =~~ x)
      definitely "the upper factor is the lower one transposed" (fun x ->
          Tensor.choleskyUpper x =~~ transposed (Tensor.cholesky x))
      definitely "the inverse from the factor" (fun x ->
          Tensor.choleskyInv false (Tensor.cholesky x) =~~ Tensor.inv x)
      lower "the inverse of a triangle" (fun x -> x *@ Tensor.triInv false x =~~ eyeOf x)
      lower "a triangle solves" (fun x ->
          let b = Tensor.ones [ Tensor.dim 0 x; 2 ]
          x *@ Tensor.solveTriangular false b x =~~ b)
      lower "an upper triangle solves" (fun x ->
          let x, b = transposed x, Tensor.ones [ Tensor.dim 0 x; 1 ]
          x *@ Tensor.solveTriangular true b x =~~ b)
      anyhow "Q R is the matrix" (fun x ->
          let q, r = Tensor.qr x
          q *@ r =~~ x)
      anyhow "Q has orthonormal columns, R is upper" (fun x ->
          let q, r = Tensor.qr x
          transposed q *@ q =~~ Tensor.eye (Tensor.dim 1 q)
          r =. Tensor.triu 0 r)
      anyhow "U S V' is the matrix" (fun x ->
          let u, s, vt = Tensor.svd x
          let k = Tensor.dim 0 s
          (u[*, 0 .. k - 1] * s) *@ vt[0 .. k - 1, *] =~~ x)
      anyhow "singular values descend and are not negative" (fun x ->
          let s = Tensor.singularValues x
          s =. Tensor.abs s
          s =. (Tensor.sort 0 s)[Idx.Slice(step = -1)])
      anyhow "the Frobenius norm is that of the singular values" (fun x ->
          Tensor.normNamed "fro" [ 0; 1 ] x =~~ Tensor.norm (Tensor.singularValues x))
      anyhow "the nuclear norm is their sum" (fun x ->
          Tensor.normNamed "nuc" [ 0; 1 ] x =~~ Tensor.sum (Tensor.singularValues x))
      regularly "the pseudo-inverse of a regular matrix" (fun x -> Tensor.pinv x =~~ Tensor.inv x)
      symmetrically "eigenvectors diagonalize" (fun x ->
          let values, vectors = Tensor.eigh x
          (vectors * values) *@ transposed vectors =~~ x)
      symmetrically "eigenvalues sum to the trace" (fun x ->
          Tensor.sum (Tensor.eigvalsh x) =~~ Tensor.trace x)
      symmetrically "eigenvalues ascend" (fun x ->
          let values = Tensor.eigvalsh x
          values =. Tensor.sort 0 values)
      anyhow "norms of rows" (fun x ->
          Tensor.normAxes [ 1 ] x =~ Tensor.sqrt (Tensor.sumAxis 1 (x * x)))
      anyhow "the 1-norm of rows" (fun x -> Tensor.normOrd 1.0 [ 1 ] x =~ Tensor.sumAxis 1 (abs x))
      anyhow "the largest of rows" (fun x ->
          Tensor.normOrd Double.PositiveInfinity [ 1 ] x =~ Tensor.maxAxis 1 (abs x))
      anyhow "the triangle inequality" (fun x ->
          let y = x * x
          let sum = Tensor.norm x + Tensor.norm y + 1e-4
          isTrue "less" (Tensor.item (Tensor.lessEqual sum (Tensor.norm (x + y))): bool))
      regularly "eigenvalues of any matrix sum to its trace" (fun x ->
          Tensor.real (Tensor.sum (Tensor.eigvals x)) =~~ Tensor.trace x)
      regularly "eigenvectors of any matrix" (fun x ->
          let values, vectors = Tensor.eig x
          let x = Tensor.astype DType.Complex64 x
          x *@ vectors =~~ vectors * values) ]

let private threes = Gen.two (Draw.ofShape Draw.whole [ 3 ])

let private crosses =
    [ law "the cross product changes sign" threes (fun (x, y) ->
          Tensor.cross 0 y.Tensor x.Tensor =. 0.0 - Tensor.cross 0 x.Tensor y.Tensor)
      law "the cross product is orthogonal" threes (fun (x, y) ->
          Tensor.inner x.Tensor (Tensor.cross 0 y.Tensor x.Tensor) =. Tensor.scalar 0.0)
      law "Lagrange's identity" threes (fun (x, y) ->
          let x, y = x.Tensor, y.Tensor
          let square v = Tensor.inner v v
          square (Tensor.cross 0 y x) =. square x * square y - Tensor.square (Tensor.inner y x)) ]

let private signal = Draw.vector Draw.real
let private two = Draw.matrix 3 4 Draw.real

let private naive (x: float list) =
    let n = x.Length

    [ for k in 0 .. n - 1 ->
          x
          |> List.mapi (fun i x ->
              Numerics.Complex.FromPolarCoordinates(x, -2.0 * Math.PI * float (i * k) / float n))
          |> List.fold (fun (sum: Numerics.Complex) z -> sum + z) Numerics.Complex.Zero ]

let private complexes (x: Tensor) = Tensor.astype DType.Complex64 x

let private transforms =
    [ law "the Fourier transform is a sum over roots of unity" signal (fun x ->
          let want = naive x.Data
          let got = Tensor.fft x.Tensor
          Tensor.real got =~ Tensor.ofSeq [ for z in want -> z.Real ]
          Tensor.imag got =~ Tensor.ofSeq [ for z in want -> z.Imaginary ])
      law "fft and back" signal (fun x -> Tensor.ifft (Tensor.fft x.Tensor) =~ complexes x.Tensor)
      law "ifft and back" signal (fun x -> Tensor.fft (Tensor.ifft x.Tensor) =~ complexes x.Tensor)
      law "rfft and back, even and odd" signal (fun x ->
          Tensor.irfftAxis x.Data.Length 0 (Tensor.rfft x.Tensor) =~ x.Tensor)
      law "the half spectrum is half of the spectrum" signal (fun x ->
          Tensor.rfft x.Tensor =~ (Tensor.fft x.Tensor)[.. x.Data.Length / 2])
      law "the spectrum of real numbers is Hermitian" signal (fun x ->
          let spectrum = Tensor.fft x.Tensor
          let mirrored = spectrum[Idx.Slice(step = -1)] |> Tensor.roll 1 0
          Tensor.conjugate mirrored =~ spectrum)
      law "Parseval" signal (fun x ->
          let n = float x.Data.Length

          Tensor.sum (Tensor.square (abs (Tensor.fft x.Tensor))) / n
          =~ Tensor.sum (x.Tensor * x.Tensor))
      law "the first term is the sum" signal (fun x ->
          Tensor.real(Tensor.fft x.Tensor)[0] =~ Tensor.sum x.Tensor)
      law "the transform is linear" (Gen.two (Draw.ofShape Draw.real [ 6 ])) (fun (x, y) ->
          Tensor.fft (2.0 * x.Tensor + y.Tensor) =~ 2.0 * Tensor.fft x.Tensor + Tensor.fft y.Tensor)
      law "a shift in time keeps the magnitudes" signal (fun x ->
          abs (Tensor.fft (Tensor.roll 1 0 x.Tensor)) =~ abs (Tensor.fft x.Tensor))
      law
          "products of spectra are circular convolutions"
          (Gen.two (Draw.ofShape Draw.real [ 4 ]))
          (fun (x, y) ->
              let full = Tensor.convolve "full" y.Tensor x.Tensor
              let wrapped = full[..3] + Tensor.pad [ 0, 1 ] full[4..]
              Tensor.ifft (Tensor.fft x.Tensor * Tensor.fft y.Tensor) |> Tensor.real =~ wrapped)
      law "fft2 is fft along both axes" two (fun x ->
          Tensor.fft2 x.Tensor =~ (x.Tensor |> Tensor.fftAxis 4 1 |> Tensor.fftAxis 3 0))
      law "fft2 and back" two (fun x -> Tensor.ifft2 (Tensor.fft2 x.Tensor) =~ complexes x.Tensor)
      law "rfft2 and back" two (fun x -> Tensor.irfft2 (Tensor.rfft2 x.Tensor) =~ x.Tensor)
      law "fftn of all axes is fft2" two (fun x ->
          Tensor.fftn [ 0; 1 ] x.Tensor =~ Tensor.fft2 x.Tensor)
      law "fftn and back" two (fun x ->
          x.Tensor |> Tensor.fftn [ 1; 0 ] |> Tensor.ifftn [ 1; 0 ] =~ complexes x.Tensor)
      law "rfftn and back" two (fun x ->
          x.Tensor |> Tensor.rfftn [ 0; 1 ] |> Tensor.irfftn [ 0; 1 ] =~ x.Tensor)
      law "shifting the spectrum back" (Draw.numbers Draw.axes Draw.real) (fun x ->
          x.Tensor |> Tensor.fftshift [ 0 ] |> Tensor.ifftshift [ 0 ] =. x.Tensor)
      law "frequencies shifted ascend" (Draw.int 1 9) (fun n ->
          let ordered = Tensor.fftfreq n 0.5 |> Tensor.fftshift [ 0 ]
          ordered =. Tensor.sort 0 ordered)
      law "zeros at the end are a longer transform" signal (fun x ->
          let n = x.Data.Length
          Tensor.fftAxis (n + 2) 0 x.Tensor =~ Tensor.fft (Tensor.pad [ 0, 2 ] x.Tensor)) ]

let tests = factors @ crosses @ transforms
