/// What only moves elements loses none, and picks those that arrays would.
module Mlx.Tests.Properties.Structure

open FsCheck.FSharp
open Mlx

let private rank (x: Numbers) = x.Shape.Length
let private any = Draw.numbers Draw.shape Draw.whole
let private some = Draw.numbers Draw.axes Draw.whole
let private axis = Draw.withAxis Draw.whole

let private ordered =
    gen {
        let! x = any
        let! order = Draw.order (rank x)
        return x, order
    }

let private twoAxes =
    gen {
        let! x = some
        let! a = Draw.int -(rank x) (rank x - 1)
        let! b = Draw.int -(rank x) (rank x - 1)
        return x, a, b
    }

/// A length above 0 and a place in it.
let private place =
    gen {
        let! x = Draw.vector Draw.whole
        let! at = Draw.int 0 (x.Data.Length - 1)
        return x, at
    }

let private positive (x: Numbers) axis = if axis < 0 then axis + rank x else axis

let private moves =
    [ law "reshaping there and back" any (fun x ->
          x.Tensor |> Tensor.flatten |> Tensor.reshape x.Shape =. x.Tensor)
      law "flattening keeps the order" any (fun x -> Tensor.flatten x.Tensor =. Tensor.ofSeq x.Data)
      law "unflatten undoes flattenAxes" (Draw.numbers Draw.axes Draw.whole) (fun x ->
          let flat = Tensor.flattenAxes 0 -1 x.Tensor
          Tensor.unflatten 0 x.Shape flat =. x.Tensor)
      law "transposing twice" any (fun x ->
          Tensor.transpose (Tensor.transpose x.Tensor) =. x.Tensor)
      law "transposing is the reverse order" any (fun x ->
          Tensor.transpose x.Tensor =. Tensor.permute (List.rev [ 0 .. rank x - 1 ]) x.Tensor)
      law "an order and its inverse" ordered (fun (x, order) ->
          let inverse = [ for i in 0 .. rank x - 1 -> List.findIndex ((=) i) order ]
          x.Tensor |> Tensor.permute order |> Tensor.permute inverse =. x.Tensor)
      law "orders compose" ordered (fun (x, order) ->
          let twice = [ for i in order -> order[i] ]
          x.Tensor |> Tensor.permute order |> Tensor.permute order =. Tensor.permute twice x.Tensor)
      law "swapping two axes twice" twoAxes (fun (x, a, b) ->
          x.Tensor |> Tensor.swapaxes a b |> Tensor.swapaxes a b =. x.Tensor)
      law "swapping is symmetric" twoAxes (fun (x, a, b) ->
          Tensor.swapaxes a b x.Tensor =. Tensor.swapaxes b a x.Tensor)
      law "an axis moved back" twoAxes (fun (x, a, b) ->
          x.Tensor |> Tensor.moveaxis a b |> Tensor.moveaxis b a =. x.Tensor)
      law "a new axis taken away" axis (fun (x, axis) ->
          x.Tensor |> Tensor.expandDims axis |> Tensor.squeezeAxis axis =. x.Tensor)
      law "squeezing leaves the elements" any (fun x ->
          Tensor.squeeze x.Tensor =. Tensor.reshape (List.filter ((<>) 1) x.Shape) x.Tensor)
      law "a broadcast of the same shape" any (fun x ->
          Tensor.broadcastTo x.Shape x.Tensor =. x.Tensor)
      law "a broadcast repeats" any (fun x ->
          Tensor.broadcastTo (3 :: x.Shape) x.Tensor =. Tensor.stack 0 (List.replicate 3 x.Tensor))
      law "laying out changes nothing" any (fun x ->
          x.Tensor |> Tensor.transpose |> Tensor.contiguous =. Tensor.transpose x.Tensor)
      law "a copy is the same" any (fun x -> Tensor.copy x.Tensor =. x.Tensor)
      law "strides of a row-major tensor" some (fun x ->
          let strides = List.scanBack (*) x.Shape 1 |> List.tail
          Tensor.asStrided x.Shape strides 0 x.Tensor =. x.Tensor)
      law "rolling round" axis (fun (x, axis) ->
          Tensor.roll (Tensor.dim axis x.Tensor) axis x.Tensor =. x.Tensor)
      law "rolling back" axis (fun (x, axis) ->
          x.Tensor |> Tensor.roll 2 axis |> Tensor.roll -2 axis =. x.Tensor)
      law "rolls add" axis (fun (x, axis) ->
          x.Tensor |> Tensor.roll 1 axis |> Tensor.roll 2 axis =. Tensor.roll 3 axis x.Tensor)
      law "reading a byte view back" any (fun x ->
          x.Tensor |> Tensor.view DType.Int32 |> Tensor.view DType.Float32 =. x.Tensor)
      law "wider and back" any (fun x ->
          x.Tensor |> Tensor.astype DType.Float64 |> Tensor.astype DType.Float32 =. x.Tensor)
      law "depends changes no value" any (fun x ->
          Tensor.depends [ Tensor.ones [ 2 ] ] [ x.Tensor ] |> List.head =. x.Tensor) ]

let private parts =
    [ law "what is split is put together" axis (fun (x, axis) ->
          Tensor.split (Tensor.dim axis x.Tensor) axis x.Tensor |> Tensor.concatenate axis
          =. x.Tensor)
      law "what is cut is put together" axis (fun (x, axis) ->
          Tensor.splitAt [ 1 ] axis x.Tensor |> Tensor.concatenate axis =. x.Tensor)
      law "what is unstacked is stacked" axis (fun (x, axis) ->
          Tensor.unstack axis x.Tensor |> Tensor.stack axis =. x.Tensor)
      law "stacking is joining with a new axis" any (fun x ->
          let y = x.Tensor + 1.0

          Tensor.stack 0 [ x.Tensor; y ]
          =. Tensor.concatenate 0 [ Tensor.expandDims 0 x.Tensor; Tensor.expandDims 0 y ])
      law "joining is associative" axis (fun (x, axis) ->
          let x, y, z = x.Tensor, x.Tensor + 1.0, x.Tensor * 2.0

          Tensor.concatenate axis [ Tensor.concatenate axis [ x; y ]; z ]
          =. Tensor.concatenate axis [ x; Tensor.concatenate axis [ y; z ] ])
      law "a tile is a join" axis (fun (x, axis) ->
          let times = [ for i in 0 .. rank x - 1 -> if i = positive x axis then 3 else 1 ]
          Tensor.tile times x.Tensor =. Tensor.concatenate axis (List.replicate 3 x.Tensor))
      law "repeating is taking twice" axis (fun (x, axis) ->
          let n = Tensor.dim axis x.Tensor
          let indices = Tensor.ofSeq [ for i in 0 .. 2 * n - 1 -> i / 2 ]
          Tensor.repeat 2 axis x.Tensor =. Tensor.take axis indices x.Tensor)
      law "a margin cut off" any (fun x ->
          let padded = Tensor.pad [ for _ in x.Shape -> 1, 2 ] x.Tensor
          let stop = [ for n in x.Shape -> n + 1 ]
          Tensor.slice [ for _ in x.Shape -> 1 ] stop padded =. x.Tensor)
      law "a margin of zeros adds nothing" any (fun x ->
          Tensor.sum (Tensor.pad [ for _ in x.Shape -> 2, 1 ] x.Tensor) =. Tensor.sum x.Tensor)
      law "a margin of the edge" (Draw.vector Draw.whole) (fun x ->
          Tensor.padEdge [ 2, 1 ] x.Tensor
          =. Tensor.ofSeq (x.Data[0] :: x.Data[0] :: x.Data @ [ List.last x.Data ]))
      law "tril and triu share the diagonal" (Draw.matrix 3 4 Draw.whole) (fun x ->
          Tensor.tril 0 x.Tensor + Tensor.triu 1 x.Tensor =. x.Tensor)
      law "the diagonal of a diagonal" (Draw.vector Draw.whole) (fun x ->
          x.Tensor |> Tensor.diag 1 |> Tensor.diag 1 =. x.Tensor)
      law "the trace sums the diagonal" (Draw.matrix 3 4 Draw.whole) (fun x ->
          Tensor.trace x.Tensor =. Tensor.sum (Tensor.diagonal 0 x.Tensor))
      law "a grid repeats its axes" (Gen.two (Draw.vector Draw.whole)) (fun (x, y) ->
          match Tensor.meshgrid "ij" [ x.Tensor; y.Tensor ] with
          | [ a; b ] ->
              let zeros = Tensor.zeros [ x.Data.Length; y.Data.Length ]
              a =. Tensor.expandDims 1 x.Tensor + zeros
              b =. Tensor.expandDims 0 y.Tensor + zeros
          | _ -> isTrue "two" false) ]

let private patterns =
    [ law "rearranging there and back" (Draw.ofShape Draw.whole [ 2; 3; 4 ]) (fun x ->
          x.Tensor
          |> Tensor.rearrange "a b c -> (c a) b" []
          |> Tensor.rearrange "(c a) b -> a b c" [ "a", 2 ]
          =. x.Tensor)
      law "rearranging is permuting" (Draw.ofShape Draw.whole [ 2; 3; 4 ]) (fun x ->
          Tensor.rearrange "a b c -> c a b" [] x.Tensor =. Tensor.permute [ 2; 0; 1 ] x.Tensor)
      law "a merged axis is reshaped" (Draw.ofShape Draw.whole [ 2; 3; 4 ]) (fun x ->
          Tensor.rearrange "a b c -> a (b c)" [] x.Tensor =. Tensor.reshape [ 2; 12 ] x.Tensor)
      law "a folded axis is summed" (Draw.ofShape Draw.whole [ 2; 3; 4 ]) (fun x ->
          Tensor.reduceBy Tensor.sumAxes "a b c -> c a" [] x.Tensor
          =. (x.Tensor |> Tensor.sumAxis 1 |> Tensor.transpose))
      law "pooling by pattern" (Draw.ofShape Draw.whole [ 2; 4; 6 ]) (fun x ->
          Tensor.reduceBy Tensor.maxAxes "a (b 2) (c 3) -> a b c" [] x.Tensor
          =. (x.Tensor |> Tensor.reshape [ 2; 2; 2; 2; 3 ] |> Tensor.maxAxes [ 2; 4 ]))
      law "repeating then averaging" (Draw.ofShape Draw.whole [ 2; 3 ]) (fun x ->
          x.Tensor
          |> Tensor.repeatBy "a b -> a n b" [ "n", 4 ]
          |> Tensor.reduceBy Tensor.meanAxes "a n b -> a b" []
          =. x.Tensor)
      law "an ellipsis is the other axes" (Draw.ofShape Draw.whole [ 2; 3; 4 ]) (fun x ->
          Tensor.rearrange "... c -> c ..." [] x.Tensor =. Tensor.moveaxis -1 0 x.Tensor) ]

let private slices =
    [ law "x[i]" place (fun (x, i) -> x.Tensor[i] =. Tensor.scalar x.Data[i])
      law "x[-i]" place (fun (x, i) ->
          x.Tensor[-1 - i] =. Tensor.scalar x.Data[x.Data.Length - 1 - i])
      law "x[i..]" place (fun (x, i) -> x.Tensor[i..] =. Tensor.ofSeq x.Data[i..])
      law "x[..i]" place (fun (x, i) -> x.Tensor[..i] =. Tensor.ofSeq x.Data[..i])
      law "x[i..j]" (Gen.zip place (Draw.int 0 8)) (fun ((x, i), j) ->
          x.Tensor[i..j] =. Tensor.ofSeq x.Data[i .. min j (x.Data.Length - 1)])
      law "every k-th" (Gen.zip place (Draw.int 1 3)) (fun ((x, i), k) ->
          x.Tensor[Idx.Slice(i, step = k)]
          =. Tensor.ofSeq [ for j in i..k .. x.Data.Length - 1 -> x.Data[j] ])
      law "backwards" (Draw.vector Draw.whole) (fun x ->
          x.Tensor[Idx.Slice(step = -1)] =. Tensor.ofSeq (List.rev x.Data))
      law "backwards twice" axis (fun (x, axis) ->
          let flip (t: Tensor) =
              t
              |> Tensor.moveaxis axis 0
              |> Tensor.index ix[Idx.Slice(step = -1)]
              |> Tensor.moveaxis 0 axis

          flip (flip x.Tensor) =. x.Tensor)
      law "a new axis by index" some (fun x ->
          x.Tensor[Idx.NewAxis, Idx.Ellipsis] =. Tensor.expandDims 0 x.Tensor)
      law "ix writes what brackets say" (Draw.ofShape Draw.whole [ 3; 4 ]) (fun x ->
          Tensor.index ix[1.., -1] x.Tensor =. x.Tensor[1.., -1])
      law "narrow is a slice" place (fun (x, i) ->
          Tensor.narrow 0 i x.Data.Length x.Tensor =. x.Tensor[i..])
      law "a computed start" place (fun (x, i) ->
          Tensor.sliceDynamic [ 0 ] [ 1 ] (Tensor.ofSeq [ i ]) x.Tensor =. x.Tensor[i..i])
      law "indices pick" (Gen.zip place (Gen.listOfLength 3 (Draw.int 0 99))) (fun ((x, _), at) ->
          let at = at |> List.map (fun i -> i % x.Data.Length)
          x.Tensor[Tensor.ofSeq at] =. Tensor.ofSeq [ for i in at -> x.Data[i] ])
      law "negative indices count from the end" place (fun (x, i) ->
          let n = x.Data.Length

          Tensor.take 0 (Tensor.ofSeq [ i - n ]) x.Tensor
          =. Tensor.take 0 (Tensor.ofSeq [ i ]) x.Tensor) ]

/// Numbers and indices into them, none twice.
let private distinctPlaces =
    gen {
        let! x = Draw.vector Draw.whole
        let! order = Draw.order x.Data.Length
        let! count = Draw.int 1 x.Data.Length
        return x, List.take count order
    }

let private column (values: Tensor) = Tensor.expandDims 1 values

let private gathers =
    [ law
          "takeAlongAxis picks in every row"
          (Gen.zip (Draw.ofShape Draw.whole [ 3; 4 ]) (Gen.listOfLength 6 (Draw.int 0 3)))
          (fun (x, at) ->
              let indices = Tensor.ofSeq at |> Tensor.reshape [ 3; 2 ]

              Tensor.takeAlongAxis 1 indices x.Tensor
              =. Tensor.shaped [ 3; 2 ] [| for i in 0..5 -> x.Data[(i / 2) * 4 + at[i]] |])
      law "gather is take" distinctPlaces (fun (x, at) ->
          let at = Tensor.ofSeq at
          Tensor.gather [ 0 ] [ 1 ] [ at ] x.Tensor =. column (Tensor.take 0 at x.Tensor))
      law "what was put is taken" distinctPlaces (fun (x, at) ->
          let at, values = Tensor.ofSeq at, Tensor.ofSeq [ for i in at -> float (10 + i) ]
          let put = Tensor.putAlongAxis 0 at values x.Tensor
          Tensor.takeAlongAxis 0 at put =. values)
      law "what was scattered is gathered" distinctPlaces (fun (x, at) ->
          let at, values = Tensor.ofSeq at, Tensor.ofSeq [ for i in at -> float (10 + i) ]
          let put = Tensor.scatter [ 0 ] [ at ] (column values) x.Tensor
          Tensor.take 0 at put =. values)
      law "putting back what was taken" distinctPlaces (fun (x, at) ->
          let at = Tensor.ofSeq at
          let values = Tensor.take 0 at x.Tensor
          Tensor.scatter [ 0 ] [ at ] (column values) x.Tensor =. x.Tensor)
      law
          "adding at places is a product with one-hot rows"
          (Gen.zip (Draw.vector Draw.whole) (Gen.listOfLength 5 (Draw.int 0 99)))
          (fun (x, at) ->
              let n = x.Data.Length
              let at = Tensor.ofSeq [ for i in at -> i % n ]
              let values = Tensor.ofSeq [ 1.0; 2.0; 3.0; 4.0; 5.0 ]
              let added = Tensor.scatterAdd [ 0 ] [ at ] (column values) x.Tensor
              added =. x.Tensor + Tensor.matmul (Tensor.oneHot n at) values)
      law "scatterAddAxis adds too" distinctPlaces (fun (x, at) ->
          let at, values = Tensor.ofSeq at, Tensor.ofSeq [ for i in at -> float i ]

          Tensor.scatterAddAxis 0 at values x.Tensor
          =. Tensor.scatterAdd [ 0 ] [ at ] (column values) x.Tensor)
      law "a maximum at places" distinctPlaces (fun (x, at) ->
          let at = Tensor.ofSeq at
          let values = 0.0 * Tensor.take 0 at x.Tensor
          let got = Tensor.scatterMax [ 0 ] [ at ] (column values) x.Tensor
          got |> Tensor.take 0 at =. Tensor.maximum values (Tensor.take 0 at x.Tensor))
      law "At.set, then At.get" distinctPlaces (fun (x, at) ->
          let here = ix[Tensor.ofSeq at]
          let values = Tensor.ofSeq [ for i in at -> float (20 + i) ]
          x.Tensor |> Tensor.at here |> At.set values |> Tensor.at here |> At.get =. values)
      law "At.add is set of the sum" distinctPlaces (fun (x, at) ->
          let here = Tensor.at ix[Tensor.ofSeq at] x.Tensor
          At.add (Tensor.scalar 2.0) here =. At.set (At.get here + 2.0) here)
      law "At.subtract undoes At.add" place (fun (x, i) ->
          let two = Tensor.scalar 2.0
          let added = x.Tensor |> Tensor.at ix[i..] |> At.add two
          added |> Tensor.at ix[i..] |> At.subtract two =. x.Tensor)
      law "At.divide undoes At.multiply" place (fun (x, i) ->
          let four = Tensor.scalar 4.0
          let multiplied = x.Tensor |> Tensor.at ix[i..] |> At.multiply four
          multiplied |> Tensor.at ix[i..] |> At.divide four =. x.Tensor)
      law "At leaves the rest" place (fun (x, i) ->
          let changed = x.Tensor |> Tensor.at ix[i] |> At.set (Tensor.scalar 99.0)
          changed =. Tensor.ofSeq (List.updateAt i 99.0 x.Data))
      law "a mask sets where it is true" (Draw.vector Draw.whole) (fun x ->
          let mask = Tensor.greater (Tensor.scalar 0.0) x.Tensor

          x.Tensor |> Tensor.at ix[mask] |> At.set (Tensor.scalar 0.0)
          =. Tensor.minimum (Tensor.scalar 0.0) x.Tensor)
      law "a masked scatter of the same elements" (Draw.vector Draw.whole) (fun x ->
          let mask = Tensor.onesLike x.Tensor |> Tensor.astype DType.Bool
          Tensor.maskedScatter mask (x.Tensor + 1.0) x.Tensor =. x.Tensor + 1.0)
      law "a one-hot row has its one at the index" (Draw.int 0 5) (fun i ->
          Tensor.argmax (Tensor.oneHot 6 (Tensor.scalar i)) |> Tensor.astype DType.Int32
          =. Tensor.scalar i)
      law "update of a slice and back" place (fun (x, i) ->
          let n = x.Data.Length
          let part = Tensor.slice [ i ] [ n ] x.Tensor
          let changed = Tensor.sliceUpdate [ i ] [ n ] (part + 1.0) x.Tensor
          Tensor.sliceUpdateAdd [ i ] [ n ] (0.0 * part - 1.0) changed =. x.Tensor) ]

let tests = moves @ parts @ patterns @ slices @ gathers
