/// Files, readers and writers.
module Mlx.Tests.IO.Tests

let suite () =
    Mlx.Tests.Suite.leakFree
        "io"
        [ yield! GoldenTests.tests
          yield! Files.tests
          yield! StreamTests.tests
          yield! PeerTests.tests
          yield! QuantizedTests.tests
          yield! LargeTests.tests ]
