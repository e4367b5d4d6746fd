/// Creation, reading, printing and scalars of MlxArray.
module Mlx.Tests.Core.Arrays

open System
open Expecto
open Mlx.Core

let span (xs: 'a[]) = ReadOnlySpan<'a> xs

/// The call must throw 'e, with the words in its message.
let raises<'e, 'r when 'e :> exn> (words: string list) (f: unit -> 'r) =
    try
        f () |> ignore
        failtest $"nothing was thrown, instead of {typeof<'e>.Name}"
    with
    | :? 'e as e ->
        for w in words do
            Expect.stringContains e.Message w "the message"
    | :? AssertException -> reraise ()
    | e -> failtest $"{e.GetType().Name} instead of {typeof<'e>.Name}: {e.Message}"

let private roundTrip (dtype: DType) (values: 'a[]) =
    testCase (dtype.Name())
    <| fun () ->
        use x = MlxArray.From values
        Expect.equal x.DType dtype "dtype"
        Expect.equal x.ItemSize sizeof<'a> "item size"
        Expect.equal (x.ToArray<'a>()) values "the same elements"
        use first = x.Index(span [| Idx.op_Implicit 0 |])
        Expect.equal (first.Item<'a>()) values[0] "item"
        use scalar = MlxArray.Scalar values[1]
        Expect.equal (scalar.Item<'a>()) values[1] "scalar"
        use empty = MlxArray.From(Array.empty<'a>)
        Expect.equal (empty.ToArray<'a>()) [||] "none"

let private weak =
    let dtypes = Enum.GetValues<DType>()

    testList
        "a number beside an array"
        [ testCase "an integer keeps every dtype but bool"
          <| fun () ->
              for d in dtypes do
                  use x = Ops.Ones(span [| 2 |], d)
                  use y = x + 2
                  let want = if d = DType.Bool then DType.Int32 else d
                  Expect.equal y.DType want (d.Name())
          testCase "a fraction keeps inexact dtypes and makes float32 of the others"
          <| fun () ->
              for d in dtypes do
                  use x = Ops.Ones(span [| 2 |], d)
                  use y = 2.5 * x
                  let want = if d.IsInexact() then d else DType.Float32
                  Expect.equal y.DType want (d.Name())
          testCase "an integer too wide for int32 makes int64 beside bool"
          <| fun () ->
              use x = Ops.Ones(span [| 1 |], DType.Bool)
              use y = x + (1L <<< 40)
              Expect.equal (y.ToArray<int64>()) [| (1L <<< 40) + 1L |] "value"
          testCase "values on both sides"
          <| fun () ->
              use x = MlxArray.From [| 1f; 2f; 4f |]
              use a = 8f / x - 1
              use b = x % 3
              Expect.equal (a.ToArray<float32>()) [| 7f; 3f; 1f |] "8 / x - 1"
              Expect.equal (b.ToArray<float32>()) [| 1f; 2f; 1f |] "x % 3"
          testCase "F# functions find the array's"
          <| fun () ->
              use x = MlxArray.From [| 4f; 9f |]
              use y = sqrt x + x ** 2f - abs -x
              Expect.equal (y.ToArray<float32>()) [| 14f; 75f |] "sqrt x + x ** 2 - |-x|" ]

let private promotion =
    testCase "promotion is the engine's"
    <| fun () ->
        for a in Enum.GetValues<DType>() do
            for b in Enum.GetValues<DType>() do
                use x = Ops.Ones(span [| 1 |], a)
                use y = Ops.Ones(span [| 1 |], b)
                use z = x + y
                Expect.equal z.DType (DTypes.Promote(a, b)) $"{a.Name()} + {b.Name()}"

let private refusals =
    testList
        "refusals"
        [ testCase "a shape of another size"
          <| fun () ->
              raises<ArgumentException, _> [ "3"; "(2, 2)" ] (fun () ->
                  MlxArray.From([| 1; 2; 3 |], 2, 2))
          testCase "a negative length"
          <| fun () ->
              raises<ArgumentException, _> [ "(-1)" ] (fun () -> MlxArray.From([| 1 |], -1))
          testCase "an element type no dtype stores"
          <| fun () ->
              raises<NotSupportedException, _> [ "Decimal" ] (fun () -> MlxArray.From [| 1m |])
          testCase "reading another dtype"
          <| fun () ->
              use x = MlxArray.From [| 1f |]
              raises<InvalidOperationException, _> [ "float32"; "Int32" ] (fun () -> x.Item<int>())

              raises<InvalidOperationException, _> [ "float32"; "Double" ] (fun () ->
                  x.ToArray<float>())
          testCase "Item of several elements"
          <| fun () ->
              use x = MlxArray.From [| 1f; 2f |]
              raises<InvalidOperationException, _> [ "(2)" ] (fun () -> x.Item<float32>())
          testCase "CopyTo something short"
          <| fun () ->
              use x = MlxArray.From [| 1f; 2f |]

              raises<ArgumentException, _> [ "1"; "(2)" ] (fun () ->
                  x.CopyTo(Span(Array.zeroCreate<float32> 1)))
          testCase "shapes that do not broadcast, named with the op"
          <| fun () ->
              use x = Ops.Zeros(span [| 2; 3 |])
              use y = Ops.Zeros(span [| 4 |])
              raises<MlxException, _> [ "add"; "(2,3)"; "(4)" ] (fun () -> x + y)
          testCase "an axis that is not there"
          <| fun () ->
              use x = Ops.Zeros(span [| 2; 3 |])
              raises<MlxException, _> [ "sum"; "2" ] (fun () -> Ops.Sum(x, 5))
              raises<ArgumentOutOfRangeException, _> [ "(2, 3)"; "5" ] (fun () -> x.Dim 5)
          testCase "null"
          <| fun () ->
              use x = MlxArray.Scalar 1f

              raises<ArgumentNullException, _> [ "b" ] (fun () ->
                  Ops.Add(x, Unchecked.defaultof<MlxArray>))

              raises<ArgumentNullException, _> [ "arrays[1]" ] (fun () ->
                  Ops.Concatenate(span [| x; Unchecked.defaultof<MlxArray> |]))
          testCase "a disposed array"
          <| fun () ->
              let x = MlxArray.From [| 1f |]
              x.Dispose()
              x.Dispose()
              raises<ObjectDisposedException, _> [ "disposed" ] (fun () -> x + 1)
              raises<ObjectDisposedException, _> [ "disposed" ] (fun () -> x.Eval())
              Expect.equal (x.ToString()) "array(disposed)" "prints all the same"
          testCase "a view beyond the elements"
          <| fun () ->
              use x = Ops.ARange 6

              raises<ArgumentException, _> [ "AsStrided"; "6" ] (fun () ->
                  Ops.AsStrided(x, span [| 2; 3 |], span [| 3L; 2L |])) ]

let suite () =
    Mlx.Tests.Suite.leakFree
        "arrays"
        [ testList
              "round trip"
              [ roundTrip DType.Bool [| true; false; true |]
                roundTrip DType.UInt8 [| 1uy; 255uy |]
                roundTrip DType.UInt16 [| 1us; 65535us |]
                roundTrip DType.UInt32 [| 1u; UInt32.MaxValue |]
                roundTrip DType.UInt64 [| 1UL; UInt64.MaxValue |]
                roundTrip DType.Int8 [| -1y; 127y |]
                roundTrip DType.Int16 [| -1s; 32767s |]
                roundTrip DType.Int32 [| -1; Int32.MaxValue |]
                roundTrip DType.Int64 [| -1L; Int64.MinValue |]
                roundTrip DType.Float16 [| Half.MaxValue; Half.Epsilon |]
                roundTrip DType.Float32 [| 1.5f; Single.NegativeInfinity |]
                roundTrip DType.Float64 [| 0.1; Double.MaxValue |]
                roundTrip DType.BFloat16 [| BFloat16.op_Explicit 1.5f; BFloat16.FromBits 0x7F80us |]
                roundTrip DType.Complex64 [| Complex64(1f, 2f); Complex64(-1f, 0f) |] ]
          testCase ".NET arrays of several axes"
          <| fun () ->
              use x = MlxArray.From(array2D [ [ 1; 2; 3 ]; [ 4; 5; 6 ] ])

              use y =
                  MlxArray.From(Array3D.init 2 1 2 (fun i j k -> float32 (100 * i + 10 * j + k)))

              Expect.equal (x.Shape.ToArray()) [| 2; 3 |] "2 x 3"
              Expect.equal (x.ToArray<int>()) [| 1..6 |] "row by row"
              Expect.equal (y.ToArray<float32>()) [| 0f; 1f; 100f; 101f |] "row by row"
          testCase "views are read row by row"
          <| fun () ->
              use x = MlxArray.From([| 1..6 |], 2, 3)
              use t = x.T
              use wide = Ops.BroadcastTo(x, span [| 2; 2; 3 |])
              Expect.equal (t.ToArray<int>()) [| 1; 4; 2; 5; 3; 6 |] "transposed"
              Expect.equal (wide.ToArray<int>()) (Array.append [| 1..6 |] [| 1..6 |]) "broadcast"
              Expect.equal (x.Strides) [| 3L; 1L |] "strides"
          testCase "metadata"
          <| fun () ->
              use x = Ops.Zeros(span [| 2; 3; 4 |], DType.Float16)

              Expect.equal
                  (x.NDim, x.Size, x.NBytes, x.Dim -1)
                  (3, 24L, 48L, 4)
                  "ndim, size, bytes, dim"
          testCase "printing"
          <| fun () ->
              use x = MlxArray.From([| 1f; 2f; 3f; 4.5f |], 2, 2)

              Expect.equal
                  (x.ToString())
                  "array([[1, 2],\n       [3, 4.5]], dtype=float32)"
                  "as MLX prints it"
          testCase "bfloat16 rounds to even"
          <| fun () ->
              for f in
                  [ 1f
                    1.00390625f
                    1.01171875f
                    3.4e38f
                    -0f
                    Single.NaN
                    Single.PositiveInfinity ] do
                  use x = MlxArray.Scalar f
                  use y = x.AsType DType.BFloat16
                  let mine: BFloat16 = BFloat16.op_Explicit f

                  Expect.equal
                      (mine.ToBits() &&& 0xFF80us)
                      (y.Item<BFloat16>().ToBits() &&& 0xFF80us)
                      $"{f}"
          weak
          promotion
          refusals ]
