/// What a new user gets wrong, and what is said about it.
module Mlx.Tests.Functional.MistakeTests

open System
open Expecto
open Mlx

let private a () = Tensor.zeros [ 2; 3 ]
let private b () = Tensor.zeros [ 4; 5 ]
let private v () = Tensor.zeros [ 3 ]

/// A mistake, and what its message must hold; engines word the rest as they do.
let private mistakes: (string * (unit -> unit) * string list) list =
    [ "adding shapes that do not broadcast", (fun () -> a () + b () |> ignore), [ "(2,3)"; "(4,5)" ]
      "multiplying matrices that do not fit",
      (fun () -> a () *@ b () |> ignore),
      [ "matmul"; "(2,3)"; "(4,5)" ]
      "reshaping to another size",
      (fun () -> a () |> Tensor.reshape [ 4; 2 ] |> ignore),
      [ "reshape"; "size 6"; "(4,2)" ]
      "leaving two lengths open",
      (fun () -> a () |> Tensor.reshape [ -1; -1 ] |> ignore),
      [ "only infer one" ]
      "an axis that is not there",
      (fun () -> a () |> Tensor.sumAxis 5 |> ignore),
      [ "sum"; "axis 5"; "2 dimensions" ]
      "an order with an axis twice",
      (fun () -> a () |> Tensor.permute [ 0; 0 ] |> ignore),
      [ "transpose" ]
      "joining what differs elsewhere",
      (fun () -> Tensor.concatenate 0 [ a (); b () ] |> ignore),
      [ "concatenate"; "(2,3)"; "(4,5)" ]
      "stacking different shapes",
      (fun () -> Tensor.stack 0 [ a (); v () ] |> ignore),
      [ "stack"; "same shape" ]
      "an uneven split", (fun () -> a () |> Tensor.split 2 1 |> ignore), [ "axis 1"; "(2,3)" ]
      "an index outside", (fun () -> (a ())[0, 5] |> ignore), [ "index 5"; "axis 1"; "(2, 3)" ]
      "too many indices", (fun () -> (a ())[0, 1, 2] |> ignore), [ "3 indices"; "(2, 3)"; "2 axes" ]
      "a fraction as an index",
      (fun () -> (a ())[Tensor.ofSeq [ 0.5 ]] |> ignore),
      [ "index"; "float32"; "integer" ]
      "a mask as an index",
      (fun () -> (a ())[Tensor.ofSeq [ true; false ]] |> ignore),
      [ "bool"; "shape of the result" ]
      "values that do not fit a part",
      (fun () -> a () |> Tensor.at ix[0] |> At.set (b ()) |> ignore),
      [ "values of shape (4, 5)"; "part of shape (3)" ]
      "narrowing an axis that is not there",
      (fun () -> v () |> Tensor.narrow 3 0 1 |> ignore),
      [ "narrow"; "no axis 3"; "(3)" ]
      "einsum: a character",
      (fun () -> Tensor.einsum "i1,jk->ik" [ a (); b () ] |> ignore),
      [ "'1' is no subscript"; "\n  i1,jk->ik\n   ^" ]
      "einsum: two arrows",
      (fun () -> Tensor.einsum "ij->>i" [ a () ] |> ignore),
      [ "'>' is no subscript"; "\n      ^" ]
      "einsum: an output of nothing",
      (fun () -> Tensor.einsum "ij->ik" [ a () ] |> ignore),
      [ "'k' is in no input"; "\n       ^" ]
      "einsum: an output twice",
      (fun () -> Tensor.einsum "ij->ii" [ a () ] |> ignore),
      [ "'i' stands twice"; "\n       ^" ]
      "einsum: operands missing",
      (fun () -> Tensor.einsum "ij,jk->ik" [ a () ] |> ignore),
      [ "einsum"; "operands, 1"; "2" ]
      "a parenthesis left open",
      (fun () -> a () |> Tensor.rearrange "a b -> (a b" [] |> ignore),
      [ "not closed"; "\n         ^" ]
      "an axis on one side",
      (fun () -> a () |> Tensor.rearrange "a b -> a c" [] |> ignore),
      [ "'b' is not on the right" ]
      "a length that does not divide",
      (fun () -> a () |> Tensor.rearrange "a (b c) -> a b c" [ "b", 2 ] |> ignore),
      [ "length 3"; "no multiple of b = 2" ]
      "reading several as one",
      (fun () -> Tensor.toFloat (a ()) |> ignore),
      [ "toFloat reads one element"; "(2, 3)" ]
      "reading complex as real",
      (fun () -> (Tensor.toArray (Tensor.scalar (Complex64(1f, 1f))): float[]) |> ignore),
      [ "complex"; "Tensor.real" ]
      "reading a vector as a matrix",
      (fun () -> (Tensor.toArray2D (v ()): float[,]) |> ignore),
      [ "two axes"; "(3)" ]
      "a .NET type without a dtype",
      (fun () -> Tensor.ofSeq [ 1.0m ] |> ignore),
      [ "System.Decimal"; "float" ]
      "rows of different lengths",
      (fun () -> Tensor.ofRows [ [ 1 ]; [ 1; 2 ] ] |> ignore),
      [ "row 0 has 1"; "row 1 has 2" ]
      "elements that do not fill a shape",
      (fun () -> Tensor.shaped [ 2; 2 ] [| 1; 2; 3 |] |> ignore),
      [ "3 elements"; "(2, 2)" ]
      "a margin for some axes",
      (fun () -> a () |> Tensor.pad [ 1, 1 ] |> ignore),
      [ "pad"; "1 pairs"; "(2, 3)" ]
      "bits of fractions",
      (fun () -> a () |> Tensor.bitwiseAnd (a ()) |> ignore),
      [ "integer"; "float32" ]
      "the inverse of a rectangle", (fun () -> Tensor.inv (a ()) |> ignore), [ "square matrices" ]
      "channels that do not fit",
      (fun () ->
          Tensor.zeros [ 1; 8; 8; 3 ]
          |> Tensor.conv2d Conv.defaults (Tensor.zeros [ 4; 3; 3; 2 ])
          |> ignore),
      [ "conv"; "(4,3,3,2)" ]
      "a mode of convolution",
      (fun () -> Tensor.convolve "all" (v ()) (v ()) |> ignore),
      [ "'all' is not full, same or valid" ]
      "packing an odd length",
      (fun () -> Tensor.quantize Packing.affine (a ()) |> ignore),
      [ "quantize"; "group size 64"; "(2,3)" ]
      "more than there are", (fun () -> v () |> Tensor.topk 5 0 |> ignore), [ "k=5" ]
      "one-hot fractions",
      (fun () -> Tensor.oneHot 3 (Tensor.ofSeq [ 1.5 ]) |> ignore),
      [ "oneHot"; "integers"; "float32" ]
      "the gradient of a vector",
      (fun () -> gradient Tensor.sin (v ()) |> ignore),
      [ "one number"; "Tensor.mean or Tensor.sum" ]
      "the gradient by integers",
      (fun () -> gradient Tensor.sum (Tensor.arange 3) |> ignore),
      [ "floating"; "int32" ]
      "using what was disposed",
      (fun () ->
          let x = v ()
          x.Dispose()
          x + 1 |> ignore),
      [ "disposed" ]
      "a file that is not there", (fun () -> Tensor.load "nowhere.npy" |> ignore), [ "nowhere.npy" ]
      "a file of another kind", (fun () -> Tensor.loadAll "x.bin" |> ignore), [ ".safetensors" ]
      "trees of other lengths",
      (fun () -> Tree.map2 (+) [ a () ] [ a (); a () ] |> ignore),
      [ "Tree.map2"; "only the second has 1" ]
      "trees of other cases",
      (fun () ->
          Tree.map2 (+) (Choice1Of2(v ())) (Choice2Of2(v ()))
          |> (fun (c: Choice<Tensor, Tensor>) -> ignore c)),
      [ "same paths"; "cases" ] ]

let tests =
    [ for name, call, parts in mistakes do
          testCase name (fun () ->
              Tree.scoped (fun () ->
                  let e = Assert.catch call

                  Expect.isFalse
                      (e :? NullReferenceException || e :? IndexOutOfRangeException)
                      $"{e}"

                  for part in parts do
                      Expect.stringContains e.Message part "message")) ]
