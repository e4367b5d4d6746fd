/// All tests of exported functions.
module Mlx.Tests.Export.All

open Mlx.Tests

let suite () =
    Suite.leakFree
        "export"
        [ GoldenTests.suite ()
          FunctionTests.suite ()
          PrimitiveTests.suite ()
          ShapelessTests.suite ()
          RecordedTests.suite ()
          MutationTests.suite () ]
