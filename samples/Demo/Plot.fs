/// The course of training as a page that needs no network.
module Demo.Plot

open Plotly.NET

/// Writes the page: the losses by step, as (step, loss).
let save (path: string) (training: (int * float) list) (heldOut: (int * float) list) =
    let line name points (showMarkers: bool) =
        let steps, losses = List.unzip points
        Chart.Line(x = steps, y = losses, Name = name, ShowMarkers = showMarkers)

    [ line "training" training false; line "held out" heldOut true ]
    |> Chart.combine
    |> Chart.withTitle "Loss of a small Mistral"
    |> Chart.withXAxisStyle (TitleText = "step")
    |> Chart.withYAxisStyle (TitleText = "nats per byte")
    |> Chart.withSize (1000, 600)
    // The script goes into the page.
    |> Chart.withDisplayOptions (DisplayOptions.init (PlotlyJSReference = PlotlyJSReference.Full))
    |> Chart.saveHtml path
