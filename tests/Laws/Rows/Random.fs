/// Random numbers: functions of a key, so batching and compiling must not change a bit. That the
/// bits are MLX's is the recorded cases' business, what they are good for that of the suite of
/// Core.
module Mlx.Tests.Laws.Rows.Random

open Mlx.Core
open Mlx.Tests.Laws

let private key = fixedTo DType.UInt32 [ 2 ] Words

let private floating = [ DType.Float32; DType.Float16; DType.BFloat16 ]

let private drawn name inputs arguments row =
    op ("random_" + name) (inputs @ [ key ]) arguments |> row

let private of' dtype = gives (fun _ -> dtype)

/// The dtype of the bounds does not matter to that of the results.
let private float32 row = row |> of' DType.Float32

let private keys (_: DType) = DType.UInt32

let private typed name (extra: objnull list) =
    [ for dtype in floating ->
          drawn name [] (fun a -> [ box [| 3; 2 |]; box dtype ] @ extra @ [ box a[0] ]) (of' dtype)
          |> label (dtype.Name()) ]

/// The two halves of a 64-bit number.
let private seeded =
    op "random_key" [] (fun _ -> [ 0x1234567890L ])
    |> over [ DType.Float32 ]
    |> gives keys
    |> refer (fun _ -> [ Nd.vector [| Nd.real (float 0x12); Nd.real (float 0x34567890) |] ])

let rows =
    [ seeded
      drawn "bits" [] (fun a -> [ [| 3; 2 |]; 4; a[0] ]) (of' DType.UInt32)
      drawn "split" [] (fun a -> [ a[0] ]) (gives keys)
      drawn "split_num" [] (fun a -> [ a[0]; 3 ]) (gives keys)
      yield! typed "gumbel" []
      yield! typed "normal" [ 1.0; 2.0 ]
      yield! typed "laplace" [ 1.0; 2.0 ]
      drawn
          "normal_broadcast"
          [ value [ 2 ] (Between(-1.0, 1.0)); value [ 3; 1 ] (Between(0.5, 1.0)) ]
          (fun a -> [ [| 3; 2 |]; DType.Float32; a[0]; a[1]; a[2] ])
          float32
      drawn
          "uniform"
          [ value [] (Between(-1.0, 0.0)); value [ 2 ] (Between(1.0, 2.0)) ]
          (fun a -> [ a[0]; a[1]; [| 3; 2 |]; DType.Float32; a[2] ])
          float32
      drawn
          "truncated_normal"
          [ value [] (Between(-1.0, 0.0)); value [ 2 ] (Between(1.0, 2.0)) ]
          (fun a -> [ a[0]; a[1]; [| 3; 2 |]; DType.Float32; a[2] ])
          float32
      drawn
          "randint"
          [ fixedTo DType.Int32 [] (These [ -3.0 ])
            fixedTo DType.Int32 [ 2 ] (These [ 5.0; 9.0 ]) ]
          (fun a -> [ a[0]; a[1]; [| 3; 2 |]; DType.Int32; a[2] ])
          (of' DType.Int32)
      drawn
          "bernoulli"
          [ value [ 2 ] (Between(0.2, 0.8)) ]
          (fun a -> [ a[0]; [| 3; 2 |]; a[1] ])
          (of' DType.Bool >> discrete >> over Values.floats)
      drawn
          "categorical"
          [ value [ 3; 4 ] (Between(-1.0, 1.0)) ]
          (fun a -> [ a[0]; -1; a[1] ])
          (of' DType.UInt32 >> discrete)
      drawn
          "categorical_shape"
          [ value [ 3; 4 ] (Between(-1.0, 1.0)) ]
          (fun a -> [ a[0]; -1; [| 2; 3 |]; a[1] ])
          (of' DType.UInt32 >> discrete)
      drawn
          "categorical_num_samples"
          [ value [ 3; 4 ] (Between(-1.0, 1.0)) ]
          (fun a -> [ a[0]; -1; 2; a[1] ])
          (of' DType.UInt32 >> discrete)
      drawn "permutation" [ value [ 4; 2 ] (Between(-1.0, 1.0)) ] (fun a -> [ a[0]; 0; a[1] ]) id
      drawn "permutation_arange" [] (fun a -> [ 5; a[0] ]) (of' DType.UInt32)
      drawn
          "multivariate_normal"
          [ constant [ 3 ] (Between(-1.0, 1.0)); constant [ 3; 3 ] Definite ]
          (fun a -> [ a[0]; a[1]; [| 2 |]; DType.Float32; a[2] ])
          float32 ]
