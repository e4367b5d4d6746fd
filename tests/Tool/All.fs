/// The suite of the `mlx` command.
module Mlx.Tests.Tool.All

open Expecto

let suite () =
    testSequenced (
        testList
            "mlx command"
            [ HelpTests.tests
              GenerateTests.tests
              ChatTests.tests
              ConvertTests.tests
              TrainTests.tests
              ServeTests.tests
              ConsoleTests.tests
              GuideTests.tests
              InspectTests.tests
              HostileTests.tests
              PackTests.tests ]
    )
