module Mlx.Tests.Functional.TransformTests

open System
open Expecto
open Mlx
open Mlx.Core

type Mlp = { Hidden: Linear; Out: Linear; Scale: Tensor }

let private init =
    random {
        let! hidden = Linear.init 3 5
        let! out = Linear.initNoBias 5 2
        let! scale = Random.uniformIn 0.5 1.5 []
        return { Hidden = hidden; Out = out; Scale = scale }
    }

let private forward (p: Mlp) x =
    x |> Linear.apply p.Hidden |> Nn.tanh |> Linear.apply p.Out |> Tensor.multiply p.Scale

let private loss p (x, y) = forward p x |> Loss.crossEntropy y |> Tensor.mean

let private batch =
    random {
        let! x = Random.normal [ 4; 3 ]
        let! y = Random.randint 0 2 [ 4 ]
        return x, y
    }

let private drawn seed = Random.run (Key.ofSeed seed) (Random.zip init batch)

let private dot (a: 'T) (b: 'T) =
    Array.map2
        (fun (x: Tensor) y -> Tensor.toFloat (Tensor.sum (x * y)))
        (Tree.leaves a)
        (Tree.leaves b)
    |> Array.sum

let private direction seed (like: 'T) : 'T =
    Tree.leaves like
    |> Array.map (fun leaf -> Random.normal (Tensor.shape leaf))
    |> Random.list
    |> Random.run (Key.ofSeed seed)
    |> Array.ofList
    |> Tree.ofLeaves like

let private cube (x: Tensor) = Tensor.sum (x ** 3)

let private law name check =
    testPropertyWithConfig
        { FsCheckConfig.defaultConfig with maxTest = 20 }
        name
        (fun (seed: int) -> Tree.scoped (fun () -> check seed))

let private near tolerance (a: float) (b: float) = abs (a - b) <= tolerance * (1.0 + abs b)

let private laws =
    [ law "the gradient is the slope along any direction" (fun seed ->
          let p, b = drawn seed
          let d = direction (seed + 1) p
          let step = 1e-2
          let at s = loss (Tree.map2 (fun x d -> x + s * d) p d) b |> Tensor.toFloat
          let slope = (at step - at -step) / (2.0 * step)
          near 5e-3 (dot (grad loss p b) d) slope)

      law "vjp and jvp are adjoint" (fun seed ->
          let p, (x, _) = drawn seed
          let f p = forward p x
          let d = direction (seed + 1) p
          let y, forwards = jvp f p d
          let ct = Random.normal (Tensor.shape y) |> Random.run (Key.ofSeed (seed + 2))
          let _, backwards = vjp f p ct
          near 1e-4 (dot ct forwards) (dot backwards d))

      law "vmap is the loop" (fun seed ->
          let p, _ = drawn seed
          let xs = Random.normal [ 3; 4; 3 ] |> Random.run (Key.ofSeed (seed + 3))
          let mapped = vmap (forward p) xs
          let looped = Tensor.unstack 0 xs |> List.map (forward p) |> Tensor.stack 0
          Assert.close 1e-5 1e-6 looped mapped "vmap"
          true)

      law "compiled is eager" (fun seed ->
          let p, b = drawn seed
          let value, slope = valueAndGrad loss p b
          let value', slope' = compile (fun (p, b) -> valueAndGrad loss p b) (p, b)
          Assert.close 1e-5 1e-6 value value' "value"
          Assert.closeTrees 1e-4 1e-6 slope slope' "gradient"
          true)

      law "checkpointed gradients are the same" (fun seed ->
          let p, (x, y) = drawn seed
          let slope = grad loss p (x, y)

          let slope' =
              grad
                  (fun p (x, y) ->
                      checkpoint (fun p -> forward p x) p |> Loss.crossEntropy y |> Tensor.mean)
                  p
                  (x, y)

          Assert.closeTrees 1e-5 1e-6 slope slope' "gradient"
          true) ]

let private examples =
    [ testCase "derivatives nest" (fun () ->
          let x = Tensor.ofSeq [ 1.0; 2.0 ]
          let second = gradient (gradient cube >> Tensor.sum) x
          Assert.close 1e-6 1e-6 (6.0 * x) second "6x"
          let compiled = compile (gradient cube) x
          Assert.close 1e-6 1e-6 (3.0 * x * x) compiled "3x²")

      testCase "aux comes along" (fun () ->
          let (value, aux), slope =
              valueAndGradAux
                  (fun (x: Tensor) () -> cube x, {| Double = x * 2.0; Name = "n" |})
                  (Tensor.ofSeq [ 2.0 ])
                  ()

          Expect.equal
              (Tensor.toFloat value, Tensor.toFloat aux.Double, aux.Name)
              (8.0, 4.0, "n")
              "value and aux"

          Expect.equal (Tensor.toFloat slope) 12.0 "slope")

      testCase "no gradient flows through stopGradient" (fun () ->
          let slope =
              gradient (fun (x: Tensor) -> Tensor.sum (x * stopGradient x)) (Tensor.ofSeq [ 3.0 ])

          Expect.equal (Tensor.toFloat slope) 3.0 "x, not 2x")

      testCase "customVjp has its own rule" (fun () ->
          let f = customVjp (fun (x: Tensor) -> x * x) (fun x y ct -> ct * (x + y) * 10.0)
          let slope = gradient (f >> Tensor.sum) (Tensor.ofSeq [ 3.0 ])
          Expect.equal (Tensor.toFloat slope) 120.0 "10 (3 + 9)")

      testCase "a compiled function is traced once for each signature" (fun () ->
          let mutable traces = 0

          let f =
              compile (fun (p: {| X: Tensor; N: int |}) ->
                  traces <- traces + 1
                  p.X * float p.N)

          let call (x: Tensor) n = f {| X = x; N = n |} |> Tensor.sum |> Tensor.toFloat
          let ones = Tensor.ones [ 3 ]
          Expect.equal (call ones 2) 6.0 "value"
          Expect.equal (call (Tensor.zeros [ 3 ]) 2) 0.0 "other values"
          Expect.equal traces 1 "the same signature"
          Expect.equal (call (Tensor.ones [ 4 ]) 2) 8.0 "another shape"
          Expect.equal traces 2 "traced again"
          Expect.equal (call ones 3) 9.0 "another number in the tree"
          Expect.equal traces 3 "traced again"
          Expect.equal (call (Tensor.onesOf DType.Float16 [ 3 ]) 3) 9.0 "another dtype"
          Expect.equal traces 4 "traced again"
          Expect.equal (call ones 2) 6.0 "the first again"
          Expect.equal traces 4 "known")

      testCase "a compiled function's result may depend on the structure" (fun () ->
          let f = compile (fun (xs: Tensor list) -> xs |> List.map (fun x -> x + 1.0))
          let one = Tensor.ones [ 2 ]
          Expect.hasLength (f [ one ]) 1 "one"
          Expect.hasLength (f [ one; one; one ]) 3 "three")

      testCase "a loss that is no number is refused" (fun () ->
          let e =
              Assert.catch (fun () -> gradient (fun x -> x * 2.0) (Tensor.ones [ 2; 3 ]) |> ignore)

          Expect.stringContains e.Message "(2, 3)" "names the shape"

          Expect.equal
              (gradient cube (Tensor.ofSeq [ 1.0 ]) |> Tensor.toFloat)
              3.0
              "the next call works")

      testCase "integer parameters are refused by path" (fun () ->
          let e =
              Assert.catch (fun () ->
                  grad
                      (fun (p: {| W: Tensor; Ids: Tensor |}) () -> Tensor.sum p.W)
                      {| W = Tensor.ones [ 2 ]; Ids = Tensor.arange 3 |}
                      ()
                  |> ignore)

          Expect.stringContains e.Message "'ids' (int32)" "names the leaf"

          let bare =
              Assert.catch (fun () ->
                  grad (fun x () -> Tensor.sum x) (Tensor.arange 3) () |> ignore)

          Expect.stringContains bare.Message "not int32;" "a bare tensor has no path")

      testCase "what a closure throws comes out unchanged" (fun () ->
          let boom (_: Tensor) : Tensor = raise (TimeoutException "boom")

          for call in
              [ fun () -> gradient boom (Tensor.ones [ 2 ]) |> ignore
                fun () -> compile boom (Tensor.ones [ 2 ]) |> ignore
                fun () -> vmap boom (Tensor.ones [ 2 ]) |> ignore
                fun () -> gradient (checkpoint boom) (Tensor.ones [ 2 ]) |> ignore
                fun () -> compile (gradient boom) (Tensor.ones [ 2 ]) |> ignore ] do
              match Assert.catch call with
              | :? TimeoutException as e ->
                  Expect.equal e.Message "boom" "message"
                  Expect.stringContains (string e.StackTrace) "boom" "stack"
              | e -> failtest $"not {e}"

          Expect.equal
              (gradient cube (Tensor.ofSeq [ 1.0 ]) |> Tensor.toFloat)
              3.0
              "the next call works")

      testCase "shapes that do not fit are told where they are" (fun () ->
          match
              Assert.catch (fun () -> Tensor.ones [ 2; 3 ] *@ Tensor.ones [ 2; 3 ] |> ignore)
          with
          | :? MlxException as e ->
              Expect.stringContains e.Message "matmul" "op"
              Expect.stringContains e.Message "(2,3)" "shape"
          | e -> failtest $"{e}")

      testCase "transforms leave only their results" (fun () ->
          let p, b = drawn 0
          let before = Engine.LiveHandles
          let value, slope = valueAndGrad loss p b
          Expect.equal (Engine.LiveHandles - before) (1L + int64 (Tree.count p)) "handles") ]

let tests = laws @ examples
