(**
# Fourier transforms

A signal as a sum of waves, of any length and along any axes. What holds of pencil and paper holds
here: transforms are linear, products become convolutions, and slopes pass through.

    dotnet fsi samples/fft.fsx
*)
#load "mlx.fsx"

open System
open Mlx
open Mlx.Core

let apart (a: Tensor) b = a - b |> Tensor.abs |> Tensor.max |> Tensor.toFloat

(**
## Finding waves

One second at 256 samples: waves of 12 and 40 turns, and noise that hides them. `rfft` of real
numbers has the frequencies from 0 to half the rate.
*)
let rate = 256
let time = Tensor.arange rate / float rate
let wave turns = Tensor.sin (2.0 * Math.PI * turns * time)
let noise = Random.normal [ rate ] |> Random.run (Key.ofSeed 0)
let signal = wave 12.0 + 0.5 * wave 40.0 + 0.5 * noise

let spectrum = Tensor.rfft signal
let strength = Tensor.abs spectrum * 2.0 / float rate

let least = strength |> Tensor.topk 2 -1 |> Tensor.min |> Tensor.toFloat

let strongest =
    [ for turns in 0 .. rate / 2 do
          if Tensor.toFloat strength[turns] >= least then
              turns ]

printfn "%A of real samples, %A frequencies" (Tensor.shape signal) (Tensor.shape spectrum)

for turns in strongest do
    printfn "%d turns a second, strength %.1f" turns (Tensor.toFloat strength[turns])
(* prints
[256] of real samples, [129] frequencies
12 turns a second, strength 1.0
40 turns a second, strength 0.5
*)

(**
## Keeping some of them

What is far below the strongest wave is noise: without it, and transformed back, the signal is
nearly the clean one.
*)
let isLoud = strength |> Tensor.greater (Tensor.scalar 0.3)
let cleaned = Tensor.where isLoud spectrum (Tensor.zerosLike spectrum) |> Tensor.irfft
let clean = wave 12.0 + 0.5 * wave 40.0
let error x = Tensor.sqrt (Tensor.mean (Tensor.square (x - clean))) |> Tensor.toFloat

printfn "error before %.2f, after %.2f" (error signal) (error cleaned)
(* prints
error before 0.52, after 0.03
*)

(**
## Convolution is a product

Of spectra, that is: a long filter costs n log n rather than n². Both ways agree.
*)
let filter = Tensor.exp (-0.05 * Tensor.arange 64)
let length = rate + 64 - 1
let padded x = Tensor.rfftAxis length -1 x
let fast = padded signal * padded filter |> Tensor.irfftAxis length -1
let slow = signal |> Tensor.convolve "full" filter

printfn "%A, the same: %b" (Tensor.shape fast) (apart fast slow < 1e-3)
(* prints
[319], the same: true
*)

(**
## Two axes

The transform of a picture; shifted, frequency 0 is in its middle. A translated picture has the same
strengths: only the phases move.
*)
let side = Tensor.linspace -1.0 1.0 32

let blob =
    Tensor.exp (-20.0 * (Tensor.square side + Tensor.expandDims 1 (Tensor.square side)))

let moved = blob |> Tensor.rollAxes [ 5; -3 ] [ 0; 1 ]
let strengths x = Tensor.fft2 x |> Tensor.abs |> Tensor.fftshift [ 0; 1 ]

let strengthsOfBlob = strengths blob
let centre = strengthsOfBlob[16, 16]

printfn "in the middle is the sum: %b" (apart centre (Tensor.sum blob) < 1e-3)
printfn "moved, the same strengths: %b" (apart strengthsOfBlob (strengths moved) < 1e-3)
printfn "and back: %b" (apart blob (Tensor.real (Tensor.ifft2 (Tensor.fft2 blob))) < 1e-5)
(* prints
in the middle is the sum: true
moved, the same strengths: true
and back: true
*)

(**
## Any length, and slopes

A prime number of samples is no harder. Parseval: signal and spectrum have the same energy, so the
slope of the spectrum's energy is twice the signal.
*)
let prime = Random.normal [ 1009 ] |> Random.run (Key.ofSeed 1)

let energy x =
    Tensor.fft x |> Tensor.abs |> Tensor.square |> Tensor.sum |> fun e -> e / 1009.0

printfn "the same energy: %b" (apart (energy prime) (Tensor.sum (Tensor.square prime)) < 0.1)
printfn "its slope: %b" (apart (gradient energy prime) (2.0 * prime) < 1e-3)
(* prints
the same energy: true
its slope: true
*)
