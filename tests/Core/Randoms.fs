/// Keys, the implicit sequence, and what MLX draws from seed 42.
module Mlx.Tests.Core.Randoms

open System.Threading.Tasks
open Expecto
open Mlx.Core
open Mlx.Tests.Core.Arrays

let suite () =
    testCase "random"
    <| fun () ->
        use scope = Scope.Enter()
        MlxRandom.Seed 42UL
        let first = (MlxRandom.Normal(span [| 3 |])).ToArray<float32>()
        let second = (MlxRandom.Uniform(span [| 3 |])).ToArray<float32>()
        // As mx.random.seed(42); mx.random.normal([3]) of MLX 0.31.2.
        Array.iter2
            (fun g w -> Expect.floatClose Accuracy.medium (float g) w "MLX's numbers")
            first
            [| -0.56755; 0.284392; -0.93206 |]

        MlxRandom.Seed 42UL
        // The sequence belongs to the process, not to a thread.
        let again = Task.Run(fun () -> (MlxRandom.Normal(span [| 3 |])).ToArray<float32>()).Result
        Expect.equal again first "the same seed, the same numbers"
        Expect.equal ((MlxRandom.Uniform(span [| 3 |])).ToArray<float32>()) second "and on"
        let key = MlxRandom.Key 7UL
        let a = (MlxRandom.Bits(span [| 4 |], key = key)).ToArray<uint32>()
        let b = (MlxRandom.Bits(span [| 4 |], key = key)).ToArray<uint32>()
        Expect.equal a b "the same key, the same bits"
