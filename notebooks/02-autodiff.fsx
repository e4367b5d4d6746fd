(**
# Derivatives

A derivative is a function of a function: `grad` takes a loss and answers another function, which
computes the slope with respect to every parameter. Parameters are whatever suits the problem: a
record, a tuple, a list.
*)
#load "mlx.fsx"

open Mlx
open Mlx.Core
open Plotly.NET

let numbers (t: Tensor) =
    let values: float32[] = Tensor.toArray t
    Array.map float values

(**
## Slopes of a curve

`gradient` is for functions of one argument. It gives a tensor of the same shape, the slope at each
place. Applied to its own result, it gives the next derivative.
*)
let x = Tensor.linspace -4.0 4.0 200

let f (x: Tensor) = Tensor.sin x * Tensor.exp (-0.1 * Tensor.square x)

let slope (f: Tensor -> Tensor) x = gradient (f >> Tensor.sum) x

let curve name y = Chart.Line(x = numbers x, y = numbers y, Name = name)

[ curve "f" (f x); curve "f'" (slope f x); curve "f''" (slope (slope f) x) ]
|> Chart.combine
|> Display.show

(**
## Records in, records out

A line through points: the loss is a function of a record, so its gradient is a record too.
*)
type Line = { Slope: Tensor; Intercept: Tensor }

let points = Tensor.linspace 0.0 1.0 50
let noise = Random.normal [ 50 ] |> Random.run (Key.ofSeed 1)
let heights = 2.0 * points - 1.0 + 0.1 * noise

let predict line x = line.Slope * x + line.Intercept

let loss line (x, y) = Tensor.mean (Tensor.square (predict line x - y))

let start = { Slope = Tensor.scalar 0f; Intercept = Tensor.scalar 0f }
let g = grad loss start (points, heights)

printfn "slope %.3f, intercept %.3f" (Tensor.toFloat g.Slope) (Tensor.toFloat g.Intercept)

(**
Walking down that gradient finds the line.
*)
let descend line (_: int) =
    let g = grad loss line (points, heights)
    (line, g) ||> Tree.map2 (fun p g -> p - 0.5 * g) |> Tree.eval

let found = Seq.fold descend start [ 1..100 ]

printfn "y = %.2f x %+.2f" (Tensor.toFloat found.Slope) (Tensor.toFloat found.Intercept)

[ Chart.Point(x = numbers points, y = numbers heights, Name = "points")
  Chart.Line(x = numbers points, y = numbers (predict found points), Name = "line") ]
|> Chart.combine
|> Display.show

(**
## Newton, in a valley

Rosenbrock's valley is hard for the gradient alone. With the matrix of second derivatives,
`hessian`, six steps are enough.
*)
let valley (p: Tensor) =
    let x, y = p[0], p[1]
    Tensor.square (1.0 - x) + 100.0 * Tensor.square (y - Tensor.square x)

let newton (p: Tensor) =
    let slopes = gradient valley p
    let curvature = hessian valley p

    p - (curvature |> Tensor.solve (Tensor.expandDims 1 slopes) |> Tensor.squeeze)
    |> Tensor.eval

let path =
    Tensor.ofSeq [ -1.2f; 1f ]
    |> Seq.unfold (fun p -> Some(p, newton p))
    |> Seq.take 7
    |> Seq.toList

for p in path do
    printfn "(%.3f, %.3f)" (Tensor.toFloat p[0]) (Tensor.toFloat p[1])

(**
## Whole maps

The jacobian of a map from 60 numbers to 60 numbers is a picture: here, what each output of a blur
followed by a `tanh` depends on.
*)
let blur (x: Tensor) =
    let weight = Tensor.ofSeq [ 1f; 2f; 3f; 2f; 1f ] |> Tensor.reshape [ 1; 5; 1 ]
    let row = x |> Tensor.reshape [ 1; -1; 1 ]

    row
    |> Tensor.conv1d { Conv.defaults1d with Padding = 2 } (weight / 9.0)
    |> Tensor.flatten
    |> Tensor.tanh

Random.normal [ 60 ] |> Random.run (Key.ofSeed 2) |> jacobian blur |> Display.show

(**
## One gradient for each example

`vmap` makes a function of one example a function of many. Of the gradient it makes the gradients of
all examples, side by side: nobody writes the loop.
*)
let one (x, y) = grad loss found (x, y)
let each = vmap one (points, heights)

printfn "one slope for each point: %A" (Tensor.shape each.Slope)

printfn
    "their mean is the gradient: %b"
    (Tensor.mean each.Slope |> Tensor.allclose 1e-4 1e-6 (one (points, heights)).Slope)

(**
## Without a derivative

An operation that has none says so, rather than answering zeros.
*)
try
    gradient (fun (x: Tensor) -> Tensor.sum (fst (Tensor.qr x))) (Tensor.eye 3)
    |> Tensor.eval
    |> ignore
with :? MlxException ->
    printfn "refused"
