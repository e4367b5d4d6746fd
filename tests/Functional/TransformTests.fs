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

      testCase "explain tells every trace and what changed, by path" (fun () ->
          let scale (p: {| X: Tensor list; N: int; F: Tensor -> Tensor |}) =
              p.X |> List.map (fun x -> p.F x * float p.N)

          let f = compile scale
          let ones shape = Tensor.ones shape
          let call (x: Tensor list) n g = f {| X = x; N = n; F = g |} |> Tree.iter _.Dispose()
          let same: Tensor -> Tensor = fun x -> x
          Expect.equal (Compile.explain f).Calls 0L "not called"
          call [ ones [ 3 ] ] 2 same
          call [ Tensor.zeros [ 3 ] ] 2 same
          call [ ones [ 4; 1 ] ] 2 same
          call [ ones [ 4; 1 ] ] 5 same
          call [ Tensor.onesOf DType.Float16 [ 4; 1 ] ] 5 same
          call [ ones [ 3 ]; ones [ 2 ] ] 2 same
          call [ ones [ 3 ] ] 2 Tensor.exp
          let explained = Compile.explain f
          Expect.equal explained.Calls 7L "calls"
          Expect.equal explained.Retraces 5 "retraces"

          let why =
              [ for t in explained.Traces ->
                    Option.ofNullable t.Nearest, [ for c in t.Changes -> string c ] ]

          Expect.equal why[0] (None, []) "the first"
          Expect.equal why[1] (Some 1, [ "'x.0': shape (4, 1), before (3)" ]) "a shape"
          Expect.equal why[2] (Some 2, [ "'n': 5, before 2" ]) "a number"
          Expect.equal why[3] (Some 3, [ "'x.0': dtype float16, before float32" ]) "a dtype"

          Expect.equal
              why[4]
              (Some 1, [ "'x': 2 items, before 1 items"; "'x.1': float32 (2), before nothing" ])
              "a length"

          Expect.equal (fst why[5]) (Some 1) "another function"
          Expect.stringContains (string explained) "trace 5, unlike trace 1 in" "in words")

      testCase "what compile did not answer is not explained" (fun () ->
          let e = Assert.catch (fun () -> Compile.explain (compile cube >> id) |> ignore)
          Expect.stringContains e.Message "compile" "says what is wanted")

      testCase "vmap maps where it is told" (fun () ->
          let w = Random.normal [ 3; 2 ] |> Random.run (Key.ofSeed 1)
          let xs = Random.normal [ 2; 5 ] |> Random.run (Key.ofSeed 2)
          let inAxis path = if path = "1" then Some -1 else None

          let mapped = vmapAxes inAxis (fun _ -> 1) (fun (w, x) -> {| Y = w *@ x |}) (w, xs)

          Assert.close 1e-5 1e-6 (w *@ xs) mapped.Y "columns"

          let repeated, each =
              vmapAxes
                  inAxis
                  (fun path -> if path = "0" then 1 else 0)
                  (fun (w, x) -> Tensor.sumAxes [ 1 ] w, Tensor.sum x)
                  (w, xs)

          Expect.equal (Tensor.shape repeated, Tensor.shape each) ([ 3; 5 ], [ 5 ]) "shapes")

      testCase "vmap names the leaf that does not fit" (fun () ->
          let message (tree: {| A: Tensor; B: Tensor |}) =
              (Assert.catch (fun () -> vmap id tree |> ignore)).Message

          let m = message {| A = Tensor.ones [ 3; 2 ]; B = Tensor.ones [ 4 ] |}
          Expect.stringContains m "'a' has 3 slices, 'b' has 4" "lengths"
          let m = message {| A = Tensor.ones [ 3; 2 ]; B = Tensor.scalar 1f |}
          Expect.stringContains m "'b' of shape () has no axis 0" "axes")

      testCase "directions of another shape are refused by path" (fun () ->
          let at = {| A = Tensor.ones [ 2 ]; B = Tensor.ones [ 3 ] |}
          let wrong = {| A = Tensor.ones [ 2 ]; B = Tensor.ones [ 2 ] |}

          for call in
              [ fun () -> jvp id at wrong |> ignore
                fun () -> vjp id at wrong |> ignore
                fun () ->
                    gradient (fun p -> (customVjp id (fun _ _ _ -> wrong) p).A |> Tensor.sum) at
                    |> ignore ] do
              let e = Assert.catch call
              Expect.stringContains e.Message "'b' has the shape (2), not (3)" "names the leaf")

      testCase "the gradient of chosen leaves; the others are frozen" (fun () ->
          let p =
              {| W = Tensor.ofSeq [ 1.0; 2.0 ]
                 Ids = Tensor.ofSeq [ 1; 0 ]
                 Frozen = Tensor.ofSeq [ 5.0 ] |}

          let value, slope =
              valueAndGradWhere
                  (fun path -> path = "w")
                  (fun (p: {| W: Tensor; Ids: Tensor; Frozen: Tensor |}) () ->
                      Tensor.sum (Tensor.take 0 p.Ids (p.W * p.W) * p.Frozen))
                  p
                  ()

          Expect.equal (Tensor.toFloat value) 25.0 "value"
          Assert.close 0.0 0.0 (Tensor.ofSeq [ 10.0; 20.0 ]) slope.W "2 w f"
          Assert.close 0.0 0.0 (Tensor.ofSeq [ 0.0 ]) slope.Frozen "zeros"
          Expect.equal slope.Ids.DType DType.Int32 "of the leaf's own dtype"

          let e =
              Assert.catch (fun () ->
                  valueAndGradWhere (fun _ -> false) (fun _ () -> Tensor.scalar 0f) p () |> ignore)

          Expect.stringContains e.Message "no leaf" "nothing is chosen")

      testCase "customJvp has its own rule, gradients the function's" (fun () ->
          let f (x: Tensor, y: Tensor) =
              customJvp (fun (x: Tensor, y) -> x * y) (fun (x, y) (dx, dy) -> dx * 7.0 + dy) (x, y)

          let one = Tensor.ofSeq [ 1.0 ]
          let x, y = Tensor.ofSeq [ 3.0 ], Tensor.ofSeq [ 4.0 ]
          let value, along = jvp f (x, y) (one, one)
          Expect.equal (Tensor.toFloat value, Tensor.toFloat along) (12.0, 8.0) "7 + 1"
          let _, partly = jvp (fun x -> f (x, y)) x one
          Expect.equal (Tensor.toFloat partly) 7.0 "no tangent is zero"
          let slope = gradient (fun x -> Tensor.sum (f (x, y))) x
          Expect.equal (Tensor.toFloat slope) 4.0 "y")

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
