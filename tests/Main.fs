module Mlx.Tests.Main

open System

let private suites () =
    [ Abi.Tests.suite ()
      Core.All.suite ()
      IO.Tests.suite ()
      Native.Tests.suite ()
      Fuzz.Tests.suite ()
      Conformance.Tests.suite ()
      Export.All.suite ()
      Laws.Tests.suite ()
      Conformance.Contested.suite ()
      yield! Properties.Tests.suites ()
      yield! Functional.Tests.suites ()
      yield! Testing.All.suites ()
      Models.All.suite ()
      Hosting.All.suite ()
      Tool.All.suite ()
      Scripts.Tests.suite () ]

let private usage =
    """The tests of Mlx for .NET. Without arguments all of them run, on the engine that MLX_ENGINE names.

  --filter TEXT              only the tests whose name contains TEXT
  --list                     only the names
  --seed N                   other random numbers for the laws (0)
  --conformance [FAMILY]     a table of the recorded answers of real MLX: passed/total by function
      [--fn TEXT]            only the functions whose name contains TEXT
      [--show N]             so many failures in full (20)
      [--trace]              print each case before it runs: names the one that ends the process
  --support FILE             write docs/support.md from the table of ops
  --interchange write DIR    each recorded computation as a .mlxfn file, written by this engine
  --interchange read DIR     and read by this one"""

type private Options =
    { Filter: string option
      List: bool
      Conformance: Conformance.Table.Options option
      Interchange: (string * string) option }

let rec private parse options arguments =
    let table = options.Conformance |> Option.defaultValue Conformance.Table.defaults
    let withTable table = { options with Conformance = Some table }

    match arguments with
    | [] -> options
    | "--filter" :: text :: rest -> parse { options with Filter = Some text } rest
    | "--seed" :: number :: rest ->
        Laws.Case.seed <- int number
        parse options rest
    | "--list" :: rest -> parse { options with List = true } rest
    | "--interchange" :: ("write" | "read" as direction) :: folder :: rest ->
        parse { options with Interchange = Some(direction, folder) } rest
    | "--conformance" :: rest -> parse (withTable table) rest
    | "--fn" :: text :: rest -> parse (withTable { table with Function = text }) rest
    | "--show" :: count :: rest -> parse (withTable { table with Show = int count }) rest
    | "--trace" :: rest -> parse (withTable { table with Trace = true }) rest
    | family :: rest when options.Conformance.IsSome && not (family.StartsWith '-') ->
        parse (withTable { table with Families = table.Families @ [ family ] }) rest
    | other :: _ -> invalidArg "arguments" $"what is '{other}'?"

[<EntryPoint>]
let main arguments =
    let nothing = { Filter = None; List = false; Conformance = None; Interchange = None }

    try
        match List.ofArray arguments with
        | "--fuzz" :: rest -> Fuzz.Program.run rest
        | "--worker" :: rest -> Functional.ResumeTests.work rest
        // A process of several, started by the test of them.
        | [ "--distributed" ] -> Functional.DistributedTests.worker ()
        | [ "--support"; file ] ->
            System.IO.File.WriteAllText(file, Laws.Support.text ())
            0
        | arguments ->

            match parse nothing arguments with
            | { Conformance = Some table } -> Conformance.Table.run table
            | { Interchange = Some(direction, folder) } ->
                Export.RecordedTests.interchange direction folder
            | { List = true; Filter = filter } -> Runner.list filter (suites ())
            | { Filter = filter } -> Runner.run filter (suites ())
    with
    | :? ArgumentException
    | :? FormatException as e when not (Array.isEmpty arguments) ->
        eprintfn "%s\n\n%s\n%s" e.Message usage Fuzz.Program.usage
        2
