/// Rich display of tensors, trees and histories.
module Mlx.Tests.Functional.DisplayTests

open System
open System.Buffers.Binary
open System.IO
open System.IO.Compression
open Expecto
open Mlx
open Mlx.Core
open Mlx.Tests

/// Width, height and the pixels (red, green, blue) of a PNG file without filters.
let private decode (png: byte[]) =
    let number at = BinaryPrimitives.ReadInt32BigEndian(ReadOnlySpan(png, at, 4))
    Expect.equal png[..7] [| 0x89uy; 80uy; 78uy; 71uy; 13uy; 10uy; 26uy; 10uy |] "a PNG file"
    // The header, then the data: 8 bytes of signature, 12 about each chunk.
    let width, height, length = number 16, number 20, number 33
    use zip = new ZLibStream(new MemoryStream(png, 41, length), CompressionMode.Decompress)
    use raw = new MemoryStream()
    zip.CopyTo raw
    let bytes = raw.ToArray()
    let stride = 1 + 3 * width
    let pixel x y = bytes[y * stride + 1 + 3 * x .. y * stride + 3 + 3 * x]
    width, height, pixel

let private dark, private bright = [| 68uy; 1uy; 84uy |], [| 253uy; 231uy; 37uy |]

let private heatMap () =
    use x = Tensor.ofRows [ [ 0f; 1f ]; [ 2f; 3f ]; [ nanf; 3f ] ]
    let width, height, pixel = decode (Display.heatMap x)
    Expect.equal (width, height) (32, 48) "16 pixels for an element"
    Expect.equal (pixel 0 0) dark "the smallest"
    Expect.equal (pixel 31 16) bright "the largest"
    Expect.equal (pixel 0 47) [| 160uy; 160uy; 160uy |] "no number"

let private averaged () =
    use x = Tensor.zeros [ 1000; 3 ]
    let width, height, _ = decode (Display.heatMap x)
    Expect.equal (width, height) (9, 384) "128 rows of 3 pixels"

let private noMatrix () =
    use x = Tensor.zeros [ 3 ]

    Expect.throwsC (fun () -> Display.heatMap x |> ignore) (fun e ->
        Expect.stringContains e.Message "a heat map shows a matrix, not float32 of shape (3)" "why")

let private small () =
    use x = Tensor.ofRows [ [ 1; -2 ]; [ 3; 4 ] ]
    let rich = Display.render x
    Expect.equal rich.Text (x.ToString()) "the text that MLX prints"
    let html = Option.get rich.Html
    Expect.stringContains html "<tr><td>1</td><td>-2</td></tr>" "a row of the table"
    Expect.stringContains html "int32 of shape (2, 2)" "what it is"
    Expect.isNone rich.Png "no picture"

let private large () =
    use x = Tensor.eye 20
    let rich = Display.render x
    Expect.isSome rich.Png "a picture"
    Expect.stringContains (Option.get rich.Html) "from 0 (dark) to 1 (bright)" "its scale"

let private kinds () =
    for dtype in [ DType.Bool; DType.Complex64; DType.BFloat16; DType.UInt64 ] do
        for shape in [ []; [ 0 ]; [ 3 ]; [ 2; 0 ]; [ 2; 2 ]; [ 20; 20 ]; [ 2; 2; 2 ] ] do
            use x = Tensor.zerosOf dtype shape
            let rich = Display.render x
            Expect.equal rich.Text (x.ToString()) $"{dtype} {shape}"
            Expect.isSome rich.Html $"{dtype} {shape}"

let private tree () =
    use weight = Tensor.zeros [ 2; 3 ]
    use bias = Tensor.zeros [ 2 ]
    let rich = Display.tree { Weight = weight; Bias = Some bias }: Rich

    Expect.equal rich.Text (Tree.summary { Weight = weight; Bias = Some bias }: string) "the table"
    let html = Option.get rich.Html
    Expect.stringContains html "<tr><td>weight</td><td>(2, 3)</td>" "a row for each leaf"
    Expect.stringContains html "8 elements in 2 tensors" "and their sum"

let private metric name step value =
    { Name = name; Value = value; Step = step; Epoch = 1; Seconds = 0.0 }

let private history () =
    let rich =
        Display.render
            [ metric "loss" 1 3.0; metric "loss" 2 1.0; metric "a<b" 2 0.5; metric "loss" 3 2.0 ]

    Expect.equal
        (rich.Text.Split '\n' |> List.ofArray)
        [ "loss: first 3, least 1, last 2"; "a<b: first 0.5, least 0.5, last 0.5" ]
        "a line for each measurement"

    let html = Option.get rich.Html
    Expect.stringContains html "a&lt;b" "escaped"
    Expect.stringContains html "<polyline" "its course"

let private graph () =
    use x = Tensor.ofSeq [ 1.0; 2.0 ]
    use y = Tensor.exp x + x
    let rich = Display.graph y
    let again = Display.render (ComputationGraph.Of(ReadOnlySpan [| y |]))
    Expect.equal again rich "a graph as a value"
    Expect.equal rich.Text "2 ops: Add 1, Exp 1" "the ops"
    let html = Option.get rich.Html
    let drawing = Xml.Linq.XElement.Parse(html.Substring(0, html.IndexOf "</svg>" + 6))
    let parts name = [ for e in drawing.Descendants(Xml.Linq.XName.Get name) -> e ]

    let heights =
        [ for text in parts "text" ->
              text.Value, float (nonNull (text.Attribute(Xml.Linq.XName.Get "y"))).Value ]
        |> Map.ofList

    Expect.equal (parts "path").Length 3 "an arrow for each array that is read"
    Expect.isLessThan heights["A"] heights["Exp"] "an input above what reads it"
    Expect.isLessThan heights["Exp"] heights["Add"] "an op below what it reads"

let private longGraph () =
    use x = Tensor.ofSeq [ 1.0; 2.0 ]
    use y = Seq.fold (fun (y: Tensor) _ -> Tensor.sin y + x) x (seq { 1..40 })
    let html = Option.get (Display.graph y).Html
    Expect.stringContains html "<tr><td>Sin</td><td>40</td></tr>" "a row for each op"

type private Temperature = { Celsius: float }

let private taught () =
    Display.register (fun t -> { Text = $"{t.Celsius} °C"; Html = Some "warm"; Png = None })

    let rich = Display.render { Celsius = 20.5 }
    Expect.equal (rich.Text, rich.Html) ("20.5 °C", Some "warm") "as taught"
    Expect.equal (Display.render [ 1; 2 ]).Text "[1; 2]" "else as F# prints it"

let private shown () =
    let before = Console.Out
    let out = new StringWriter()

    try
        Console.SetOut out
        use x = Tensor.ofSeq [ 1; 2 ]
        Display.show x
        Environment.SetEnvironmentVariable(Display.Variable, "json")
        Display.show x
    finally
        Environment.SetEnvironmentVariable(Display.Variable, null)
        Console.SetOut before

    let lines = out.ToString().ReplaceLineEndings("\n").Split '\n'
    Expect.equal lines[0] "array([1, 2], dtype=int32)" "text in a terminal"
    Expect.stringStarts lines[1] (Display.Mark + "{") "a line for a program"
    Expect.stringContains lines[1] "int32 of shape (2)" "with its HTML"

let suite () =
    Suite.leakFree
        "functional.display"
        [ testCase "a heat map has a colour for each element" heatMap
          testCase "long axes are averaged" averaged
          testCase "only matrices are heat maps" noMatrix
          testCase "small matrices are tables" small
          testCase "large matrices are pictures" large
          testCase "every dtype and rank has text and HTML" kinds
          testCase "a tree has a line for each leaf" tree
          testCase "a history has a line for each measurement" history
          testCase "a graph is a drawing" graph
          testCase "a long graph is a table" longGraph
          testCase "types can be taught" taught
          testCase "show writes text, or lines for a program" shown ]
