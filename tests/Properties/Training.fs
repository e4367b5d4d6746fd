/// Schedules, optimizers and files.
module Mlx.Tests.Properties.Training

open System
open System.IO
open FsCheck.FSharp
open Mlx

let private step = Draw.int 0 60

let private close what (a: float) (b: float) =
    isTrue $"{what}: {a} and {b}" (abs (a - b) <= 1e-5 * max 1.0 (abs b))

let private schedules =
    [ law "a constant is constant" step (fun n ->
          close "value" (Schedule.constant 0.3 |> Schedule.at n) 0.3)
      law "a line goes from end to end" step (fun n ->
          let want = 1.0 + (3.0 - 1.0) * float (min n 40) / 40.0
          close "value" (Schedule.linear 1.0 3.0 40 |> Schedule.at n) want)
      law "a cosine falls to zero" step (fun n ->
          let t = float (min n 40) / 40.0
          close "value" (Schedule.cosine 2.0 40 |> Schedule.at n) (1.0 + cos (Math.PI * t)))
      law "an exponential multiplies" step (fun n ->
          let s = Schedule.exponential 1.0 0.9
          close "ratio" (Schedule.at (n + 1) s) (0.9 * Schedule.at n s))
      law "a step schedule is constant between steps" step (fun n ->
          close "value" (Schedule.step 1.0 0.5 10 |> Schedule.at n) (0.5 ** float (n / 10)))
      law "what is joined counts from its own start" step (fun n ->
          let s = Schedule.join (Schedule.constant 5.0) [ 20, Schedule.linear 1.0 2.0 10 ]
          let want = if n < 20 then 5.0 else 1.0 + float (min (n - 20) 10) / 10.0
          close "value" (Schedule.at n s) want)
      law "a warm-up is a line, then a cosine" step (fun n ->
          let s = Schedule.warmupCosine 10 50 0.8

          let want =
              if n < 10 then
                  0.08 * float n
              else
                  0.4 * (1.0 + cos (Math.PI * float (min (n - 10) 40) / 40.0))

          close "value" (Schedule.at n s) want)
      law "a product of schedules" step (fun n ->
          let a, b = Schedule.linear 1.0 3.0 40, Schedule.exponential 1.0 0.9
          close "value" (Schedule.at n (Schedule.multiply b a)) (Schedule.at n a * Schedule.at n b))
      law "a cycle peaks once" step (fun n ->
          let s = Schedule.oneCycle 50 0.1
          isTrue "never above the peak" (Schedule.at n s <= 0.1 + 1e-7)
          close "the peak" (Schedule.at 15 s) 0.1) ]

let private vectors = Gen.two (Draw.ofShape Draw.real [ 3 ])

let private descend optimizer (g: 'P) (p: 'P) = Optim.update optimizer g (Optim.init optimizer p) p

let private optimizers: (string * Optimizer) list =
    [ "sgd", Optim.sgd (0.1)
      "sgd with momentum", Optim.sgd (0.1, momentum = 0.9)
      "adam", Optim.adam 1e-2
      "adamW", Optim.adamW 1e-2
      "rmsprop", Optim.rmsprop 1e-2
      "adagrad", Optim.adagrad 1e-2
      "adaDelta", Optim.adaDelta 1.0
      "adamax", Optim.adamax 1e-2
      "lion", Optim.lion 1e-2 ]

let private ofOptimizer (name, optimizer: Optimizer) =
    [ law $"{name}: leaves do not see each other" vectors (fun (p, g) ->
          let p, g = p.Tensor, g.Tensor
          let (a, b), _ = descend optimizer (g, 2.0 * g) (p, p)
          a =~ fst (descend optimizer g p)
          b =~ fst (descend optimizer (2.0 * g) p))
      law $"{name}: compiled is eager" vectors (fun (p, g) ->
          let p, g = p.Tensor, g.Tensor
          let state = Optim.init optimizer p
          let fast = compile (fun (g, s, p) -> Optim.update optimizer g s p)
          fst (fast (g, state, p)) =~ fst (Optim.update optimizer g state p)
          fst (fast (p, state, g)) =~ fst (Optim.update optimizer p state g))
      law $"{name}: it goes against the gradient" vectors (fun (p, g) ->
          let p = p.Tensor
          // Away from zero, where a decay of the parameters would be more than the step.
          let g =
              Tensor.where
                  (Tensor.greater (Tensor.scalar 0.0) g.Tensor)
                  (g.Tensor + 0.5)
                  (g.Tensor - 0.5)

          let next, _ = descend optimizer g p
          isTrue "down" (Tensor.toFloat (Tensor.max ((next - p) * Tensor.sign g)) <= 0.0)) ]

let private stages =
    [ law "sgd is p - rate g" vectors (fun (p, g) ->
          fst (descend (Optim.sgd 0.1) g.Tensor p.Tensor) =~ p.Tensor - 0.1 * g.Tensor)
      law "no stage, no step" vectors (fun (p, g) -> fst (descend id g.Tensor p.Tensor) =. p.Tensor)
      law "stages compose" vectors (fun (p, g) ->
          fst (descend (Optim.weightDecay 0.1 >> Optim.sgd 0.1) g.Tensor p.Tensor)
          =~ p.Tensor - 0.1 * (g.Tensor + 0.1 * p.Tensor))
      law "clipping by value" vectors (fun (p, g) ->
          fst (descend (Optim.clipByValue 0.5 >> Optim.sgd 1.0) g.Tensor p.Tensor)
          =~ p.Tensor - Tensor.clip -0.5 0.5 g.Tensor)
      law "clipping by norm keeps the direction" vectors (fun (p, g) ->
          let p, g = p.Tensor, g.Tensor
          let moved = p - fst (descend (Optim.clipByGlobalNorm 0.5 >> Optim.sgd 1.0) g p)
          isTrue "length" (Tensor.toFloat (Tensor.norm moved) <= 0.5 + 1e-4)
          moved * Tensor.norm g =~~ g * Tensor.norm moved)
      law "a small gradient is not clipped" vectors (fun (p, g) ->
          let g = g.Tensor * 1e-2
          fst (descend (Optim.clipByGlobalNorm 0.5 >> Optim.sgd 1.0) g p.Tensor) =~ p.Tensor - g)
      law "only what is chosen moves" vectors (fun (p, g) ->
          let tree x = {| A = x; B = x |}
          let optimizer = Optim.only (fun path -> path = "a") (Optim.sgd 0.1)
          let next, _ = descend optimizer (tree g.Tensor) (tree p.Tensor)
          next.A =~ p.Tensor - 0.1 * g.Tensor
          next.B =. p.Tensor)
      law "steps are counted" (Gen.zip vectors (Draw.int 1 4)) (fun ((p, g), n) ->
          let optimizer = Optim.adam 1e-2
          let mutable p, state = p.Tensor, Optim.init optimizer p.Tensor

          for _ in 1..n do
              let next, after = Optim.update optimizer g.Tensor state p
              p <- next
              state <- after

          close "step" (Tensor.toFloat state["step"]) (float n)) ]

let private inFile ending (write: string -> unit) (read: string -> 'T) =
    let path = Path.Combine(Path.GetTempPath(), $"law-{Guid.NewGuid()}{ending}")

    try
        write path
        read path
    finally
        File.Delete path

let private named = Gen.two (Draw.numbers Draw.shape Draw.whole)

let private files =
    [ for dtype in
          [ DType.Float32; DType.Float16; DType.Int32; DType.UInt8; DType.Bool; DType.Complex64 ] do
          law $"a .npy file of {dtype}" (Draw.numbers Draw.shape Draw.natural) (fun x ->
              let x = x.As dtype
              inFile ".npy" (fun path -> Tensor.save path x) Tensor.load =. x)

      for ending in [ ".npz"; ".safetensors"; ".gguf" ] do
          law $"tensors in a {ending} file" named (fun (x, y) ->
              // GGUF has no empty tensors and no tensors without axes.
              let x, y =
                  Tensor.pad [ 0, 1 ] (Tensor.flatten x.Tensor),
                  Tensor.pad [ 1, 0 ] (Tensor.flatten y.Tensor)

              let entries = Map [ "x", x; "y.z", y ]
              let back = inFile ending (fun path -> Tensor.saveAll path entries) Tensor.loadAll
              Expecto.Expect.equal (List.ofSeq back.Keys) [ "x"; "y.z" ] "names"
              back["x"] =. x
              back["y.z"] =. y) ]

let tests = schedules @ List.collect ofOptimizer optimizers @ stages @ files
