/// All tests of Mlx.Core.
module Mlx.Tests.Core.All

open Expecto

let suite () =
    testList
        "core"
        [ Engines.suite ()
          Arrays.suite ()
          Ownership.suite ()
          Indexing.suite ()
          Functions.suite ()
          Compositions.suite ()
          Steps.suite ()
          Randoms.suite ()
          QuantizedProducts.tests ]
