/// Arrays from numbers, and from the shapes of others.
module Mlx.Tests.Laws.Rows.Creation

open System
open System.Numerics
open Mlx.Core
open Mlx.Tests.Laws

let private any = Between(-3.0, 3.0)

let private made name arguments (dtype: DType) reference =
    op name [] (fun _ -> arguments)
    |> over [ DType.Float32 ]
    |> gives (fun _ -> dtype)
    |> refer (fun _ -> [ reference ])

let private matrix rows columns isOne =
    Nd.init [| rows; columns |] (fun i -> if isOne (i[1] - i[0]) then Complex.One else Complex.Zero)

let private filled shape x = Nd.init shape (fun _ -> Nd.real x)

/// A sum of cosines over a window of m points.
let private window m (coefficients: float list) =
    Nd.vector (
        Array.init m (fun i ->
            coefficients
            |> List.mapi (fun k c -> c * cos (2.0 * Math.PI * float (k * i) / float (m - 1)))
            |> List.sum
            |> Nd.real)
    )

let private bartlett m =
    Nd.vector (
        Array.init m (fun i ->
            let half = float (m - 1) / 2.0
            Nd.real (1.0 - abs (float i - half) / half))
    )

let private typed =
    [ for dtype in Values.all do
          let named row = row |> label (dtype.Name())

          made "zeros" [ [| 2; 3 |]; dtype ] dtype (filled [| 2; 3 |] 0.0) |> named
          made "ones" [ [| 2; 3 |]; dtype ] dtype (filled [| 2; 3 |] 1.0) |> named
          made "eye" [ 3; 4; 1; dtype ] dtype (matrix 3 4 ((=) 1)) |> named
          made "identity" [ 3; dtype ] dtype (matrix 3 3 ((=) 0)) |> named
          made "tri" [ 3; 4; 1; dtype ] dtype (matrix 3 4 (fun d -> d <= 1)) |> named

          if dtype <> DType.Bool then
              if dtype <> DType.Complex64 then
                  made
                      "arange"
                      [ 1.0; 8.0; 2.0; dtype ]
                      dtype
                      (Nd.vector [| for x in 1.0..2.0..7.0 -> Nd.real x |])
                  |> named

              made
                  "linspace"
                  [ 1.0; 9.0; 5; dtype ]
                  dtype
                  (Nd.vector [| for x in 1.0..2.0..9.0 -> Nd.real x |])
              |> named ]

let rows =
    [ yield! typed
      made "bartlett" [ 7 ] DType.Float32 (bartlett 7)
      made "blackman" [ 7 ] DType.Float32 (window 7 [ 0.42; -0.5; 0.08 ])
      made "hamming" [ 7 ] DType.Float32 (window 7 [ 0.54; -0.46 ])
      made "hanning" [ 7 ] DType.Float32 (window 7 [ 0.5; -0.5 ])
      made
          "fft_fftfreq"
          [ 5; 0.5 ]
          DType.Float32
          (Nd.vector [| for k in [ 0.0; 1.0; 2.0; -2.0; -1.0 ] -> Nd.real (k / 2.5) |])
      made
          "fft_rfftfreq"
          [ 5; 0.5 ]
          DType.Float32
          (Nd.vector [| for k in [ 0.0; 1.0; 2.0 ] -> Nd.real (k / 2.5) |])
      op "zeros_like" [ value [ 2; 3 ] any ] (fun a -> [ a[0] ])
      |> refer (fun xs -> [ filled xs[0].Shape 0.0 ])
      op "ones_like" [ value [ 2; 3 ] any ] (fun a -> [ a[0] ])
      |> refer (fun xs -> [ filled xs[0].Shape 1.0 ])
      op "full" [ value [ 3 ] any ] (fun a -> [ [| 2; 3 |]; a[0]; a[0].DType ])
      |> refer (fun xs -> [ Nd.broadcastTo [| 2; 3 |] xs[0] ])
      op "full_like" [ value [ 2; 3 ] any; value [ 3 ] any ] (fun a -> [ a[0]; a[1]; a[1].DType ])
      |> refer (fun xs -> [ Nd.broadcastTo [| 2; 3 |] xs[1] ])
      op "number_of_elements" [ value [ 2; 3; 4 ] any ] (fun a ->
          [ a[0]; [| 0; 2 |]; false; DType.Int32 ])
      |> gives (fun _ -> DType.Int32)
      |> discrete
      |> refer (fun _ -> [ Nd.scalar (Nd.real 8.0) ]) ]
