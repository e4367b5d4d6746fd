/// Whatever Mlx.Core and mlx.core can do has a function in Mlx.Functional under MLX's name.
module Mlx.Tests.Functional.NameTests

open System
open System.Reflection
open Expecto
open Mlx
open Mlx.Core

let private statics =
    BindingFlags.Public ||| BindingFlags.Static ||| BindingFlags.DeclaredOnly

/// Names as they are compared: `log_sum_exp`, `LogSumExp` and `logsumexp` are one.
let private plain (name: string) = (name.Replace("_", "")).ToLowerInvariant()

let private functions =
    [ for t in typeof<Key>.Assembly.GetExportedTypes() do
          for m in t.GetMethods statics do
              plain m.Name

          for p in t.GetProperties statics do
              plain p.Name ]
    |> Set.ofList

/// Where a thing of MLX's has another name here, and why.
let private others =
    dict
        [ "causalattention", "attention with Mask.Causal"
          "seed", "keys are values here: Key.ofSeed"
          "conj", "conjugate"
          "einsumpath", "mlx-c has none, the engine finds the path itself"
          "issubdtype", "DType says what it is: IsFloating, IsInteger, IsInexact"
          "savez", "saveAll, by the ending of the name"
          "savezcompressed", "saveCompressed"
          "customfunction", "customVjp: a rule for the reverse mode"
          "disablecompile", "compile is a function, so a program says itself where it is used"
          "enablecompile", "compile is a function, so a program says itself where it is used"
          "metalkernel", "source code of a kernel for one kind of device: C#'s business"
          "cudakernel", "source code of a kernel for one kind of device: C#'s business" ]

let private missing (names: seq<string>) =
    names
    |> Seq.filter (fun name -> not (functions.Contains(plain name)))
    |> Seq.filter (fun name -> not (others.ContainsKey(plain name)))
    |> List.ofSeq

let private core =
    [ typeof<Ops>
      typeof<Linalg>
      typeof<Fourier>
      typeof<MlxRandom>
      typeof<Fast>
      typeof<Mlx.Core.Distributed> ]

/// The functions of mlx.core and of its distributed part, by the documentation for 0.31.2.
let private python =
    """abs add addmm all allclose any arange arccos arccosh arcsin arcsinh arctan arctan2 arctanh argmax
    argmin argpartition argsort array_equal as_strided atleast_1d atleast_2d atleast_3d bitwise_and
    bitwise_invert bitwise_or bitwise_xor block_masked_mm broadcast_arrays broadcast_to ceil clip
    concatenate contiguous conj conjugate convolve conv1d conv2d conv3d conv_transpose1d
    conv_transpose2d conv_transpose3d conv_general cos cosh cummax cummin cumprod cumsum degrees
    dequantize diag diagonal divide divmod einsum einsum_path equal erf erfinv exp expm1 expand_dims
    eye flatten floor floor_divide full gather_mm gather_qmm greater greater_equal hadamard_transform
    identity imag inner isfinite isclose isinf isnan isneginf isposinf issubdtype kron left_shift less
    less_equal linspace load log log2 log10 log1p logaddexp logcumsumexp logical_not logical_and
    logical_or logsumexp matmul max maximum mean median meshgrid min minimum moveaxis multiply
    nan_to_num negative not_equal ones ones_like outer partition pad power prod put_along_axis quantize
    quantized_matmul radians real reciprocal remainder repeat reshape right_shift roll round rsqrt save
    savez savez_compressed save_gguf save_safetensors sigmoid sign sin sinh slice slice_update softmax
    sort split sqrt square squeeze stack std stop_gradient subtract sum swapaxes take take_along_axis
    tan tanh tensordot tile topk trace transpose tri tril triu unflatten var view where zeros
    zeros_like depends from_fp8 to_fp8 full_like qqmm segmented_mm hanning hamming blackman bartlett
    inv tri_inv norm cholesky cholesky_inv cross qr svd eigvals eig eigvalsh eigh lu lu_factor pinv
    solve solve_triangular fft ifft fft2 ifft2 fftn ifftn rfft irfft rfft2 irfft2 rfftn irfftn fftfreq
    rfftfreq fftshift ifftshift bernoulli categorical gumbel key normal multivariate_normal randint
    seed split truncated_normal uniform laplace permutation rms_norm layer_norm rope
    scaled_dot_product_attention metal_kernel cuda_kernel eval async_eval compile checkpoint
    custom_function disable_compile enable_compile grad value_and_grad jvp vjp vmap
    at astype item dtype ndim shape size nbytes itemsize is_available init all_sum all_max all_min
    all_gather sum_scatter send recv recv_like average_gradients"""

let tests =
    [ testCase "every op of Mlx.Core has a function" (fun () ->
          let names = core |> List.collect (fun t -> [ for m in t.GetMethods statics -> m.Name ])

          Expect.isGreaterThan (List.distinct names).Length 240 "ops"
          Expect.equal (List.distinct (missing names)) [] "without a function")

      testCase "every function of mlx.core has one" (fun () ->
          let names =
              python.Split([| ' '; '\n' |], StringSplitOptions.RemoveEmptyEntries)
              |> Array.map _.Trim()
              |> Array.filter (fun name -> name <> "")

          Expect.isGreaterThan names.Length 240 "names"
          Expect.equal (missing names) [] "without a function")

      testCase "no exception is needless" (fun () ->
          let needless =
              [ for name in others.Keys do
                    if functions.Contains name then
                        name ]

          Expect.equal needless [] "functions that exist") ]
