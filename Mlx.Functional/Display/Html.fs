namespace Mlx.Showing

open System
open System.Net

/// Pieces of HTML that look right on light and dark pages: no colours but the page's own.
module internal Html =
    let escape (text: string) : string = nonNull (WebUtility.HtmlEncode text)

    /// A table; the cells are HTML.
    let table (headings: string list) (rows: string list list) =
        let row tag cells =
            let cells = cells |> List.map (fun cell -> $"<{tag}>{cell}</{tag}>")
            $"""<tr>{String.Join("", cells)}</tr>"""

        let head = if headings.IsEmpty then "" else $"""<thead>{row "th" headings}</thead>"""
        let body = rows |> List.map (row "td") |> String.concat "\n"
        $"<table>{head}<tbody>\n{body}\n</tbody></table>"

    let preformatted text = $"<pre>{escape text}</pre>"

    let caption text = $"<div><small>{escape text}</small></div>"

    let image (png: byte[]) (alternative: string) =
        let data = Convert.ToBase64String png
        $"<img alt=\"{escape alternative}\" src=\"data:image/png;base64,{data}\">"

    /// A line through points, as a small drawing; y grows upwards.
    let sparkline width height (points: (float * float) list) =
        let finite = points |> List.filter (fun (_, y) -> Double.IsFinite y)

        if finite.Length < 2 then
            ""
        else
            let share low high v = if high > low then (v - low) / (high - low) else 0.5
            let xs, ys = List.unzip finite
            let x v = 2.0 + share (List.min xs) (List.max xs) v * float (width - 4)
            let y v = float (height - 2) - share (List.min ys) (List.max ys) v * float (height - 4)
            let places = finite |> List.map (fun (a, b) -> $"{x a:F1},{y b:F1}")

            $"<svg width=\"{width}\" height=\"{height}\" role=\"img\"><polyline fill=\"none\" \
              stroke=\"currentColor\" stroke-width=\"1.5\" points=\"{String.Join(' ', places)}\"/>\
              </svg>"
