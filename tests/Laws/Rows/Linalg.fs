/// Linear algebra. Factorizations have more than one right answer: they are judged by the product
/// of their parts.
module Mlx.Tests.Laws.Rows.Linalg

open System
open System.Numerics
open Mlx.Core
open Mlx.Tests.Laws

let private any = Between(-1.0, 1.0)

let private wide = [ DType.Float32; DType.Float64 ]

let private solved row = row |> over wide |> ulps 256.0 |> noDerivative

let private withComplex row = row |> over (DType.Complex64 :: wide)

/// Gauss and Jordan, for the last two axes, without a search for pivots: the diagonal is large.
let private inverseOf (a: Nd) =
    let n = a.Shape[a.Rank - 1]
    let count = a.Data.Length / (n * n)

    let one (data: Complex[]) =
        let m =
            Array2D.init n (2 * n) (fun i j ->
                if j < n then data[i * n + j]
                elif j - n = i then Complex.One
                else Complex.Zero)

        for k in 0 .. n - 1 do
            let pivot = m[k, k]

            for j in 0 .. 2 * n - 1 do
                m[k, j] <- m[k, j] / pivot

            for i in 0 .. n - 1 do
                if i <> k then
                    let factor = m[i, k]

                    for j in 0 .. 2 * n - 1 do
                        m[i, j] <- m[i, j] - factor * m[k, j]

        [| for i in 0 .. n - 1 do
               for j in 0 .. n - 1 -> m[i, n + j] |]

    { a with
        Data =
            Array.init count (fun b -> one (Array.sub a.Data (b * n * n) (n * n))) |> Array.concat }

let private adjointOf (a: Nd) =
    let order = [| yield! [ 0 .. a.Rank - 3 ]; a.Rank - 1; a.Rank - 2 |]
    Nd.transpose order a |> Nd.map Complex.Conjugate

let private triangle isUpper (a: Nd) =
    Nd.init a.Shape (fun i ->
        let row, column = i[a.Rank - 2], i[a.Rank - 1]
        let isInside = if isUpper then column >= row else column <= row
        if isInside then a[i] else Complex.Zero)

let private norms =
    let flat f (a: Nd) = [ Nd.fold [ 0; 1 ] false f a ]

    let power p (lane: Complex[]) =
        Nd.real ((lane |> Array.sumBy (fun z -> Complex.Abs z ** p)) ** (1.0 / p))

    let largest (lane: Complex[]) = lane |> Array.map Complex.Abs |> Array.max |> Nd.real

    /// The norm of order two of complex numbers is real, others come as complex numbers.
    let real d = if d = DType.Complex64 then DType.Float32 else toFloat d

    let vector (p: float) f =
        op "linalg_norm" [ value [ 3; 4 ] (Away(0.3, 2.0)) ] (fun a -> [ a[0]; p; [| 1 |]; false ])
        |> label $"ord={p}"
        |> refer (fun xs -> [ Nd.fold [ 1 ] false f xs[0] ])

    [ vector 3.0 (power 3.0)
      vector 1.0 (power 1.0)
      vector infinity largest
      op "linalg_norm_l2" [ value [ 3; 4 ] (Away(0.3, 2.0)) ] (fun a -> [ a[0]; [| 0; 1 |]; false ])
      |> refer (fun xs -> flat (power 2.0) xs[0])
      op "linalg_norm_matrix" [ value [ 3; 4 ] (Away(0.3, 2.0)) ] (fun a ->
          [ a[0]; "f"; [| 0; 1 |]; false ])
      |> refer (fun xs -> flat (power 2.0) xs[0]) ]
    |> List.map (fun row ->
        row
        |> gives (if row.Function = "linalg_norm" then toFloat else real)
        |> adjoint (Untested "a norm is not holomorphic")
        |> ulps 16.0)

let private inverses =
    [ op "linalg_inv" [ value [ 3; 3 ] Dominant ] (fun a -> [ a[0] ])
      |> refer (fun xs -> [ inverseOf xs[0] ])
      |> refuses "no square" (fun a -> [ Ops.Zeros(ReadOnlySpan [| 2; 3 |], a[0].DType) ])
      op "linalg_inv" [ value [ 2; 3; 3 ] Dominant ] (fun a -> [ a[0] ])
      |> label "batch"
      |> refer (fun xs -> [ inverseOf xs[0] ])
      op "linalg_tri_inv" [ value [ 3; 3 ] Dominant ] (fun a -> [ a[0]; true ])
      |> refer (fun xs -> [ inverseOf (triangle true xs[0]) ])
      op "linalg_solve" [ value [ 3; 3 ] Dominant; value [ 3; 2 ] any ] (fun a -> [ a[0]; a[1] ])
      |> refer (fun xs -> [ Nd.matmul (inverseOf xs[0]) xs[1] ])
      op "linalg_solve_triangular" [ value [ 3; 3 ] Dominant; value [ 3; 2 ] any ] (fun a ->
          [ a[0]; a[1]; false ])
      |> refer (fun xs -> [ Nd.matmul (inverseOf (triangle false xs[0])) xs[1] ])
      op "linalg_pinv" [ value [ 4; 3 ] any ] (fun a -> [ a[0] ])
      |> refer (fun xs ->
          let t = adjointOf xs[0]
          [ Nd.matmul (inverseOf (Nd.matmul t xs[0])) t ])
      op "linalg_cholesky_inv" [ value [ 3; 3 ] Dominant ] (fun a -> [ a[0]; false ])
      |> refer (fun xs ->
          let l = triangle false xs[0]
          [ inverseOf (Nd.matmul l (adjointOf l)) ]) ]
    |> List.map solved

let private adjoint' (a: MlxArray) = Ops.Conjugate(Ops.SwapAxes(a, -1, -2))

let private product (parts: MlxArray list) = parts |> List.reduce (fun a b -> Ops.Matmul(a, b))

let private scaled (columns: MlxArray) (by: MlxArray) =
    Ops.Multiply(columns, Ops.ExpandDims(by, -2))

let private realPart d = if d = DType.Complex64 then DType.Float32 else d

/// What the parts multiply to, which must be the matrix they were made of.
let private factored name shape domain arguments (rebuild: MlxArray[] -> MlxArray) reference =
    [ [], ""; [ 2 ], "batch" ]
    |> List.map (fun (batch, text) ->
        op ("linalg_" + name) [ value (batch @ shape) domain ] arguments
        |> label text
        |> after (fun parts -> [| rebuild parts |])
        |> refer (fun xs -> [ reference xs[0] ])
        |> solved
        |> if List.contains name [ "svd"; "eigh"; "eigvalsh" ] then withComplex else id)

let private factorizations =
    [ yield! factored "qr" [ 4; 3 ] any (fun a -> [ a[0] ]) (fun p -> product [ p[0]; p[1] ]) id
      yield!
          factored
              "svd"
              [ 4; 3 ]
              any
              (fun a -> [ a[0]; true ])
              (fun p ->
                  let u = Ops.Take(p[0], Ops.ARange(0.0, 3.0, 1.0, DType.Int32), -1)
                  product [ scaled u p[1]; p[2] ])
              id
      yield!
          factored
              "svd"
              [ 4; 3 ]
              any
              (fun a -> [ a[0]; false ])
              (fun p -> Ops.Sum(Ops.Square p[0], -1))
              (fun a ->
                  a
                  |> Nd.map (fun z -> z * Complex.Conjugate z)
                  |> Nd.fold [ -2; -1 ] false Reduce.sum)
          |> List.map (fun row -> { row with Label = $"values {row.Label}" } |> gives realPart)
      yield!
          factored
              "eigh"
              [ 3; 3 ]
              Definite
              (fun a -> [ a[0]; "L" ])
              (fun p -> product [ scaled p[1] p[0]; adjoint' p[1] ])
              id
      yield!
          factored
              "cholesky"
              [ 3; 3 ]
              Definite
              (fun a -> [ a[0]; false ])
              (fun p -> product [ p[0]; adjoint' p[0] ])
              id ]

let private trace (a: Nd) =
    Nd.init a.Shape[.. a.Rank - 3] (fun i ->
        Reduce.sum [| for k in 0..2 -> a[Array.append i [| k; k |]] |])

let private triangles =
    let square = [ value [ 3; 3 ] Dominant ]
    let unit (a: MlxArray) = Ops.Add(Ops.Tril(a, -1), Ops.AsType(Ops.Eye 3, a.DType))

    [ op "linalg_lu" square (fun a -> [ a[0] ])
      |> after (fun p -> [| product [ Ops.Take(p[1], p[0], 0); p[2] ] |])
      op "linalg_lu_factor" square (fun a -> [ a[0] ])
      // Where the diagonal is large, no rows are exchanged.
      |> after (fun p -> [| product [ unit p[0]; Ops.Triu p[0] ] |]) ]
    |> List.map (refer id >> solved)

let private complexResult (_: DType) = DType.Complex64

/// The eigenvalues add up to the trace, and the vectors have length one. That they satisfy
/// A V = V diag(w) is asked by the recorded cases, which see A beside the results.
let private spectra =
    let square = [ value [ 3; 3 ] Dominant ]
    let lengths (v: MlxArray) = Ops.AsType(Ops.Sum(Ops.Square(Ops.Abs v), -2), DType.Complex64)

    [ op "linalg_eigvals" square (fun a -> [ a[0] ])
      |> after (fun p -> [| Ops.Sum(p[0], -1) |])
      |> refer (fun xs -> [ trace xs[0] ])
      op "linalg_eig" square (fun a -> [ a[0] ])
      |> after (fun p -> [| Ops.Sum(p[0], -1); lengths p[1] |])
      |> refer (fun xs -> [ trace xs[0]; Nd.vector (Array.create 3 Complex.One) ]) ]
    |> List.map (solved >> withComplex >> gives complexResult)

let rows =
    [ yield! inverses
      yield! norms
      yield! factorizations
      yield! triangles
      yield! spectra
      yield!
          factored
              "eigvalsh"
              [ 3; 3 ]
              Definite
              (fun a -> [ a[0]; "U" ])
              (fun p -> Ops.Sum(p[0], -1))
              trace
          |> List.map (gives realPart)
      op "linalg_cross" [ value [ 2; 3 ] any; value [ 3 ] any ] (fun a -> [ a[0]; a[1]; -1 ])
      |> refer (fun xs ->
          let y = Nd.broadcastTo [| 2; 3 |] xs[1]
          let part (a: Nd) row k = a[[| row; k % 3 |]]

          [ Nd.init [| 2; 3 |] (fun i ->
                part xs[0] i[0] (i[1] + 1) * part y i[0] (i[1] + 2)
                - part xs[0] i[0] (i[1] + 2) * part y i[0] (i[1] + 1)) ]) ]
