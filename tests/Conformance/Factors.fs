/// Factorizations have more than one right answer, so they are judged by what they must satisfy.
module Mlx.Tests.Conformance.Factors

open System
open System.Numerics
open Mlx.Tests.Conformance.Vectors
open Mlx.Tests.Conformance.Compare

let private matrices (v: Value) =
    let elements = complexes v
    let rows, columns = v.Shape[v.Shape.Length - 2], v.Shape[v.Shape.Length - 1]

    [| for b in 0 .. elements.Length / max 1 (rows * columns) - 1 ->
           Array2D.init rows columns (fun i j -> elements[(b * rows + i) * columns + j]) |]

let private vectors (v: Value) =
    let length = Array.last v.Shape
    complexes v |> Array.chunkBySize (max 1 length)

let private product (a: Complex[,]) (b: Complex[,]) =
    Array2D.init (Array2D.length1 a) (Array2D.length2 b) (fun i j ->
        let mutable sum = Complex.Zero

        for k in 0 .. Array2D.length2 a - 1 do
            sum <- sum + a[i, k] * b[k, j]

        sum)

let private adjoint (a: Complex[,]) =
    Array2D.init (Array2D.length2 a) (Array2D.length1 a) (fun i j -> Complex.Conjugate a[j, i])

let private identity n = Array2D.init n n (fun i j -> if i = j then Complex.One else Complex.Zero)

let private scaleColumns (a: Complex[,]) (factors: Complex[]) =
    Array2D.mapi (fun _ j x -> x * factors[j]) a

let private near tolerance (a: Complex seq) (b: Complex seq) =
    let largest = b |> Seq.map Complex.Abs |> Seq.fold max 1.0

    Seq.forall2
        (fun x y -> Complex.Abs(x - y) <= tolerance * largest + tolerance * Complex.Abs y)
        a
        b

let private nearMatrix tolerance (a: Complex[,]) (b: Complex[,]) =
    Array2D.length1 a = Array2D.length1 b
    && Array2D.length2 a = Array2D.length2 b
    && near tolerance (Seq.cast a) (Seq.cast b)

let private orthonormalColumns tolerance a =
    nearMatrix tolerance (product (adjoint a) a) (identity (Array2D.length2 a))

let private firstFailing (laws: (string * (unit -> bool)) list) =
    laws |> List.tryPick (fun (name, holds) -> if holds () then None else Some name)

let private qr tolerance (a: Complex[,]) (q: Complex[,]) (r: Complex[,]) =
    firstFailing
        [ "Q is not orthonormal", (fun () -> orthonormalColumns tolerance q)
          "R is not upper triangular",
          (fun () ->
              nearMatrix
                  tolerance
                  (Array2D.mapi (fun i j x -> if j < i then Complex.Zero else x) r)
                  r)
          "Q R is not A", (fun () -> nearMatrix tolerance (product q r) a) ]

let private svd tolerance (a: Complex[,]) (u: Complex[,]) (s: Complex[]) (v: Complex[,]) wantS =
    let k = s.Length

    firstFailing
        [ "singular values", (fun () -> near tolerance s wantS)
          "U is not orthonormal", (fun () -> orthonormalColumns tolerance u)
          "V is not orthonormal", (fun () -> orthonormalColumns tolerance (adjoint v))
          "U S V is not A",
          (fun () ->
              nearMatrix tolerance (product (scaleColumns u[*, .. k - 1] s) v[.. k - 1, *]) a) ]

let private eigh tolerance (a: Complex[,]) (w: Complex[]) (v: Complex[,]) wantW =
    firstFailing
        [ "eigenvalues", (fun () -> near tolerance w wantW)
          "V is not orthonormal", (fun () -> orthonormalColumns tolerance v)
          "A V is not V W", (fun () -> nearMatrix tolerance (product a v) (scaleColumns v w)) ]

let private eig tolerance (a: Complex[,]) (w: Complex[]) (v: Complex[,]) =
    let norm j =
        Seq.init (Array2D.length1 v) (fun i -> v[i, j] * Complex.Conjugate v[i, j])
        |> Seq.fold (+) Complex.Zero
        |> Complex.Sqrt

    firstFailing
        [ "the columns of V are not of length one",
          (fun () ->
              near
                  tolerance
                  (Seq.init (Array2D.length2 v) norm)
                  (Seq.replicate (Array2D.length2 v) Complex.One))
          "A V is not V W", (fun () -> nearMatrix tolerance (product a v) (scaleColumns v w)) ]

/// `kind`: qr, svd, eigh or eig; `input`: the matrix that was taken apart.
let reconstruct kind tolerance (input: Value) (got: Value list) (want: Value list) =
    let wrongType =
        List.map2
            (fun g w ->
                if describe g = describe w then None else Some $"{describe g} for {describe w}")
            got
            want
        |> List.tryPick id

    wrongType
    |> Option.orElseWith (fun () ->
        let tolerance = max tolerance 1e-5
        let a = matrices input
        let each law = Seq.tryPick law (Seq.init a.Length id)

        match kind, got, want with
        | "qr", [ q; r ], _ ->
            let q, r = matrices q, matrices r
            each (fun b -> qr tolerance a[b] q[b] r[b])
        | "svd", [ u; s; v ], [ _; wantS; _ ] ->
            let u, s, v, wantS = matrices u, vectors s, matrices v, vectors wantS
            each (fun b -> svd tolerance a[b] u[b] s[b] v[b] wantS[b])
        | "eigh", [ w; v ], [ wantW; _ ] ->
            let w, v, wantW = vectors w, matrices v, vectors wantW
            each (fun b -> eigh tolerance a[b] w[b] v[b] wantW[b])
        | "eig", [ w; v ], [ wantW; _ ] ->
            multiset tolerance w wantW
            |> Option.map (fun difference -> "eigenvalues: " + difference)
            |> Option.orElseWith (fun () ->
                let w, v = vectors w, matrices v
                each (fun b -> eig tolerance a[b] w[b] v[b]))
        | _ -> Some $"{got.Length} results of {kind}")
