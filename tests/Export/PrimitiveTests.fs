/// Every primitive that MLX 0.31.2 can write is known here; those that only MLX on a GPU writes are
/// read from files made by hand, and give what the ops give.
module Mlx.Tests.Export.PrimitiveTests

open System
open System.IO
open System.Text
open Expecto
open Mlx.Core
open Mlx.Tests.Core.Arrays
open Mlx.Tests.Export.Support

let private writtenByMlx =
    """
       Abs Add AddMM Arange ArcCos ArcCosh ArcSin ArcSinh ArcTan ArcTan2 ArcTanh ArgPartition
       ArgReduce ArgSort AsStrided AsType BitwiseBinary BlockMaskedMM Broadcast BroadcastAxes
       Ceil Cholesky Concatenate Conjugate Convolution Copy Cos Cosh CustomKernel Depends DivMod
       Divide DynamicSlice DynamicSliceUpdate Eig Eigh Equal Erf ErfInv Exp ExpandDims Expm1 FFT
       Flatten Floor Full Gather GatherAxis GatherMM GatherQMM Greater GreaterEqual Hadamard Imag
       Inverse LayerNorm LayerNormVJP Less LessEqual Log Log1p LogAddExp LogSumExp LogicalAnd
       LogicalNot LogicalOr MaskedScatter Matmul Maximum Minimum Multiply Negative NotEqual
       NumberOfElements Pad Partition Power QRF Quantize QuantizedMatmul RMSNorm RMSNormVJP
       RandomBits Real Reduce Remainder Reshape RoPE Round SVD ScaledDotProductAttention Scan
       Scatter ScatterAxis Select Sigmoid Sign Sin Sinh Slice SliceUpdate Softmax Sort Split Sqrt
       Square Squeeze StopGradient Subtract Tan Tanh Transpose Unflatten View
    """

let private allKnown () =
    let wanted = writtenByMlx.Split([| ' '; '\n'; '\r' |], StringSplitOptions.RemoveEmptyEntries)

    Expect.equal wanted.Length 114 "as many as MLX has"

    Expect.equal
        (List.sort (List.ofSeq Mlx.Cpu.Export.Forms.Names))
        (List.sort (List.ofArray wanted))
        "the names"

/// The state of a primitive, part by part.
type private Part =
    | I of int
    | F of float32
    | B of bool
    | T of string
    /// A list without elements.
    | Empty

/// A function of one op. Arrays are float32, or int32 where they have no axes and the op is RoPE,
/// whose position is a number.
let private dtypeOf name (shape: int[]) =
    if name = "RoPE" && shape.Length = 0 then DType.Int32 else DType.Float32

let private file (name: string) (state: Part list) (inputs: int[] list) (outputs: int[] list) path =
    use stream = File.Create path
    use w = new BinaryWriter(stream)
    let size (n: int) = w.Write(uint64 n)

    let text (s: string) =
        size s.Length
        w.Write(Encoding.ASCII.GetBytes s)

    let ids first n =
        size n
        List.iter (fun i -> size (first + i)) [ 0 .. n - 1 ]

    let shape (dims: int[]) =
        size dims.Length
        Array.iter (fun (d: int) -> w.Write d) dims

    let dtype (d: DType) =
        w.Write(int d)
        w.Write 4uy

    text "0.31.2"
    w.Write 1
    w.Write false
    size 0
    ids 1 inputs.Length
    size inputs.Length

    for dims in inputs do
        shape dims
        dtype (dtypeOf name dims)

    ids 100 outputs.Length
    size 1
    size 100
    w.Write true
    ids 1 inputs.Length
    // A stream of a GPU.
    List.iter (fun (n: int) -> w.Write n) [ 0; 1; 0 ]
    text name

    for part in state do
        match part with
        | I n -> w.Write n
        | F x -> w.Write x
        | B b -> w.Write b
        | T s -> text s
        | Empty -> size 0

    size (outputs.Length - 1)

    if outputs.Length = 1 then
        shape outputs.Head
        dtype DType.Float32
    else
        ids 100 outputs.Length
        size outputs.Length
        List.iter shape outputs
        size outputs.Length
        List.iter (fun _ -> dtype DType.Float32) outputs

let private gives name state inputs outputs (f: MlxArray[] -> MlxArray[]) : Test =
    testCase name
    <| fun () ->
        withFile (fun path ->
            use scope = Scope.Enter()
            scope |> ignore
            file name state inputs outputs path
            use g = ExportedFunction.Load path

            let x =
                [| for a, shape in Array.zip (ShapelessTests.inputs inputs) (Array.ofList inputs) do
                       Ops.AsType(a, dtypeOf name shape) |]

            let got, want = g.Apply(span x), f x
            Expect.equal got.Length want.Length "outputs"
            Array.iter2 (fun w g -> expectClose 1e-5 1e-5 w g name) want got)

let private vjpOf (f: MlxArray[] -> MlxArray[]) (primals: MlxArray[]) (cotangent: MlxArray) =
    let cotangents = [| cotangent |]
    let struct (_, vjps) = Transforms.Vjp(f, primals, cotangents)
    vjps

let private norms =
    let x, w = [| 2; 3; 4 |], [| 4 |]
    let rms (p: MlxArray[]) : MlxArray[] = [| Fast.RmsNorm(p[0], p[1], 1e-5f) |]
    let layer (p: MlxArray[]) : MlxArray[] = [| Fast.LayerNorm(p[0], p[1], p[2], 1e-5f) |]

    [ gives "RMSNorm" [ F 1e-5f ] [ x; w ] [ x ] rms
      gives "RMSNorm" [ F 1e-5f ] [ x; [||] ] [ x ] (fun p ->
          [| Fast.RmsNorm(p[0], null, 1e-5f) * p[1] |])
      gives "RMSNormVJP" [ F 1e-5f ] [ x; w; x ] [ x; w ] (fun p -> vjpOf rms p[..1] p[2])
      gives "LayerNorm" [ F 1e-5f ] [ x; w; w ] [ x ] layer
      gives "LayerNorm" [ F 1e-5f ] [ x; w; [||] ] [ x ] (fun p ->
          [| Fast.LayerNorm(p[0], p[1], null, 1e-5f) + p[2] |])
      gives "LayerNormVJP" [ F 1e-5f ] [ x; w; w; x ] [ x; w; w ] (fun p -> vjpOf layer p[..2] p[3]) ]

let private attention =
    let q, k = [| 1; 4; 3; 8 |], [| 1; 2; 5; 8 |]
    let state causal sinks = [ F 0.5f; B causal; B sinks; B false ]
    let name = "ScaledDotProductAttention"

    let masked (mask: MlxArray | null) (sinks: MlxArray | null) (p: MlxArray[]) : MlxArray[] =
        [| Fast.ScaledDotProductAttention(p[0], p[1], p[2], 0.5f, mask, sinks) |]

    [ gives name (state false false) [ q; k; k ] [ q ] (fun p -> masked null null p)
      gives name (state true false) [ q; k; k ] [ q ] (fun p ->
          [| Fast.CausalAttention(p[0], p[1], p[2], 0.5f) |])
      gives name (state false true) [ q; k; k; [| 4 |] ] [ q ] (fun p -> masked null p[3] p)
      gives name (state false false) [ q; k; k; [| 1; 4; 3; 5 |] ] [ q ] (fun p ->
          masked p[3] null p) ]

let private rotations =
    let x = [| 1; 2; 3; 8 |]
    let rope (p: MlxArray[]) = Fast.Rope(p[0], 8, p[1], true, Nullable 100f, 0.5f)

    [ gives "RoPE" [ I 8; B true; F 100f; F 0.5f; B true ] [ x; [||] ] [ x ] (fun p -> [| rope p |])
      gives "RoPE" [ I 8; B true; F 100f; F 0.5f; B false ] [ x; [||] ] [ x ] (fun p ->
          // The inverse rotation is the derivative of the rotation.
          vjpOf (fun y -> [| rope [| y[0]; p[1] |] |]) [| p[0] |] p[0]) ]

/// Read, though it cannot run; and written again as it was.
let private customKernel () =
    let grid = List.replicate 6 (I 1)
    let rest = [ Empty; B true; B false; Empty; B false; I 0 ]
    let state = [ T "k"; T "source" ] @ grid @ rest

    withFile (fun path ->
        use scope = Scope.Enter()
        scope |> ignore
        file "CustomKernel" state [ [| 3 |] ] [ [| 3 |] ] path
        use f = ExportedFunction.Load path
        let x = Ops.Ones(span [| 3 |])

        raises<MlxException, _> [ "only run on GPU" ] (fun () ->
            let y = f.Apply(span [| x |])
            y[0].Eval())

        withFile (fun second ->
            ExportedFunction.Save(second, (fun p -> f.Apply(span p)), span [| x |])
            use g = ExportedFunction.Load second
            let y = g.Apply(span [| x |])
            Expect.equal (y[0].Shape.ToArray()) [| 3 |] "the declared shape"))

let suite () =
    let byHand =
        [ gives "Copy" [] [ [| 2; 3 |] ] [ [| 2; 3 |] ] id
          yield! norms
          yield! attention
          yield! rotations
          testCase "a kernel for a GPU" customKernel ]

    testList
        "primitives"
        [ testCase "all that MLX can write" allKnown
          // MLX on a CPU reads these, and then says that it cannot run them.
          if not Engine.IsNative then
              testList "as a GPU writes them" byHand ]
