/// Matrices of derivatives against closed forms.
module Mlx.Tests.Functional.JacobianTests

open System
open Expecto
open Mlx

type Layer = { W: Tensor; B: Tensor }

let private normal seed shape = Random.normal shape |> Random.run (Key.ofSeed seed)
let private apply (p: Layer) (x: Tensor) = (p.W @@ x) + p.B

let private layer seed = { W = normal seed [ 2; 3 ]; B = normal (seed + 1) [ 2 ] }

let private law name (check: int -> unit) =
    testPropertyWithConfig
        { FsCheckConfig.defaultConfig with maxTest = 200 }
        name
        (fun (seed: int) ->
            Tree.scoped (fun () ->
                check seed
                Tensor.scalar 0)
            |> Tree.dispose)

let private bothWays f x what want =
    Assert.close 1e-5 1e-6 want (jacfwd f x) $"{what} forwards"
    Assert.close 1e-5 1e-6 want (jacrev f x) $"{what} in reverse"
    Assert.close 1e-5 1e-6 want (jacobian f x) what

/// Softmax of the argument, whose Hessian of logsumexp is diag(s) - s s'.
let private covariance (x: Tensor) =
    let s = Tensor.softmax -1 x
    Tensor.diag 0 s - Tensor.outer s s

let private laws =
    [ law "of a linear map: its matrix" (fun seed ->
          let a, x = normal seed [ 4; 3 ], normal (seed + 1) [ 3 ]
          bothWays (fun x -> a @@ x) x "A x" a

          bothWays
              (fun x -> Tensor.transpose a @@ x)
              (normal seed [ 4 ])
              "A' x"
              (Tensor.transpose a))

      law "of an elementwise function: a diagonal" (fun seed ->
          let x = normal seed [ 5 ]
          bothWays Tensor.sin x "sin" (Tensor.diag 0 (Tensor.cos x)))

      law "of softmax: diag(s) - s s'" (fun seed ->
          let x = normal seed [ 4 ]
          bothWays (Tensor.softmax -1) x "softmax" (covariance x))

      law "the Hessian of logsumexp" (fun seed ->
          let x = normal seed [ 4 ]
          Assert.close 1e-5 1e-6 (covariance x) (hessian Tensor.logsumexp x) "logsumexp")

      law "the Hessian of a quadratic form: Q + Q', times a direction too" (fun seed ->
          let q, x = normal seed [ 3; 3 ], normal (seed + 1) [ 3 ]
          let f (x: Tensor) = Tensor.sum (x * (q @@ x))
          let want = q + Tensor.transpose q
          Assert.close 1e-5 1e-5 want (hessian f x) "H"
          let v = normal (seed + 2) [ 3 ]
          Assert.close 1e-5 1e-5 (want @@ v) (hvp f x v) "H v")

      law "the Hessian times a direction is the slope of the gradient, over trees" (fun seed ->
          // In single precision the slope of a gradient has two good digits.
          let double p = p |> Tree.map (Tensor.astype DType.Float64)
          let p, v = double (layer seed), double (layer (seed + 2))
          let x = normal (seed + 4) [ 3 ] |> double
          let f p = apply p x |> Tensor.tanh |> Tensor.square |> Tensor.sum
          let step = 1e-4
          let at s = gradient f (Tree.map2 (fun p v -> p + s * v) p v)
          let slope = Tree.map2 (fun up down -> (up - down) / (2.0 * step)) (at step) (at -step)
          Assert.closeTrees 1e-5 1e-5 slope (hvp f p v) "H v")

      law "blocks times a direction are the product" (fun seed ->
          let p, v, x = layer seed, layer (seed + 2), normal (seed + 4) [ 3 ]
          let f p = apply p x |> Tensor.tanh |> Tensor.square |> Tensor.sum

          let product (rows: Tensor) (block: Layer) =
              Tensor.tensordot 2 v.W block.W + Tensor.tensordot 1 v.B block.B
              |> Tensor.reshape (Tensor.shape rows)

          let blocks = hessianBlocks f p |> Map.ofArray
          let got = { W = product p.W blocks["w"]; B = product p.B blocks["b"] }
          Assert.closeTrees 1e-4 1e-5 (hvp f p v) got "H v") ]

let private examples =
    [ testCase "of a layer, by its parameters" (fun () ->
          let p, x = layer 0, normal 9 [ 3 ]
          let got = jacrev (fun p -> apply p x) p
          Assert.close 0.0 0.0 (Tensor.eye 2) got.B "by the bias: the unit matrix"

          let want = Tensor.eye 2 |> Tensor.repeatBy "i j -> i j k" [ "k", 3 ] |> Tensor.multiply x

          Assert.close 0.0 0.0 want got.W "by the weights: x where the rows agree")

      testCase "of a tree, by one tensor" (fun () ->
          let x = Tensor.ofSeq [ 1.0; 2.0 ]
          let got = jacfwd (fun (x: Tensor) -> {| Sum = Tensor.sum x; Cube = x ** 3 |}) x
          Assert.close 0.0 0.0 (Tensor.ones [ 2 ]) got.Sum "of the sum"
          Assert.close 1e-6 0.0 (Tensor.diag 0 (3.0 * x * x)) got.Cube "of the cube")

      testCase "shapes are the value's, then the argument's" (fun () ->
          let x = Tensor.arange 6 |> Tensor.astype DType.Float32 |> Tensor.reshape [ 2; 3 ]

          let want =
              Tensor.eye 6
              |> Tensor.reshape [ 2; 3; 2; 3 ]
              |> Tensor.rearrange "i j k l -> j i k l" []

          bothWays Tensor.transpose x "a transposed matrix" want
          let sums = Tensor.eye 3 |> Tensor.repeatBy "j l -> j k l" [ "k", 2 ]
          bothWays (Tensor.sumAxis 0) x "the sum of the rows" sums
          Expect.equal (jacobian Tensor.sum x |> Tensor.shape) [ 2; 3 ] "of a number"

          Expect.equal
              (jacobian (fun t -> t * x) (Tensor.scalar 1.0) |> Tensor.shape)
              [ 2; 3 ]
              "by a number"

          Expect.equal
              (hessian (Tensor.square >> Tensor.sum) x |> Tensor.shape)
              [ 2; 3; 2; 3 ]
              "twice"

          let none = Tensor.zeros [ 0 ]
          Expect.equal (jacrev Tensor.sin none |> Tensor.shape) [ 0; 0 ] "of nothing"
          Expect.equal (jacfwd Tensor.sin none |> Tensor.shape) [ 0; 0 ] "of nothing")

      testCase "what does not depend on the argument has zeros" (fun () ->
          let x = Tensor.ofSeq [ 1.0; 2.0; 3.0 ]
          let constant (_: Tensor) = Tensor.ones [ 2 ]
          bothWays constant x "a constant" (Tensor.zeros [ 2; 3 ])
          Assert.close 0.0 0.0 (Tensor.zeros [ 3; 3 ]) (hessian Tensor.sum x) "no curvature"
          let blocks = hessianBlocks (fun p -> Tensor.sum (p.W * p.W * p.B)) { W = x; B = x }
          let w, b = snd blocks[0], snd blocks[1]
          let diagonal = Tensor.diag 0 (2.0 * x)
          Assert.close 0.0 0.0 diagonal w.W "by w twice"
          Assert.close 0.0 0.0 diagonal w.B "by w and b"
          Assert.close 0.0 0.0 (Tensor.zeros [ 3; 3 ]) b.B "by b twice")

      testCase "Rosenbrock's valley" (fun () ->
          let f (p: Tensor) =
              let x, y = p[0], p[1]
              (1.0 - x) ** 2 + 100.0 * (y - x * x) ** 2

          let want = Tensor.ofRows [ [ 802.0; -400.0 ]; [ -400.0; 200.0 ] ]
          Assert.close 1e-5 0.0 want (hessian f (Tensor.ones [ 2 ])) "at the minimum")

      testCase "they nest with vmap, compile and themselves" (fun () ->
          let f (x: Tensor) = Tensor.sum (x ** 3)
          let xs = Tensor.ofRows [ [ 1.0; 2.0 ]; [ 3.0; 4.0 ] ]
          let want = xs |> Tensor.unstack 0 |> List.map (fun x -> Tensor.diag 0 (6.0 * x))
          Assert.close 1e-6 0.0 (Tensor.stack 0 want) (vmap (hessian f) xs) "mapped"
          let x = Tensor.ofSeq [ 1.0; 2.0 ]
          Assert.close 1e-6 0.0 want[0] (compile (hessian f) x) "compiled"
          Assert.close 1e-6 0.0 (jacobian (gradient f) x) (jacrev (gradient f) x) "of a gradient"
          let third = jacrev (hessian f) x
          Expect.equal (Tensor.shape third) [ 2; 2; 2 ] "third derivatives"
          let diagonal = third |> Tensor.reduceBy Tensor.sumAxes "i j k -> i" []
          Assert.close 1e-5 0.0 (Tensor.full [ 2 ] 6.0) diagonal "third derivatives")

      testCase "the dtype stays" (fun () ->
          let x = Tensor.onesOf DType.Float16 [ 2 ]
          Expect.equal (jacfwd Tensor.sin x).DType DType.Float16 "forwards"
          Expect.equal (jacrev Tensor.sin x).DType DType.Float16 "in reverse"
          Expect.equal (hessian (Tensor.sin >> Tensor.sum) x).DType DType.Float16 "twice")

      testCase "what has no derivative is refused" (fun () ->
          let ints = Tensor.arange 3
          let floats = Tensor.ones [ 3 ]

          for call, message in
              [ (fun () -> jacfwd id ints),
                "jacfwd: the argument must be a floating tensor, its dtype is int32"
                (fun () -> jacrev id ints),
                "jacrev: only floating tensors have gradients, not int32"
                (fun () -> jacrev (Tensor.astype DType.Int32) floats),
                "jacrev: the value must be a floating tensor, its dtype is int32"
                (fun () -> jacobian (Tensor.astype DType.Int32) floats),
                "jacobian: the value must be a floating tensor, its dtype is int32"
                (fun () -> hvp Tensor.sum ints ints), "hvp: only floating tensors"
                (fun () -> hessian id floats), "the loss must be one number, its shape is (3)" ] do
              let e = Assert.catch (fun () -> call () |> ignore)
              Expect.isTrue (e :? ArgumentException) $"{e}"
              Expect.stringContains e.Message message "message")

      testCase "they leave only their results" (fun () ->
          let p, x = layer 0, normal 9 [ 3 ]
          let before = Engine.LiveHandles
          let j = jacrev (fun p -> apply p x) p
          Expect.equal (Engine.LiveHandles - before) 2L "jacrev"
          Tree.dispose j
          let h = hessian (Tensor.square >> Tensor.sum) x
          Expect.equal (Engine.LiveHandles - before) 1L "hessian"
          h.Dispose()) ]

let tests = laws @ examples
