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

/// <summary>A call that the engine refused or could not do.</summary>
type MlxException = Mlx.Core.MlxException

/// <summary>
/// Functions over tensors, curried, the tensor last, named as MLX names them. They compute nothing:
/// reading, printing and <c>eval</c> do.
/// </summary>
/// <remarks>
/// The piped tensor is the left operand: <c>x |> Tensor.subtract y</c> is x - y. Axes count from the
/// end when negative. Shapes that do not fit raise an <c>MlxException</c> that names the op and the
/// shapes, where the function is called.
/// </remarks>
[<RequireQualifiedAccess>]
module Tensor =
    /// The data as MLX takes it in: double precision becomes single.
    let private import (data: 'T[]) (shape: int[]) : Tensor =
        match box data with
        | :? (float[]) as doubles -> MlxArray.From(Array.map float32 doubles, shape)
        | _ -> MlxArray.From(data, shape)

    /// <summary>A tensor without axes. A <c>float</c> becomes float32, as in MLX.</summary>
    let scalar (value: 'T) : Tensor =
        match box value with
        | :? float as x -> MlxArray.Scalar(float32 x)
        | _ -> MlxArray.Scalar value

    /// <summary>One axis, from a .NET array. <c>float</c> becomes float32, as in MLX.</summary>
    let ofArray (data: 'T[]) : Tensor = import data [| data.Length |]

    /// <summary>One axis, from a sequence. <c>float</c> becomes float32, as in MLX.</summary>
    /// <example><code>Tensor.ofSeq [ 1.0; 2.0; 3.0 ] |> Tensor.sum</code></example>
    let ofSeq (data: seq<'T>) : Tensor = ofArray (Array.ofSeq data)

    /// <summary>Rows of equal length, shape (rows, columns).</summary>
    /// <exception cref="T:System.ArgumentException">The rows differ in length.</exception>
    /// <example><code>Tensor.ofRows [ [ 1; 2 ]; [ 3; 4 ] ]</code></example>
    let ofRows (rows: seq<#seq<'T>>) : Tensor =
        let rows = [| for row in rows -> Array.ofSeq row |]
        let columns = if rows.Length = 0 then 0 else rows[0].Length

        match rows |> Array.tryFindIndex (fun row -> row.Length <> columns) with
        | Some i ->
            invalidArg (nameof rows) $"row 0 has {columns} elements, row {i} has {rows[i].Length}"
        | None -> import (Array.concat rows) [| rows.Length; columns |]

    /// <summary>Two axes, from a .NET array. <c>float</c> becomes float32, as in MLX.</summary>
    let ofArray2D (data: 'T[,]) : Tensor =
        import (Seq.cast<'T> data |> Array.ofSeq) [| data.GetLength 0; data.GetLength 1 |]

    /// <summary>Three axes, from a .NET array. <c>float</c> becomes float32, as in MLX.</summary>
    let ofArray3D (data: 'T[,,]) : Tensor =
        import
            (Seq.cast<'T> data |> Array.ofSeq)
            [| data.GetLength 0; data.GetLength 1; data.GetLength 2 |]

    /// <summary>A .NET array in the shape given, row by row.</summary>
    /// <exception cref="T:System.ArgumentException">The shape has another number of elements.</exception>
    let shaped (shape: seq<int>) (data: 'T[]) : Tensor =
        match Array.ofSeq shape with
        | [||] when data.Length = 1 -> scalar data[0]
        | [||] -> invalidArg (nameof data) $"{data.Length} elements do not fit the shape ()"
        | shape -> import data shape

    /// <summary>Float32 zeros (<c>mlx.core.zeros</c>).</summary>
    let zeros (shape: seq<int>) : Tensor = Ops.Zeros(ReadOnlySpan(Array.ofSeq shape))

    /// <summary>Zeros of a dtype (<c>mlx.core.zeros</c>).</summary>
    let zerosOf (dtype: DType) (shape: seq<int>) : Tensor =
        Ops.Zeros(ReadOnlySpan(Array.ofSeq shape), dtype)

    /// <summary>Float32 ones (<c>mlx.core.ones</c>).</summary>
    let ones (shape: seq<int>) : Tensor = Ops.Ones(ReadOnlySpan(Array.ofSeq shape))

    /// <summary>Ones of a dtype (<c>mlx.core.ones</c>).</summary>
    let onesOf (dtype: DType) (shape: seq<int>) : Tensor =
        Ops.Ones(ReadOnlySpan(Array.ofSeq shape), dtype)

    /// <summary>One value everywhere (<c>mlx.core.full</c>).</summary>
    let full (shape: seq<int>) (value: 'T) : Tensor =
        Ops.Full(ReadOnlySpan(Array.ofSeq shape), scalar value)

    /// <summary>Zeros of the shape and dtype of x (<c>mlx.core.zeros_like</c>).</summary>
    let zerosLike (x: Tensor) : Tensor = Ops.ZerosLike x

    /// <summary>Ones of the shape and dtype of x (<c>mlx.core.ones_like</c>).</summary>
    let onesLike (x: Tensor) : Tensor = Ops.OnesLike x

    /// <summary>One value everywhere, of the shape and dtype of x (<c>mlx.core.full</c>).</summary>
    let fullLike (value: 'T) (x: Tensor) : Tensor = Ops.FullLike(x, scalar value)

    /// <summary>The int32 numbers 0, 1, ... below <c>stop</c> (<c>mlx.core.arange</c>).</summary>
    let arange (stop: int) : Tensor = Ops.ARange(stop)

    /// <summary>The int32 numbers from <c>start</c> to below <c>stop</c> (<c>mlx.core.arange</c>).</summary>
    let arangeFrom (start: int) (stop: int) : Tensor = Ops.ARange(start, stop)

    /// <summary>Float32 numbers from <c>start</c> to below <c>stop</c> in steps
    /// (<c>mlx.core.arange</c>).</summary>
    let arangeStep (start: float) (stop: float) (step: float) : Tensor =
        Ops.ARange(start, stop, step)

    /// <summary>So many float32 numbers, evenly from <c>start</c> to <c>stop</c>, both included
    /// (<c>mlx.core.linspace</c>).</summary>
    let linspace (start: float) (stop: float) (count: int) : Tensor =
        Ops.Linspace(start, stop, count)

    /// <summary>The float32 unit matrix, shape (n, n) (<c>mlx.core.eye</c>).</summary>
    let eye (n: int) : Tensor = Ops.Eye n

    /// <summary>Ones on and below the k-th diagonal, shape (n, m) (<c>mlx.core.tri</c>).</summary>
    let tri (n: int) (m: int) (k: int) : Tensor = Ops.Tri(n, m, k)

    /// <summary>The part on and below the k-th diagonal, zeros above (<c>mlx.core.tril</c>).</summary>
    let tril (k: int) (x: Tensor) : Tensor = Ops.Tril(x, k)

    /// <summary>The part on and above the k-th diagonal, zeros below (<c>mlx.core.triu</c>).</summary>
    let triu (k: int) (x: Tensor) : Tensor = Ops.Triu(x, k)

    /// <summary>A vector as the k-th diagonal of a matrix, or that of a matrix as a vector
    /// (<c>mlx.core.diag</c>).</summary>
    let diag (k: int) (x: Tensor) : Tensor = Ops.Diag(x, k)

    /// <summary>The diagonal of the first two axes, as a last axis (<c>mlx.core.diagonal</c>).</summary>
    let diagonal (offset: int) (x: Tensor) : Tensor = Ops.Diagonal(x, offset)

    /// <summary>The sum along the diagonal of the first two axes (<c>mlx.core.trace</c>).</summary>
    let trace (x: Tensor) : Tensor = Ops.Trace x

    /// <summary>The length of each axis.</summary>
    /// <example><code>let [ rows; columns ] = Tensor.shape x</code></example>
    let shape (x: Tensor) : int list = List.ofArray (x.Shape.ToArray())

    /// <summary>The number of axes.</summary>
    let ndim (x: Tensor) = x.NDim

    /// <summary>The number of elements.</summary>
    let size (x: Tensor) = x.Size

    /// <summary>The length of an axis.</summary>
    let dim (axis: int) (x: Tensor) = x.Dim axis

    /// <summary>The element type.</summary>
    let dtype (x: Tensor) = x.DType

    /// <summary>The same numbers as another dtype (<c>array.astype</c>).</summary>
    let astype (dtype: DType) (x: Tensor) : Tensor = Ops.AsType(x, dtype)

    /// <summary>The same bytes read as another dtype (<c>mlx.core.view</c>).</summary>
    let view (dtype: DType) (x: Tensor) : Tensor = Ops.View(x, dtype)

    /// <summary>The same values, through which no gradient flows (<c>mlx.core.stop_gradient</c>).</summary>
    let stopGradient (x: Tensor) : Tensor = Ops.StopGradient x

    /// <summary>Computes the tensor; answers it.</summary>
    let eval (x: Tensor) : Tensor =
        x.Eval()
        x

    /// <summary>The only element as a <c>float</c>, whatever the dtype.</summary>
    /// <exception cref="T:System.InvalidOperationException">It is complex or has several elements.</exception>
    let toFloat (x: Tensor) : float = x.ToScalar()

    let private read (x: Tensor) : 'T[] =
        if DTypes.Of<'T>() = x.DType then
            x.ToArray<'T>()
        else
            use converted = Ops.AsType(x, DTypes.Of<'T>())
            converted.ToArray<'T>()

    /// <summary>The elements row by row, converted to the .NET type asked for.</summary>
    /// <example><code>let values: float32[] = Tensor.toArray x</code></example>
    let toArray (x: Tensor) : 'T[] =
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
    let toArray2D (x: Tensor) : 'T[,] =
        if x.NDim <> 2 then
            invalidArg (nameof x) $"toArray2D wants two axes, the shape is {shape x}"

        let elements: 'T[] = toArray x
        let columns = x.Dim 1
        Array2D.init (x.Dim 0) columns (fun i j -> elements[i * columns + j])

    /// <summary>The only element, converted to the .NET type asked for.</summary>
    /// <exception cref="T:System.ArgumentException">The tensor has several elements.</exception>
    let item (x: Tensor) : 'T =
        if x.Size <> 1L then
            invalidArg (nameof x) $"item reads one element, the shape is {shape x}"

        (toArray x)[0]
