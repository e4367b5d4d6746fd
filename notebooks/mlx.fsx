// The libraries for the notebooks of this repository (`dotnet fsi build.fsx notebooks` builds
// them), and how charts are shown. In a project of your own these take the place of the first
// lines: #r "nuget: Mlx.Models"
// #r "nuget: Plotly.NET"
#I "../tools/Notebooks/bin/Release/net10.0"
#r "Mlx.Core.dll"
#r "Mlx.Functional.dll"
#r "Mlx.Models.dll"
#r "FsCheck.dll"
#r "DynamicObj.dll"
#r "Newtonsoft.Json.dll"
#r "Plotly.NET.dll"

open System.Net
open Mlx
open Plotly.NET

let private width, private height = 720, 440

let private library = "https://cdn.plot.ly/plotly-2.28.0.min.js"

/// A page in a frame, which grows when the chart is drawn, and hides the still picture before it.
let private frame (chart: GenericChart) =
    let bare = DisplayOptions.init (PlotlyJSReference = PlotlyJSReference.NoReference)

    let body =
        chart
        |> Chart.withSize (width, height)
        |> Chart.withTemplate ChartTemplates.lightMirrored
        |> Chart.withMarginSize (60, 20, 30, 50)
        |> Chart.withConfigStyle (DisplayModeBar = false)
        |> Chart.withDisplayOptions bare
        |> GenericChart.toChartHTML

    let page =
        $"""<style>body {{ margin: 0 }}</style><script src="{library}"></script>{body}<script>
if (frameElement && window.Plotly) {{
    frameElement.style.height = "{height}px";
    const still = frameElement.previousElementSibling;
    if (still) still.hidden = true;
}}</script>"""

    let style = $"border: 0; width: {width}px; height: 0"
    $"""<iframe title="chart" style="{style}" srcdoc="{WebUtility.HtmlEncode page}"></iframe>"""

Display.register (fun (chart: GenericChart) ->
    { Text = "(a chart)"; Html = Some(frame chart); Png = None })
