/// Functions exported without their shapes, called with others.
module Mlx.Tests.Export.ShapelessTests

open System.IO
open Expecto
open Mlx.Core
open Mlx.Tests.Export.Support

/// A function, the shapes it is traced for, and others that it must serve.
type Row =
    { Name: string
      Function: MlxArray[] -> MlxArray[]
      Example: int[] list
      Others: int[] list list }

let private row name example others f =
    { Name = name; Function = f; Example = example; Others = others }

let private one f (x: MlxArray[]) : MlxArray[] = [| f x[0] |]

let private two f (x: MlxArray[]) : MlxArray[] = [| f x[0] x[1] |]

let private axes (xs: int list) = span (Array.ofList xs)

let rows =
    [ row "exp" [ [| 2; 3 |] ] [ [ [| 4; 5 |] ]; [ [| 1; 1 |] ] ] (one Ops.Exp)
      row
          "operands that broadcast otherwise"
          [ [| 2; 3 |]; [| 2; 3 |] ]
          [ [ [| 4; 3 |]; [| 1; 3 |] ]; [ [| 1; 5 |]; [| 2; 1 |] ] ]
          (two (fun a b -> a * b + a))
      row "a number beside an array" [ [| 3 |] ] [ [ [| 7 |] ] ] (one (fun a -> (a + 1f) * 2f))
      row
          "where"
          [ [| 3 |]; [| 3 |] ]
          [ [ [| 5 |]; [| 1 |] ]; [ [| 1 |]; [| 4 |] ] ]
          (two (fun a b -> Ops.Where(Ops.Greater(a, b), a, b)))
      row "sum" [ [| 2; 3 |] ] [ [ [| 5; 4 |] ] ] (one (fun a -> Ops.Sum(a, axes [ 1 ])))
      row "mean" [ [| 2; 3 |] ] [ [ [| 5; 4 |] ] ] (one (fun a -> Ops.Mean(a, axes [ -1 ])))
      row "var" [ [| 2; 3 |] ] [ [ [| 5; 4 |] ] ] (one (fun a -> Ops.Var(a, axes [ 0 ])))
      row
          "std with a correction"
          [ [| 2; 3 |] ]
          [ [ [| 5; 4 |] ] ]
          (one (fun a -> Ops.Std(a, axes [ 0; 1 ], ddof = 1)))
      row
          "softmax of the last axis"
          [ [| 2; 3 |] ]
          [ [ [| 5; 4 |] ] ]
          (one (fun a -> Ops.Softmax(a, axes [ -1 ])))
      row
          "softmax of the first axis"
          [ [| 2; 3 |] ]
          [ [ [| 5; 4 |] ] ]
          (one (fun a -> Ops.Softmax(a, axes [ 0 ])))
      row
          "softmax of two axes"
          [ [| 2; 3; 2 |] ]
          [ [ [| 5; 4; 3 |] ] ]
          (one (fun a -> Ops.Softmax(a, axes [ 0; 1 ])))
      row
          "logsumexp"
          [ [| 2; 3; 2 |] ]
          [ [ [| 5; 4; 3 |] ] ]
          (one (fun a -> Ops.LogSumExp(a, axes [ 0; 1 ])))
      row
          "matmul"
          [ [| 2; 3 |]; [| 3; 4 |] ]
          [ [ [| 5; 2 |]; [| 2; 3 |] ] ]
          (two (fun a b -> Ops.Matmul(a, b)))
      row
          "matmul of a batch and a matrix"
          [ [| 2; 2; 3 |]; [| 3; 4 |] ]
          [ [ [| 5; 3; 3 |]; [| 3; 4 |] ] ]
          (two (fun a b -> Ops.Matmul(a, b)))
      row
          "transpose"
          [ [| 2; 3; 4 |] ]
          [ [ [| 5; 4; 3 |] ] ]
          (one (fun a -> Ops.Transpose(a, axes [ 2; 0; 1 ])))
      row "flatten" [ [| 2; 3 |] ] [ [ [| 5; 4 |] ] ] (one (fun a -> Ops.Flatten a))
      row
          "a reshape that infers"
          [ [| 2; 4 |] ]
          [ [ [| 5; 4 |] ] ]
          (one (fun a -> Ops.Reshape(a, span [| -1; 2 |])))
      row
          "squeeze and expand"
          [ [| 2; 1; 3 |] ]
          [ [ [| 5; 1; 4 |] ] ]
          (one (fun a -> Ops.ExpandDims(Ops.Squeeze(a, axes [ 1 ]), axes [ 0 ])))
      row "argmax" [ [| 2; 3 |] ] [ [ [| 5; 4 |] ] ] (one (fun a -> Ops.ArgMax(a, axis = 1)))
      row "cumsum" [ [| 2; 3 |] ] [ [ [| 5; 4 |] ] ] (one (fun a -> Ops.CumSum(a, 1, false, true)))
      row
          "concatenate"
          [ [| 2; 3 |]; [| 1; 3 |] ]
          [ [ [| 4; 5 |]; [| 3; 5 |] ] ]
          (two (fun a b -> Ops.Concatenate(span [| a; b |], 0)))
      row "sort" [ [| 2; 3 |] ] [ [ [| 5; 4 |] ] ] (one (fun a -> Ops.Sort(a, System.Nullable -1)))
      row "rms norm" [ [| 2; 3 |] ] [ [ [| 5; 4 |] ] ] (one (fun a -> Fast.RmsNorm(a, null, 1e-5f)))
      row
          "layer norm"
          [ [| 2; 3 |]; [| 3 |] ]
          [ [ [| 5; 4 |]; [| 4 |] ] ]
          (two (fun a w -> Fast.LayerNorm(a, w, w, 1e-5f)))
      row "gradient of a sum of squares" [ [| 3 |] ] [ [ [| 7 |] ] ] (fun x ->
          let f = fun (y: MlxArray[]) -> [| Ops.Sum(y[0] * y[0]) |]
          let struct (_, g) = Transforms.ValueAndGrad(f, span [| 0 |]).Invoke x
          g) ]

/// Arrays of these shapes whose elements differ.
let inputs (shapes: int[] list) =
    [| for n, shape in List.indexed shapes do
           use flat = Ops.ARange(0.0, float (Array.fold (*) 1 shape), 1.0, DType.Float32)
           Ops.Sin(Ops.Reshape(flat, span shape) + float32 (n + 1)) |]

let private check (row: Row) (f: ExportedFunction) =
    for shapes in row.Example :: row.Others do
        use scope = Scope.Enter()
        scope |> ignore
        let x = inputs shapes
        let want = row.Function x
        let got = f.Apply(span x)
        Expect.equal got.Length want.Length "outputs"
        Array.iter2 (fun w g -> expectClose 1e-5 1e-5 w g $"%s{row.Name} for %A{shapes}") want got

let private served (row: Row) =
    testCase row.Name
    <| fun () ->
        withFile (fun path ->
            use scope = Scope.Enter()
            scope |> ignore
            ExportedFunction.Save(path, row.Function, span (inputs row.Example), shapeless = true)
            use f = ExportedFunction.Load path
            check row f)

/// MLX builds the shape at hand into these.
let private fixedWhenMlxWrites = set [ "logsumexp"; "matmul of a batch and a matrix" ]

/// MLX does not know what shape comes of these.
let private unknownWhenMlxReads = set [ "cumsum" ]

/// One engine writes a file for each row, another one reads it: answers what went wrong.
let interchange (direction: string) (folder: string) =
    let path (row: Row) = Path.Combine(folder, "shapeless " + row.Name.Replace(' ', '_') + ".mlxfn")

    let isAsked (row: Row) =
        not (Engine.IsNative && unknownWhenMlxReads.Contains row.Name)
        && not (Engine.IsNative && direction = "write" && fixedWhenMlxWrites.Contains row.Name)

    rows
    |> List.filter (fun row -> isAsked row && (direction = "write" || File.Exists(path row)))
    |> List.choose (fun row ->
        try
            if direction = "write" then
                use scope = Scope.Enter()
                scope |> ignore
                let x = inputs row.Example
                ExportedFunction.Save(path row, row.Function, span x, shapeless = true)
                None
            else
                use f = ExportedFunction.Load(path row)
                check row f
                None
        with e ->
            Some $"{row.Name}: {e.Message}")

let suite () =
    let beyondMlx = unknownWhenMlxReads + fixedWhenMlxWrites
    let asked = rows |> List.filter (fun r -> not (Engine.IsNative && beyondMlx.Contains r.Name))
    testList "shapeless" (List.map served asked)
