/// A slice of `build.fsx fuzz` with the suite.
module Mlx.Tests.Fuzz.Tests

open Expecto
open Mlx.Core
open Mlx.Tests
open Mlx.Tests.Output

let private seed = 20261125UL
let private executions = 4000L

let private slice format =
    testCase $"{executions} executions of {format}"
    <| fun () ->
        let report = Fuzzer.run format seed 0L executions

        for failure in report.Failures do
            let place = $"--format {format} --seed {seed} --at {failure.Execution}"
            failtestNoStack $"{place} ({failure.Reader}): {failure.Text}"

        print
            "  fuzz %s: %d executions, %d accepted (seed %d)"
            format
            executions
            report.Accepted
            seed

        Expect.isGreaterThan report.Accepted 0L "some change nothing that matters"
        Expect.isLessThan report.Accepted report.Executions "most are noticed"

let suite () =
    let tests =
        if Engine.IsMlx then
            // MLX itself believes its files.
            []
        else
            List.map slice Fuzzer.formats

    Suite.leakFree "fuzz" tests
