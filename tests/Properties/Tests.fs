/// Laws over numbers that FsCheck draws, 200 draws each.
module Mlx.Tests.Properties.Tests

open Expecto
open Mlx.Tests

let private all =
    lazy
        [ "algebra", Algebra.tests
          "structure", Structure.tests
          "reductions", Reductions.tests
          "products", Products.tests
          "linalg", Linalg.tests
          "randoms", Randoms.tests
          "trees", Trees.tests
          "transforms", Transforms.tests
          "training", Training.tests ]

let private enough =
    testCase "there are as many laws as promised, each with its own name" (fun () ->
        let names =
            [ for name, laws in all.Value do
                  for law in laws do
                      for test in Test.toTestCodeList law -> name, test.name ]

        Expect.isGreaterThanOrEqual names.Length 300 "laws"
        Expect.equal (List.countBy id names |> List.filter (fun (_, n) -> n > 1)) [] "names twice")

let suites () =
    [ for name, laws in all.Value do
          Suite.leakFree $"properties.{name}" laws
      Suite.leakFree "properties.count" [ enough ] ]
