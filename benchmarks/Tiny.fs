/// A thousand adds of 16 floats: the cost of an operation that computes next to nothing. A run's
/// milliseconds are the microseconds of one operation.
module Mlx.Benchmarks.Tiny

open Mlx.Core
open Mlx.Benchmarks.Inputs

let private chain (after: MlxArray -> unit) () =
    let x, y = zeros [| 16 |], ones [| 16 |]

    fun (atEnd: MlxArray -> unit) () ->
        let mutable z = x + y
        after z

        for _ in 2..1000 do
            let next = z + y
            z.Dispose()
            z <- next
            after z

        atEnd z
        z.Dispose()

let private eval (z: MlxArray) = z.Eval()

let rows =
    [ Row.create "tiny_op_chain1000" (fun () -> chain ignore () eval)
      Row.create "tiny_op_chain1000_build_only" (fun () -> chain ignore () ignore)
      Row.create "tiny_op_eval_each_x1000" (fun () -> chain eval () ignore) ]
