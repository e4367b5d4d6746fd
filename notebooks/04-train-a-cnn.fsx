(**
# Training a network that sees

Small pictures of four kinds (a bar, a column, a cross and a ring) at random places, in noise. A
network of two convolutions tells them apart. The pictures are drawn here, so nothing is downloaded.
*)
#load "mlx.fsx"

open Mlx
open Mlx.Core
open Plotly.NET

let size = 16
let kinds = [ "bar"; "column"; "cross"; "ring" ]

(**
## Pictures

Each is a formula of the distance from its centre, for all pictures at once. Shapes are
(picture, row, column).
*)
let pictures count =
    random {
        let! kind = Random.randint 0 4 [ count; 1; 1 ]
        let! row = Random.randint 5 (size - 5) [ count; 1; 1 ]
        let! column = Random.randint 5 (size - 5) [ count; 1; 1 ]
        let! noise = Random.normal [ count; size; size ]

        let place = Tensor.arange size
        let down = Tensor.abs (Tensor.expandDims 1 place - row)
        let right = Tensor.abs (place - column)
        let near limit (x: Tensor) = x |> Tensor.lessEqual (Tensor.scalar limit)
        let both a b = Tensor.logicalAnd b a

        let bar = both (near 0 down) (near 4 right)
        let standing = both (near 4 down) (near 0 right)
        let far = down |> Tensor.maximum right
        let ring = Tensor.equal (Tensor.scalar 3) far
        let shapes = [ bar; standing; Tensor.logicalOr standing bar; ring ]

        let chosen =
            shapes
            |> List.mapi (fun i shape -> both shape (Tensor.equal (Tensor.scalar i) kind))
            |> List.reduce (fun a b -> Tensor.logicalOr b a)

        let picture = Tensor.astype DType.Float32 chosen + 0.3 * noise
        return picture, kind |> Tensor.reshape [ count ]
    }

let seen = pictures 2048 |> Random.run (Key.ofSeed 0) |> Tree.eval
let unseen = pictures 512 |> Random.run (Key.ofSeed 1) |> Tree.eval

// The first eight, side by side.
fst seen
|> Tensor.narrow 0 0 8
|> Tensor.rearrange "n row column -> row (n column)" []
|> Display.show

(**
## Model
*)
type Cnn = { Conv1: Conv2d; Conv2: Conv2d; Out: Linear }

let init =
    random {
        let! conv1 = Conv2d.init 1 8 (5, 5)
        let! conv2 = Conv2d.init 8 16 (3, 3)
        let! out = Linear.init 16 4
        return { Conv1 = conv1; Conv2 = conv2; Out = out }
    }

let strided padding = { Conv.defaults with Stride = 2, 2; Padding = padding }

let forward model x =
    x
    |> Tensor.expandDims -1
    |> Conv2d.apply (strided (2, 2)) model.Conv1
    |> Nn.relu
    |> Conv2d.apply (strided (1, 1)) model.Conv2
    |> Nn.relu
    |> Tensor.maxAxes [ 1; 2 ]
    |> Linear.apply model.Out

let model = Random.run (Key.ofSeed 2) init

Display.tree model |> Display.show

(**
## Training
*)
let loss model (x, kinds) = forward model x |> Loss.crossEntropy kinds |> Tensor.mean

let accuracy (x, kinds) model = Metrics.accuracy (forward model x) kinds

let trained =
    train {
        start model
        minimize loss
        using (Optim.adamW (Schedule.cosine 1e-2 320))
        over (Data.shuffled 64 (Key.ofSeed 3) seen)
        epochs 10
        validate "unseen" Every.Epoch (accuracy unseen)
        quietly
    }

let course name =
    let metrics = trained.History |> List.filter (fun m -> m.Name = name)
    Chart.Line(x = (metrics |> List.map _.Step), y = (metrics |> List.map _.Value), Name = name)

[ course "loss"; course "unseen" ]
|> Chart.combine
|> Chart.withXAxisStyle "step"
|> Display.show

printfn
    "right of the unseen ones: %.0f %%"
    (100.0 * Tensor.toFloat (accuracy unseen trained.Parameters))

(**
## Where it errs

A row for each kind, a column for each guess: what is off the diagonal is wrong.
*)
let confusion =
    let guesses = forward trained.Parameters (fst unseen) |> Tensor.argmaxAxis -1
    Metrics.confusion 4 guesses (snd unseen)

let counts: int[,] = Tensor.toArray2D confusion

Chart.AnnotatedHeatmap(
    zData = [ for i in 0..3 -> [ for j in 0..3 -> float counts[i, j] ] ],
    annotationText = [ for i in 0..3 -> [ for j in 0..3 -> string counts[i, j] ] ],
    X = kinds,
    Y = kinds
)
|> Chart.withXAxisStyle "guess"
|> Chart.withYAxisStyle "kind"
|> Display.show

(**
## What the first layer looks for

Its eight filters, side by side.
*)
trained.Parameters.Conv1.Weight
|> Tensor.rearrange "n row column 1 -> row (n column)" []
|> Display.show
