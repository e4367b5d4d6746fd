(**
# First tensors

A tensor is an array of numbers of one type and any number of axes. In this library it never changes,
and it is *lazy*: an operation only notes what is to be done. Values are computed when they are looked
at.
*)
#load "mlx.fsx"

open Mlx
open Mlx.Core
open Plotly.NET

(**
## From numbers to a picture
*)
let table = Tensor.ofRows [ [ 1f; 2f; 3f ]; [ 4f; 5f; 6f ] ]
table |> Display.show

(**
A larger matrix is shown as a heat map.
*)
let x = Tensor.linspace -3.0 3.0 96
let bumps = Tensor.expandDims 1 (Tensor.sin (x * 2.0)) * Tensor.cos x
bumps |> Display.show

let curve = x |> Tensor.toArray: float32[]
let wave = x |> Tensor.sin |> Tensor.toArray: float32[]
Chart.Line(x = curve, y = wave, Name = "sin") |> Display.show
