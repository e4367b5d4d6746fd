/// The transforms as functions over arrays of arrays.
module Mlx.Tests.Laws.Functions

open System
open System.Numerics
open Mlx.Core

type Function = MlxArray[] -> MlxArray[]

let vjp (f: Function) (xs: MlxArray[]) (cotangents: MlxArray[]) =
    let struct (_, vjps) = Transforms.Vjp(f, xs, cotangents)
    vjps

let jvp (f: Function) (xs: MlxArray[]) (tangents: MlxArray[]) =
    let struct (_, jvps) = Transforms.Jvp(f, xs, tangents)
    jvps

/// -1: not mapped.
let vmap (f: Function) (ins: int list) (outs: int list) : Function =
    let mapped axes = [| for a in axes -> if a < 0 then Nullable() else Nullable<int> a |]
    Transforms.Vmap(f, mapped ins, mapped outs).Invoke

/// Fixes all inputs but those at some positions.
let restrict (f: Function) (positions: int list) (all: MlxArray[]) : Function =
    fun xs ->
        let inputs = Array.copy all
        positions |> List.iteri (fun i at -> inputs[at] <- xs[i])
        f inputs

let read (arrays: MlxArray[]) = arrays |> Array.map Values.ofArray |> Array.toList

/// Values between -1 and 1, of the shapes and dtypes of some arrays.
let directions (rng: Random) (arrays: MlxArray[]) =
    arrays
    |> Array.map (fun a ->
        Domain.draw rng (Between(-1.0, 1.0)) (a.Shape.ToArray()) (a.DType = DType.Complex64)
        |> Values.toArray a.DType)

/// The sum of products of two lists of arrays: the real part of the pairing.
let pairing conjugate (a: Nd list) (b: Nd list) =
    List.map2
        (fun (a: Nd) (b: Nd) ->
            Array.map2
                (fun x (y: Complex) -> ((if conjugate then Complex.Conjugate x else x) * y).Real)
                a.Data
                b.Data
            |> Array.sum)
        a
        b
    |> List.sum
