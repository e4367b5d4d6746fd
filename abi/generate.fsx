// Writes the *.g.cs files from the manifest of the mlx-c ABI and from the marks in Mlx.Cpu.
//
//   dotnet fsi abi/generate.fsx            write what changed
//   dotnet fsi abi/generate.fsx --check    change nothing, fail when a file would change
//
// How C types become C#, in both engines' files: bool is byte, size_t is nuint, char* is byte*,
// void* and FILE* are void*, float16_t and bfloat16_t are ushort (their storage), callbacks are
// typed unmanaged function pointers, structs and enums keep their C names.

#load "Model.fsx"
#load "EmitTypes.fsx" "EmitCore.fsx" "EmitCpu.fsx" "EmitForms.fsx" "EmitC.fsx" "EmitInvoke.fsx"

open System.IO

let root = Path.GetFullPath(Path.Combine(__SOURCE_DIRECTORY__, ".."))
let check = fsi.CommandLineArgs |> Array.contains "--check"
let api = Model.load (Path.Combine(root, "abi", "mlx-c-0.6.0.json"))
let exports = EmitCpu.scan (Path.Combine(root, "Mlx.Cpu"))

let files =
    [ "Mlx.Core/Abi/Types.g.cs", EmitTypes.emit "Mlx.Core.Abi" "nint" api
      "Mlx.Core/Abi/Native.g.cs", EmitCore.native api
      "Mlx.Core/Abi/Call.g.cs", EmitCore.call api
      "Mlx.Cpu/Abi/Types.g.cs", EmitTypes.emit "Mlx.Cpu.Abi" "void*" api
      "Mlx.Cpu/Abi/Thunks.g.cs", EmitCpu.thunks api exports
      "Mlx.Cpu/Abi/Resolver.g.cs", EmitCpu.resolver api exports
      "Mlx.Cpu.Native/C/mlxc.g.h", EmitC.headerFile api
      "Mlx.Cpu.Native/C/forward.g.c", EmitC.forwardFile api exports.Builders.ContainsKey
      "Mlx.Cpu/Export/Forms.g.cs", EmitForms.emit (Path.Combine(root, "Mlx.Cpu"))
      "tests/Support/Invoke.g.cs", EmitInvoke.emit api ]

let stale =
    [ for path, text in files do
          let full = Path.Combine(root, path)
          let old = if File.Exists full then File.ReadAllText full else ""

          if old <> text then
              path

              if not check then
                  Directory.CreateDirectory(Path.GetDirectoryName full) |> ignore
                  File.WriteAllText(full, text) ]

for path in stale do
    printfn "%s %s" (if check then "stale:" else "wrote") path

let covered = EmitCpu.covered exports
printfn "abi: %d functions, %d answered by Mlx.Cpu" api.Functions.Length covered

if check && not stale.IsEmpty then
    eprintfn "Generated files are out of date. Run: dotnet fsi build.fsx abi"
    exit 1
