/// Folds, scans and sorts against arrays and against each other.
module Mlx.Tests.Properties.Reductions

open FsCheck.FSharp
open Mlx

type private Fold =
    { Name: string
      Values: FsCheck.Gen<float>
      All: Tensor -> Tensor
      Axis: int -> Tensor -> Tensor
      Axes: seq<int> -> Tensor -> Tensor
      Keep: seq<int> -> Tensor -> Tensor
      Naive: float list -> float }

let private variance xs =
    let mean = List.average xs
    xs |> List.averageBy (fun x -> (x - mean) ** 2.0)

let private bools f (x: Tensor) : Tensor = f (Tensor.astype DType.Bool x)

let private folds =
    [ { Name = "sum"
        Values = Draw.whole
        All = Tensor.sum
        Axis = Tensor.sumAxis
        Axes = Tensor.sumAxes
        Keep = Tensor.sumKeep
        Naive = List.sum }
      { Name = "prod"
        Values = Draw.positive
        All = Tensor.prod
        Axis = Tensor.prodAxis
        Axes = Tensor.prodAxes
        Keep = Tensor.prodKeep
        Naive = List.fold (*) 1.0 }
      { Name = "mean"
        Values = Draw.real
        All = Tensor.mean
        Axis = Tensor.meanAxis
        Axes = Tensor.meanAxes
        Keep = Tensor.meanKeep
        Naive = List.average }
      { Name = "var"
        Values = Draw.real
        All = Tensor.var
        Axis = Tensor.varAxis
        Axes = Tensor.varAxes
        Keep = Tensor.varKeep
        Naive = variance }
      { Name = "std"
        Values = Draw.real
        All = Tensor.std
        Axis = Tensor.stdAxis
        Axes = Tensor.stdAxes
        Keep = Tensor.stdKeep
        Naive = variance >> sqrt }
      { Name = "max"
        Values = Draw.real
        All = Tensor.max
        Axis = Tensor.maxAxis
        Axes = Tensor.maxAxes
        Keep = Tensor.maxKeep
        Naive = List.max }
      { Name = "min"
        Values = Draw.real
        All = Tensor.min
        Axis = Tensor.minAxis
        Axes = Tensor.minAxes
        Keep = Tensor.minKeep
        Naive = List.min }
      { Name = "all"
        Values = Draw.bit
        All = bools Tensor.all
        Axis = fun axis -> bools (Tensor.allAxis axis)
        Axes = fun axes -> bools (Tensor.allAxes axes)
        Keep = fun axes -> bools (Tensor.allKeep axes)
        Naive = List.min }
      { Name = "any"
        Values = Draw.bit
        All = bools Tensor.any
        Axis = fun axis -> bools (Tensor.anyAxis axis)
        Axes = fun axes -> bools (Tensor.anyAxes axes)
        Keep = fun axes -> bools (Tensor.anyKeep axes)
        Naive = List.max }
      { Name = "logsumexp"
        Values = Draw.real
        All = Tensor.logsumexp
        Axis = Tensor.logsumexpAxis
        Axes = Tensor.logsumexpAxes
        Keep = Tensor.logsumexpKeep
        Naive = List.sumBy exp >> log } ]

let private float32s (x: Tensor) = Tensor.astype DType.Float32 x

let private ofFold (fold: Fold) =
    let filled = Draw.numbers Draw.filled fold.Values

    [ law $"{fold.Name} is that of the list" filled (fun x ->
          float32s (fold.All x.Tensor) =~ Tensor.scalar (fold.Naive x.Data))
      law
          $"{fold.Name} along an axis is that of each line"
          (Draw.withAxis fold.Values)
          (fun (x, axis) ->
              let lines = x.Tensor |> Tensor.moveaxis axis -1
              let rows = Tensor.reshape [ -1; Tensor.dim axis x.Tensor ] lines
              let data: float[,] = Tensor.toArray2D rows

              let want =
                  [ for i in 0 .. Array2D.length1 data - 1 -> fold.Naive(List.ofArray data[i, *]) ]

              let shape = Tensor.shape lines |> List.removeAt (x.Shape.Length - 1)
              float32s (fold.Axis axis x.Tensor) =~ Tensor.reshape shape (Tensor.ofSeq want))
      law $"{fold.Name} keeps an axis of length 1" (Draw.withAxis fold.Values) (fun (x, axis) ->
          fold.Keep [ axis ] x.Tensor =. Tensor.expandDims axis (fold.Axis axis x.Tensor))
      law $"{fold.Name} over all axes, in any order" filled (fun x ->
          let axes = List.rev [ 0 .. x.Shape.Length - 1 ]
          fold.Axes axes x.Tensor =~ fold.All x.Tensor) ]

let private relations =
    let axis values = Draw.withAxis values

    [ law "sums over axes are sums of sums" (Draw.ofShape Draw.whole [ 2; 3; 4 ]) (fun x ->
          Tensor.sumAxes [ 0; 2 ] x.Tensor =. (x.Tensor |> Tensor.sumAxis 2 |> Tensor.sumAxis 0))
      law "max = -min(-x)" (axis Draw.whole) (fun (x, axis) ->
          Tensor.maxAxis axis x.Tensor + 0.0 =. 0.0 - Tensor.minAxis axis (0.0 - x.Tensor))
      law "var = mean of squares - square of the mean" (axis Draw.real) (fun (x, axis) ->
          let x = x.Tensor

          Tensor.varAxis axis x
          =~~ Tensor.meanAxis axis (x * x) - Tensor.square (Tensor.meanAxis axis x))
      law "var with a degree of freedom less" (Draw.ofShape Draw.real [ 5 ]) (fun x ->
          Tensor.varDdof 1 [ 0 ] x.Tensor =~ Tensor.var x.Tensor * (5.0 / 4.0))
      law "not any is all not" (axis Draw.bit) (fun (x, axis) ->
          let x = x.As DType.Bool

          Tensor.anyAxis axis x |> Tensor.logicalNot =. Tensor.allAxis axis (Tensor.logicalNot x))
      law "argmax points at the first largest" (Draw.vector Draw.whole) (fun x ->
          let first = List.findIndex ((=) (List.max x.Data)) x.Data
          Tensor.argmax x.Tensor =. Tensor.scalar (uint32 first))
      law "argmin points at the first smallest" (Draw.vector Draw.whole) (fun x ->
          let first = List.findIndex ((=) (List.min x.Data)) x.Data
          Tensor.argmin x.Tensor =. Tensor.scalar (uint32 first))
      law "the median of an odd number is the middle" (Draw.ofShape Draw.real [ 5 ]) (fun x ->
          Tensor.median x.Tensor =. Tensor.scalar (List.item 2 (List.sort x.Data)))
      law "numberOfElements counts" (axis Draw.whole) (fun (x, axis) ->
          Tensor.numberOfElements [ axis ] false DType.Int32 x.Tensor
          =. Tensor.scalar (Tensor.dim axis x.Tensor))
      law "softmax sums to one" (axis Draw.real) (fun (x, axis) ->
          let sums = x.Tensor |> Tensor.softmax axis |> Tensor.sumAxis axis
          sums =~ Tensor.onesLike sums)
      law "softmax does not see a shift" (axis Draw.real) (fun (x, axis) ->
          Tensor.softmax axis (x.Tensor + 3.0) =~ Tensor.softmax axis x.Tensor)
      law "softmax is exp over its sum" (axis Draw.real) (fun (x, axis) ->
          let e = exp x.Tensor
          Tensor.softmax axis x.Tensor =~ e / Tensor.sumKeep [ axis ] e)
      law "logSoftmax is the log of softmax" (axis Draw.real) (fun (x, axis) ->
          Tensor.logSoftmax axis x.Tensor =~ log (Tensor.softmax axis x.Tensor))
      law "a precise softmax of float32 is softmax" (axis Draw.real) (fun (x, axis) ->
          Tensor.softmaxPrecise axis x.Tensor =~ Tensor.softmax axis x.Tensor) ]

let private scans
    : (string *
      (int -> Tensor -> Tensor) *
      (Scan -> int -> Tensor -> Tensor) *
      (float -> float -> float)) list =
    [ "cumsum", Tensor.cumsum, Tensor.cumsumWith, (+)
      "cumprod", Tensor.cumprod, Tensor.cumprodWith, (*)
      "cummax", Tensor.cummax, Tensor.cummaxWith, max
      "cummin", Tensor.cummin, Tensor.cumminWith, min
      "logcumsumexp", Tensor.logcumsumexp, Tensor.logcumsumexpWith, (fun a b -> log (exp a + exp b)) ]

let private ofScan (name, scan, scanWith, f: float -> float -> float) =
    let backwards (x: Tensor) = x[Idx.Slice(step = -1)]

    [ law $"{name} is a scan of the list" (Draw.vector Draw.unit) (fun x ->
          let want = x.Data.Tail |> List.scan f x.Data.Head
          scan 0 x.Tensor =~ Tensor.ofSeq want)
      law $"{name} from the end" (Draw.vector Draw.unit) (fun x ->
          scanWith { Scan.defaults with Reverse = true } 0 x.Tensor
          =~ (x.Tensor |> backwards |> scan 0 |> backwards))
      law $"{name} without the element itself" (Draw.ofShape Draw.unit [ 5 ]) (fun x ->
          let without = scanWith { Scan.defaults with Inclusive = false } 0 x.Tensor
          without[1..] =~ (scan 0 x.Tensor)[..3])
      law $"{name} goes along its axis" (Draw.ofShape Draw.unit [ 3; 4 ]) (fun x ->
          scan 0 x.Tensor =~ (x.Tensor |> Tensor.transpose |> scan 1 |> Tensor.transpose)) ]

let private sorts =
    let axis = Draw.withAxis Draw.whole

    [ law "sort is that of the list" (Draw.vector Draw.real) (fun x ->
          Tensor.sort 0 x.Tensor =. Tensor.ofSeq (List.sort x.Data))
      law "sorting twice" axis (fun (x, axis) ->
          let sorted = Tensor.sort axis x.Tensor
          Tensor.sort axis sorted =. sorted)
      law "sorting keeps the sum" axis (fun (x, axis) ->
          Tensor.sumAxis axis (Tensor.sort axis x.Tensor) =. Tensor.sumAxis axis x.Tensor)
      law "argsort sorts" axis (fun (x, axis) ->
          Tensor.takeAlongAxis axis (Tensor.argsort axis x.Tensor) x.Tensor
          =. Tensor.sort axis x.Tensor)
      law "argsort is a permutation" (Draw.vector Draw.whole) (fun x ->
          Tensor.sort 0 (Tensor.argsort 0 x.Tensor |> Tensor.astype DType.Int32)
          =. Tensor.arange x.Data.Length)
      law "the largest are the last of the sorted" (Draw.ofShape Draw.whole [ 6 ]) (fun x ->
          x.Tensor |> Tensor.topk 2 0 |> Tensor.sort 0 =. (Tensor.sort 0 x.Tensor)[4..])
      law
          "a partition has the sorted element in its place"
          (Gen.zip (Draw.ofShape Draw.whole [ 6 ]) (Draw.int 0 5))
          (fun (x, k) -> (Tensor.partition k 0 x.Tensor)[k] =. (Tensor.sort 0 x.Tensor)[k])
      law
          "argpartition partitions"
          (Gen.zip (Draw.ofShape Draw.whole [ 6 ]) (Draw.int 0 5))
          (fun (x, k) ->
              let parted = Tensor.take 0 (Tensor.argpartition k 0 x.Tensor) x.Tensor
              parted[k] =. (Tensor.sort 0 x.Tensor)[k])
      law "first and last of the sorted are min and max" (Draw.vector Draw.real) (fun x ->
          let sorted = Tensor.sort 0 x.Tensor
          sorted[0] =. Tensor.min x.Tensor
          sorted[-1] =. Tensor.max x.Tensor) ]

let tests = List.collect ofFold folds @ relations @ List.collect ofScan scans @ sorts
