/// The suite of Mlx.Models.
module Mlx.Tests.Models.Tests

let suite () =
    Mlx.Tests.Suite.leakFree
        "Models"
        [ ConfigTests.tests
          TokenizerTests.tests
          WeightsTests.tests
          MistralTests.tests
          GenerateTests.tests ]
