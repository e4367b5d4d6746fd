/// Charts of Plotly in frames (`notebooks/mlx.fsx` makes them), with still pictures for hosts that
/// run no scripts.
module Mlx.Notebooks.Charts

open System
open System.Net
open System.Text.RegularExpressions
open Mlx
open Plotly.NET

let private frame =
    Regex "<iframe title=\"chart\" style=\"[^\"]*width: (\d+)px[^\"]*\" srcdoc=\"([^\"]*)\">"

let private linked = Regex "<script src=\"[^\"]*plotly[^\"]*\"></script>"

let private id = Regex "[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}"

let isChart (html: string) = frame.IsMatch html

/// The library, as the element of a page that holds it whole.
let private library =
    lazy
        (let whole = DisplayOptions.init (PlotlyJSReference = PlotlyJSReference.Full)

         let page =
             Chart.Point(x = [ 0 ], y = [ 0 ])
             |> Chart.withDisplayOptions whole
             |> GenericChart.toEmbeddedHTML

         let start = page.IndexOf "<script"
         page.Substring(start, page.IndexOf "</script>" + "</script>".Length - start))

/// The names that elements of the chart have, which are drawn at random, from its place instead.
let private named (place: string) (html: string) = id.Replace(html, place)

let private picture browser (html: string) =
    let found = frame.Match html
    let source = nonNull (WebUtility.HtmlDecode found.Groups[2].Value)
    let page = linked.Replace(source, (fun _ -> library.Value))

    Browser.screenshot
        browser
        (int found.Groups[1].Value)
        440
        $"<!doctype html><meta charset=\"utf-8\">{page}"

/// The chart with its picture, which also stands before the frame until that has drawn.
let withPicture (place: string) (rich: Rich) : Rich =
    match rich.Html, Browser.find () with
    | Some html, Some browser when isChart html ->
        let html = named place html
        let png = picture browser html
        let data = Convert.ToBase64String png
        let still = $"<img alt=\"chart\" src=\"data:image/png;base64,{data}\">"
        { rich with Html = Some $"<div>{still}{html}</div>"; Png = Some png }
    | Some html, None when isChart html ->
        failwith "charts need Chromium for their still pictures: install it, or name it in CHROME"
    | _ -> rich
