(**
# Testing your own layer with properties

Examples test what you thought of. Properties test the rest: laws that hold for every input, tried
on hundreds of random ones. A layer here is a record and a pure function, so its laws are easy to
say. This notebook uses FsCheck.
*)
#load "mlx.fsx"

open FsCheck
open FsCheck.FSharp
open Mlx
open Mlx.Core

(**
## A layer

A gated unit: one linear map decides how much of another gets through.
*)
type Gated = { Value: Linear; Gate: Linear }

module Gated =
    let init inputs outputs =
        random {
            let! value = Linear.init inputs outputs
            let! gate = Linear.init inputs outputs
            return { Value = value; Gate = gate }
        }

    let apply p x = Linear.apply p.Value x * Nn.sigmoid (Linear.apply p.Gate x)

(**
## Random cases

A case is a layer of some size and an input for it. Sizes and keys are drawn by FsCheck; from them
follow the numbers. The seed is fixed here, so that the page shows the same cases each time.
*)
type Case = { Layer: Gated; Input: Tensor }

let cases =
    gen {
        let! batch = Gen.choose (1, 5)
        let! inputs = Gen.choose (1, 6)
        let! outputs = Gen.choose (1, 6)
        let! seed = Gen.choose (0, 1_000_000)

        let made =
            random {
                let! layer = Gated.init inputs outputs
                let! x = Random.normal [ batch; inputs ]
                return { Layer = layer; Input = x }
            }

        return Random.run (Key.ofSeed seed) made
    }

let law name holds =
    let config = Config.QuickThrowOnFailure.WithReplay(42UL, 1UL).WithMaxTest(200)
    Check.One(config, Prop.forAll (Arb.fromGen cases) holds)
    printfn "200 cases: %s" name

let near (a: Tensor) (b: Tensor) = a |> Tensor.allclose 1e-4 1e-5 b

(**
## Laws

The batch is no more than its examples: one by one, or mapped with `vmap`, the answers are the same.
*)
law "the shape is (batch, outputs)" (fun c ->
    let outputs = c.Layer.Value.Weight.Dim 0
    Tensor.shape (Gated.apply c.Layer c.Input) = [ c.Input.Dim 0; outputs ])

law "vmap is the loop" (fun c ->
    near (Gated.apply c.Layer c.Input) (vmap (Gated.apply c.Layer) c.Input))

law "compiled is eager" (fun c ->
    let apply = compile (fun (p, x) -> Gated.apply p x)
    near (Gated.apply c.Layer c.Input) (apply (c.Layer, c.Input)))

law "a gate lets through at most the value" (fun c ->
    let value = Tensor.abs (Linear.apply c.Layer.Value c.Input)
    let through = Tensor.abs (Gated.apply c.Layer c.Input)
    Tensor.toFloat (Tensor.max (through - value)) <= 0.0)

(**
## The gradient

Its law: along any direction, the change that the gradient foretells is the change that a small step
makes. `jvp` goes forwards along a direction, `vjp` backwards; what they say of each other must
agree.
*)
let total c layer = Tensor.sum (Tensor.square (Gated.apply layer c.Input))

law "the gradient foretells small steps" (fun c ->
    let g = gradient (total c) c.Layer
    let step = 1e-2
    let shift sign = (c.Layer, g) ||> Tree.map2 (fun p g -> p + sign * step * g)
    let measured = Tensor.toFloat (total c (shift 1.0) - total c (shift -1.0)) / (2.0 * step)

    let foretold =
        g |> Tree.fold (fun sum g -> sum + Tensor.toFloat (Tensor.sum (Tensor.square g))) 0.0

    abs (measured - foretold) <= 5e-2 * max 1.0 (abs foretold))

law "forwards and backwards agree" (fun c ->
    let f x = Gated.apply c.Layer x
    let y, along = jvp f c.Input (Tensor.onesLike c.Input)
    let _, back = vjp f c.Input (Tensor.onesLike y)
    abs (Tensor.toFloat (Tensor.sum along - Tensor.sum back)) < 1e-2)

(**
## A layer that breaks a law

Somebody normalizes over the batch as well. Every example test with one row passes; the law about
single examples does not, and FsCheck names a case.
*)
let careless layer x =
    let y = Gated.apply layer x
    y / Tensor.max (Tensor.abs y)

try
    law "vmap is the loop" (fun c ->
        near (careless c.Layer c.Input) (vmap (careless c.Layer) c.Input))
with _ ->
    printfn "the careless layer breaks it"
