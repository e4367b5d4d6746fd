/// The suites of Mlx.Functional.
module Mlx.Tests.Functional.Tests

open Mlx.Tests

let suites () =
    [ Suite.leakFree "functional.tensor" TensorTests.tests
      Suite.leakFree "functional.mistakes" MistakeTests.tests
      Suite.leakFree "functional.einops" EinopsTests.tests
      Suite.leakFree "functional.tree" TreeTests.tests
      Suite.leakFree "functional.random" RandomTests.tests
      Suite.leakFree "functional.transforms" TransformTests.tests
      Suite.leakFree "functional.export" ExportTests.tests
      Suite.leakFree "functional.jacobians" JacobianTests.tests
      Suite.leakFree "functional.shape" ShapeTests.tests
      Suite.leakFree "functional.golden" GoldenTests.tests
      Suite.leakFree "functional.refusal" RefusalTests.tests
      Suite.leakFree "functional.init" InitTests.tests
      Suite.leakFree "functional.layer" LayerTests.tests
      Suite.leakFree "functional.laws" NnLaws.tests
      Suite.leakFree "functional.optim" OptimTests.tests
      Suite.leakFree "functional.optim.stages" OptimStageTests.tests
      Suite.leakFree "functional.trainstep" TrainStepTests.tests
      Suite.leakFree "functional.fused" FusedTests.tests
      Suite.leakFree "functional.train" TrainTests.tests
      Suite.leakFree "functional.data" DataTests.tests
      Suite.leakFree "functional.datafiles" DataFileTests.tests
      Suite.leakFree "functional.metrics" MetricTests.tests
      Suite.leakFree "functional.resume" ResumeTests.tests
      Suite.leakFree "csharp" CSharpTests.tests
      Suite.leakFree "functional.distributed" DistributedTests.tests
      Suite.leakFree "functional.files" FileTests.tests
      Suite.leakFree "functional.names" NameTests.tests
      DisplayTests.suite ()
      Suite.leakFree "functional.docs" DocTests.tests ]
