/// Convolutions: channels last; the kernel has the output channels first.
module Mlx.Tests.Laws.Rows.Convolution

open System.Numerics
open Mlx.Core
open Mlx.Tests.Laws

let private any = Between(-1.0, 1.0)

type private Settings =
    { Stride: int
      Low: int
      High: int
      Dilation: int
      InputDilation: int
      Groups: int
      Flip: bool }

let private plain =
    { Stride = 1
      Low = 0
      High = 0
      Dilation = 1
      InputDilation = 1
      Groups = 1
      Flip = false }

/// The definition, over any number of spatial axes with the same settings.
let private convolve s (x: Nd) (w: Nd) =
    let spatial = x.Rank - 2
    let kernel = w.Shape[1..spatial]
    let spread n = s.InputDilation * (n - 1) + 1

    let size axis =
        (spread x.Shape[axis] + s.Low + s.High - s.Dilation * (kernel[axis - 1] - 1) - 1)
        / s.Stride
        + 1

    let channels = w.Shape[spatial + 1]
    let outputs = w.Shape[0]

    let shape = [| x.Shape[0]; yield! Array.init spatial (fun a -> size (a + 1)); outputs |]

    Nd.init shape (fun i ->
        let group = i[spatial + 1] / (outputs / s.Groups)
        let mutable sum = Complex.Zero

        for k in Nd.positions kernel do
            let tap axis = if s.Flip then kernel[axis] - 1 - k[axis] else k[axis]

            let places =
                Array.init spatial (fun a -> i[a + 1] * s.Stride - s.Low + k[a] * s.Dilation)

            let isInside =
                places
                |> Array.indexed
                |> Array.forall (fun (a, p) ->
                    p >= 0 && p < spread x.Shape[a + 1] && p % s.InputDilation = 0)

            if isInside then
                let places = places |> Array.map (fun p -> p / s.InputDilation)

                for c in 0 .. channels - 1 do
                    let tapped = [| i[spatial + 1]; yield! Array.init spatial tap; c |]
                    sum <- sum + x[[| i[0]; yield! places; group * channels + c |]] * w[tapped]

        sum)

/// A transposed convolution scatters where a convolution gathers.
let private transposed stride padding dilation outputPadding groups (x: Nd) (w: Nd) =
    let kernel = w.Shape[1]
    let low = dilation * (kernel - 1) - padding

    convolve
        { plain with
            Low = low
            High = low + outputPadding
            Dilation = dilation
            InputDilation = stride
            Groups = groups
            Flip = true }
        x
        w

let private conv name input weight arguments reference =
    op name [ value input any; value weight any ] arguments
    |> over Values.floats
    |> ulps 32.0
    |> refer (fun xs -> [ reference xs[0] xs[1] ])

let private line n =
    conv "conv1d" [ 1; n + 3; 2 ] [ 3; 3; 2 ] (fun a -> [ a[0]; a[1]; 1; 0; 1; 1 ]) (convolve plain)

let private channels n =
    let n = max 1 n

    conv
        "conv1d"
        [ 1; 4; n ]
        [ 2; 3; n ]
        (fun a -> [ a[0]; a[1]; 1; 1; 1; 1 ])
        (convolve { plain with Low = 1; High = 1 })

let rows =
    [ conv
          "conv1d"
          [ 2; 7; 4 ]
          [ 6; 3; 2 ]
          (fun a -> [ a[0]; a[1]; 2; 1; 2; 2 ])
          (convolve { plain with Stride = 2; Low = 1; High = 1; Dilation = 2; Groups = 2 })
      |> atLengths [ line; channels ]
      |> refuses "channels that differ" (fun a -> [ a[0]; a[1]; 1; 0; 1; 1 ])
      conv
          "conv2d"
          [ 2; 5; 6; 2 ]
          [ 3; 3; 3; 2 ]
          (fun a -> [ a[0]; a[1]; 1; 1; 1; 1; 1; 1; 1 ])
          (convolve { plain with Low = 1; High = 1 })
      conv
          "conv2d"
          [ 1; 7; 7; 1 ]
          [ 2; 3; 3; 1 ]
          (fun a -> [ a[0]; a[1]; 2; 2; 0; 0; 1; 1; 1 ])
          (convolve { plain with Stride = 2 })
      |> label "stride=2"
      conv
          "conv2d"
          [ 1; 4; 4; 4 ]
          [ 4; 3; 3; 1 ]
          (fun a -> [ a[0]; a[1]; 1; 1; 1; 1; 1; 1; 4 ])
          (convolve { plain with Low = 1; High = 1; Groups = 4 })
      |> label "depthwise"
      conv
          "conv3d"
          [ 1; 3; 4; 3; 2 ]
          [ 2; 2; 2; 2; 2 ]
          (fun a -> [ a[0]; a[1]; 1; 1; 1; 1; 1; 1; 1; 1; 1; 1 ])
          (convolve { plain with Low = 1; High = 1 })
      conv
          "conv_general"
          [ 1; 4; 5; 2 ]
          [ 2; 2; 2; 2 ]
          (fun a ->
              [ a[0]; a[1]; [| 1; 1 |]; [| 1; 1 |]; [| 2; 2 |]; [| 2; 2 |]; [| 2; 2 |]; 1; true ])
          (convolve { plain with Low = 1; High = 2; Dilation = 2; InputDilation = 2; Flip = true })
      conv
          "conv_transpose1d"
          [ 2; 4; 4 ]
          [ 2; 3; 2 ]
          (fun a -> [ a[0]; a[1]; 2; 1; 1; 1; 2 ])
          (transposed 2 1 1 1 2)
      conv
          "conv_transpose2d"
          [ 1; 3; 4; 2 ]
          [ 3; 2; 2; 2 ]
          (fun a -> [ a[0]; a[1]; 2; 2; 0; 0; 1; 1; 0; 0; 1 ])
          (transposed 2 0 1 0 1)
      conv
          "conv_transpose3d"
          [ 1; 2; 3; 2; 2 ]
          [ 2; 2; 2; 2; 2 ]
          (fun a -> [ a[0]; a[1]; 2; 2; 2; 0; 0; 0; 1; 1; 1; 0; 0; 0; 1 ])
          (transposed 2 0 1 0 1) ]
