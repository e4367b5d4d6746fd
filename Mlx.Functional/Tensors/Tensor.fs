namespace Mlx

open System
open Mlx.Core

/// <summary>
/// An immutable, lazily computed array of numbers. The same type as C#'s <c>MlxArray</c>: operators
/// broadcast, a number beside it takes its dtype (<c>2.0 * x + 1</c>), and <c>exp x</c>,
/// <c>x ** 2</c> and their kin work on it.
/// </summary>
type Tensor = Mlx.Core.MlxArray

/// <summary>The element type of a tensor.</summary>
type DType = Mlx.Core.DType

/// <summary>Where ops compute: <c>Device.Cpu</c>, <c>Device.Gpu</c>.</summary>
type Device = Mlx.Core.Device

/// <summary>The engine behind all tensors: its name, its counters, what was found.</summary>
type Engine = Mlx.Core.Engine

/// <summary>A complex number of two singles: the element of complex64 tensors.</summary>
type Complex64 = Mlx.Core.Complex64

/// <summary>The upper half of a single: the element of bfloat16 tensors.</summary>
type BFloat16 = Mlx.Core.BFloat16

/// <summary>A call that the engine refused or could not do.</summary>
type MlxException = Mlx.Core.MlxException

/// What error messages say.
module internal Text =
    let shape (x: Tensor) = "(" + String.Join(", ", x.Shape.ToArray()) + ")"

    /// Refuses a text that a caller was given, with a caret beneath the character in question.
    let refuse (caller: string) (text: string) (at: int) (why: string) : 'T =
        // A tab or a line break would put the caret elsewhere.
        let line = text |> String.map (fun c -> if Char.IsWhiteSpace c then ' ' else c)
        let margin = String(' ', at)
        raise (ArgumentException $"{caller}: {why}\n  {line}\n  {margin}^")

/// <summary>
/// Functions over tensors, curried, the tensor last, named as MLX names them. They compute nothing:
/// reading, printing and <c>eval</c> do.
/// </summary>
/// <remarks> The piped tensor is the left operand: <c>x |> Tensor.subtract y</c> is x - y. Axes
/// count from the end when negative. Shapes that do not fit raise an <c>MlxException</c> that names
/// the op and the shapes, where the function is called. </remarks>
[<RequireQualifiedAccess>]
module Tensor =
    /// The data as MLX takes it in: double precision becomes single.
    let private import (data: 'T[]) (shape: int[]) : Tensor =
        match box data with
        | :? (float[]) as doubles -> MlxArray.From(Array.map float32 doubles, shape)
        | _ -> MlxArray.From(data, shape)

    /// <summary>A tensor without axes. A <c>float</c> becomes float32, as in MLX.</summary>
    /// <example><code>
    /// Tensor.scalar 1.5
    /// // => array(1.5, dtype=float32)
    /// </code></example>
    let scalar (value: 'T) : Tensor =
        match box value with
        | :? float as x -> MlxArray.Scalar(float32 x)
        | _ -> MlxArray.Scalar value

    /// <summary>One axis, from a .NET array. <c>float</c> becomes float32, as in MLX.</summary>
    /// <example><code>
    /// Tensor.ofArray [| 1; 2; 3 |]
    /// // => array([1, 2, 3], dtype=int32)
    /// </code></example>
    let ofArray (data: 'T[]) : Tensor = import data [| data.Length |]

    /// <summary>One axis, from a sequence. <c>float</c> becomes float32, as in MLX.</summary>
    /// <example><code>
    /// Tensor.ofSeq [ 1.0; 2.5; 3.0 ]
    /// // => array([1, 2.5, 3], dtype=float32)
    /// </code></example>
    let ofSeq (data: seq<'T>) : Tensor = ofArray (Array.ofSeq data)

    /// <summary>Rows of equal length, shape (rows, columns).</summary>
    /// <exception cref="T:System.ArgumentException">The rows differ in length.</exception>
    /// <example><code>
    /// Tensor.ofRows [ [ 1; 2 ]; [ 3; 4 ] ]
    /// // => array([[1, 2], [3, 4]], dtype=int32)
    /// </code></example>
    let ofRows (rows: seq<#seq<'T>>) : Tensor =
        let rows = [| for row in rows -> Array.ofSeq row |]
        let columns = if rows.Length = 0 then 0 else rows[0].Length

        match rows |> Array.tryFindIndex (fun row -> row.Length <> columns) with
        | Some i ->
            invalidArg (nameof rows) $"row 0 has {columns} elements, row {i} has {rows[i].Length}"
        | None -> import (Array.concat rows) [| rows.Length; columns |]

    /// <summary>One axis, copied from a span: memory of one's own, or of another library.</summary>
    /// <example><code>
    /// Tensor.ofSpan (System.ReadOnlySpan [| 1; 2; 3 |])
    /// // => array([1, 2, 3], dtype=int32)
    /// </code></example>
    let ofSpan (data: ReadOnlySpan<'T>) : Tensor = MlxArray.From(data, ReadOnlySpan<int>())

    /// <summary>A tensor of .NET (<c>System.Numerics.Tensors</c>), copied in its shape.</summary>
    /// <example><code>
    /// System.Numerics.Tensors.Tensor.Create [| 1; 2; 3 |] |> Tensor.ofNumerics
    /// // => array([1, 2, 3], dtype=int32)
    /// </code></example>
    let ofNumerics (data: System.Numerics.Tensors.Tensor<'T>) : Tensor =
        MlxArray.From(data.AsReadOnlyTensorSpan())

    /// <summary>Two axes, from a .NET array. <c>float</c> becomes float32, as in MLX.</summary>
    /// <example><code>
    /// Tensor.ofArray2D (array2D [ [ 1.0; 2.0 ]; [ 3.0; 4.0 ] ])
    /// // => array([[1, 2], [3, 4]], dtype=float32)
    /// </code></example>
    let ofArray2D (data: 'T[,]) : Tensor =
        import (Seq.cast<'T> data |> Array.ofSeq) [| data.GetLength 0; data.GetLength 1 |]

    /// <summary>Three axes, from a .NET array. <c>float</c> becomes float32, as in MLX.</summary>
    /// <example><code>
    /// Tensor.ofArray3D (Array3D.init 1 2 2 (fun _ j k -> 2 * j + k))
    /// // => array([[[0, 1], [2, 3]]], dtype=int32)
    /// </code></example>
    let ofArray3D (data: 'T[,,]) : Tensor =
        import
            (Seq.cast<'T> data |> Array.ofSeq)
            [| data.GetLength 0; data.GetLength 1; data.GetLength 2 |]

    /// <summary>A .NET array in the shape given, row by row.</summary>
    /// <exception cref="T:System.ArgumentException">The shape has another number of
    /// elements.</exception>
    /// <example><code>
    /// [| 1 .. 6 |] |> Tensor.shaped [ 2; 3 ]
    /// // => array([[1, 2, 3], [4, 5, 6]], dtype=int32)
    /// </code></example>
    let shaped (shape: seq<int>) (data: 'T[]) : Tensor =
        match Array.ofSeq shape with
        | [||] when data.Length = 1 -> scalar data[0]
        | [||] -> invalidArg (nameof data) $"{data.Length} elements do not fit the shape ()"
        | shape -> import data shape

    /// <summary>The length of each axis.</summary>
    /// <example><code>
    /// Tensor.zeros [ 2; 3 ] |> Tensor.shape
    /// // => [2; 3]
    /// </code></example>
    let shape (x: Tensor) : int list = List.ofArray (x.Shape.ToArray())

    /// <summary>The number of axes.</summary>
    /// <example><code>
    /// Tensor.zeros [ 2; 3 ] |> Tensor.ndim
    /// // => 2
    /// </code></example>
    let ndim (x: Tensor) = x.NDim

    /// <summary>The number of elements of a tensor of any shape.</summary>
    /// <example><code>
    /// Tensor.zeros [ 2; 3 ] |> Tensor.size
    /// // => 6L
    /// </code></example>
    let size (x: Tensor) = x.Size

    /// <summary>The length of an axis.</summary>
    /// <example><code>
    /// Tensor.zeros [ 2; 3 ] |> Tensor.dim -1
    /// // => 3
    /// </code></example>
    let dim (axis: int) (x: Tensor) = x.Dim axis

    /// <summary>The bytes of an element, whatever the shape.</summary>
    /// <example><code>
    /// Tensor.zeros [ 2; 3 ] |> Tensor.itemsize
    /// // => 4
    /// </code></example>
    let itemsize (x: Tensor) = x.ItemSize

    /// <summary>The bytes of all elements of a tensor of any shape.</summary>
    /// <example><code>
    /// Tensor.zeros [ 2; 3 ] |> Tensor.nbytes
    /// // => 24L
    /// </code></example>
    let nbytes (x: Tensor) = x.NBytes

    /// <summary>The element type, whatever the shape.</summary>
    /// <example><code>
    /// Tensor.ofSeq [ 1; 2 ] |> Tensor.dtype
    /// // => Int32
    /// </code></example>
    let dtype (x: Tensor) = x.DType

    /// <summary>The same numbers as another dtype (<c>array.astype</c>).</summary>
    /// <returns>The shape of x.</returns>
    /// <example><code>
    /// Tensor.ofSeq [ 1.7; -1.7 ] |> Tensor.astype DType.Int32
    /// // => array([1, -1], dtype=int32)
    /// </code></example>
    let astype (dtype: DType) (x: Tensor) : Tensor = Ops.AsType(x, dtype)

    /// <summary>The same bytes read as another dtype (<c>mlx.core.view</c>).</summary>
    /// <returns>The shape of x; where elements differ in size, the last axis is longer or
    /// shorter.</returns>
    /// <example><code>
    /// Tensor.ofSeq [ 1.0f; -2.0f ] |> Tensor.view DType.UInt32
    /// // => array([1065353216, 3221225472], dtype=uint32)
    /// </code></example>
    let view (dtype: DType) (x: Tensor) : Tensor = Ops.View(x, dtype)

    /// <summary>The same values, through which no gradient flows
    /// (<c>mlx.core.stop_gradient</c>).</summary>
    /// <returns>The shape of x.</returns>
    /// <example><code>
    /// gradient (fun x -> Tensor.sum (x * Tensor.stopGradient x)) (Tensor.ofSeq [ 3.0 ])
    /// // => array([3], dtype=float32)
    /// </code></example>
    let stopGradient (x: Tensor) : Tensor = Ops.StopGradient x

    /// <summary>Computes the tensor; answers it.</summary>
    /// <returns>The shape of x.</returns>
    /// <example><code>
    /// Tensor.ofSeq [ 1.0; 2.0 ] |> Tensor.sum |> Tensor.eval
    /// // => array(3, dtype=float32)
    /// </code></example>
    let eval (x: Tensor) : Tensor =
        x.Eval()
        x

    let private requireOne (caller: string) (x: Tensor) =
        if x.Size <> 1L then
            invalidArg (nameof x) $"{caller} reads one element, the shape is {Text.shape x}"

    let private requireReal (caller: string) (x: Tensor) =
        if x.DType = DType.Complex64 then
            invalidArg
                (nameof x)
                $"{caller} reads real numbers, these are complex: take Tensor.real or Tensor.imag"

    /// <summary>The only element, of a scalar or of another shape that holds one, as a
    /// <c>float</c>, whatever the dtype.</summary>
    /// <exception cref="T:System.ArgumentException">It is complex or has several
    /// elements.</exception>
    /// <example><code>
    /// Tensor.ofSeq [ 1; 2; 3 ] |> Tensor.sum |> Tensor.toFloat
    /// // => 6.0
    /// </code></example>
    let toFloat (x: Tensor) : float =
        requireOne "toFloat" x
        requireReal "toFloat" x
        x.ToScalar()

    let private read (x: Tensor) : 'T[] =
        if DTypes.Of<'T>() = x.DType then
            x.ToArray<'T>()
        else
            use converted = Ops.AsType(x, DTypes.Of<'T>())
            converted.ToArray<'T>()

    /// <summary>The elements of a tensor of any shape, row by row, converted to the .NET type asked
    /// for.</summary>
    /// <example><code>
    /// let values: float32[] = Tensor.ofSeq [ 1.0; 2.0 ] |> Tensor.toArray
    /// values
    /// // => [|1.0f; 2.0f|]
    /// </code></example>
    let toArray (x: Tensor) : 'T[] =
        if typeof<'T> <> typeof<Complex64> then
            requireReal "toArray" x

        // A GPU has no float64: widen here.
        match x.DType with
        | DType.Float64 -> read x
        | _ when typeof<'T> = typeof<float> ->
            let doubles =
                if x.DType.IsFloating() then
                    Array.map float (read x: float32[])
                else
                    Array.map float (read x: int64[])

            unbox (box doubles)
        | _ -> read x

    /// <summary>The elements of a matrix, converted to the .NET type asked for.</summary>
    /// <exception cref="T:System.ArgumentException">The tensor has not two axes.</exception>
    /// <example><code>
    /// let rows: int[,] = Tensor.ofRows [ [ 1; 2 ]; [ 3; 4 ] ] |> Tensor.toArray2D
    /// rows
    /// // => [[1; 2] [3; 4]]
    /// </code></example>
    let toArray2D (x: Tensor) : 'T[,] =
        if x.NDim <> 2 then
            invalidArg (nameof x) $"toArray2D wants two axes, the shape is {Text.shape x}"

        let elements: 'T[] = toArray x
        let columns = x.Dim 1
        Array2D.init (x.Dim 0) columns (fun i j -> elements[i * columns + j])

    /// <summary>The only element, of a scalar or of another shape that holds one, converted to the
    /// .NET type asked for.</summary>
    /// <exception cref="T:System.ArgumentException">The tensor has several elements.</exception>
    /// <example><code>
    /// let total: int = Tensor.ofSeq [ 1; 2; 3 ] |> Tensor.sum |> Tensor.item
    /// total
    /// // => 6
    /// </code></example>
    let item (x: Tensor) : 'T =
        requireOne "item" x
        (toArray x)[0]

    /// <summary>The elements of a tensor of any shape, row by row, written to a span at least as
    /// long.</summary>
    /// <exception cref="T:System.ArgumentException">The span is too short.</exception>
    /// <exception cref="T:System.InvalidOperationException">The tensor has another
    /// dtype.</exception>
    /// <example><code>
    /// let buffer: int[] = Array.zeroCreate 3
    /// Tensor.copyTo (System.Span buffer) (Tensor.ofSeq [ 1; 2; 3 ])
    /// buffer
    /// // => [|1; 2; 3|]
    /// </code></example>
    let copyTo (destination: Span<'T>) (x: Tensor) : unit = x.CopyTo destination

    /// <summary>A copy as a tensor of .NET (<c>System.Numerics.Tensors</c>).</summary>
    /// <returns>The shape of x.</returns>
    /// <exception cref="T:System.InvalidOperationException">The tensor has another
    /// dtype.</exception>
    /// <example><code>
    /// let rows = Tensor.zerosOf DType.Int32 [ 2; 3 ] |> Tensor.toNumerics&lt;int>
    /// rows.FlattenedLength
    /// // => 6n
    /// </code></example>
    let toNumerics<'T
        when 'T: unmanaged and 'T: struct and 'T: (new: unit -> 'T) and 'T :> ValueType>
        (x: Tensor)
        : System.Numerics.Tensors.Tensor<'T> =
        x.ToTensor<'T>()
