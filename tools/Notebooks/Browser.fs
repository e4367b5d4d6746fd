/// Pictures of pages, by a real browser.
module Mlx.Notebooks.Browser

open System
open System.Diagnostics
open System.IO

let private names = [ "chromium"; "chromium-browser"; "google-chrome"; "chrome"; "msedge" ]

/// The browser that CHROME names, or one on the path.
let find () =
    let folders = (Environment.GetEnvironmentVariable "PATH" |> string).Split Path.PathSeparator

    let onPath =
        List.allPairs names (List.ofArray folders)
        |> List.map (fun (name, folder) -> Path.Combine(folder, name))
        |> List.tryFind File.Exists

    Environment.GetEnvironmentVariable "CHROME" |> Option.ofObj |> Option.orElse onPath

let private switches =
    [ "--headless"
      "--no-sandbox"
      "--disable-gpu"
      "--disable-quic"
      "--no-first-run"
      "--disable-background-networking"
      "--disable-component-update"
      "--disable-sync"
      "--hide-scrollbars"
      // Time for the scripts of the page.
      "--virtual-time-budget=10000" ]

/// A picture (PNG) of a page.
let screenshot (browser: string) (width: int) (height: int) (html: string) : byte[] =
    let folder = Directory.CreateTempSubdirectory "mlx-page-"

    try
        let inFolder name = Path.Combine(folder.FullName, name)
        let page, picture, profile = inFolder "page.html", inFolder "page.png", inFolder "profile"
        File.WriteAllText(page, html)

        let arguments =
            [ yield! switches
              $"--user-data-dir={profile}"
              $"--screenshot={picture}"
              $"--window-size={width},{height}"
              $"file://{page}" ]

        let info = ProcessStartInfo(browser, arguments)
        info.RedirectStandardError <- true
        info.RedirectStandardOutput <- true
        use job = Process.Start info |> nonNull
        let log = job.StandardError.ReadToEndAsync()
        job.WaitForExit()

        if not (File.Exists picture) then
            failwith $"{browser} made no picture: {log.Result}"

        File.ReadAllBytes picture
    finally
        folder.Delete true
