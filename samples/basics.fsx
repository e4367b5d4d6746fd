(**
# Tensors

A tensor is lazy: an operation says at once what shape and dtype come of it, and computes when the
values are asked for. Tensors never change.

    dotnet fsi samples/basics.fsx
*)
#load "mlx.fsx"

open Mlx
open Mlx.Core

(**
## Making them
*)
let a = Tensor.ofSeq [ 1f; 2f; 3f ]
let b = Tensor.ofRows [ [ 1f; 2f; 3f ]; [ 4f; 5f; 6f ] ]

printfn "%O" a
printfn "%A %A" (Tensor.shape b) (Tensor.dtype b)
printfn "%O" (Tensor.arange 5)
printfn "%O" (Tensor.linspace 0.0 1.0 5)
(* prints
array([1, 2, 3], dtype=float32)
[2; 3] Float32
array([0, 1, 2, 3, 4], dtype=int32)
array([0, 0.25, 0.5, 0.75, 1], dtype=float32)
*)

(**
## Computing with them

Operators go element by element, and shapes broadcast as in NumPy: `b` has two rows, `a` is added to
each. `*@` multiplies matrices. Functions take the tensor last, so that they pipe.
*)
printfn "%O" (b + a)
printfn "%O" (b *@ Tensor.transpose b)
printfn "%O" (b |> Tensor.square |> Tensor.sumAxis 1)
printfn "%O" (b |> Tensor.softmax -1)
(* prints
array([[2, 4, 6],
       [5, 7, 9]], dtype=float32)
array([[14, 32],
       [32, 77]], dtype=float32)
array([14, 77], dtype=float32)
array([[0.0900306, 0.244728, 0.665241],
       [0.0900306, 0.244728, 0.665241]], dtype=float32)
*)

(**
## Parts of them

Brackets take indices, ranges (`1..2` has both ends, as everywhere in F#) and tensors of indices.
*)
printfn "%O" b[0, *]
printfn "%O" b[*, 1..2]
printfn "%O" b[1, -1]
(* prints
array([1, 2, 3], dtype=float32)
array([[2, 3],
       [5, 6]], dtype=float32)
array(6, dtype=float32)
*)

(**
## Dtypes

A number beside a tensor takes the tensor's dtype; two tensors meet in the larger one.
*)
let half = a |> Tensor.astype DType.Float16
printfn "%A %A" (half * 2.0).DType (half + a).DType
(* prints
Float16 Float32
*)

(**
## Mistakes

Shapes are checked where the operation is written, before anything is computed.
*)
try
    a + Tensor.ones [ 2 ] |> ignore
with :? MlxException as e ->
    printfn "%s" e.Message
(* prints
mlx_add: [add] Shapes (3) and (2) cannot be broadcast.
*)

(**
## Back to .NET
*)
let rows: float32[,] = Tensor.toArray2D b
printfn "%d rows, the last element is %g" (Array2D.length1 rows) rows[1, 2]
(* prints
2 rows, the last element is 6
*)
