/// Ops that move elements without changing them.
module Mlx.Tests.Laws.Rows.Structure

open System.Numerics
open Mlx.Core
open Mlx.Tests.Laws

let private any = Between(-3.0, 3.0)

/// One input of a shape, of which the result has the elements at other places.
let private moved name shape arguments (reference: Nd -> Nd) =
    op name [ value shape any ] arguments |> refer (fun xs -> [ reference xs.Head ])

let private reshaped name shape arguments (result: int[]) =
    moved name shape arguments (Nd.reshape result)

let private backwards (a: Nd) = Nd.transpose [| a.Rank - 1 .. -1 .. 0 |] a

let private rolled shift axis =
    Nd.along axis (fun lane ->
        let n = lane.Length
        Array.init n (fun i -> lane[((i - shift) % n + n) % n]))

let private repeated times (lane: Complex[]) = lane |> Array.collect (Array.replicate times)

let private padded low high fill (lane: Complex[]) =
    Array.concat [ Array.replicate low fill; lane; Array.replicate high fill ]

let private edges low high (lane: Complex[]) =
    Array.concat [ Array.replicate low lane[0]; lane; Array.replicate high (Array.last lane) ]

let private reshapes =
    let roll n = moved "roll_axis" [ n ] (fun a -> [ a[0]; [| 2 |]; 0 ]) (rolled 2 0)

    let transpose n = moved "transpose" [ 3; n ] (fun a -> [ a[0] ]) backwards
    let flatten n = reshaped "flatten" [ 2; n ] (fun a -> [ a[0]; 0; -1 ]) [| 2 * n |]
    let repeat n = moved "repeat" [ n ] (fun a -> [ a[0]; 3 ]) (Nd.along 0 (repeated 3))

    let broadcast n =
        moved "broadcast_to" [ 1; n ] (fun a -> [ a[0]; [| 3; n |] ]) (Nd.broadcastTo [| 3; n |])

    [ reshaped "reshape" [ 2; 6 ] (fun a -> [ a[0]; [| 3; -1 |] ]) [| 3; 4 |]
      |> refuses "another number of elements" (fun a -> [ a[0]; [| 5; 2 |] ])
      reshaped "flatten" [ 2; 3; 2 ] (fun a -> [ a[0]; 1; 2 ]) [| 2; 6 |]
      |> atLengths [ flatten ]
      reshaped "unflatten" [ 2; 6 ] (fun a -> [ a[0]; 1; [| 3; 2 |] ]) [| 2; 3; 2 |]
      reshaped "expand_dims" [ 2; 3 ] (fun a -> [ a[0]; -2 ]) [| 2; 1; 3 |]
      reshaped "expand_dims_axes" [ 2; 3 ] (fun a -> [ a[0]; [| 0; 2 |] ]) [| 1; 2; 1; 3 |]
      reshaped "squeeze" [ 1; 3; 1 ] (fun a -> [ a[0] ]) [| 3 |]
      reshaped "squeeze_axis" [ 1; 3; 1 ] (fun a -> [ a[0]; -1 ]) [| 1; 3 |]
      |> refuses "an axis that is no 1" (fun a -> [ a[0]; 1 ])
      reshaped "squeeze_axes" [ 1; 3; 1 ] (fun a -> [ a[0]; [| 0; 2 |] ]) [| 3 |]
      reshaped "atleast_1d" [] (fun a -> [ a[0] ]) [| 1 |]
      reshaped "atleast_2d" [ 3 ] (fun a -> [ a[0] ]) [| 1; 3 |]
      reshaped "atleast_3d" [ 2; 3 ] (fun a -> [ a[0] ]) [| 2; 3; 1 |]
      moved "transpose" [ 2; 3; 4 ] (fun a -> [ a[0] ]) backwards |> atLengths [ transpose ]
      moved
          "transpose_axes"
          [ 2; 3; 4 ]
          (fun a -> [ a[0]; [| 1; 2; 0 |] ])
          (Nd.transpose [| 1; 2; 0 |])
      |> refuses "an axis twice" (fun a -> [ a[0]; [| 1; 1; 0 |] ])
      moved "swapaxes" [ 2; 3; 4 ] (fun a -> [ a[0]; 0; -1 ]) (Nd.transpose [| 2; 1; 0 |])
      moved "moveaxis" [ 2; 3; 4 ] (fun a -> [ a[0]; 0; -1 ]) (Nd.moveAxis 0 -1)
      moved
          "broadcast_to"
          [ 3; 1 ]
          (fun a -> [ a[0]; [| 2; 3; 4 |] ])
          (Nd.broadcastTo [| 2; 3; 4 |])
      |> atLengths [ broadcast ]
      |> refuses "a shape that does not fit" (fun a -> [ a[0]; [| 2; 4; 4 |] ])
      moved "roll" [ 2; 3 ] (fun a -> [ a[0]; [| 4 |] ]) (fun a ->
          a |> Nd.flatten |> rolled 4 0 |> Nd.reshape a.Shape)
      moved "roll_axis" [ 2; 3 ] (fun a -> [ a[0]; [| -1 |]; 1 ]) (rolled -1 1)
      |> atLengths [ roll ]
      moved
          "roll_axes"
          [ 2; 3 ]
          (fun a -> [ a[0]; [| 1; 2 |]; [| 0; 1 |] ])
          (rolled 1 0 >> rolled 2 1)
      moved "repeat" [ 2; 3 ] (fun a -> [ a[0]; 2 ]) (Nd.flatten >> Nd.along 0 (repeated 2))
      |> atLengths [ repeat ]
      moved "repeat_axis" [ 2; 3 ] (fun a -> [ a[0]; 2; 0 ]) (Nd.along 0 (repeated 2))
      moved "tile" [ 2; 3 ] (fun a -> [ a[0]; [| 2; 3 |] ]) (fun a ->
          Nd.init [| 4; 9 |] (fun i -> a[[| i[0] % 2; i[1] % 3 |]])) ]

let private parts =
    let moved3 name arguments reference = moved name [ 3; 4 ] arguments reference

    let square k keep =
        fun (a: Nd) ->
            Nd.init a.Shape (fun i -> if keep (i[1] - i[0]) k then a[i] else Complex.Zero)

    let slice n =
        moved "slice" [ n + 1 ] (fun a -> [ a[0]; [| 1 |]; [| n + 1 |]; [| 2 |] ]) (fun a ->
            Nd.init [| (n + 1) / 2 |] (fun i -> a[[| 1 + 2 * i[0] |]]))

    let pad low high axis fill = Nd.along axis (padded low high fill)

    let padding n =
        op "pad" [ value [ n ] any; value [] any ] (fun a ->
            [ a[0]; [| 0 |]; [| 1 |]; [| 2 |]; a[1]; "constant" ])
        |> refer (fun xs -> [ pad 1 2 0 xs[1].Data[0] xs[0] ])

    [ moved3 "slice" (fun a -> [ a[0]; [| 2; 0 |]; [| -4; 4 |]; [| -1; 3 |] ]) (fun a ->
          Nd.init [| 3; 2 |] (fun i -> a[[| 2 - i[0]; 3 * i[1] |]]))
      |> atLengths [ slice ]
      moved3 "as_strided" (fun a -> [ a[0]; [| 2; 2 |]; [| 4L; 2L |]; 1 ]) (fun a ->
          Nd.init [| 2; 2 |] (fun i -> a.Data[1 + 4 * i[0] + 2 * i[1]]))
      moved3 "diagonal" (fun a -> [ a[0]; 1; 0; 1 ]) (fun a ->
          Nd.init [| 3 |] (fun i -> a[[| i[0]; i[0] + 1 |]]))
      moved "diag" [ 3 ] (fun a -> [ a[0]; -1 ]) (fun a ->
          Nd.init [| 4; 4 |] (fun i -> if i[0] = i[1] + 1 then a[[| i[1] |]] else Complex.Zero))
      moved3 "diag" (fun a -> [ a[0]; 0 ]) (fun a -> Nd.init [| 3 |] (fun i -> a[[| i[0]; i[0] |]]))
      |> label "of a matrix"
      moved3 "tril" (fun a -> [ a[0]; 0 ]) (square 0 (<=))
      moved3 "triu" (fun a -> [ a[0]; 1 ]) (square 1 (>=))
      padding 3 |> atLengths [ padding ]
      op "pad" [ value [ 2; 3 ] any ] (fun a ->
          [ a[0]; [| 0; 1 |]; [| 1; 0 |]; [| 0; 2 |]; MlxArray.Scalar 0f; "edge" ])
      |> label "edge"
      |> refer (fun xs -> [ xs[0] |> Nd.along 0 (edges 1 0) |> Nd.along 1 (edges 0 2) ])
      op "pad_symmetric" [ value [ 2; 3 ] any; value [] any ] (fun a ->
          [ a[0]; 1; a[1]; "constant" ])
      |> refer (fun xs ->
          let fill = xs[1].Data[0]
          [ xs[0] |> pad 1 1 0 fill |> pad 1 1 1 fill ])
      moved3 "copy" (fun a -> [ a[0] ]) id
      moved3 "stop_gradient" (fun a -> [ a[0] ]) id |> discrete
      moved3 "contiguous" (fun a -> [ a[0]; true ]) id ]

let private trace =
    let at (target: DType) =
        op "trace" [ value [ 3; 4 ] any ] (fun a -> [ a[0]; 1; 0; 1; target ])
        |> gives (fun _ -> target)
        |> label $"as {target.Name()}"

    [ at DType.Float32
      |> over Values.reals
      |> elsewhere [ DType.Float64; DType.Complex64 ]
      |> refer (fun xs -> [ Nd.scalar (Reduce.sum [| for i in 0..2 -> xs[0][[| i; i + 1 |]] |]) ])
      at DType.Float64
      |> over [ DType.Float64 ]
      |> elsewhere (Values.all |> List.except [ DType.Float64 ])
      |> refer (fun xs -> [ Nd.scalar (Reduce.sum [| for i in 0..2 -> xs[0][[| i; i + 1 |]] |]) ]) ]

/// Two arrays of which each has the rows of its own.
let private joined =
    let concatenated shape axis =
        op "concatenate_axis" [ value shape any; value shape any ] (fun a ->
            [ [| a[0]; a[1] |]; (axis: int) ])
        |> refer (fun xs -> [ Nd.concat axis xs ])
        |> refuses "shapes that differ elsewhere" (fun a ->
            [ [| a[0]; Ops.Zeros(System.ReadOnlySpan [| 9; 9 |], a[0].DType) |]; axis ])

    let stacked name axis arguments =
        op name [ value [ 2; 3 ] any; value [ 2; 3 ] any ] arguments
        |> refer (fun xs -> [ Nd.stack axis xs ])

    [ op "concatenate" [ value [ 2; 3 ] any; value [ 4 ] any ] (fun a -> [ [| a[0]; a[1] |] ])
      |> refer (fun xs -> [ xs |> List.map Nd.flatten |> Nd.concat 0 ])
      concatenated [ 2; 3 ] 1
      |> label "axis=1"
      |> atLengths [ (fun n -> concatenated [ n ] 0); (fun n -> concatenated [ 2; n ] -1) ]
      concatenated [ 2; 3 ] 0 |> label "axis=0"
      stacked "stack" 0 (fun a -> [ [| a[0]; a[1] |] ])
      stacked "stack_axis" -1 (fun a -> [ [| a[0]; a[1] |]; -1 ])
      op "broadcast_arrays" [ value [ 2; 1 ] any; value [ 3 ] any ] (fun a -> [ [| a[0]; a[1] |] ])
      |> refer (List.map (Nd.broadcastTo [| 2; 3 |]))
      op "meshgrid" [ value [ 2 ] any; value [ 3 ] any ] (fun a ->
          [ [| a[0]; a[1] |]; false; "ij" ])
      |> refer (fun xs ->
          [ Nd.init [| 2; 3 |] (fun i -> xs[0][[| i[0] |]])
            Nd.init [| 2; 3 |] (fun i -> xs[1][[| i[1] |]]) ])
      op "split" [ value [ 2; 6 ] any ] (fun a -> [ a[0]; 3; 1 ])
      |> refer (fun xs ->
          [ for part in 0..2 -> Nd.init [| 2; 2 |] (fun i -> xs[0][[| i[0]; 2 * part + i[1] |]]) ])
      |> refuses "parts that are not equal" (fun a -> [ a[0]; 4; 1 ])
      op "split_sections" [ value [ 2; 6 ] any ] (fun a -> [ a[0]; [| 1; 4 |]; 1 ])
      |> refer (fun xs ->
          [ for start, length in [ 0, 1; 1, 3; 4, 2 ] ->
                Nd.init [| 2; length |] (fun i -> xs[0][[| i[0]; start + i[1] |]]) ])
      op "depends" [ value [ 2; 3 ] any; value [ 2 ] any ] (fun a -> [ [| a[0] |]; [| a[1] |] ])
      |> refer (fun xs -> [ xs[0] ]) ]

/// An update of a part of the source.
let private updates =
    let update name (combine: Complex -> Complex -> Complex) =
        op
            ("slice_update" + name)
            [ value [ 3; 4 ] Apart; value [ 2; 2 ] (Away(0.6, 1.9)) ]
            (fun a -> [ a[0]; a[1]; [| 1; 0 |]; [| 3; 4 |]; [| 1; 2 |] ])
        |> refer (fun xs ->
            [ Nd.init [| 3; 4 |] (fun i ->
                  if i[0] >= 1 && i[1] % 2 = 0 then
                      combine (xs[0][i]) (xs[1][[| i[0] - 1; i[1] / 2 |]])
                  else
                      xs[0][i]) ])

    let ofReals f (x: Complex) (y: Complex) = Nd.real (f x.Real y.Real)

    [ update "" (fun _ y -> y)
      update "_add" (+)
      update "_prod" (*) |> adjoint Transposed
      update "_max" (ofReals max) |> except [ DType.Complex64 ] |> adjoint ordered
      update "_min" (ofReals min) |> except [ DType.Complex64 ] |> adjoint ordered
      op
          "slice_dynamic"
          [ value [ 3; 4 ] any; fixedTo DType.Int32 [ 2 ] (These [ 1.0; 2.0 ]) ]
          (fun a -> [ a[0]; a[1]; [| 0; 1 |]; [| 2; 2 |] ])
      |> refer (fun xs -> [ Nd.init [| 2; 2 |] (fun i -> xs[0][[| i[0] + 1; i[1] + 2 |]]) ])
      op
          "slice_update_dynamic"
          [ value [ 3; 4 ] any; value [ 2; 2 ] any; fixedTo DType.Int32 [ 2 ] (These [ 1.0; 2.0 ]) ]
          (fun a -> [ a[0]; a[1]; a[2]; [| 0; 1 |] ])
      |> refer (fun xs ->
          [ Nd.init [| 3; 4 |] (fun i ->
                if i[0] >= 1 && i[1] >= 2 then xs[1][[| i[0] - 1; i[1] - 2 |]] else xs[0][i]) ]) ]

let private conversions =
    [ for target in Values.all do
          let convert (z: Complex) =
              if target.IsInteger() then Nd.real (truncate z.Real) else Nd.real z.Real

          let row =
              op "astype" [ value [ 2; 3 ] (Between(0.0, 3.0)) ] (fun a -> [ a[0]; target ])
              |> label $"to {target.Name()}"
              |> gives (fun _ -> target)
              |> adjoint (Untested "the imaginary part is dropped")
              |> referReal (fun xs -> [ Nd.map convert xs[0] ])

          if target.IsInexact() then row else discrete row
      op "view" [ value [ 2; 4 ] any ] (fun a -> [ a[0]; DType.UInt8 ])
      |> gives (fun _ -> DType.UInt8)
      |> noDerivative ]

let rows = reshapes @ parts @ trace @ joined @ updates @ conversions
