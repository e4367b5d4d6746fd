/// What the tests of the F# side share.
module Mlx.Tests.Functional.Assert

open System
open Expecto
open Mlx

/// The exception that a call throws.
let catch (call: unit -> unit) : exn =
    try
        call ()
        failtest "nothing was thrown"
    with
    | :? AssertException -> reraise ()
    | e -> e

/// Fails unless |got - want| is at most atol + rtol |want| everywhere; equal NaNs are equal.
let close rtol atol (want: Tensor) (got: Tensor) what =
    Expect.equal (Tensor.shape got) (Tensor.shape want) $"{what}: shape"
    let got: float[] = Tensor.toArray got
    let want: float[] = Tensor.toArray want

    for i in 0 .. got.Length - 1 do
        let same = got[i] = want[i] || (Double.IsNaN got[i] && Double.IsNaN want[i])

        if not same && not (abs (got[i] - want[i]) <= atol + rtol * abs want[i]) then
            failtest $"{what}: element {i} is {got[i]}, not {want[i]}"

/// Two trees of the same type, leaf by leaf.
let closeTrees rtol atol (want: 'T) (got: 'T) what =
    for (path, want), (_, got) in Array.zip (Tree.named want) (Tree.named got) do
        close rtol atol want got $"{what} {path}"
