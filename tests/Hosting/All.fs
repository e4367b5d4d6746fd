/// The suite of Mlx.Hosting.
module Mlx.Tests.Hosting.All

let suite () =
    Mlx.Tests.Suite.leakFree
        "Hosting"
        [ ChatClientTests.tests; ServerTests.tests; MalformedTests.tests ]
