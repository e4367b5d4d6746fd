// The manifest as F# values, and how C types are written in C#.

open System
open System.IO
open System.Text.Json

type Callback = { Returns: string; Args: string list }

type Arg = { Name: string; Type: string; Nullable: bool; Callback: Callback option }

type Function = { Name: string; Header: string; Returns: string; Args: Arg list }

type Struct = { Name: string; Fields: Arg list }
type Enum = { Name: string; Values: (string * int) list }

type Api =
    { Version: string
      Enums: Enum list
      Structs: Struct list
      Functions: Function list }

let private items (e: JsonElement) = [ for x in e.EnumerateArray() -> x ]
let private text (name: string) (e: JsonElement) = e.GetProperty(name).GetString()

let private arg (e: JsonElement) =
    { Name = text "name" e
      Type = text "type" e
      Nullable =
        match e.TryGetProperty "nullable" with
        | true, v -> v.GetBoolean()
        | _ -> false
      Callback =
        match e.TryGetProperty "args" with
        | true, args ->
            Some { Returns = text "returns" e; Args = [ for a in items args -> a.GetString() ] }
        | _ -> None }

let load (path: string) =
    let root = JsonDocument.Parse(File.ReadAllText path).RootElement

    { Version = text "version" root
      Enums =
        [ for e in items (root.GetProperty "enums") ->
              { Name = text "name" e
                Values =
                  [ for v in items (e.GetProperty "values") ->
                        text "name" v, v.GetProperty("value").GetInt32() ] } ]
      Structs =
        [ for s in items (root.GetProperty "structs") ->
              { Name = text "name" s
                Fields = items (s.GetProperty "fields") |> List.map arg } ]
      Functions =
        [ for f in items (root.GetProperty "functions") ->
              { Name = text "name" f
                Header = text "header" f
                Returns = text "returns" f
                Args = items (f.GetProperty "args") |> List.map arg } ] }

/// A C type without its const.
let bare (c: string) = if c.StartsWith "const " then c.Substring 6 else c

let rec csharp (c: string) =
    match bare c with
    | "int"
    | "float"
    | "double"
    | "void" as t -> t
    | "bool"
    | "uint8_t"
    | "char" -> "byte"
    | "int8_t" -> "sbyte"
    | "uint16_t"
    | "float16_t"
    | "bfloat16_t" -> "ushort"
    | "int16_t" -> "short"
    | "uint32_t" -> "uint"
    | "int32_t" -> "int"
    | "uint64_t" -> "ulong"
    | "int64_t" -> "long"
    | "size_t"
    | "uintptr_t" -> "nuint"
    | "FILE" -> "void"
    | "mlx_complex64_t" -> "mlx_complex64"
    | "mlx_error_handler_func" -> "delegate* unmanaged[Cdecl]<byte*, void*, void>"
    | t when t.EndsWith "*" ->
        csharp (t.TrimEnd '*' |> fun s -> s.TrimEnd()) + t.Substring(t.IndexOf '*')
    | t when t.StartsWith "mlx_" -> t
    | t -> failwithf "the generator does not know the C type '%s'" t

let pointer (args: string seq) result =
    sprintf "delegate* unmanaged[Cdecl]<%s>" (String.Join(", ", Seq.append args [ result ]))

let csharpArg (a: Arg) =
    match a.Callback with
    | Some cb -> pointer (List.map csharp cb.Args) (csharp cb.Returns)
    | None -> csharp a.Type

let private keywords =
    set
        [ "base"
          "in"
          "out"
          "ref"
          "object"
          "params"
          "string"
          "is"
          "as"
          "lock"
          "new"
          "checked" ]

let escape name = if keywords.Contains name then "@" + name else name

/// Arguments of the C# declaration: the variadic tail of _mlx_error is left out.
let fixedArgs (f: Function) = f.Args |> List.filter (fun a -> a.Type <> "...")

let functionPointer (f: Function) = pointer (fixedArgs f |> List.map csharpArg) (csharp f.Returns)

let parameters (f: Function) =
    fixedArgs f |> List.map (fun a -> csharpArg a + " " + escape a.Name) |> String.concat ", "

let pascal (name: string) =
    name.Split('_', StringSplitOptions.RemoveEmptyEntries)
    |> Array.map (fun p -> string (Char.ToUpperInvariant p[0]) + p.Substring 1)
    |> String.concat ""

let camel (name: string) =
    let p = pascal name
    // UPLO and M of the headers read as uplo and m.
    if p |> Seq.forall Char.IsUpper then
        p.ToLowerInvariant()
    else
        string (Char.ToLowerInvariant p[0]) + p.Substring 1

// ---- mechanical functions -------------------------------------------------------------------

/// How one argument of a mechanical function is seen from C#.
type Kind =
    | Array of nullable: bool
    | Vector
    | Span of element: string
    | Optional of mlx: string
    | Plain of csharp: string
    | Dtype
    | Norm
    | Bool
    | Text
    | Stream

type Result =
    | OneArray
    | TwoArrays
    | ArrayVector
    | NoResult

type Mechanical =
    {
        Function: Function
        Result: Result
        /// Name in C and kind; a pointer and its count are one entry.
        Parameters: (string * Kind) list
    }

let private headers = set [ "ops.h"; "linalg.h"; "fft.h"; "random.h"; "fast.h" ]

let mechanical (f: Function) =
    let rec walk acc args =
        match args with
        | [] -> Some(List.rev acc)
        | p :: (n: Arg) :: rest when
            n.Name = p.Name + "_num" && n.Type = "size_t" && p.Type.EndsWith "*"
            ->
            walk ((p.Name, Span(csharp (p.Type.TrimEnd '*'))) :: acc) rest
        | a :: rest ->
            let kind =
                match bare a.Type with
                | "mlx_array" -> Some(Array a.Nullable)
                | "mlx_vector_array" -> Some Vector
                | "mlx_optional_int"
                | "mlx_optional_float"
                | "mlx_optional_dtype" as t -> Some(Optional t)
                | "mlx_dtype" -> Some Dtype
                | "mlx_fft_norm" -> Some Norm
                | "bool" -> Some Bool
                | "char*" -> Some Text
                | "mlx_stream" -> Some Stream
                | "int"
                | "float"
                | "double"
                | "size_t"
                | "uint64_t" -> Some(Plain(csharp a.Type))
                | _ -> None

            match kind with
            | Some k -> walk ((a.Name, k) :: acc) rest
            | None -> None

    let result, args =
        match f.Args with
        | a :: b :: rest when a.Type = "mlx_array*" && b.Type = "mlx_array*" -> TwoArrays, rest
        | a :: rest when a.Type = "mlx_array*" -> OneArray, rest
        | a :: rest when a.Type = "mlx_vector_array*" -> ArrayVector, rest
        | rest -> NoResult, rest

    if headers.Contains f.Header && f.Returns = "int" then
        walk [] args
        |> Option.map (fun ps -> { Function = f; Result = result; Parameters = ps })
        |> Option.filter (fun m -> not (f.Name.Contains "_kernel"))
    else
        None
