module Mlx.Tests.Functional.RandomTests

open Expecto
open Mlx
open Mlx.Core

let private floats (x: Tensor) : float[] = Tensor.toArray x

let private drawn seed (draw: Random<Tensor>) =
    let x, next = Random.runNext (Key.ofSeed seed) draw
    floats x, (Tensor.toArray next.Data: uint32[])

let private law name (left: int -> Random<Tensor>) (right: int -> Random<Tensor>) =
    testProperty name (fun (seed: int) (n: int) ->
        Tree.scoped (fun () -> drawn seed (left n) = drawn seed (right n)))

let private f (n: int) (x: Tensor) = Random.normal [ 1 + abs n % 3 ] |> Random.map (fun y -> x + y)
let private g (x: Tensor) = Random.uniform [ 1 ] |> Random.map (fun y -> x * y)

let private laws =
    [ law "left identity" (fun n -> Random.result (Tensor.scalar n) |> Random.bind (f n)) (fun n ->
          f n (Tensor.scalar n))

      law
          "right identity"
          (fun n -> Random.uniform [ 1 + abs n % 4 ] |> Random.bind Random.result)
          (fun n -> Random.uniform [ 1 + abs n % 4 ])

      law
          "bind is associative"
          (fun n -> Random.normal [ 1 ] |> Random.bind (f n) |> Random.bind g)
          (fun n -> Random.normal [ 1 ] |> Random.bind (fun x -> f n x |> Random.bind g))

      law "map is bind of result" (fun _ -> Random.normal [ 2 ] |> Random.map Tensor.exp) (fun _ ->
          Random.normal [ 2 ] |> Random.bind (Tensor.exp >> Random.result))

      law
          "the builder is bind and result"
          (fun n ->
              random {
                  let! x = Random.normal [ 1 ]
                  let! y = f n x
                  return y * 2.0
              })
          (fun n -> Random.normal [ 1 ] |> Random.bind (f n) |> Random.map (fun y -> y * 2.0))

      law
          "and! draws both in order"
          (fun _ ->
              random {
                  let! x = Random.normal [ 2 ]
                  and! y = Random.uniform [ 2 ]
                  return x - y
              })
          (fun _ ->
              random {
                  let! x = Random.normal [ 2 ]
                  let! y = Random.uniform [ 2 ]
                  return x - y
              })

      law
          "a list is drawn one after the other"
          (fun _ -> Random.replicate 3 (Random.normal [ 2 ]) |> Random.map (Tensor.concatenate 0))
          (fun _ ->
              random {
                  let! a = Random.normal [ 2 ]
                  let! b = Random.normal [ 2 ]
                  let! c = Random.normal [ 2 ]
                  return Tensor.concatenate 0 [ a; b; c ]
              }) ]

let private graphLaw name (left: int -> Graph<Tensor>) (right: int -> Graph<Tensor>) =
    testProperty $"graph: {name}" (fun (seed: int) (n: int) ->
        let run (g: Graph<Tensor>) = floats (Graph.run (Key.ofSeed seed) g)
        Tree.scoped (fun () -> run (left n) = run (right n)))

let private gf n x = Graph.ofRandom (f n x)
let private gg x = Graph.ofRandom (g x)
let private noise (n: int) = Graph.ofRandom (Random.normal [ 1 + abs n % 3 ])

let private graphLaws =
    [ graphLaw
          "left identity"
          (fun n -> Graph.result (Tensor.scalar n) |> Graph.bind (gf n))
          (fun n -> gf n (Tensor.scalar n))

      graphLaw "right identity" (fun n -> noise n |> Graph.bind Graph.result) noise

      graphLaw
          "bind is associative"
          (fun n -> noise 0 |> Graph.bind (gf n) |> Graph.bind gg)
          (fun n -> noise 0 |> Graph.bind (fun x -> gf n x |> Graph.bind gg))

      graphLaw "map is bind of result" (noise >> Graph.map Tensor.exp) (fun n ->
          noise n |> Graph.bind (Tensor.exp >> Graph.result))

      graphLaw
          "and! is zip, and zip is both in order"
          (fun n ->
              graph {
                  let! x = noise 0
                  and! y = noise n
                  return x - y
              })
          (fun n ->
              graph {
                  let! x, y = Graph.zip (noise 0) (noise n)
                  return x - y
              })

      graphLaw
          "a device or stream changes no numbers"
          (fun n -> noise n |> Graph.on Device.Cpu |> Graph.onStream (MlxStream.For Device.Cpu))
          noise

      graphLaw "a random graph is the draw" (fun n -> graph { return! noise n }) (fun n ->
          Graph.ofRandom (random { return! Random.normal [ 1 + abs n % 3 ] })) ]

let private examples =
    [ testCase "numbers are those of mx.random.seed(42) in Python" (fun () ->
          // mx.random.seed(42), then normal((2,)), uniform(shape=(2,)), randint(0, 100, (3,)).
          let a, b, c =
              Random.run
                  (Key.ofSeed 42)
                  (random {
                      let! a = Random.normal [ 2 ]
                      let! b = Random.uniform [ 2 ]
                      let! c = Random.randint 0 100 [ 3 ]
                      return a, b, c
                  })

          Assert.close
              1e-6
              1e-6
              (Tensor.ofSeq [ 1.7058420181274414; -0.2448853701353073 ])
              a
              "normal"

          Assert.close
              1e-6
              1e-6
              (Tensor.ofSeq [ 0.5371039509773254; 0.10409865528345108 ])
              b
              "uniform"

          Assert.close 0.0 0.0 (Tensor.ofSeq [ 46; 76; 80 ]) c "randint")

      testCase "no two draws are alike" (fun () ->
          let draws = Random.replicate 20 (Random.uniform [ 4 ]) |> Random.run (Key.ofSeed 0)
          Expect.hasLength (draws |> List.map (floats >> List.ofArray) |> List.distinct) 20 "draws")

      testCase "nothing is built before a graph is run" (fun () ->
          let mutable built = 0

          let g =
              graph {
                  built <- built + 1
                  return Tensor.scalar 1.0
              }

          Expect.equal built 0 "not yet"
          let x = Graph.run (Key.ofSeed 0) g
          Expect.equal built 1 "once"
          Expect.equal (Tensor.toFloat x) 1.0 "value")

      testCase "running a graph leaves only its result" (fun () ->
          let g =
              graph {
                  let! a = Random.uniform [ 3; 3 ]
                  and! b = graph { return Tensor.ones [ 3; 3 ] }
                  let! c = Graph.on Device.Cpu (graph { return Tensor.exp a + b })
                  return {| Product = a *@ c; Sum = Tensor.sum c |}
              }

          let key = Key.ofSeed 3
          let before = Engine.LiveHandles
          let result = Graph.eval key g
          Expect.equal (Engine.LiveHandles - before) 2L "two tensors"
          Expect.equal (Tensor.shape result.Product) [ 3; 3 ] "shape"
          let again = Graph.eval key g
          Assert.closeTrees 0.0 0.0 result again "the same key, the same graph"
          Tree.dispose result
          Tree.dispose again)

      testCase "a graph passes the key on as its parts do" (fun () ->
          let draws = random { return! Random.normal [ 2 ] }

          let g =
              graph {
                  let! a = draws
                  let! b = draws
                  return a, b
              }

          let a, b = Graph.run (Key.ofSeed 5) g
          let a', b' = Random.run (Key.ofSeed 5) (Random.zip draws draws)
          Assert.closeTrees 0.0 0.0 (a', b') (a, b) "draws")

      testCase "a key is a tree" (fun () ->
          Expect.equal
              (Tree.paths (Key.ofSeed 1))
              [| "data" |]
              "so it can be saved and passed to compiled functions") ]

let tests = laws @ graphLaws @ examples
