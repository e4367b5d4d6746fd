/// The package of the command: packed, installed into a folder and run from there.
module Mlx.Tests.Tool.PackTests

open System.IO
open Expecto
open Mlx.Tests
open Mlx.Tests.Models
open Mlx.Tests.Tool.Command

let private dotnet arguments =
    use job = start "dotnet" arguments
    let outcome = finish "" job
    Expect.equal outcome.Code 0 $"dotnet {arguments}: {outcome.Out} {outcome.Errors}"

let private installs () =
    use folder = new Golden.Folder()
    let packages, tools = folder.File "packages", folder.File "tools"

    dotnet
        [ yield! [ "pack"; Repository.path "Mlx.Tool"; "-c"; "Release"; "--no-build" ]
          yield! [ "-o"; packages; "--nologo"; "-v"; "q" ] ]

    dotnet
        [ yield! [ "tool"; "install"; "Mlx.Tool"; "--tool-path"; tools ]
          yield! [ "--source"; packages; "--no-http-cache" ] ]

    let name = if System.OperatingSystem.IsWindows() then "mlx.exe" else "mlx"

    let run arguments =
        use job = start (Path.Combine(tools, name)) arguments
        finish "" job |> succeeds

    Expect.stringContains (run [ "doctor" ]).Out "engine    " "doctor"

    let said =
        run
            [ yield! [ "generate"; "--model"; Golden.path "tiny-f32"; "--prompt-tokens"; "1,5,9" ]
              yield! [ "--max-tokens"; "4"; "--json" ] ]

    Expect.equal (said.Json.GetProperty("tokens").GetArrayLength()) 4 "tokens"

let tests = testList "package" [ testCase "installs into a folder and runs" installs ]
