namespace Mlx

open System
open System.Collections.Generic
open Mlx.Core
open Mlx.Showing

/// <summary>How a value looks: as text everywhere, richer where the host can show it.</summary>
type Rich =
    {
        /// What a terminal shows.
        Text: string
        /// What a page shows.
        Html: string option
        /// A picture (PNG), for what shows neither.
        Png: byte[] option
    }

/// <summary>
/// Rich display of tensors, parameter trees, training histories and graphs: HTML in notebooks, text
/// in a terminal.
/// </summary>
[<RequireQualifiedAccess>]
module Display =
    /// Larger matrices are shown as heat maps.
    let private tableLimit = 12

    /// Larger matrices are averaged down to this in a heat map.
    let private mapLimit = 128

    let private describe (x: Tensor) =
        let shape = String.Join(", ", Tensor.shape x)
        $"{x.DType.Name()} of shape ({shape})"

    let private text (x: Tensor) = x.ToString()

    /// The elements of a matrix of real numbers.
    let private numbers (x: Tensor) : float[,] =
        use floats = x |> Tensor.astype DType.Float32
        let values: float32[,] = Tensor.toArray2D floats
        Array2D.map float values

    /// Blocks of an axis that is longer than the limit.
    let private blocks length =
        let count = min length mapLimit
        [| for i in 0 .. count - 1 -> i * length / count, (i + 1) * length / count |]

    let private averaged (values: float[,]) =
        let rows, columns = blocks (Array2D.length1 values), blocks (Array2D.length2 values)

        Array2D.init rows.Length columns.Length (fun i j ->
            let top, bottom = rows[i]
            let left, right = columns[j]
            let mutable sum = 0.0

            for row in top .. bottom - 1 do
                for column in left .. right - 1 do
                    sum <- sum + values[row, column]

            sum / float ((bottom - top) * (right - left)))

    /// Numbers as shares of their range.
    let private shares (values: float[,]) =
        let finite = values |> Seq.cast<float> |> Seq.filter Double.IsFinite |> Seq.toArray

        if finite.Length = 0 then
            values |> Array2D.map (fun _ -> nan), nan, nan
        else
            let low, high = Array.min finite, Array.max finite
            let range = if high > low then high - low else 1.0
            values |> Array2D.map (fun v -> (v - low) / range), low, high

    let private mapOf (x: Tensor) =
        let shares, low, high = numbers x |> averaged |> shares
        let longest = max (Array2D.length1 shares) (Array2D.length2 shares)
        let pixels = Math.Clamp(384 / longest, 1, 16)
        Picture.png pixels shares, $"{describe x}, from {low:G4} (dark) to {high:G4} (bright)"

    /// <summary>A matrix as a picture (PNG): the smallest number is dark, the largest bright. More
    /// than 128 rows or columns are averaged.</summary>
    /// <exception cref="T:System.ArgumentException">It is no matrix.</exception>
    /// <example><code>
    /// let picture = Tensor.eye 8 |> Display.heatMap
    /// </code></example>
    let heatMap (x: Tensor) : byte[] =
        if x.NDim <> 2 then
            invalidArg (nameof x) $"a heat map shows a matrix, not {describe x}"

        fst (mapOf x)

    let private number (v: float) = Html.escape $"{v:G5}"

    let private plain (x: Tensor) =
        { Text = text x
          Html = Some(Html.preformatted (text x) + Html.caption (describe x))
          Png = None }

    /// <summary>A tensor: a table where it is small, a heat map where it is a large matrix, and the
    /// text that MLX prints otherwise.</summary>
    /// <example><code>
    /// let rich = Tensor.eye 3 |> Display.tensor
    /// </code></example>
    let tensor (x: Tensor) : Rich =
        let isReal = x.DType <> DType.Complex64 && x.DType <> DType.Bool

        if x.NDim <> 2 || x.Size = 0L || not isReal then
            plain x
        elif x.Dim 0 <= tableLimit && x.Dim 1 <= tableLimit then
            let values = numbers x

            let rows =
                List.init (x.Dim 0) (fun i -> List.init (x.Dim 1) (fun j -> number values[i, j]))

            { plain x with Html = Some(Html.table [] rows + Html.caption (describe x)) }
        else
            let png, caption = mapOf x

            { Text = text x
              Html = Some(Html.image png caption + Html.caption caption)
              Png = Some png }

    /// <summary>A tree of parameters: a row for each leaf with its path, shape, dtype and number of
    /// elements.</summary>
    /// <example><code>
    /// let rich = Linear.init 8 4 |> Random.run (Key.ofSeed 0) |> Display.tree
    /// </code></example>
    let tree (tree: 'T) : Rich =
        let cells (path: string, x: Tensor) =
            let shape = String.Join(", ", Tensor.shape x)
            [ Html.escape path; $"({shape})"; x.DType.Name(); $"{x.Size:N0}" ]

        let leaves = Tree.named tree |> Array.map cells |> Array.toList
        let total = $"{Tree.size tree:N0} elements in {leaves.Length} tensors"

        { Text = Tree.summary tree
          Html =
            Some(Html.table [ "path"; "shape"; "dtype"; "elements" ] leaves + Html.caption total)
          Png = None }

    /// <summary>The measurements of a training run: for each its first, best (smallest) and last
    /// value, and its course.</summary>
    /// <example><code>
    /// let loss step =
    ///     { Name = "loss"; Value = 1.0 / float step; Step = step; Epoch = 1; Seconds = 0.0 }
    /// (Display.history [ for step in 1..4 -> loss step ]).Text
    /// // => "loss: first 1, least 0.25, last 0.25"
    /// </code></example>
    let history (metrics: Metric list) : Rich =
        let rows =
            metrics
            |> List.groupBy _.Name
            |> List.map (fun (name, all) ->
                let values = all |> List.map _.Value
                let points = all |> List.map (fun m -> float m.Step, m.Value)
                let cells = [ List.head values; List.min values; List.last values ]
                name, cells |> List.map (fun v -> $"{v:G5}"), points)

        let lines =
            rows
            |> List.map (fun (name, cells, _) ->
                $"{name}: first {cells[0]}, least {cells[1]}, last {cells[2]}")

        let table =
            rows
            |> List.map (fun (name, cells, points) ->
                Html.escape name :: cells @ [ Html.sparkline 240 48 points ])

        { Text = String.Join("\n", lines)
          Html = Some(Html.table [ ""; "first"; "least"; "last"; "course" ] table)
          Png = None }

    let private drawing (graph: ComputationGraph) : Rich =
        let html =
            if graph.Nodes.Count <= Drawing.Limit then
                Drawing.svg graph
            else
                [ for op in graph.Ops -> [ Html.escape op.Key; $"{op.Value}" ] ]
                |> Html.table [ "op"; "times" ]

        { Text = string graph
          Html = Some(html + Html.caption (string graph))
          Png = None }

    /// <summary>What the tensors of a tree wait for: a drawing of their ops, inputs on top, or the
    /// ops' counts where there are more than 60. Nothing is computed. A <c>ComputationGraph</c>, as
    /// <c>TrainStep.explain</c> has one, is shown the same way.</summary>
    /// <example><code>
    /// let x = Tensor.ofSeq [ 1.0; 2.0 ]
    /// (Display.graph (Tensor.exp x + x)).Text
    /// // => "2 ops: Add 1, Exp 1"
    /// </code></example>
    let graph (tree: 'T) : Rich = ComputationGraph.Of(ReadOnlySpan(Tree.leaves tree)) |> drawing

    let private renderers = List<Type * (objnull -> Rich)>()

    let private page (rich: Rich) =
        rich.Html |> Option.defaultWith (fun () -> Html.preformatted rich.Text)

    /// <summary>Teaches how values of a type (and of types derived from it) are shown. The latest
    /// teaching counts.</summary>
    /// <example><code>
    /// Display.register (fun (day: DayOfWeek) ->
    ///     { Text = $"{day}"; Html = Some $"&lt;b&gt;{day}&lt;/b&gt;"; Png = None })
    /// </code></example>
    let register (render: 'T -> Rich) : unit =
        let render (value: objnull) = render (unbox<'T> value)
        lock renderers (fun () -> renderers.Insert(0, (typeof<'T>, render)))
        Host.teach typeof<'T> (render >> page)

    /// <summary>
    /// Makes tensors, histories and graphs rich where they end a cell of a notebook. <c>show</c>
    /// needs no such call, and elsewhere it does nothing.
    /// </summary>
    /// <example><code>Display.install ()</code></example>
    let install () : unit =
        register tensor
        register history
        register drawing
        register (id: Rich -> Rich)

    do install ()

    /// <summary>How a value is shown: as taught, else as F# prints it.</summary>
    /// <example><code>
    /// let rich = Tensor.eye 3 |> Display.render
    /// </code></example>
    let render (value: 'T) : Rich =
        let known =
            lock renderers (fun () ->
                renderers |> Seq.tryFind (fun (kind, _) -> kind.IsAssignableFrom typeof<'T>))

        match known with
        | Some(_, render) -> render (box value)
        | None -> { Text = sprintf "%A" value; Html = None; Png = None }

    /// <summary>An environment variable; <c>json</c> makes <c>show</c> write each value as one line
    /// for a program: <c>Mark</c>, then an object with <c>text</c>, <c>html</c> and <c>png</c>
    /// (base64).</summary>
    [<Literal>]
    let Variable = "MLX_DISPLAY"

    /// <summary>What such a line begins with.</summary>
    [<Literal>]
    let Mark = "\u001emlx-display "

    /// <summary>
    /// Shows a value: as HTML in a notebook that can, as text elsewhere.
    /// </summary>
    /// <example><code>
    /// Tensor.eye 3 |> Display.show
    /// </code></example>
    let show (value: 'T) : unit =
        let rich = render value

        if Host.isRead Variable then
            Console.Out.WriteLine(Host.line Mark rich.Text rich.Html rich.Png)
        elif not (rich.Html.IsSome && Host.tryDisplay (box value)) then
            Console.Out.WriteLine rich.Text
