/// Keys decide what is drawn, and draws keep to their bounds.
module Mlx.Tests.Properties.Randoms

open FsCheck.FSharp
open Mlx

let private seeds = Gen.choose (0, 1_000_000)
let private shape = Draw.axes
let private seedAndShape = Gen.zip seeds shape

let private draws: (string * DType * (int list -> Random<Tensor>)) list =
    [ "uniform", DType.Float32, Random.uniform
      "uniformIn", DType.Float32, Random.uniformIn -1.0 2.0
      "normal", DType.Float32, Random.normal
      "normalIn", DType.Float32, Random.normalIn 3.0 0.5
      "truncatedNormal", DType.Float32, Random.truncatedNormal -1.0 1.5
      "randint", DType.Int32, Random.randint -3 9
      "bernoulli", DType.Bool, Random.bernoulli 0.3
      "gumbel", DType.Float32, Random.gumbel
      "laplace", DType.Float32, Random.laplace
      "bits", DType.UInt32, Random.bits 4 ]

let private run seed draw = Random.run (Key.ofSeed seed) draw

let private ofDraw (name, dtype, draw: int list -> Random<Tensor>) =
    [ law $"{name}: the same key, the same numbers" seedAndShape (fun (seed, shape) ->
          run seed (draw shape) =. run seed (draw shape))
      law $"{name}: shape and dtype are those asked for" seedAndShape (fun (seed, shape) ->
          let x = run seed (draw shape)
          Expecto.Expect.equal (Tensor.shape x, x.DType) (shape, dtype) "shape and dtype")
      law $"{name}: a second draw differs" seeds (fun seed ->
          let a, b = run seed (Random.zip (draw [ 64 ]) (draw [ 64 ]))
          isTrue "differ" (not (Tensor.arrayEqual a b))) ]

let private within low high (x: Tensor) =
    isTrue "low" (Tensor.toFloat (Tensor.min x) >= low)
    isTrue "high" (Tensor.toFloat (Tensor.max x) <= high)

let private bounds =
    [ law "uniform numbers lie in [0, 1)" seedAndShape (fun (seed, shape) ->
          let x = run seed (Random.uniform shape)
          within 0.0 1.0 x
          isTrue "below 1" (Tensor.toFloat (Tensor.max x) < 1.0))
      law "uniform numbers lie where they are told" seedAndShape (fun (seed, shape) ->
          within -1.0 2.0 (run seed (Random.uniformIn -1.0 2.0 shape)))
      law "integers lie below the upper bound" seedAndShape (fun (seed, shape) ->
          within -3.0 8.0 (run seed (Random.randint -3 9 shape)))
      law "a cut normal lies between the cuts" seedAndShape (fun (seed, shape) ->
          within -1.0 1.5 (run seed (Random.truncatedNormal -1.0 1.5 shape)))
      law "certain and impossible" seedAndShape (fun (seed, shape) ->
          isTrue "certain" (Tensor.item (Tensor.all (run seed (Random.bernoulli 1.0 shape))))

          isTrue
              "impossible"
              (not (Tensor.item (Tensor.any (run seed (Random.bernoulli 0.0 shape))))))
      law "a permutation has every number once" (Gen.zip seeds (Draw.int 1 9)) (fun (seed, n) ->
          Tensor.sort 0 (run seed (Random.permutation n))
          =. Tensor.astype DType.UInt32 (Tensor.arange n))
      law "shuffled rows are the rows" (Gen.zip seeds (Draw.matrix 4 1 Draw.real)) (fun (seed, x) ->
          Tensor.sort 0 (run seed (Random.shuffle x.Tensor)) =. Tensor.sort 0 x.Tensor)
      law "a category is one of them" (Gen.zip seeds (Draw.matrix 3 4 Draw.real)) (fun (seed, x) ->
          let drawn = run seed (Random.categorical x.Tensor)
          Expecto.Expect.equal (Tensor.shape drawn) [ 3 ] "shape"
          within 0.0 3.0 drawn)
      law "a certain category" (Gen.zip seeds (Draw.int 0 3)) (fun (seed, i) ->
          let logits = 1e4 * Tensor.oneHot 4 (Tensor.scalar i)
          let drawn = run seed (Random.categoricalMany 5 logits) |> Tensor.astype DType.Int32
          drawn =. Tensor.full [ 5 ] i)
      law "a scaled normal is a normal, scaled" seedAndShape (fun (seed, shape) ->
          run seed (Random.normalIn 3.0 0.5 shape) =~ 3.0 + 0.5 * run seed (Random.normal shape))
      law "a scaled uniform is a uniform, scaled" seedAndShape (fun (seed, shape) ->
          run seed (Random.uniformIn -1.0 2.0 shape) =~ 3.0 * run seed (Random.uniform shape) - 1.0)
      law "without a covariance there is only the mean" seeds (fun seed ->
          let mean = Tensor.ofSeq [ 1.0; -2.0 ]

          run seed (Random.multivariateNormal mean (Tensor.zeros [ 2; 2 ]) [ 3 ])
          =~ Tensor.broadcastTo [ 3; 2 ] mean) ]

let private keys =
    [ law "the halves of a key differ" seeds (fun seed ->
          let a, b = Key.split (Key.ofSeed seed)
          isTrue "from each other" (not (Tensor.arrayEqual a.Data b.Data))
          isTrue "from the whole" (not (Tensor.arrayEqual a.Data (Key.ofSeed seed).Data)))
      law "many keys are distinct" (Gen.zip seeds (Draw.int 2 6)) (fun (seed, n) ->
          let keys = Key.splitMany n (Key.ofSeed seed)
          let words = keys |> List.map (fun k -> (Tensor.toArray k.Data: uint32[]) |> List.ofArray)
          Expecto.Expect.equal (List.distinct words).Length n "keys")
      law "seeds are keys" (Gen.two seeds) (fun (a, b) ->
          let same = Tensor.arrayEqual (Key.ofSeed a).Data (Key.ofSeed b).Data
          Expecto.Expect.equal same (a = b) "as seeds") ]

let private drawn seed (draw: Random<Tensor>) = Random.runNext (Key.ofSeed seed) draw

let private agree (left: int -> Random<Tensor>) (right: int -> Random<Tensor>) seed =
    let x, next = drawn seed (left seed)
    let y, next' = drawn seed (right seed)
    x =. y
    next.Data =. next'.Data

let private f (x: Tensor) = Random.normal [ 2 ] |> Random.map (fun y -> x + y)
let private g (x: Tensor) = Random.uniform [ 1 ] |> Random.map (fun y -> x * y)

let private monad =
    let start = Random.normal [ 2 ]

    [ "left identity",
      (fun n -> Random.result (Tensor.scalar n) |> Random.bind f),
      (fun n -> f (Tensor.scalar n))
      "right identity", (fun _ -> start |> Random.bind Random.result), (fun _ -> start)
      "associativity",
      (fun _ -> start |> Random.bind f |> Random.bind g),
      (fun _ -> start |> Random.bind (fun x -> f x |> Random.bind g))
      "map of the identity", (fun _ -> Random.map id start), (fun _ -> start)
      "map composes",
      (fun _ -> start |> Random.map exp |> Random.map sin),
      (fun _ -> Random.map (exp >> sin) start)
      "and! draws in order",
      (fun _ ->
          random {
              let! x = Random.normal [ 2 ]
              and! y = Random.uniform [ 2 ]
              return x - y
          }),
      (fun _ ->
          Random.normal [ 2 ]
          |> Random.bind (fun x -> Random.uniform [ 2 ] |> Random.map (fun y -> x - y)))
      "replicate draws one after the other",
      (fun _ -> Random.replicate 2 start |> Random.map (Tensor.stack 0)),
      (fun _ ->
          start |> Random.bind (fun x -> start |> Random.map (fun y -> Tensor.stack 0 [ x; y ]))) ]
    |> List.map (fun (name, left, right) -> law $"random: {name}" seeds (agree left right))

let private graphs =
    let built seed (graph: Graph<Tensor>) = Graph.run (Key.ofSeed seed) graph
    let lift draw = Graph.ofRandom draw
    let start = lift (Random.normal [ 2 ])
    let f x = lift (f x)
    let g x = lift (g x)

    [ "left identity",
      (fun n -> Graph.result (Tensor.scalar n) |> Graph.bind f),
      (fun n -> f (Tensor.scalar n))
      "right identity", (fun _ -> start |> Graph.bind Graph.result), (fun _ -> start)
      "associativity",
      (fun _ -> start |> Graph.bind f |> Graph.bind g),
      (fun _ -> start |> Graph.bind (fun x -> f x |> Graph.bind g))
      "map composes",
      (fun _ -> start |> Graph.map exp |> Graph.map sin),
      (fun _ -> Graph.map (exp >> sin) start)
      "a device changes no number", (fun _ -> Graph.on Device.Cpu start), (fun _ -> start)
      "the builder is bind and result",
      (fun _ ->
          graph {
              let! x = start
              let! y = f x
              return x + y
          }),
      (fun _ -> start |> Graph.bind (fun x -> f x |> Graph.map (fun y -> x + y))) ]
    |> List.map (fun (name, left, right) ->
        law $"graph: {name}" seeds (fun seed -> built seed (left seed) =. built seed (right seed)))

let tests = List.collect ofDraw draws @ bounds @ keys @ monad @ graphs
