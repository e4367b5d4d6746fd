(**
# Linear algebra

Products, systems of equations, factors and spectra. Whatever works on a matrix works on a stack of
them.

    dotnet fsi samples/linalg.fsx
*)
#load "mlx.fsx"

open Mlx
open Mlx.Core

let number = Tensor.toFloat

/// The largest difference between two tensors.
let apart (a: Tensor) b = a - b |> Tensor.abs |> Tensor.max |> number

(**
## Equations

`a |> Tensor.solve b` is x with a x = b. A symmetric positive matrix has a Cholesky factor, and two
triangular systems do the same at half the cost.
*)
let a = Tensor.ofRows [ [ 4.0; 1.0; 0.0 ]; [ 1.0; 3.0; 1.0 ]; [ 0.0; 1.0; 2.0 ] ]
let b = Tensor.ofRows [ [ 6.0 ]; [ 10.0 ]; [ 8.0 ] ]

let x = a |> Tensor.solve b
let factor = Tensor.cholesky a
let half = factor |> Tensor.solveTriangular false b
let again = Tensor.transpose factor |> Tensor.solveTriangular true half

printfn "x = %A" [ for i in 0..2 -> System.Math.Round(number x[i, 0], 3) ]
printfn "by Cholesky the same: %b" (apart x again < 1e-5)
printfn "a x = b: %b" (apart (a *@ x) b < 1e-5)
(* prints
x = [1.0; 2.0; 3.0]
by Cholesky the same: true
a x = b: true
*)

(**
## Least squares

More equations than unknowns: a parabola through noisy points. With a = q r the best coefficients
solve r c = qᵀ y.
*)
let places = Tensor.linspace -1.0 1.0 200
let noise = Random.normal [ 200 ] |> Random.run (Key.ofSeed 0)
let heights = 2.0 - 1.0 * places + 0.5 * Tensor.square places + 0.01 * noise
let powers = Tensor.stack 1 [ Tensor.onesLike places; places; Tensor.square places ]

let q, r = Tensor.qr powers
let c = r |> Tensor.solve (Tensor.transpose q *@ Tensor.expandDims 1 heights)

printfn "y = %.2f %+.2f x %+.2f x²" (number c[0, 0]) (number c[1, 0]) (number c[2, 0])
(* prints
y = 2.00 -1.00 x +0.50 x²
*)

(**
## Spectra

A symmetric matrix is a sum of directions, each with its stretch. Of any matrix, the singular values
say how much each direction carries: here, how well a picture survives on few of them.
*)
let values, vectors = Tensor.eigh a
let rebuilt = vectors *@ Tensor.diag 0 values *@ Tensor.transpose vectors

printfn "stretches: %.3f %.3f %.3f" (number values[0]) (number values[1]) (number values[2])
printfn "together they are a: %b" (apart a rebuilt < 1e-5)

let grid = Tensor.linspace -3.0 3.0 64

let picture =
    Tensor.sin (grid * Tensor.expandDims 1 grid) + Tensor.expandDims 1 (Tensor.cos grid)

let u, s, vt = Tensor.svd picture

for rank in [ 1; 4; 8 ] do
    let kept = u[*, .. rank - 1] * s[.. rank - 1] *@ vt[.. rank - 1, *]
    let error = Tensor.norm (picture - kept) / Tensor.norm picture
    printfn "rank %d: error %.3f" rank (number error)
(* prints
stretches: 1.268 3.000 4.732
together they are a: true
rank 1: error 0.697
rank 4: error 0.090
rank 8: error 0.000
*)

(**
## Einstein's notation

Letters name axes; those that the result lacks are summed over. A bilinear form for each of five
pairs, a trace, and a chain of products, whose order the engine chooses.
*)
let draw shape seed = Random.normal shape |> Random.run (Key.ofSeed seed)
let left, form, right = draw [ 5; 3 ] 1, draw [ 3; 4 ] 2, draw [ 5; 4 ] 3

let forms = Tensor.einsum "ni,ij,nj->n" [ left; form; right ]
let one = left[2, *] *@ form *@ right[2, *]
let chain = Tensor.einsum "ij,jk,kl->il" [ left; form; Tensor.transpose right ]

printfn "forms %A, the same one by one: %b" (Tensor.shape forms) (apart forms[2] one < 1e-4)
printfn "trace of a: %.0f" (Tensor.einsum "ii->" [ a ] |> number)
printfn "chain: %A" (Tensor.shape chain)
(* prints
forms [5], the same one by one: true
trace of a: 9
chain: [5; 5]
*)

(**
## Stacks

A thousand small systems at once; and the determinant, as the square of that of the triangular
factor.
*)
let stack = draw [ 1000; 3; 3 ] 4 + 5.0 * Tensor.eye 3
let unknowns = stack |> Tensor.solve (Tensor.ones [ 1000; 3; 1 ])

let determinant = factor |> Tensor.diagonal 0 |> Tensor.prod |> Tensor.square

printfn
    "solved %A: %b"
    (Tensor.shape unknowns)
    (apart (stack *@ unknowns) (Tensor.scalar 1f) < 1e-3)

printfn "det a = %.2f" (number determinant)
(* prints
solved [1000; 3; 1]: true
det a = 18.00
*)
