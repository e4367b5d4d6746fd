module Mlx.Tests.Functional.DataFileTests

open System
open System.IO
open System.IO.Compression
open Expecto
open Mlx

/// Runs with a file of these bytes under this name, in a folder of its own.
let private withFile (name: string) (bytes: byte[]) (run: string -> unit) =
    let folder = Directory.CreateTempSubdirectory "mlx-data-"

    try
        let path = Path.Combine(folder.FullName, name)
        File.WriteAllBytes(path, bytes)
        run path
    finally
        folder.Delete true

let private utf8 (text: string) = Text.Encoding.UTF8.GetBytes text
let private csv (text: string) run = withFile "table.csv" (utf8 text) run

/// The place and the problem that reading tells.
let private refusal (read: string -> unit) (path: string) =
    match Assert.catch (fun () -> read path) with
    | :? DataFileException as e ->
        Expect.equal e.File path "the file"
        Expect.stringContains e.Message path "the message names the file"
        e.Line, e.Column, e.Problem
    | e -> failtest $"{e}"

let private refuses (text: string) line column (part: string) =
    csv text (fun path ->
        let l, c, problem = refusal (Csv.load >> Csv.floats [ "a" ] >> ignore) path
        Expect.equal (l, c) (line, column) $"where: {problem}"
        Expect.stringContains problem part "what")

let private idx (kind: byte) (shape: int list) (data: byte[]) =
    [| 0uy
       0uy
       kind
       byte shape.Length
       for d in shape do
           yield! Array.rev (BitConverter.GetBytes d)
       yield! data |]

let private gzip (bytes: byte[]) =
    use memory = new MemoryStream()

    (use zip = new GZipStream(memory, CompressionLevel.Fastest)
     zip.Write(bytes, 0, bytes.Length))

    memory.ToArray()

let private tables =
    [ testCase "a table has names, fields and lines" (fun () ->
          let text = "a,name\r\n1.5,\"x, \"\"y\"\"\"\r\n-2e1,\"two\nlines\"\r\n3,\r\n"

          csv text (fun path ->
              let table = Csv.load path
              Expect.equal table.Header [| "a"; "name" |] "names"

              Expect.equal
                  table.Rows
                  [| [| "1.5"; "x, \"y\"" |]; [| "-2e1"; "two\nlines" |]; [| "3"; "" |] |]
                  "fields"

              Expect.equal table.Lines [| 2; 3; 5 |] "a quoted line end is no end of a record"
              let x = table |> Csv.floats [ "a"; "a" ]

              Assert.close
                  0.0
                  0.0
                  (Tensor.ofRows [ [ 1.5; 1.5 ]; [ -20.0; -20.0 ]; [ 3.0; 3.0 ] ])
                  x
                  "numbers"))

      testCase "words become numbers in their order" (fun () ->
          csv "kind\nb\na\nb\n" (fun path ->
              let ids, names = Csv.load path |> Csv.categories "kind"
              Expect.equal (Tensor.toArray ids) [| 1; 0; 1 |] "ids"
              Expect.equal names [| "a"; "b" |] "names"))

      testCase "another separator" (fun () ->
          withFile "t.tsv" (utf8 "a\tb\n1\t2,5\n") (fun path ->
              Expect.equal (Csv.loadWith '\t' path).Rows [| [| "1"; "2,5" |] |] "fields"))

      testProperty "what is quoted comes back" (fun (cells: string list list) ->
          let clean (s: string | null) =
              match s with
              | null -> ""
              | s -> s.Replace("\r", "").Replace("\000", "")

          let rows = cells |> List.map (fun row -> row |> List.truncate 3 |> List.map clean)
          let width = 3
          let rows = rows |> List.map (fun r -> r @ List.replicate (width - r.Length) "")
          // Lone surrogates are no text.
          let isText (s: string) = not (Seq.exists Char.IsSurrogate s)
          let rows = rows |> List.filter (List.forall isText)
          let quote (s: string) = "\"" + s.Replace("\"", "\"\"") + "\""
          let line row = row |> List.map quote |> String.concat ","
          let text = "a,b,c\n" + String.concat "" [ for r in rows -> line r + "\n" ]

          csv text (fun path ->
              let read = (Csv.load path).Rows |> Array.map List.ofArray |> List.ofArray
              Expect.equal read rows "fields"))

      testCase "malformed tables are refused with line and field" (fun () ->
          refuses "" 1 1 "no line with the names"
          refuses "a,b,a\n1,2,3\n" 1 3 "'a' is there twice"
          refuses "a,b\n1,2\n3\n" 3 2 "has 1 fields, the first line 2"
          refuses "a,b\n1,2,3\n" 2 3 "has 3 fields"
          refuses "a,b\n1,2\nx,4\n" 3 1 "'x' is no number"
          refuses "a,b\n1,\"2\n" 2 2 "do not enclose"
          refuses "a,b\n1,\"2\"x\n" 2 2 "do not enclose"
          refuses "a,b\n1,x\"2\"\n" 2 2 "do not enclose")

      testCase "a column that is not there is named" (fun () ->
          csv "a,b\n1,2\n" (fun path ->
              let e = Assert.catch (fun () -> Csv.load path |> Csv.floats [ "c" ] |> ignore)
              Expect.stringContains e.Message "no column 'c', only a, b" "message")) ]

let private texts =
    [ testCase "lines end in three ways" (fun () ->
          withFile "t.txt" (utf8 "\uFEFFone\ntwo\r\nthree\rfour") (fun path ->
              Expect.equal (TextFile.lines path) [| "one"; "two"; "three"; "four" |] "lines"))

      testCase "what is no UTF-8 is refused with line and column" (fun () ->
          withFile "t.txt" [| yield! utf8 "ab\ncdé"; 0xFFuy; yield! utf8 "x" |] (fun path ->
              let line, column, problem = refusal (TextFile.read >> ignore) path
              Expect.equal (line, column) (2, 4) "where"
              Expect.stringContains problem "0xFF" "what")) ]

let private arrays =
    [ testCase "IDX files of every type are read, compressed or not" (fun () ->
          let read name bytes check = withFile name bytes (fun path -> check (IdxFile.load path))

          read "x" (idx 0x08uy [ 2; 3 ] [| 1uy .. 6uy |]) (fun x ->
              Expect.equal (x.DType, Tensor.shape x) (DType.UInt8, [ 2; 3 ]) "bytes"
              Expect.equal (Tensor.toArray x) [| 1uy .. 6uy |] "elements")

          read "x.gz" (gzip (idx 0x0Buy [ 2 ] [| 1uy; 2uy; 0xFFuy; 0xFEuy |])) (fun x ->
              Expect.equal (Tensor.toArray x) [| 258s; -2s |] "big-endian int16")

          read "x" (idx 0x0Duy [ 1 ] (Array.rev (BitConverter.GetBytes 1.5f))) (fun x ->
              Expect.equal (Tensor.toArray x) [| 1.5f |] "float32")

          read "x" (idx 0x0Euy [ 1 ] (Array.rev (BitConverter.GetBytes -2.5))) (fun x ->
              Expect.equal x.DType DType.Float64 "float64"))

      testCase "malformed IDX files are refused" (fun () ->
          let refused name bytes (part: string) =
              withFile name bytes (fun path ->
                  let _, _, problem = refusal (IdxFile.load >> ignore) path
                  Expect.stringContains problem part "what")

          refused "x" [||] "two zero bytes"
          refused "x" [| 1uy; 0uy; 8uy; 1uy |] "two zero bytes"
          refused "x" [| 0uy; 0uy; 0x0Auy; 0uy |] "no element type 0x0A"
          refused "x" [| 0uy; 0uy; 8uy; 3uy; 0uy; 0uy |] "3 lengths"
          refused "x" (idx 8uy [ 2; 3 ] [| 1uy |]) "wants 6 bytes of data, there are 1"
          refused "x" (idx 8uy [ 2 ] [| 1uy .. 3uy |]) "wants 2 bytes of data, there are 3"
          refused "x" (idx 8uy [ -1; -1; -1; -1 ] [||]) "bytes of data"
          refused "x.gz" [| 1uy; 2uy; 3uy |] "no gzip")

      testCase "MNIST is images with labels" (fun () ->
          let images = idx 8uy [ 2; 28; 28 ] (Array.zeroCreate (2 * 28 * 28))

          withFile "train-images-idx3-ubyte" images (fun path ->
              let folder = nonNull (Path.GetDirectoryName path)
              let labels n = gzip (idx 8uy [ n ] (Array.create n 7uy))
              let file = Path.Combine(folder, "train-labels-idx1-ubyte.gz")

              match Assert.catch (fun () -> Mnist.load folder "train" |> ignore) with
              | :? FileNotFoundException as e ->
                  Expect.stringContains e.Message "train-labels-idx1-ubyte.gz" "which"
              | e -> failtest $"{e}"

              File.WriteAllBytes(file, labels 2)
              let x, y = Mnist.load folder "train"
              Expect.equal (Tensor.shape x, Tensor.shape y) ([ 2; 28; 28 ], [ 2 ]) "shapes"
              File.WriteAllBytes(file, labels 3)

              match Assert.catch (fun () -> Mnist.load folder "train" |> ignore) with
              | :? DataFileException as e -> Expect.equal e.File file "the labels"
              | e -> failtest $"{e}")) ]

let tests = tables @ texts @ arrays
