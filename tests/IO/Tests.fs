/// Files, readers and writers.
module Mlx.Tests.IO.Tests

let suite () =
    Mlx.Tests.Suite.leakFree "io" (GoldenTests.tests @ Files.tests @ StreamTests.tests)
