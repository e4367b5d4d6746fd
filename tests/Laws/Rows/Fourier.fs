/// Fourier transforms.
module Mlx.Tests.Laws.Rows.Fourier

open System
open System.Numerics
open Mlx.Core
open Mlx.Tests.Laws

let private any = Between(-1.0, 1.0)

/// The sum of its definition.
let private transform sign (lane: Complex[]) =
    let n = lane.Length

    Array.init n (fun k ->
        lane
        |> Array.mapi (fun i x ->
            x
            * Complex.FromPolarCoordinates(
                1.0,
                sign * 2.0 * Math.PI * float (i * k % n) / float n
            ))
        |> Reduce.sum)

let private forward (lane: Complex[]) = transform -1.0 lane

let private backward (lane: Complex[]) =
    transform 1.0 lane |> Array.map (fun z -> z / Nd.real (float lane.Length))

/// Cut off, or filled up with zeros.
let private sized n (lane: Complex[]) =
    Array.init n (fun i -> if i < lane.Length then lane[i] else Complex.Zero)

let private half (lane: Complex[]) = lane[.. lane.Length / 2]

/// The transform of n real numbers from its first half.
let private whole n (lane: Complex[]) =
    let lane = sized (n / 2 + 1) lane
    Array.init n (fun k -> if k <= n / 2 then lane[k] else Complex.Conjugate lane[n - k])

let private realBackward n (lane: Complex[]) =
    // The imaginary parts of the ends have no part in real numbers.
    whole n lane |> backward |> Array.map (fun z -> Nd.real z.Real)

let private complexResult (_: DType) = DType.Complex64

let private realResult (_: DType) = DType.Float32

let private norm = 0

let private along1 name dtypes result f =
    let at shape n axis =
        op ("fft_" + name) [ value shape any ] (fun a -> [ a[0]; (n: int); (axis: int); norm ])
        |> over dtypes
        |> gives result
        |> ulps 64.0
        |> refer (fun xs -> [ Nd.along axis (f n) xs[0] ])

    [ at [ 2; 6 ] 6 -1
      at [ 5; 2 ] 4 0 |> label "cut, axis=0"
      at [ 2; 4 ] 7 -1 |> label "filled up" |> atLengths [ fun n -> at [ max 1 n ] (max 1 n) 0 ] ]

let private over2 name dtypes result (lengths: int[]) (f: int[] -> Nd -> Nd) =
    [ for function' in [ name + "2"; name + "n" ] ->
          op ("fft_" + function') [ value [ 2; 3; 4 ] any ] (fun a ->
              [ a[0]; lengths; [| 1; 2 |]; norm ])
          |> over dtypes
          |> gives result
          |> ulps 64.0
          |> refer (fun xs -> [ f lengths xs[0] ]) ]

let private both (first: Complex[] -> Complex[]) (second: Complex[] -> Complex[]) =
    Nd.along 2 second >> Nd.along 1 first

let private shifted name shift =
    op ("fft_" + name) [ value [ 3; 4 ] any ] (fun a -> [ a[0]; [| 0; 1 |] ])
    |> refer (fun xs ->
        let roll n = Array.init n (fun i -> ((i - shift n) % n + n) % n)
        [ Nd.init [| 3; 4 |] (fun i -> xs[0][[| (roll 3)[i[0]]; (roll 4)[i[1]] |]]) ])

/// Of complex numbers the real parts are taken.
let private ofRealPart row =
    row
    |> everywhere (except [ DType.Complex64 ])
    |> adjoint (Untested "of complex numbers it takes the real parts")

let rows =
    [ yield! along1 "fft" Values.all complexResult (fun n -> sized n >> forward)
      yield! along1 "ifft" Values.all complexResult (fun n -> sized n >> backward)
      yield!
          along1 "rfft" Values.all complexResult (fun n -> sized n >> forward >> half)
          |> List.map ofRealPart
      yield! along1 "irfft" Values.all realResult realBackward
      yield!
          over2 "fft" Values.all complexResult [| 3; 4 |] (fun n ->
              both (sized n[0] >> forward) (sized n[1] >> forward))
      yield!
          over2 "ifft" Values.all complexResult [| 2; 5 |] (fun n ->
              both (sized n[0] >> backward) (sized n[1] >> backward))
      yield!
          over2 "rfft" Values.all complexResult [| 3; 4 |] (fun n ->
              both (sized n[0] >> forward) (sized n[1] >> forward >> half))
          |> List.map ofRealPart
      yield!
          over2 "irfft" Values.all realResult [| 3; 6 |] (fun n ->
              Nd.along 1 (sized n[0] >> backward) >> Nd.along 2 (realBackward n[1]))
      shifted "fftshift" (fun n -> n / 2)
      shifted "ifftshift" (fun n -> -(n / 2)) ]
