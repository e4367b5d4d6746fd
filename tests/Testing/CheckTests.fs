/// The checks of Mlx.Testing: they pass what is right, and say where what is wrong goes wrong.
module Mlx.Tests.Testing.CheckTests

open System
open Expecto
open Mlx
open Mlx.Core
open Mlx.Testing
open Mlx.Tests.Functional

type private Affine = { Weight: Tensor; Bias: Tensor option }

let private draw seed shape = Random.normal shape |> Random.run (Key.ofSeed seed)
let private doubles (tree: 'T) = tree |> Tree.map (Tensor.astype DType.Float64)

let private example () =
    doubles ({ Weight = draw 1 [ 3; 2 ]; Bias = Some(draw 2 [ 2 ]) }, draw 3 [ 4; 3 ])

let private apply (p: Affine, x) =
    let y = Tensor.tanh (x *@ p.Weight)
    {| Y = Option.fold (+) y p.Bias |}

let private message check =
    let e = Assert.catch check
    Expect.isTrue (e :? CheckFailedException) $"a CheckFailedException, not {e}"
    e.Message

let private says (parts: string list) check =
    let text = message check

    for part in parts do
        Expect.stringContains text part "the message"

let tests =
    [ testCase "a layer keeps every law, in every dtype" (fun () ->
          use _ = Scope.Enter()
          Check.all apply (example ())
          Check.all apply (example () |> Tree.map (Tensor.astype DType.Float32))
          let half = example () |> Tree.map (Tensor.astype DType.Float16)
          Check.gradients apply half
          Check.vmap apply half
          Check.compiled apply half)

      testCase "whole numbers stay as they are" (fun () ->
          use _ = Scope.Enter()
          let p: Embedding = { Weight = doubles (draw 1 [ 5; 2 ]) }
          Check.all (fun (p, ids) -> Embedding.apply p ids) (p, Tensor.ofSeq [ 0; 4; 2; 2 ]))

      testCase "a wrong gradient is named by path and index" (fun () ->
          use _ = Scope.Enter()
          // The rule forgets the factor 3 in the second column.
          let halved = Tensor.ofRows [ [ 3.0; 1.0 ] ]

          let f (p: {| Inner: Affine |}) =
              let w = customVjp (fun w -> w * 3.0) (fun _ _ c -> c * halved) p.Inner.Weight
              Tensor.sum (w * w)

          let p = {| Inner = { Weight = draw 1 [ 3; 2 ]; Bias = None } |}

          (fun () ->
              Check.gradientsWith
                  { CheckOptions.defaults with Modes = Modes.Reverse; Seed = 5 }
                  f
                  p)
          |> says
              [ "Check.gradients: 3 of 6 values"
                "gradient of inner.weight[2, 1]: analytic"
                "numeric"
                "seed 5" ])

      testCase "both modes are looked at" (fun () ->
          use _ = Scope.Enter()

          let rule (xs: Tensor[]) (tangents: Tensor[]) (_: int[]) = [| tangents[0] * xs[0] * 3.0 |]

          let f (x: Tensor) =
              Transforms
                  .CustomFunction((fun (xs: Tensor[]) -> [| xs[0] * xs[0] |]), jvp = JvpRule rule)
                  .Invoke([| x |])[0]

          let x = doubles (draw 1 [ 2 ])
          says [ "derivative of the value[0]" ] (fun () -> Check.gradients f x)
          says [ "cotangent (J tangent)" ] (fun () -> Check.vjpJvp f x))

      testCase "a wrong rule for batches is found" (fun () ->
          use _ = Scope.Enter()

          let rule (xs: Tensor[]) (axes: int[]) = struct ([| xs[0] * 2.0 |], axes)

          let f (p: {| X: Tensor |}) =
              Transforms
                  .CustomFunction(
                      (fun (xs: Tensor[]) -> [| xs[0] * xs[0] |]),
                      vmap = VmapRule rule
                  )
                  .Invoke([| p.X |])[0]

          let x = {| X = draw 1 [ 3 ] |}

          (fun () -> Check.vmap f x)
          |> says [ "Check.vmap (all leaves mapped): "; "the value[0, 0]: loop"; "vmap" ])

      testCase "a batch needs first axes of one length" (fun () ->
          use _ = Scope.Enter()
          let batch = draw 1 [ 2 ], draw 2 [ 3 ]
          let over () = Check.vmapOver CheckOptions.defaults (fun (a, b) -> a + b) batch

          Expect.stringContains
              (Assert.catch over).Message
              "one length above 0, not 2, 3"
              "lengths")

      testCase "a value seen when traced is found" (fun () ->
          use _ = Scope.Enter()
          let calls = [| 0 |]

          let counting (x: Tensor) =
              calls[0] <- calls[0] + 1
              x + float calls[0]

          says [ "Check.compiled"; "the value[0]: eager"; "compiled" ] (fun () ->
              Check.compiled counting (draw 1 [ 3 ])))

      testCase "a constant that widens is found" (fun () ->
          use _ = Scope.Enter()
          let f (p: {| W: Tensor |}) = {| Y = p.W * Tensor.ofSeq [ 2.0 ] |}

          says [ "y: Float16 in, Float32 out"; "y: BFloat16 in" ] (fun () ->
              Check.keepsDType f {| W = draw 1 [ 3 ] |}))

      testCase "a tensor that stays is found" (fun () ->
          let kept = Collections.Generic.List<Tensor>()

          Check.noLeaks (fun () ->
              use x = Tensor.ones [ 3 ]
              use y = x + x
              Tensor.eval y |> ignore)

          says [ "Check.noLeaks: each run leaves 1 handles" ] (fun () ->
              Check.noLeaks (fun () -> kept.Add(Tensor.scalar 1)))

          for x in kept do
              x.Dispose())

      testCase "what has no derivative is refused in words" (fun () ->
          use _ = Scope.Enter()

          for call in
              [ (fun () -> Check.gradients Tensor.exp (Tensor.ofSeq [ 1; 2 ]))
                (fun () -> Check.gradients (Tensor.argmaxAxis 0) (draw 1 [ 3 ])) ] do
              let e = Assert.catch call
              Expect.stringContains e.Message "no floating tensor" "says why") ]
