(**
# First tensors

A tensor is an array of numbers of one type with any number of axes. Here it never changes, and it
is *lazy*: an operation only notes what is to be done, and values are computed when somebody looks.

The first cell loads the library. `Display.show` shows a value as richly as the page can.
*)
#load "mlx.fsx"

open Mlx
open Mlx.Core
open Plotly.NET

(**
## From numbers

Shape and type are known at once.
*)
let table = Tensor.ofRows [ [ 1f; 2f; 3f ]; [ 4f; 5f; 6f ] ]

printfn "shape %A, type %O" (Tensor.shape table) table.DType
table |> Display.show

(**
## Element by element

Operators work on all elements, and shapes meet as in NumPy: the row is added to both rows of the
table, and the column to all three columns. The function to apply comes first and the tensor last,
so that functions pipe.
*)
let row = Tensor.ofSeq [ 10f; 20f; 30f ]
let column = Tensor.ofRows [ [ 100f ]; [ 200f ] ]

table + row + column |> Display.show
table |> Tensor.square |> Tensor.sumAxis 1 |> Display.show

(**
## Parts

Brackets take indices, ranges (with both ends, as everywhere in F#), and tensors of indices.
*)
table[0, *] |> Display.show
table[*, 1..2] |> Display.show
table[*, Tensor.ofSeq [ 2; 0 ]] |> Display.show

(**
## Large ones

A large matrix is shown as a picture: dark is small, bright is large. This one is made from two
axes: a column times a row.
*)
let x = Tensor.linspace -3.0 3.0 120
let bumps = Tensor.expandDims 1 (Tensor.sin (x * 2.0)) * Tensor.cos x

bumps |> Display.show

(**
## Curves

Numbers go back to .NET as arrays, and from there into any chart.
*)
let numbers (t: Tensor) =
    let values: float32[] = Tensor.toArray t
    Array.map float values

let curve name y = Chart.Line(x = numbers x, y = numbers y, Name = name)

[ curve "sin" (Tensor.sin x)
  curve "tanh" (Tensor.tanh x)
  curve "sin · tanh" (Tensor.sin x * Tensor.tanh x) ]
|> Chart.combine
|> Display.show

(**
## Matrices

`*@` multiplies matrices. Solving `a x = b`, and how far from it we are:
*)
let a = Random.normal [ 50; 50 ] |> Random.run (Key.ofSeed 0)
let b = Tensor.ones [ 50; 1 ]
let solution = a |> Tensor.solve b

printfn
    "largest error below 1e-3: %b"
    (Tensor.toFloat (Tensor.max (Tensor.abs (a *@ solution - b))) < 1e-3)

(**
## Lazy

This sum of a hundred million products costs nothing yet: only the shape is known. Asking for one
element computes it.
*)
let large = Tensor.arange 10_000 |> Tensor.astype DType.Float32
let products = Tensor.expandDims 1 large * large

printfn "shape %A" (Tensor.shape products)
printfn "element (3, 4): %g" (Tensor.toFloat products[3, 4])

(**
## Mistakes

They are reported where they are made, with the operation and the shapes.
*)
try
    table + Tensor.ones [ 2 ] |> ignore
with :? MlxException as e ->
    printfn "%s" e.Message
