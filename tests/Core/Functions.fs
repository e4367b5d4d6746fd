/// Transforms: what they answer, and what happens when a user's function throws.
module Mlx.Tests.Core.Functions

open System
open Expecto
open Mlx.Core
open Mlx.Tests.Core.Arrays

exception private Boom of int

let one (f: MlxArray -> MlxArray) = Func<MlxArray, MlxArray> f
let many (f: MlxArray[] -> MlxArray[]) = Func<MlxArray[], MlxArray[]> f

let private x () = MlxArray.From [| 1f; 2f; 3f |]

let private values (a: MlxArray) = a.ToArray<float32>()

let private close (got: float32[]) (want: float32[]) =
    Array.iter2 (fun g w -> Expect.floatClose Accuracy.medium (float g) (float w) "close") got want

let private scoped name test =
    testCase name
    <| fun () ->
        use scope = Scope.Enter()
        test ()

let private throwing =
    testList
        "a function that throws"
        [ scoped "inside grad, and the next call works"
          <| fun () ->
              let mutable isBad = true

              let g =
                  Transforms.Grad(one (fun x -> if isBad then raise (Boom 7) else Ops.Sum(x * x)))

              Expect.throwsT<Boom> (fun () -> g.Invoke(x ()) |> ignore) "unchanged"
              isBad <- false
              Expect.equal (values (g.Invoke(x ()))) [| 2f; 4f; 6f |] "the next call"
          scoped "inside compile, and the next call works"
          <| fun () ->
              let mutable isBad = true

              use f =
                  new CompiledFunction(
                      many (fun a -> if isBad then raise (Boom 8) else [| a[0] + 1f |])
                  )

              Expect.throwsT<Boom> (fun () -> f.Apply(span [| x () |]) |> ignore) "unchanged"
              isBad <- false
              Expect.equal (values (f.Apply(span [| x () |])[0])) [| 2f; 3f; 4f |] "the next call"
          scoped "deep inside nested transforms"
          <| fun () ->
              let inner = Transforms.Grad(one (fun x -> raise (Boom 9)))
              let outer = Transforms.Vmap(one (fun x -> inner.Invoke x))
              Expect.throwsT<Boom> (fun () -> outer.Invoke(x ()) |> ignore) "unchanged"
          scoped "with its stack"
          <| fun () ->
              let f = Transforms.Grad(one (fun x -> Ops.Sum(Ops.Reshape(x, span [| 7 |]))))

              try
                  f.Invoke(x ()) |> ignore
                  failtest "nothing was thrown"
              with :? MlxException as e ->
                  Expect.equal
                      e.Function
                      "mlx_reshape"
                      "the engine's own error inside keeps its name"
          scoped "that returns null says so"
          <| fun () ->
              let f =
                  Transforms.Grad(
                      many (fun _ -> Unchecked.defaultof<MlxArray[]>),
                      ReadOnlySpan [| 0 |]
                  )

              raises<InvalidOperationException, _> [ "null" ] (fun () -> f.Invoke [| x () |])
          scoped "and one that is handed a disposed array"
          <| fun () ->
              let gone = x ()
              gone.Dispose()
              let f = Transforms.Grad(one (fun x -> Ops.Sum(x * gone)))
              raises<ObjectDisposedException, _> [ "disposed" ] (fun () -> f.Invoke(x ())) ]

let suite () =
    Mlx.Tests.Suite.leakFree
        "functions"
        [ scoped "grad"
          <| fun () ->
              let g = Transforms.Grad(one (fun x -> Ops.Sum(x * x * x)))
              Expect.equal (values (g.Invoke(x ()))) [| 3f; 12f; 27f |] "3 x^2"
              let h = Transforms.Grad(one (fun x -> Ops.Sum(g.Invoke x)))
              Expect.equal (values (h.Invoke(x ()))) [| 6f; 12f; 18f |] "6 x"
          scoped "gradients come in the order asked for"
          <| fun () ->
              let f = many (fun a -> [| Ops.Sum(a[0] * a[0] * a[1]); a[1] |])

              let orders = [ [| 0; 1 |], 0; [| 1; 0 |], 1; [| -1; 0 |], 1; [| -2; 1 |], 0 ]

              for argNums, first in orders do
                  let g = Transforms.ValueAndGrad(f, span argNums)
                  let struct (v, grads) = g.Invoke [| x (); x () + 1f |]
                  Expect.equal (v[0].Item<float32>()) 50f "value"
                  Expect.equal v.Length 2 "the other output too"
                  Expect.equal (values grads[first]) [| 4f; 12f; 24f |] $"by a[0] in %A{argNums}"
                  Expect.equal (values grads[1 - first]) [| 1f; 4f; 9f |] $"by a[1] in %A{argNums}"
          scoped "padding of some axes has a gradient, whichever way they are named"
          <| fun () ->
              for axis in [ 1; -2 ] do
                  let slope =
                      Transforms.Grad(
                          one (fun x ->
                              let padded = Ops.Pad(x, span [| axis |], span [| 2 |], span [| 1 |])
                              Ops.Sum(padded * padded))
                      )

                  let x = Ops.Ones(span [| 2; 3; 4 |])
                  let g = slope.Invoke x
                  Expect.equal (g.Shape.ToArray()) [| 2; 3; 4 |] $"axis {axis}"
                  close (values g) (Array.create 24 2f)
          scoped "grad refuses what is no scalar"
          <| fun () ->
              let g = Transforms.Grad(one (fun x -> x * x))
              raises<MlxException, _> [ "(3)" ] (fun () -> g.Invoke(x ()))
          scoped "vjp and jvp"
          <| fun () ->
              let f = many (fun a -> [| Ops.Sin a[0] |])
              let cos = [| 1f; 2f; 3f |] |> Array.map cos

              let struct (_, back) =
                  Transforms.Vjp(f, span [| x () |], span [| Ops.OnesLike(x ()) |])

              let struct (_, ahead) =
                  Transforms.Jvp(f, span [| x () |], span [| Ops.OnesLike(x ()) |])

              close (values back[0]) cos
              close (values ahead[0]) cos
          scoped "vmap equals a loop, with shared arguments and other places"
          <| fun () ->
              let a = MlxArray.From([| 0f .. 5f |], 2, 3)
              let w = x ()
              let f = many (fun a -> [| a[0] * a[1]; Ops.Sum a[0] |])

              let mapped =
                  Transforms.Vmap(f, [| Nullable 1; Nullable() |], [| Nullable 0; Nullable 0 |])

              let v = Ops.Ones(span [| 2 |])
              let out = mapped.Invoke [| a; v |]
              Expect.equal (out[0].Shape.ToArray()) [| 3; 2 |] "mapped axis first"
              Expect.equal (values out[1]) [| 3f; 5f; 7f |] "column sums"

              raises<ArgumentException, _> [ "1 axes"; "2 arrays" ] (fun () ->
                  (Transforms.Vmap(f, [| Nullable 0 |])).Invoke [| a; w |])
          scoped "compile replays without running the function"
          <| fun () ->
              let mutable runs = 0

              let f =
                  Transforms.Compile(
                      one (fun x ->
                          runs <- runs + 1
                          Ops.Exp x * 2f + 1f)
                  )

              let first = values (f.Invoke(x ()))
              Expect.equal (values (f.Invoke(x ()))) first "the same"
              Expect.equal runs 1 "one trace"
              f.Invoke(Ops.Ones(span [| 2; 2 |])) |> ignore
              Expect.equal runs 2 "another signature, another trace"
          scoped "compile composes with grad"
          <| fun () ->
              let f = Transforms.Compile(one (fun x -> Ops.Sum(x * x)))
              let g = Transforms.Grad(one (fun x -> f.Invoke x))
              let h = Transforms.Compile(Transforms.Grad(one (fun x -> Ops.Sum(x * x))))
              Expect.equal (values (g.Invoke(x ()))) [| 2f; 4f; 6f |] "grad of compiled"
              Expect.equal (values (h.Invoke(x ()))) [| 2f; 4f; 6f |] "compiled grad"
          scoped "checkpoint"
          <| fun () ->
              let f = Transforms.Checkpoint(many (fun a -> [| Ops.Exp a[0] |]))
              let g = Transforms.Grad(one (fun x -> Ops.Sum((f.Invoke [| x |])[0])))
              close (values (g.Invoke(x ()))) (Array.map exp [| 1f; 2f; 3f |])
          scoped "custom vjp"
          <| fun () ->
              let rule =
                  VjpRule(fun primals cotangents outputs -> [| cotangents[0] * outputs[0] * 10f |])

              let f = Transforms.CustomVjp(many (fun a -> [| a[0] * 2f |]), rule)
              let g = Transforms.Grad(one (fun x -> Ops.Sum((f.Invoke [| x |])[0])))
              Expect.equal (values (g.Invoke(x ()))) [| 20f; 40f; 60f |] "the rule's"
          scoped "custom jvp"
          <| fun () ->
              let rule = JvpRule(fun primals tangents argNums -> [| tangents[0] * 5f |])
              let f = Transforms.CustomFunction(many (fun a -> [| a[0] * 2f |]), jvp = rule)

              let struct (_, ahead) =
                  Transforms.Jvp(f, span [| x () |], span [| Ops.OnesLike(x ()) |])

              Expect.equal (values ahead[0]) [| 5f; 5f; 5f |] "the rule's"
          scoped "what a function makes is freed at its end"
          <| fun () ->
              let g = Transforms.Grad(one (fun x -> Ops.Sum(x * x + x * 2f)))
              (g.Invoke(x ())).Dispose()
              let before = Engine.LiveHandles

              for _ in 1..20 do
                  use x = x ()
                  use y = g.Invoke x
                  y.Eval()

              Expect.equal Engine.LiveHandles before "none left"
          throwing ]
