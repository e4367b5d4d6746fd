/// The laws that every row of the table keeps, as tests: one for each law and row.
module Mlx.Tests.Laws.Tests

open System
open Expecto
open Mlx.Core
open Mlx.Tests
open Mlx.Tests.Output

type private Law = { Name: string; Cases: Row -> Case list }

let private laws =
    [ { Name = "reference"; Cases = ValueLaws.reference }
      { Name = "lengths"; Cases = ValueLaws.length }
      { Name = "gradient"; Cases = DerivativeLaws.first }
      { Name = "second order"; Cases = DerivativeLaws.second }
      { Name = "gradient precision"; Cases = DerivativeLaws.precision }
      { Name = "complex gradient"; Cases = DerivativeLaws.complexValued }
      { Name = "no gradient"; Cases = DerivativeLaws.absent }
      { Name = "vmap"; Cases = BatchLaws.loop }
      { Name = "no vmap"; Cases = BatchLaws.absent }
      { Name = "nested vmap"; Cases = BatchLaws.nested }
      { Name = "vmap and gradient"; Cases = BatchLaws.derivatives }
      { Name = "compile"; Cases = CompileLaws.alone }
      { Name = "fused"; Cases = CompileLaws.fused }
      { Name = "compile and transforms"; Cases = CompileLaws.transformed }
      { Name = "strided"; Cases = LayoutLaws.strided }
      { Name = "broadcast"; Cases = LayoutLaws.broadcast }
      { Name = "strided gradient"; Cases = LayoutLaws.derivatives }
      { Name = "refused dtypes"; Cases = RefusalLaws.dtypes }
      { Name = "refused nulls"; Cases = RefusalLaws.absent }
      { Name = "refused axes"; Cases = RefusalLaws.axes }
      { Name = "refused calls"; Cases = RefusalLaws.bad } ]

let private runAll law (row: Row) (cases: Case list) () =
    Native.reason law row |> Option.iter skiptest
    let failures = cases |> List.choose (Case.run law row.Name)

    if not failures.IsEmpty then
        let more = if failures.Length > 5 then [ $"and {failures.Length - 5} more" ] else []
        let lines = String.Join("\n", List.truncate 5 failures @ more)
        failtestNoStack $"{failures.Length} of {cases.Length} cases\n{lines}"

let private least = 25_000

let suite () =
    let table =
        [ for law in laws do
              for row in Table.rows.Value do
                  let cases = law.Cases row |> Native.asked law.Name

                  if not cases.IsEmpty then
                      law, row, cases ]

    let count () =
        let perLaw =
            table
            |> List.groupBy (fun (law, _, _) -> law.Name)
            |> List.map (fun (name, parts) ->
                $"{name} {parts |> List.sumBy (fun (_, _, cases) -> cases.Length)}")

        let total = table |> List.sumBy (fun (_, _, cases) -> cases.Length)
        print "  laws: %d cases: %s" total (String.Join(", ", perLaw))

        if not Engine.IsNative then
            Expect.isGreaterThanOrEqual total least "cases"

    Suite.leakFree
        "laws"
        [ for law, row, cases in table do
              testCase $"{law.Name}.{row.Name}" (runAll law.Name row cases)
          yield! Completeness.tests Table.rows.Value
          yield! Support.tests
          testCase "there are many" count ]
