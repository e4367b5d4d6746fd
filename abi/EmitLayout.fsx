// Tests: a C program's view of every struct, and the C# side that compares. The C text comes from
// the manifest alone, so the test needs a compiler but no mlx-c.

open Model
open EmitTypes

let private cType (a: Arg) name =
    match a.Callback with
    | Some cb ->
        let args = String.concat ", " cb.Args
        $"{cb.Returns} (*{name})({args})"
    | None -> $"{a.Type} {name}"

/// The value a test gives to field number i, in C and in C#.
let private sample i (f: Arg) =
    match f.Callback, f.Type with
    | Some _, _ -> $"(void*){0x1000 + i}", $"({csharpArg f}){0x1000 + i}"
    | None, "void*" -> $"(void*){0x2000 + i}", $"(HANDLE){0x2000 + i}"
    | None, "bool" -> "true", "1"
    | None, "float" -> $"{i}.5f", $"{i}.5f"
    | None, t when t.StartsWith "mlx_" -> $"({t}){i + 3}", $"({t}){i + 3}"
    | None, _ -> $"{i + 7}", $"{i + 7}"

let private fieldCheck (s: Struct) v =
    s.Fields
    |> List.indexed
    |> List.map (fun (i, f) ->
        let c, _ = sample i f
        if f.Callback.IsSome then $"(void*){v}.{f.Name} == {c}" else $"{v}.{f.Name} == {c}")
    |> String.concat " && "

let c (api: Api) =
    lines
        [ "/* The structs of mlx-c as the machine's C compiler lays them out and passes them."
          "   Written by abi/generate.fsx (dotnet fsi build.fsx abi). Do not edit. */"
          "#include <stdbool.h>"
          "#include <stddef.h>"
          "#include <stdint.h>"
          for e in api.Enums do
              let values = e.Values |> List.map (fun (n, v) -> $"{n} = {v}") |> String.concat ", "
              ""
              $"typedef enum {e.Name}_ {{ {values} }} {e.Name};"
              $"size_t size_{e.Name}(void) {{ return sizeof({e.Name}); }}"
          for s in api.Structs do
              ""
              $"typedef struct {s.Name}_ {{"
              for f in s.Fields do
                  $"  {cType f f.Name};"
              $"}} {s.Name};"
              $"size_t size_{s.Name}(void) {{ return sizeof({s.Name}); }}"
              for f in s.Fields do
                  $"size_t offset_{s.Name}_{f.Name}(void) {{ return offsetof({s.Name}, {f.Name}); }}"
              let check = fieldCheck s "s"
              $"static bool good_{s.Name}({s.Name} s) {{ return {check}; }}"
              $"int pass_{s.Name}(int a, {s.Name} s, double b, {s.Name} t, bool c, {s.Name}* u) {{"
              $"  return a == 1 && good_{s.Name}(s) && b == 2.5 && good_{s.Name}(t) && c && good_{s.Name}(*u);"
              "}"
              $"{s.Name} give_{s.Name}(int a) {{"
              $"  {s.Name} s = {{0}};"
              "  if (a == 4) {"
              for i, f in List.indexed s.Fields do
                  let value, _ = sample i f
                  $"    s.{f.Name} = {value};"
              "  }"
              "  return s;"
              "}" ]

let csharp (api: Api) =
    let side ns handle cls =
        [ ""
          $"internal static unsafe class {cls}"
          "{"
          "    public static readonly (string Name, Func<nint, string?> Check)[] All ="
          "    ["
          for s in api.Structs do
              $"        (\"{s.Name}\", {s.Name}),"
          "    ];"
          for s in api.Structs do
              let t = $"global::{ns}.{s.Name}"
              ""
              $"    private static string? {s.Name}(nint library)"
              "    {"
              $"        {t} s = default;"
              "        var p = (byte*)&s;"
              let offsets =
                  s.Fields
                  |> List.map (fun f -> $"(\"{f.Name}\", (byte*)&s.{f.Name} - p)")
                  |> String.concat ", "
              $"        var wrong = Layout.Compare(library, \"{s.Name}\", sizeof({t}), [{offsets}]);"
              for i, f in List.indexed s.Fields do
                  let _, v = sample i f
                  let v = v.Replace("HANDLE", handle).Replace("(mlx_", $"(global::{ns}.mlx_")
                  $"        s.{escape f.Name} = {v};"
              $"        var pass = (delegate* unmanaged[Cdecl]<int, {t}, double, {t}, byte, {t}*, int>)"
              $"            Layout.Export(library, \"pass_{s.Name}\");"
              $"        var give = (delegate* unmanaged[Cdecl]<int, {t}>)"
              $"            Layout.Export(library, \"give_{s.Name}\");"
              "        if (wrong is null && pass(1, s, 2.5, s, 1, &s) != 1)"
              "        {"
              "            wrong = \"is passed otherwise than C does\";"
              "        }"
              ""
              "        if (wrong is null)"
              "        {"
              "            var g = give(4);"
              "            wrong = pass(1, g, 2.5, g, 1, &g) == 1 ? null : \"is returned otherwise than C does\";"
              "        }"
              ""
              "        return wrong;"
              "    }"
          "}" ]
    lines
        [ yield! header "Compares the structs of both sides of the ABI with those of a C program."
          "using System.Runtime.InteropServices;"
          ""
          "namespace Mlx.Tests.Support;"
          ""
          "/// <summary>For each struct: what differs from C, or null.</summary>"
          "public static unsafe class Layout"
          "{"
          "    public static (string Name, Func<nint, string?> Check)[] Core => LayoutOfCore.All;"
          ""
          "    public static (string Name, Func<nint, string?> Check)[] Cpu => LayoutOfCpu.All;"
          ""
          "    public static (string Name, int Size)[] Enums =>"
          "    ["
          for e in api.Enums do
              $"        (\"{e.Name}\", sizeof(global::Mlx.Core.Abi.{e.Name})),"
          "    ];"
          ""
          "    public static nuint SizeOf(nint library, string name) =>"
          "        ((delegate* unmanaged[Cdecl]<nuint>)Export(library, \"size_\" + name))();"
          ""
          "    internal static nint Export(nint library, string name) => NativeLibrary.GetExport(library, name);"
          ""
          "    internal static string? Compare("
          "        nint library, string name, int size, (string Field, long Offset)[] fields)"
          "    {"
          "        var wanted = SizeOf(library, name);"
          "        if (wanted != (nuint)size)"
          "        {"
          "            return $\"has {size} bytes, in C {wanted}\";"
          "        }"
          ""
          "        foreach (var (field, offset) in fields)"
          "        {"
          "            var f = (delegate* unmanaged[Cdecl]<nuint>)Export(library, $\"offset_{name}_{field}\");"
          "            if (f() != (nuint)offset)"
          "            {"
          "                return $\"has {field} at {offset}, in C at {f()}\";"
          "            }"
          "        }"
          ""
          "        return null;"
          "    }"
          "}"
          yield! side "Mlx.Core.Abi" "nint" "LayoutOfCore"
          yield! side "Mlx.Cpu.Abi" "void*" "LayoutOfCpu" ]
