/// The suites of Mlx.Testing.
module Mlx.Tests.Testing.All

open Mlx.Tests

let suites () =
    [ Suite.leakFree "testing.check" CheckTests.tests
      Suite.leakFree "testing.generate" GenerateTests.tests ]
