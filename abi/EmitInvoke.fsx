// Tests: call a mechanical function by its C name, for the replay of recorded cases.


open Model
open EmitTypes

let private argument i kind =
    let a = $"args[{i}]"

    match kind with
    | Array true -> $"(MlxArray?){a}"
    | Array false -> $"(MlxArray){a}!"
    | Vector -> $"(MlxArray[]){a}!"
    | Span "int" -> $"Ints({a})"
    | Span e -> $"Longs({a})"
    | Optional "mlx_optional_int" -> $"OptionalInt({a})"
    | Optional "mlx_optional_float" -> $"OptionalFloat({a})"
    | Optional _ -> $"(DType?){a}"
    | Plain "int" -> $"Int({a})"
    | Plain "float" -> $"(float)Real({a})"
    | Plain "double" -> $"Real({a})"
    | Plain t -> $"({t})Unsigned({a})"
    | Dtype -> $"(DType){a}!"
    | Norm -> $"(FftNorm)Int({a})"
    | Bool -> $"(bool){a}!"
    | Text -> $"(string){a}!"
    | Stream -> "stream"

let emit (api: Api) =
    let all = api.Functions |> List.choose mechanical

    lines
        [ yield! header "Calls the mechanical functions by name."
          "using Mlx.Core;"
          "using Mlx.Core.Abi;"
          ""
          "namespace Mlx.Tests.Support;"
          ""
          "/// <summary>"
          "/// Calls a mechanical mlx-c function by its C name. One argument a C argument, without results"
          "/// and stream; a pointer and its count are one array (null: a null pointer). Numbers may be any"
          "/// of int, long, ulong, float, double; absent optionals are null."
          "/// </summary>"
          "public static partial class Invoke"
          "{"
          "    public static readonly string[] Names ="
          "    ["
          for m in all do
              $"        \"{m.Function.Name}\","
          "    ];"
          ""
          "    /// <summary>"
          "    /// The names of the arguments that <see cref=\"Call\"/> takes, in order; those that may be a null"
          "    /// handle end in a question mark."
          "    /// </summary>"
          "    public static string[] Parameters(string name) => name switch"
          "    {"
          for m in all do
              let names =
                  [ for name, kind in m.Parameters do
                        match kind with
                        | Stream -> ()
                        | Array true -> $"\"{name}?\""
                        | _ -> $"\"{name}\"" ]
                  |> String.concat ", "

              $"        \"{m.Function.Name}\" => [{names}],"
          "        _ => throw new ArgumentException($\"{name} is not a mechanical function of mlx-c.\"),"
          "    };"
          ""
          "    public static MlxArray[] Call(string name, object?[] args, MlxStream? stream = null)"
          "    {"
          "        switch (name)"
          "        {"
          for m in all do
              let args =
                  let mutable i = -1

                  [ for _, k in m.Parameters do
                        if k <> Stream then
                            i <- i + 1

                        argument i k ]
                  |> String.concat ", "

              let call = $"Mlx.Core.Abi.Call.{EmitCore.methodName m.Function}({args})"
              $"            case \"{m.Function.Name}\":"

              match m.Result with
              | OneArray -> $"                return [{call}];"
              | TwoArrays -> $"                return Pair({call});"
              | ArrayVector -> $"                return {call};"
              | NoResult ->
                  $"                {call};"
                  "                return [];"
          "            default:"
          "                throw new ArgumentException($\"{name} is not a mechanical function of mlx-c.\");"
          "        }"
          "    }"
          ""
          "    private static MlxArray[] Pair((MlxArray, MlxArray) p) => [p.Item1, p.Item2];"
          ""
          "    private static int Int(object? x) => Convert.ToInt32(x);"
          ""
          "    private static double Real(object? x) => Convert.ToDouble(x);"
          ""
          "    private static ulong Unsigned(object? x) => x is long n ? unchecked((ulong)n) : Convert.ToUInt64(x);"
          ""
          "    private static int? OptionalInt(object? x) => x is null ? null : Int(x);"
          ""
          "    private static float? OptionalFloat(object? x) => x is null ? null : (float)Real(x);"
          ""
          "    // A span over an empty array is not null; over no array it is."
          "    private static ReadOnlySpan<int> Ints(object? x) => (int[]?)x;"
          ""
          "    private static ReadOnlySpan<long> Longs(object? x) => (long[]?)x;"
          "}" ]
