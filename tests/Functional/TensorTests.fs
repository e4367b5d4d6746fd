module Mlx.Tests.Functional.TensorTests

open System
open Expecto
open Mlx
open Mlx.Core

let private ints (x: Tensor) : int list = Tensor.toArray x |> List.ofArray

let private part name (get: Tensor -> Tensor) shape elements =
    testCase name (fun () ->
        use x = Tensor.arange 24 |> Tensor.reshape [ 2; 3; 4 ]
        let p = get x
        Expect.equal (Tensor.shape p) shape "shape"
        Expect.equal (ints p) elements "elements")

let private slicing =
    [ part "x[1]" (fun x -> x[1]) [ 3; 4 ] [ 12..23 ]
      part "x[-1, -1]" (fun x -> x[-1, -1]) [ 4 ] [ 20..23 ]
      part "x[0, *, 1..3]" (fun x -> x[0, *, 1..3]) [ 3; 3 ] [ 1; 2; 3; 5; 6; 7; 9; 10; 11 ]
      part
          "x[.., ..]"
          (fun x -> x[*, 0..1, .. -2])
          [ 2; 2; 3 ]
          [ 0; 1; 2; 4; 5; 6; 12; 13; 14; 16; 17; 18 ]
      part "x[1, 1.., -2..]" (fun x -> x[1, 1.., -2 ..]) [ 2; 2 ] [ 18; 19; 22; 23 ]
      part "x[Idx.Ellipsis, -1]" (fun x -> x[Idx.Ellipsis, -1]) [ 2; 3 ] [ 3; 7; 11; 15; 19; 23 ]
      part
          "x[rows, 2]"
          (fun x -> x[Tensor.ofSeq [ 1; 0 ], 2])
          [ 2; 4 ]
          [ 20; 21; 22; 23; 8; 9; 10; 11 ]
      part
          "new axes and steps"
          (fun x -> x[Idx.NewAxis, 0, Idx.Slice(step = -1), 0])
          [ 1; 3 ]
          [ 8; 4; 0 ]
      part "an empty range" (fun x -> x[0, 0, 3..1]) [ 0 ] []
      part
          "At.add"
          (fun x ->
              (x |> Tensor.at ix[Idx.Ellipsis, Idx.Slice(0, 1)] |> At.add (Tensor.scalar 100))[0, 0])
          [ 4 ]
          [ 100; 1; 2; 3 ]

      testCase "an index that is outside is told" (fun () ->
          use x = Tensor.zeros [ 2; 3; 4 ]
          let e = Assert.catch (fun () -> x[0, 5] |> ignore)
          Expect.stringContains e.Message "5" "index"
          Expect.stringContains e.Message "(2, 3, 4)" "shape") ]

let private operators =
    [ testCase "numbers stand beside tensors on either side" (fun () ->
          let x = Tensor.ofSeq [ 1.0; 2.0 ]
          let check want (got: Tensor) = Assert.close 1e-6 1e-6 (Tensor.ofSeq want) got "value"
          check [ 3.0; 5.0 ] (2.0f * x + 1.0f)
          check [ 3.0; 5.0 ] (2.0 * x + 1)
          check [ -1.0; -2.0 ] -x
          check [ 1.0; 4.0 ] (x ** 2)
          check [ 1.0; 0.5 ] (1.0 / x)
          check [ 1.0; 0.0 ] (x % 2.0)
          check [ exp 1.0; exp 2.0 ] (exp x)
          check [ 1.0; sqrt 2.0 ] (sqrt x)
          check [ 0.0; 1.0 ] (x - 1.0)
          check [ 2.0; 4.0 ] (x + x))

      testCase "numbers do not widen" (fun () ->
          let half = Tensor.onesOf DType.Float16 [ 2 ]
          Expect.equal (half * 2.0 + 1).DType DType.Float16 "operators"
          Expect.equal (Nn.gelu half).DType DType.Float16 "activations"
          Expect.equal (Tensor.clip 0.0 1.0 half).DType DType.Float16 "clip")

      testCase "the matrix product binds as a product" (fun () ->
          let a = Tensor.ofRows [ [ 1.0; 2.0 ]; [ 3.0; 4.0 ] ]
          Assert.close 0.0 0.0 ((a @@ a) + 1.0) (a *@ a + 1.0) "*@"
          Expect.equal ([ 1 ] @ [ 2 ]) [ 1; 2 ] "lists are still appended")

      testCase "the piped tensor is the left operand" (fun () ->
          let a, b = Tensor.ofSeq [ 6.0 ], Tensor.ofSeq [ 3.0 ]
          Expect.equal (a |> Tensor.subtract b |> Tensor.toFloat) 3.0 "a - b"
          Expect.equal (a |> Tensor.divide b |> Tensor.toFloat) 2.0 "a / b"
          Expect.equal (a |> Tensor.greater b |> Tensor.item) true "a > b") ]

let private conversions =
    [ testCase "double becomes float32, the rest keeps its type" (fun () ->
          Expect.equal (Tensor.ofSeq [ 1.0 ]).DType DType.Float32 "float"
          Expect.equal (Tensor.scalar 1.0).DType DType.Float32 "scalar"
          Expect.equal (Tensor.ofSeq [ 1 ]).DType DType.Int32 "int"
          Expect.equal (Tensor.ofSeq [ true ]).DType DType.Bool "bool"
          Expect.equal (Tensor.ofSeq [ 1uy ]).DType DType.UInt8 "byte"

          Expect.equal
              (Tensor.ofArray2D (array2D [ [ 1.0f ]; [ 2.0f ] ]) |> Tensor.shape)
              [ 2; 1 ]
              "2D"

          Expect.equal
              (Tensor.ofArray3D (Array3D.init 2 3 4 (fun i j k -> i + j + k)) |> Tensor.shape)
              [ 2; 3; 4 ]
              "3D")

      testCase "an empty shape is that of one number" (fun () ->
          let one = Tensor.shaped [] [| 2.5 |]
          Expect.equal (Tensor.shape one, one.DType) ([], DType.Float32) "shape and dtype"
          let e = Assert.catch (fun () -> Tensor.shaped [] [| 1; 2 |] |> ignore)
          Expect.isTrue (e :? System.ArgumentException) $"{e}"
          Expect.stringContains e.Message "2 elements do not fit the shape ()" "message")

      testProperty "arrays come back" (fun (data: float32[]) ->
          let data = data |> Array.map (fun x -> if Single.IsFinite x then x else 0f)
          Tree.scoped (fun () -> (Tensor.toArray (Tensor.ofArray data): float32[]) = data))

      testCase "reading converts" (fun () ->
          let x = Tensor.ofRows [ [ 1; 2; 3 ]; [ 4; 5; 6 ] ]

          Expect.equal
              (Tensor.toArray2D x: float[,])
              (array2D [ [ 1.0; 2.0; 3.0 ]; [ 4.0; 5.0; 6.0 ] ])
              "2D"

          Expect.equal
              (Tensor.transpose x |> Tensor.toArray: int[])
              [| 1; 4; 2; 5; 3; 6 |]
              "transposed"

          Expect.equal (Tensor.item (Tensor.scalar 2.5): float) 2.5 "item"
          Expect.equal (Tensor.toFloat (Tensor.onesOf DType.BFloat16 [ 1 ])) 1.0 "bfloat16")

      testCase "tensors of .NET go in and out" (fun () ->
          let data =
              System.Numerics.Tensors.Tensor.Create([| 1f .. 6f |], ReadOnlySpan [| 2n; 3n |])

          let x = Tensor.ofNumerics data
          Expect.equal (Tensor.shape x, x.DType) ([ 2; 3 ], DType.Float32) "shape and dtype"
          let back: System.Numerics.Tensors.Tensor<float32> = Tensor.toNumerics x
          Expect.equal (back.Lengths.ToArray()) [| 2n; 3n |] "lengths"
          let elements = Array.zeroCreate 6
          back.FlattenTo(Span elements)
          Expect.equal elements [| 1f .. 6f |] "elements"
          let turned = System.Numerics.Tensors.Tensor.Transpose data
          let y = MlxArray.From(turned.AsReadOnlyTensorSpan())
          Assert.close 0.0 0.0 (Tensor.transpose x) y "strides are followed")

      testCase "spans go in and out" (fun () ->
          let x = Tensor.ofSpan (ReadOnlySpan([| 1; 2; 3; 4 |], 1, 2))
          Expect.equal (ints x) [ 2; 3 ] "in"
          let buffer = Array.zeroCreate 4
          Tensor.copyTo (Span(buffer, 1, 2)) x
          Expect.equal buffer [| 0; 2; 3; 0 |] "out")

      testCase "rows of different lengths are refused" (fun () ->
          let e = Assert.catch (fun () -> Tensor.ofRows [ [ 1 ]; [ 2; 3 ] ] |> ignore)
          Expect.stringContains e.Message "row 1 has 2" "which row")

      testCase "tensors print as MLX prints them" (fun () ->
          Expect.equal
              (sprintf "%A" (Tensor.ofSeq [ 1.0; 2.5 ]))
              "array([1, 2.5], dtype=float32)"
              "%A") ]

let tests = slicing @ operators @ conversions
