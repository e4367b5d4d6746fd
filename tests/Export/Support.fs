/// What the tests of exported functions have in common.
module Mlx.Tests.Export.Support

open System
open System.Collections.Generic
open System.IO
open Expecto
open Mlx.Core

let data (name: string) = Path.Combine(AppContext.BaseDirectory, "data", "export", name)

/// The path of a file that is gone afterwards.
let withFile f =
    let path = Path.Combine(Path.GetTempPath(), $"mlx-{Guid.NewGuid():N}.mlxfn")

    try
        f path
    finally
        File.Delete path

let span (xs: 'a[]) = ReadOnlySpan<'a> xs

let noNames = Dictionary<string, MlxArray>() :> IReadOnlyDictionary<_, _>

/// The elements as numbers; complex ones as two.
let numbers (a: MlxArray) =
    use flat = Ops.Reshape(a, span [| -1 |])

    if a.DType = DType.Complex64 then
        [| for z in flat.ToArray<Complex64>() do
               float z.Real
               float z.Imaginary |]
    else
        use wide = Ops.AsType(flat, DType.Float64)
        wide.ToArray<float>()

/// Same dtypes and shapes, and elements within the tolerances; infinities and NaN in their places.
let expectClose rtol atol (want: MlxArray) (got: MlxArray) what =
    Expect.equal got.DType want.DType $"{what}: dtype"
    Expect.equal (got.Shape.ToArray()) (want.Shape.ToArray()) $"{what}: shape"

    Array.iteri2
        (fun i (w: float) (g: float) ->
            let isClose = w = g || abs (w - g) <= atol + rtol * abs w
            let isSame = isClose || Double.IsNaN w && Double.IsNaN g
            Expect.isTrue isSame $"{what}: element {i} is {g}, not {w}")
        (numbers want)
        (numbers got)
