/// The suite of Mlx.Models.
module Mlx.Tests.Models.All

let suite () =
    Mlx.Tests.Suite.leakFree
        "Models"
        [ ConfigTests.tests
          TokenizerTests.tests
          Tokenizers.GoldenTests.tests
          Tokenizers.FeatureTests.tests
          Tokenizers.HostileTests.tests
          ChatTests.tests
          WeightsTests.tests
          MistralTests.tests
          FamilyTests.tests
          SampleTests.tests
          CacheTests.tests
          CacheTests.prompts
          BatchTests.tests
          BatcherTests.tests
          JsonTests.tests
          GgufTests.tests
          ConvertTests.tests
          LoraTests.tests
          GenerateTests.tests ]
