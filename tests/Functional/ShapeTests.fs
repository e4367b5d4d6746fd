/// What a check of shapes finds, with nothing computed.
module Mlx.Tests.Functional.ShapeTests

open System
open System.Diagnostics
open Expecto
open Mlx
open Mlx.Core

type Mlp = { Hidden: Linear; Middle: Linear; Out: Linear }

let private forward (p: Mlp) x =
    x
    |> Linear.apply p.Hidden
    |> Nn.relu
    |> Linear.apply p.Middle
    |> Nn.relu
    |> Linear.apply p.Out

let private linear (inputs: int) (outputs: int) : Linear =
    { Weight = Shape.tensor [ outputs; inputs ]
      Bias = Some(Shape.tensor [ outputs ]) }

let private model () = { Hidden = linear 784 128; Middle = linear 128 64; Out = linear 64 10 }

let private origins (m: ShapeMismatch) =
    [ for o in m.Operands do
          if o.Origins.Count = 1 then
              o.Origins[0] ]

let tests =
    [ testCase "what fits has the shapes and dtypes of the result" (fun () ->
          let report = Shape.check forward (model ()) (Shape.tensor [ 32; 784 ])
          Expect.isTrue report.Fits (string report)
          let struct (shape, dtype) = report.Outputs[0]
          Expect.equal (List.ofArray shape, dtype) ([ 32; 10 ], DType.Float32) "output"
          Expect.equal (string report) "the shapes fit: (32, 10) float32" "text")

      testCase "every layer that does not fit is told, with the path of its parameters" (fun () ->
          let model = model ()

          let wrong =
              { Hidden = { model.Hidden with Bias = Some(Shape.tensor [ 127 ]) }
                Middle = linear 100 64
                Out = linear 65 10 }

          let report = Shape.check forward wrong (Shape.tensor [ 32; 784 ])
          let paths = report.Mismatches |> Seq.map origins |> List.ofSeq

          Expect.equal
              (List.concat paths)
              [ "hidden.bias"
                "input"
                "hidden.weight"
                "middle.bias"
                "middle.weight"
                "out.bias"
                "out.weight" ]
              (string report)

          Expect.equal report.Outputs.Count 1 "it went on to the end"
          let text = string report
          Expect.stringStarts text "3 mismatches:" "how many"
          Expect.stringContains text "(100, 64)" "shapes"
          Expect.stringContains text "from middle.weight" "paths")

      testCase "an op that leaves the shape open ends the check" (fun () ->
          let f (w: Tensor) (x: Tensor) = x |> Tensor.reshape [ 5; 5 ] |> Tensor.add w
          let report = Shape.check f (Shape.tensor [ 3 ]) (Shape.tensor [ 4; 6 ])
          Expect.equal report.Mismatches.Count 1 (string report)
          let m = report.Mismatches[0]
          Expect.equal (m.Op, m.EndsCheck) ("reshape", true) (string m)
          Expect.stringContains (string m) "from input" "where it comes from")

      testCase "mistakes of patterns and indices are mismatches too" (fun () ->
          let f () (x: Tensor) = x |> Tensor.rearrange "b (h d) -> b h d" [ "h", 5 ]
          let report = Shape.check f () (Shape.tensor [ 2; 64 ])
          Expect.stringContains (string report) "no multiple of h = 5" "einops"
          let f () (x: Tensor) = x[0, 7]
          let report = Shape.check f () (Shape.tensor [ 2; 3 ])
          Expect.equal report.Mismatches.Count 1 (string report))

      testCase "a function that reads values cannot be checked" (fun () ->
          let f () (x: Tensor) = if Tensor.toFloat (Tensor.sum x) > 0.0 then x else -x
          let report = Shape.check f () (Shape.tensor [ 2 ])
          Expect.stringContains (string report) "reads values" "why")

      testCase "what the function throws otherwise comes out" (fun () ->
          let f () (_: Tensor) : Tensor = failwith "mine"
          let e = Assert.catch (fun () -> Shape.check f () (Shape.tensor [ 2 ]) |> ignore)
          Expect.equal e.Message "mine" "message")

      testCase "a model too large for any machine is checked in milliseconds" (fun () ->
          let wide = 1_000_000
          let init = Linear.init wide wide |> Random.replicate 30
          let apply (layers: Linear list) x = List.fold (fun x p -> Linear.apply p x) x layers
          let input = Shape.tensor [ 4096; wide ]
          let before = Memory.Active
          let clock = Stopwatch.StartNew()

          Tree.scoped (fun () ->
              let model = Random.run (Key.ofSeed 0) init
              let report = Shape.check apply model input
              Expect.isTrue report.Fits (string report)
              Tensor.scalar 0)
          |> Tree.dispose

          Expect.isLessThan (Memory.Active - before) 100_000L "bytes"
          Expect.isLessThan clock.ElapsedMilliseconds 2000L "milliseconds")

      testCase "gradients and maps are checked as well" (fun () ->
          let loss p (x: Tensor) = forward p x |> Tensor.square |> Tensor.mean
          let report = Shape.check (grad loss) (model ()) (Shape.tensor [ 32; 784 ])
          Expect.equal report.Outputs.Count 6 (string report)
          let one p x = forward p x |> Tensor.sum
          let report = Shape.check (fun p -> vmap (one p)) (model ()) (Shape.tensor [ 32; 784 ])
          let struct (shape, _) = report.Outputs[0]
          Expect.equal (List.ofArray shape) [ 32 ] "mapped")

      testCase "require tells all" (fun () ->
          let e =
              Assert.catch (fun () -> Shape.require forward (model ()) (Shape.tensor [ 32; 783 ]))

          Expect.isTrue (e :? ArgumentException) $"{e}"
          Expect.stringContains e.Message "from hidden.weight" "message")

      testCase "a check leaves nothing and disturbs no other op" (fun () ->
          let model, x = model (), Shape.tensor [ 32; 783 ]
          let before = Engine.LiveHandles
          Shape.check forward model x |> ignore
          Expect.equal Engine.LiveHandles before "handles"
          Expect.throwsT<MlxException> (fun () -> forward model x |> ignore) "as ever") ]
