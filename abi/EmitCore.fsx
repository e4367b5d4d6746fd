// Mlx.Core: the lazily resolved function table, and the mechanical functions over MlxArray.


open System
open Model
open EmitTypes

let native (api: Api) =
    lines
        [ yield!
              header
                  $"The {api.Functions.Length} functions of mlx-c {api.Version} through the table of the engine."
          "using System.Runtime.CompilerServices;"
          ""
          "namespace Mlx.Core.Abi;"
          ""
          "internal static unsafe partial class Native"
          "{"
          $"    public const int Count = {api.Functions.Length};"
          ""
          "    public static readonly string[] Names ="
          "    ["
          for f in api.Functions do
              $"        \"{f.Name}\","
          "    ];"

          for i, f in List.indexed api.Functions do
              let args = fixedArgs f |> List.map (fun a -> escape a.Name) |> String.concat ", "
              ""
              $"    public static {csharp f.Returns} {f.Name}({parameters f}) =>"
              $"        (({functionPointer f})Enter({i}))({args});"
          "}" ]

let private typeOf kind =
    match kind with
    | Array true -> "MlxArray?"
    | Array false -> "MlxArray"
    | Vector -> "ReadOnlySpan<MlxArray>"
    | Span e -> $"ReadOnlySpan<{e}>"
    | Optional "mlx_optional_int" -> "int?"
    | Optional "mlx_optional_float" -> "float?"
    | Optional _ -> "DType?"
    | Plain t -> t
    | Dtype -> "DType"
    | Norm -> "FftNorm"
    | Bool -> "bool"
    | Text -> "string"
    | Stream -> "MlxStream?"

let methodName (f: Function) = pascal (f.Name.Substring 4)

let resultType =
    function
    | OneArray -> "MlxArray"
    | TwoArrays -> "(MlxArray, MlxArray)"
    | ArrayVector -> "MlxArray[]"
    | NoResult -> "void"

let private body (m: Mechanical) =
    let f = m.Function
    let name p = escape (camel p)

    let usings =
        [ for p, kind in m.Parameters do
              match kind with
              | Array false -> $"using var {camel p}_ = new Pin({name p});"
              | Array true -> $"using var {camel p}_ = Pin.OrNull({name p});"
              | Vector -> $"using var {camel p}_ = new PinnedVector({name p});"
              | _ -> () ]

    let fixeds =
        [ for p, kind in m.Parameters do
              match kind with
              | Span e -> $"fixed ({e}* {camel p}_ = &MemoryMarshal.GetReference({name p}))"
              | Text ->
                  $"fixed (byte* {camel p}_ = Utf8.Encode({name p}, stackalloc byte[Utf8.Small]))"
              | _ -> () ]

    let args =
        [ match m.Result with
          | OneArray -> "&res"
          | TwoArrays -> yield! [ "&res0"; "&res1" ]
          | ArrayVector -> "&res"
          | NoResult -> ()

          for p, kind in m.Parameters do
              match kind with
              | Array _
              | Vector -> $"{camel p}_.Handle"
              | Span _ -> yield! [ $"{camel p}_"; $"(nuint){name p}.Length" ]
              | Optional _ -> $"Optional.Of({name p})"
              | Plain _ -> name p
              | Dtype -> $"(mlx_dtype){name p}"
              | Norm -> $"(mlx_fft_norm){name p}"
              | Bool -> $"{name p} ? (byte)1 : (byte)0"
              | Text -> $"{camel p}_"
              | Stream -> $"MlxStream.HandleOf({name p})" ]
        |> String.concat ", "

    [ yield! usings
      match m.Result with
      | OneArray -> "mlx_array res = default;"
      | TwoArrays -> yield! [ "mlx_array res0 = default;"; "mlx_array res1 = default;" ]
      | ArrayVector -> "mlx_vector_array res = default;"
      | NoResult -> ()
      yield! fixeds
      let indent = if fixeds.IsEmpty then "" else "    "

      if not fixeds.IsEmpty then
          "{"

      $"{indent}var status = Native.{f.Name}({args});"

      let call =
          match m.Result with
          | OneArray -> $"return Result.Array(status, res, \"{f.Name}\");"
          | TwoArrays -> $"return Result.Pair(status, res0, res1, \"{f.Name}\");"
          | ArrayVector -> $"return Result.Arrays(status, res, \"{f.Name}\");"
          | NoResult -> $"Result.Check(status, \"{f.Name}\");"

      $"{indent}{call}"

      if not fixeds.IsEmpty then
          "}" ]

let call (api: Api) =
    lines
        [ yield!
              header
                  $"The mechanical functions of mlx-c {api.Version} over arrays, spans and nullables."
          "using System.Runtime.InteropServices;"
          ""
          "namespace Mlx.Core.Abi;"
          ""
          "internal static unsafe partial class Call"
          "{"
          let all = api.Functions |> List.choose mechanical

          for i, m in List.indexed all do
              let ps =
                  m.Parameters
                  |> List.map (fun (p, k) -> typeOf k + " " + escape (camel p))
                  |> String.concat ", "

              if i > 0 then
                  ""

              $"    public static {resultType m.Result} {methodName m.Function}({ps})"
              "    {"

              for l in body m do
                  "        " + l

              "    }"

          "}" ]
