namespace Mlx.Tests.Laws

open System
open System.Numerics
open Mlx.Core

/// The array of the naive reference: row major, in double precision, and as slow as it is plain.
type Nd =
    { Shape: int[]
      Data: Complex[] }

    /// One element, at one position for each axis.
    member a.Item
        with get (index: int[]) =
            let mutable at = 0

            for axis in 0 .. index.Length - 1 do
                at <- at * a.Shape[axis] + index[axis]

            a.Data[at]

    member a.Rank = a.Shape.Length

[<RequireQualifiedAccess>]
module Nd =
    let size shape = Array.fold (*) 1 shape

    let real (x: float) = Complex(x, 0.0)

    /// Counts from the end when negative.
    let axis rank axis = if axis < 0 then axis + rank else axis

    /// Every position of a shape, in row-major order.
    let positions (shape: int[]) =
        seq {
            let index = Array.zeroCreate<int> shape.Length

            for _ in 1 .. size shape do
                yield Array.copy index
                let mutable axis = shape.Length - 1

                while axis >= 0 do
                    index[axis] <- index[axis] + 1

                    if index[axis] = shape[axis] then
                        index[axis] <- 0
                        axis <- axis - 1
                    else
                        axis <- -1
        }

    let init shape (f: int[] -> Complex) =
        { Shape = shape; Data = positions shape |> Seq.map f |> Seq.toArray }

    let scalar x = { Shape = [||]; Data = [| x |] }

    let vector data = { Shape = [| Array.length data |]; Data = data }

    let map f a = { a with Data = Array.map f a.Data }

    let reshape shape a = { a with Nd.Shape = shape }

    let flatten a = reshape [| a.Data.Length |] a

    let broadcastShapes (a: int[]) (b: int[]) =
        let rank = max a.Length b.Length

        Array.init rank (fun axis ->
            let length (s: int[]) =
                let at = axis - (rank - s.Length)
                if at < 0 then 1 else s[at]

            if length a = 1 then length b else length a)

    let broadcastTo (shape: int[]) (a: Nd) =
        if a.Shape = shape then
            a
        else
            let missing = shape.Length - a.Rank

            init shape (fun index ->
                a[index[missing..] |> Array.mapi (fun i k -> if a.Shape[i] = 1 then 0 else k)])

    let map2 f a b =
        let shape = broadcastShapes a.Shape b.Shape
        let a, b = broadcastTo shape a, broadcastTo shape b
        { a with Data = Array.map2 f a.Data b.Data }

    /// The axes in another order: axis i of the result is axis order[i].
    let transpose (order: int[]) (a: Nd) =
        init (order |> Array.map (fun axis -> a.Shape[axis])) (fun index ->
            let source = Array.zeroCreate a.Rank
            order |> Array.iteri (fun i axis -> source[axis] <- index[i])
            a[source])

    let moveAxis source target (a: Nd) =
        let source, target = axis a.Rank source, axis a.Rank target
        let rest = [ 0 .. a.Rank - 1 ] |> List.except [ source ]
        transpose (List.insertAt target source rest |> List.toArray) a

    /// Every line along an axis replaced by the (perhaps longer or shorter) line f makes of it.
    let along axis' (f: Complex[] -> Complex[]) (a: Nd) =
        let at = axis a.Rank axis'
        let last = moveAxis at -1 a
        let length = a.Shape[at]
        let lines = size last.Shape[.. last.Rank - 2]

        let made = Array.init lines (fun line -> f (Array.sub last.Data (line * length) length))

        let longest = if made.Length = 0 then 0 else made[0].Length

        moveAxis
            -1
            at
            { Shape = Array.append last.Shape[.. last.Rank - 2] [| longest |]
              Data = Array.concat made }

    /// All elements along some axes replaced by one.
    let fold (axes: int list) keepdims (f: Complex[] -> Complex) (a: Nd) =
        let axes = axes |> List.map (axis a.Rank)
        let kept = [ 0 .. a.Rank - 1 ] |> List.except axes
        let ordered = transpose (List.toArray (kept @ axes)) a
        let keptShape = kept |> List.map (fun axis -> a.Shape[axis]) |> List.toArray
        let count = size keptShape
        let length = axes |> List.map (fun axis -> a.Shape[axis]) |> List.fold (*) 1
        let data = Array.init count (fun i -> f (Array.sub ordered.Data (i * length) length))

        let shape =
            if keepdims then
                a.Shape |> Array.mapi (fun axis n -> if List.contains axis axes then 1 else n)
            else
                keptShape

        { Shape = shape; Data = data }

    let concat axis' (parts: Nd list) =
        let at = axis parts.Head.Rank axis'
        let lead = parts |> List.map (moveAxis at 0)
        let rest = lead.Head.Shape[1..]

        { Shape = Array.append [| lead |> List.sumBy (fun p -> p.Shape[0]) |] rest
          Data = lead |> List.map _.Data |> Array.concat }
        |> moveAxis 0 at

    let expand axis' (a: Nd) =
        let at = if axis' < 0 then axis' + a.Rank + 1 else axis'
        reshape (Array.insertAt at 1 a.Shape) a

    let stack axis (parts: Nd list) = parts |> List.map (expand axis) |> concat axis

    /// The i-th slice along an axis, without it.
    let pick axis' i (a: Nd) =
        let lead = moveAxis axis' 0 a
        let length = size lead.Shape[1..]
        { Shape = lead.Shape[1..]; Data = Array.sub lead.Data (i * length) length }

    /// The product of matrices; leading axes broadcast.
    let matmul (a: Nd) (b: Nd) =
        let rows, inner = a.Shape[a.Rank - 2], a.Shape[a.Rank - 1]
        let columns = b.Shape[b.Rank - 1]
        let batch = broadcastShapes a.Shape[.. a.Rank - 3] b.Shape[.. b.Rank - 3]
        let a = broadcastTo (Array.append batch [| rows; inner |]) a
        let b = broadcastTo (Array.append batch [| inner; columns |]) b

        init (Array.append batch [| rows; columns |]) (fun index ->
            let lead = index[.. index.Length - 3]
            let row, column = index[index.Length - 2], index[index.Length - 1]
            let mutable sum = Complex.Zero

            for k in 0 .. inner - 1 do
                let x = a[Array.append lead [| row; k |]]
                sum <- sum + x * b[Array.append lead [| k; column |]]

            sum)
