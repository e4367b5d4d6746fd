/// The recorded answers of real MLX in `tests/vectors` (its README describes the format): reading
/// them, with nothing decided about what they mean.
module Mlx.Tests.Conformance.Vectors

open System
open System.Collections.Generic
open System.IO
open System.Text.Json

/// Elements in row-major order, little endian, as the file and the ABI have them.
type Value = { Dtype: string; Shape: int[]; Bytes: byte[] }

type Argument =
    | Array of ArrayArgument
    | NullArray
    | Arrays of ArrayArgument list
    /// `int`, `size_t` and enums; the bits of a `uint64_t`.
    | Int of int64
    | Ints of int64[] option
    | Float of float
    | Bool of bool
    | Dtype of string
    | String of string
    | OptionalInt of int option
    | OptionalFloat of float option
    | OptionalDtype of string option

and ArrayArgument = { Base: Value; View: Call list }

and Call = { Function: string; Arguments: Argument list }

type Check =
    | Elementwise
    | Reconstruct of factorization: string
    | Multiset
    /// `indices`: the result holds positions, not elements. `axis`: in the mapped arrays.
    | Partition of indices: bool * axis: int option
    | Sorted of axis: int
    | Quantize

type Expected =
    | Rejected of message: string
    | Answer of Answer

and Answer =
    {
        Outs: Value list
        /// The derivatives: `vjps` or `jvps`.
        Derivatives: Value list
        Check: Check
        Exact: bool
        Rtol: float
        Atol: float
    }

/// What surrounds the call; the lists are what the transform takes besides the primals.
type Transform =
    | Plain
    | Vjp of cotangents: ArrayArgument list
    | Jvp of tangents: ArrayArgument list
    | ValueAndGrad of argnums: int[]
    | CheckpointVjp of cotangents: ArrayArgument list
    | VjpVjp of cotangents: ArrayArgument list * cotangents2: ArrayArgument list
    | JvpVjp of cotangents: ArrayArgument list * tangents: ArrayArgument list
    | VjpJvp of tangents: ArrayArgument list * cotangents2: ArrayArgument list
    | Vmap of Axes
    | VmapVjp of Axes * cotangents: ArrayArgument list
    | VjpVmap of Axes * cotangents: ArrayArgument list

and Axes = { In: int[]; Out: int[] }

type Case =
    {
        Id: string
        Family: string
        Call: Call
        Before: Call list
        Transform: Transform
        /// Positions of the arguments that are the inputs of the transformed function.
        Primals: int[]
        Expected: Expected
    }

/// The folder that holds the files, beside the test program.
let folder = Path.Combine(AppContext.BaseDirectory, "vectors")

let families =
    lazy
        (Directory.GetFiles(folder, "*.json")
         |> Array.map (fun path -> nonNull (Path.GetFileNameWithoutExtension path))
         |> Array.sort
         |> List.ofArray)

let private dtypeOfFile =
    dict
        [ "BOOL", "bool"
          "U8", "uint8"
          "U16", "uint16"
          "U32", "uint32"
          "U64", "uint64"
          "I8", "int8"
          "I16", "int16"
          "I32", "int32"
          "I64", "int64"
          "F16", "float16"
          "F32", "float32"
          "F64", "float64"
          "BF16", "bfloat16"
          "C64", "complex64" ]

let private text (e: JsonElement) = nonNull (e.GetString())

let private ints (e: JsonElement) = [| for x in e.EnumerateArray() -> x.GetInt32() |]

let private arraysOf path =
    let file = File.ReadAllBytes path
    let headerLength = int (BitConverter.ToInt64(file, 0))
    use header = JsonDocument.Parse(ReadOnlyMemory(file, 8, headerLength))
    let values = Dictionary<string, Value>()

    for entry in header.RootElement.EnumerateObject() do
        if entry.Name <> "__metadata__" then
            let offsets = ints (entry.Value.GetProperty "data_offsets")
            let start = 8 + headerLength

            values[entry.Name] <-
                { Dtype = dtypeOfFile[text (entry.Value.GetProperty "dtype")]
                  Shape = ints (entry.Value.GetProperty "shape")
                  Bytes = file[start + offsets[0] .. start + offsets[1] - 1] }

    values

let private tryGet (name: string) (e: JsonElement) =
    match e.TryGetProperty name with
    | true, value -> Some value
    | _ -> None

let private optional (read: JsonElement -> 'a) (e: JsonElement) =
    if e.ValueKind = JsonValueKind.Null then None else Some(read e)

let private items read (e: JsonElement) = [ for x in e.EnumerateArray() -> read x ]

/// The bits of a signed or an unsigned 64-bit number.
let private bits (e: JsonElement) =
    match e.TryGetInt64() with
    | true, n -> n
    | _ -> int64 (e.GetUInt64())

/// Reads the cases of a family in the order of the file.
let load family =
    let arrays = arraysOf (Path.Combine(folder, family + ".safetensors"))
    use json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, family + ".json")))

    // Equal arrays are stored once, so an entry's own shape counts.
    let value (e: JsonElement) =
        { arrays[text (e.GetProperty "array")] with
            Shape = ints (e.GetProperty "shape") }

    let rec array e =
        { Base = value e
          View = tryGet "view" e |> Option.map (items call) |> Option.defaultValue [] }

    and argument (e: JsonElement) =
        let field = Seq.head (e.EnumerateObject())
        let content = field.Value

        match field.Name with
        | "array" -> Array(array e)
        | "null_array" -> NullArray
        | "arrays" -> Arrays(items array content)
        | "int" -> Int(bits content)
        | "ints" -> Ints(optional (items bits >> Array.ofList) content)
        | "float" -> Float(content.GetDouble())
        | "float_from" -> Float(BitConverter.ToDouble(arrays[text content].Bytes, 0))
        | "bool" -> Bool(content.GetBoolean())
        | "dtype" -> Dtype(text content)
        | "string" -> String(text content)
        | "opt_int" -> OptionalInt(optional _.GetInt32() content)
        | "opt_float" -> OptionalFloat(optional _.GetDouble() content)
        | "opt_dtype" -> OptionalDtype(optional text content)
        | other -> failwith $"an argument of unknown kind '{other}'"

    and call e =
        { Function = text (e.GetProperty "fn")
          Arguments = items argument (e.GetProperty "args") }

    let case (e: JsonElement) =
        let arraysAt name = items array (e.GetProperty(name: string))
        let valuesAt name = tryGet name e |> Option.map (items value) |> Option.defaultValue []

        let axes () = { In = ints (e.GetProperty "in_axes"); Out = ints (e.GetProperty "out_axes") }

        let transform =
            match tryGet "transform" e |> Option.map text with
            | None -> Plain
            | Some "vjp" -> Vjp(arraysAt "cotangents")
            | Some "jvp" -> Jvp(arraysAt "tangents")
            | Some "value_and_grad" -> ValueAndGrad(ints (e.GetProperty "argnums"))
            | Some "checkpoint_vjp" -> CheckpointVjp(arraysAt "cotangents")
            | Some "vjp_vjp" -> VjpVjp(arraysAt "cotangents", arraysAt "cotangents2")
            | Some "jvp_vjp" -> JvpVjp(arraysAt "cotangents", arraysAt "tangents")
            | Some "vjp_jvp" -> VjpJvp(arraysAt "tangents", arraysAt "cotangents2")
            | Some "vmap" -> Vmap(axes ())
            | Some "vmap_vjp" -> VmapVjp(axes (), arraysAt "cotangents")
            | Some "vjp_vmap" -> VjpVmap(axes (), arraysAt "cotangents")
            | Some other -> failwith $"an unknown transform '{other}'"

        let axis = tryGet "axis" e |> Option.map _.GetInt32()

        let check =
            match tryGet "check" e |> Option.map text with
            | None -> Elementwise
            | Some "reconstruct" -> Reconstruct(text (e.GetProperty "of"))
            | Some "multiset" -> Multiset
            | Some "partition" -> Partition(false, axis)
            | Some "argpartition" -> Partition(true, axis)
            | Some "sorted" -> Sorted axis.Value
            | Some "quantize" -> Quantize
            | Some other -> failwith $"an unknown check '{other}'"

        let expected =
            if (tryGet "error" e).IsSome then
                Rejected(text (e.GetProperty "message"))
            else
                Answer
                    { Outs = valuesAt "outs"
                      Derivatives = valuesAt "vjps" @ valuesAt "jvps"
                      Check = check
                      Exact = e.GetProperty("exact").GetBoolean()
                      Rtol = e.GetProperty("rtol").GetDouble()
                      Atol = e.GetProperty("atol").GetDouble() }

        { Id = text (e.GetProperty "id")
          Family = family
          Call = call e
          Before = tryGet "pre" e |> Option.map (items call) |> Option.defaultValue []
          Transform = transform
          Primals = tryGet "primals" e |> Option.map ints |> Option.defaultValue [||]
          Expected = expected }

    items case (json.RootElement.GetProperty "cases")
