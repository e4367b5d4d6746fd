namespace Mlx.Showing

open System
open Mlx.Core

/// Graphs as drawings (SVG) in layers (Sugiyama et al., 1981): each node below all that it reads,
/// and near the middle of its neighbours. No colours but the page's own.
module internal Drawing =
    /// More nodes than this make no picture that a reader follows.
    [<Literal>]
    let Limit = 60

    let private boxHeight, private rowHeight, private gap = 24.0, 56.0, 16.0

    let private boxWidth (node: GraphNode) = 14.0 + 7.5 * float node.Name.Length

    /// The layer of each node: one more than the lowest of what it reads.
    let private layers (nodes: GraphNode[]) : int[] =
        let layer = Array.zeroCreate nodes.Length

        for i in 0 .. nodes.Length - 1 do
            for input in nodes[i].Inputs do
                layer[i] <- max layer[i] (layer[input] + 1)

        // An input goes right above the first that reads it.
        for i in 0 .. nodes.Length - 1 do
            if nodes[i].IsInput then
                let readers =
                    [ for j in i + 1 .. nodes.Length - 1 do
                          if Seq.contains i nodes[j].Inputs then
                              layer[j] ]

                layer[i] <- if readers.IsEmpty then 0 else List.min readers - 1

        layer

    let private neighbours (nodes: GraphNode[]) =
        let all = Array.init nodes.Length (fun _ -> ResizeArray<int>())

        for i in 0 .. nodes.Length - 1 do
            for input in nodes[i].Inputs do
                all[i].Add input
                all[input].Add i

        all

    /// The middle of each node on its row: rows are sorted by where their neighbours are, a few
    /// times over, and laid out around the same axis.
    let private places (nodes: GraphNode[]) (layer: int[]) : float[] =
        let near = neighbours nodes
        let x = Array.init nodes.Length float
        let rows = Array.groupBy (fun i -> layer[i]) [| 0 .. nodes.Length - 1 |] |> Array.map snd

        for _ in 1..8 do
            for row in rows do
                let wanted i =
                    if near[i].Count = 0 then x[i] else near[i] |> Seq.averageBy (fun j -> x[j])

                let ordered = row |> Array.sortBy wanted
                let centre = ordered |> Array.averageBy wanted
                let width = ordered |> Array.sumBy (fun i -> boxWidth nodes[i] + gap)
                let mutable left = centre - width / 2.0

                for i in ordered do
                    let own = boxWidth nodes[i] + gap
                    x[i] <- left + own / 2.0
                    left <- left + own

        x

    let svg (graph: ComputationGraph) : string =
        let nodes = Array.ofSeq graph.Nodes
        let layer = layers nodes
        let x = places nodes layer

        let edge reach pick = if nodes.Length = 0 then 0.0 else pick (Seq.init nodes.Length reach)
        let left = edge (fun i -> x[i] - boxWidth nodes[i] / 2.0) Seq.min - 2.0
        let right = edge (fun i -> x[i] + boxWidth nodes[i] / 2.0) Seq.max + 2.0
        let y i = 2.0 + boxHeight / 2.0 + rowHeight * float layer[i]
        let bottom = edge y Seq.max + boxHeight / 2.0 + 2.0
        let number (v: float) = v.ToString("0.#", Globalization.CultureInfo.InvariantCulture)

        let line from into =
            let startY, endY = y from + boxHeight / 2.0, y into - boxHeight / 2.0
            let middle = (startY + endY) / 2.0

            $"<path d=\"M{number (x[from] - left)},{number startY} \
              C{number (x[from] - left)},{number middle} \
              {number (x[into] - left)},{number middle} \
              {number (x[into] - left)},{number endY}\" \
              fill=\"none\" stroke=\"currentColor\" opacity=\"0.5\"/>"

        let box i =
            let width = boxWidth nodes[i]
            let corner = if nodes[i].IsInput then boxHeight / 2.0 else 3.0
            let dash = if nodes[i].IsInput then " stroke-dasharray=\"3 2\"" else ""

            $"<rect x=\"{number (x[i] - width / 2.0 - left)}\" \
              y=\"{number (y i - boxHeight / 2.0)}\" width=\"{number width}\" \
              height=\"{number boxHeight}\" rx=\"{number corner}\" fill=\"none\" \
              stroke=\"currentColor\"{dash}/>\
              <text x=\"{number (x[i] - left)}\" y=\"{number (y i + 4.5)}\" \
              text-anchor=\"middle\">{Html.escape nodes[i].Name}</text>"

        let lines =
            [ for i in 0 .. nodes.Length - 1 do
                  for input in nodes[i].Inputs do
                      line input i ]

        let boxes = [ for i in 0 .. nodes.Length - 1 -> box i ]
        let size = $"width=\"{number (right - left)}\" height=\"{number bottom}\""

        $"<svg {size} role=\"img\" aria-label=\"{Html.escape (string graph)}\" \
          font-family=\"monospace\" font-size=\"12\" fill=\"currentColor\">\n\
          {String.Join('\n', lines @ boxes)}\n</svg>"
