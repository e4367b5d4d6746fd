/// Derivatives, maps over a batch and compiled functions keep their laws.
module Mlx.Tests.Properties.Transforms

open System
open Expecto
open FsCheck.FSharp
open Mlx

/// Smooth functions of a vector, to vectors or numbers.
let private functions: (string * (Tensor -> Tensor)) list =
    [ "sin", Tensor.sin
      "x e^x", (fun x -> x * exp x)
      "tanh of a product", (fun x -> Tensor.tanh (x * Tensor.roll 1 0 x))
      "softmax", Tensor.softmax 0
      "logsumexp", Tensor.logsumexp
      "cumsum of squares", (fun x -> Tensor.cumsum 0 (x * x))
      "quotient", (fun x -> x / (1.0 + x * x))
      "norm", (fun x -> Tensor.sqrt (1.0 + Tensor.sum (x * x)))
      "outer product", (fun x -> Tensor.outer (Tensor.cos x) x)
      "reversed", (fun x -> x[Idx.Slice(step = -1)] * x)
      "gathered", (fun x -> Tensor.take 0 (Tensor.ofSeq [ 0; 2; 0 ]) x ** 3)
      "layer norm", Tensor.layerNorm 1e-3 None None
      "padded and sliced", (fun x -> (Tensor.pad [ 1, 1 ] x)[1..3] * 2.0) ]

let private vector = Draw.ofShape Draw.real [ 4 ]
let private three = Gen.three vector
let private dot (x: Tensor) (y: Tensor) = Tensor.sum (x * y)

/// Numbers of the shape of a tensor, from those at hand.
let private like (y: Tensor) (x: Tensor) =
    let n = int (Tensor.size y)
    let cycle = Tensor.tile [ n / 4 + 1 ] x
    Tensor.reshape (Tensor.shape y) cycle[Idx.Slice(0, n)]

let private ofFunction (name, f: Tensor -> Tensor) =
    [ law $"{name}: the forward derivative is linear" three (fun (x, u, v) ->
          let along t = jvp f x.Tensor t |> snd
          along (2.0 * u.Tensor + v.Tensor) =~~ 2.0 * along u.Tensor + along v.Tensor)
      law $"{name}: the reverse derivative is linear" three (fun (x, u, v) ->
          let y = f x.Tensor
          let back t = vjp f x.Tensor (like y t) |> snd
          back (2.0 * u.Tensor + v.Tensor) =~~ 2.0 * back u.Tensor + back v.Tensor)
      law $"{name}: both derivatives are transposes" three (fun (x, u, v) ->
          let ct = like (f x.Tensor) v.Tensor
          let forward = jvp f x.Tensor u.Tensor |> snd
          let back = vjp f x.Tensor ct |> snd
          dot ct forward =~~ dot back u.Tensor)
      law $"{name}: the derivatives' values are the function's" three (fun (x, u, v) ->
          let y = f x.Tensor
          fst (jvp f x.Tensor u.Tensor) =~ y
          fst (vjp f x.Tensor (like y v.Tensor)) =~ y)
      law $"{name}: mapped over a batch is each" (Draw.ofShape Draw.real [ 3; 4 ]) (fun x ->
          vmap f x.Tensor =~~ (x.Tensor |> Tensor.unstack 0 |> List.map f |> Tensor.stack 0))
      law $"{name}: a checkpoint changes no gradient" vector (fun x ->
          gradient (checkpoint f >> Tensor.sum) x.Tensor =~~ gradient (f >> Tensor.sum) x.Tensor) ]

/// What is traced for one value must serve for others.
let private compiled =
    let agrees (slow: Tensor -> Tensor) (x: Tensor) =
        let fast = compile slow
        fast x =~~ slow x
        fast (0.5 * x) =~~ slow (0.5 * x)

    [ for name, f in functions do
          law $"{name}: compiled is eager" vector (fun x -> agrees f x.Tensor)

          law $"{name}: a compiled gradient is the gradient" vector (fun x ->
              agrees (gradient (f >> Tensor.sum)) x.Tensor) ]

let private f (x: Tensor) = Tensor.sin x * x
let private g (x: Tensor) = Tensor.tanh (x + Tensor.roll 1 0 x)
let private loss (x: Tensor) = Tensor.sum (Tensor.tanh x * Tensor.roll 1 0 x)

let private rules =
    [ law "the chain rule, forward" three (fun (x, u, _) ->
          let y, dy = jvp f x.Tensor u.Tensor
          snd (jvp (f >> g) x.Tensor u.Tensor) =~~ snd (jvp g y dy))
      law "the chain rule, in reverse" three (fun (x, _, v) ->
          let x, v = x.Tensor, v.Tensor
          let back = vjp g (f x) v |> snd
          snd (vjp (f >> g) x v) =~~ snd (vjp f x back))
      law "the product rule" vector (fun x ->
          let slope f = gradient (f >> Tensor.sum) x.Tensor
          let f, g = Tensor.sin, Tensor.exp
          slope (fun x -> f x * g x) =~~ slope f * g x.Tensor + f x.Tensor * slope g)
      law "the gradient of a sum is one" vector (fun x ->
          gradient Tensor.sum x.Tensor =. Tensor.ones [ 4 ])
      law "the gradient of a scalar product" (Gen.two vector) (fun (x, y) ->
          gradient (dot y.Tensor) x.Tensor =~ y.Tensor)
      law
          "the gradient of a quadratic form"
          (Gen.zip vector (Draw.matrix 4 4 Draw.real))
          (fun (x, a) ->
              let a, x = a.Tensor, x.Tensor
              gradient (fun x -> dot x (a *@ x)) x =~~ (a + Tensor.transpose a) *@ x)
      law "gradients add" vector (fun x ->
          gradient (fun x -> loss x + 3.0 * Tensor.sum (exp x)) x.Tensor
          =~~ gradient loss x.Tensor + 3.0 * exp x.Tensor)
      law "value and gradient are both" vector (fun x ->
          let value, slope = valueAndGrad (fun x () -> loss x) x.Tensor ()
          value =~ loss x.Tensor
          slope =~ gradient loss x.Tensor)
      law "nothing flows through a stopped gradient" vector (fun x ->
          gradient (fun x -> Tensor.sum (x * stopGradient x)) x.Tensor =. x.Tensor)
      law "the gradient by a tree is that by each leaf" (Gen.two vector) (fun (x, y) ->
          let f (x: Tensor, y: Tensor) = Tensor.sum (x * sin y)
          let dx, dy = gradient f (x.Tensor, y.Tensor)
          dx =~ sin y.Tensor
          dy =~ x.Tensor * cos y.Tensor)
      law "jacobians of both modes agree" vector (fun x -> jacfwd g x.Tensor =~~ jacrev g x.Tensor)
      law "the jacobian times a direction is the forward derivative" (Gen.two vector) (fun (x, u) ->
          jacobian g x.Tensor *@ u.Tensor =~~ snd (jvp g x.Tensor u.Tensor))
      law "the jacobian of a composition is the product" vector (fun x ->
          jacobian (f >> g) x.Tensor =~~ jacobian g (f x.Tensor) *@ jacobian f x.Tensor)
      law "a Hessian is symmetric" vector (fun x ->
          let h = hessian loss x.Tensor
          h =~~ Tensor.transpose h)
      law "the Hessian is the jacobian of the gradient" vector (fun x ->
          hessian loss x.Tensor =~~ jacobian (gradient loss) x.Tensor)
      law "the Hessian times a direction" (Gen.two vector) (fun (x, v) ->
          hvp loss x.Tensor v.Tensor =~~ hessian loss x.Tensor *@ v.Tensor)
      law
          "a mapped composition is a composition of maps"
          (Draw.ofShape Draw.real [ 3; 4 ])
          (fun x -> vmap (f >> g) x.Tensor =~ vmap g (vmap f x.Tensor))
      law "a map of maps" (Draw.ofShape Draw.real [ 2; 3; 4 ]) (fun x ->
          vmap (vmap g) x.Tensor
          =~ (x.Tensor |> Tensor.reshape [ 6; 4 ] |> vmap g |> Tensor.reshape [ 2; 3; 4 ]))
      law "gradients of a batch" (Draw.ofShape Draw.real [ 3; 4 ]) (fun x ->
          vmap (gradient loss) x.Tensor =~~ gradient (vmap loss >> Tensor.sum) x.Tensor)
      law "a map of a constant repeats it" (Draw.ofShape Draw.real [ 3; 4 ]) (fun x ->
          vmap (fun x -> x * 0.0 + 5.0) x.Tensor =. Tensor.full [ 3; 4 ] 5.0)
      law "a compiled map is the map" (Draw.ofShape Draw.real [ 3; 4 ]) (fun x ->
          compile (vmap g) x.Tensor =~ vmap g x.Tensor)
      law "a rule of one's own" (Gen.two vector) (fun (x, ct) ->
          let twice (x: Tensor) = customVjp id (fun _ _ ct -> 2.0 * ct) x
          snd (vjp twice x.Tensor ct.Tensor) =~ 2.0 * ct.Tensor) ]

/// The graph calls the function again when nothing else knows of it.
let private outlives name (wrap: Tensor -> Tensor) =
    testCase $"{name} outlives the collector" (fun () ->
        let loss (x: Tensor) =
            let y = wrap x
            GC.Collect()
            GC.WaitForPendingFinalizers()
            Tensor.sum y

        Tree.scoped (fun () ->
            gradient loss (Tensor.ofSeq [ 1.0; 2.0 ]) =~ Tensor.ofSeq [ 2.0; 4.0 ]
            Tensor.scalar 0)
        |> Tree.dispose)

let private lifetimes =
    [ outlives "what is computed again" (fun x -> checkpoint Tensor.square x)
      outlives "a rule of one's own" (fun x ->
          customVjp Tensor.square (fun x _ ct -> 2.0 * x * ct) x) ]

let tests = List.collect ofFunction functions @ compiled @ rules @ lifetimes
