/// A C library written from the manifest and compiled here: it says how C lays the structs out, and
/// has a stand-in for every function of mlx-c that records the arguments it was given.
module Mlx.Tests.Abi.CLibrary

open System
open System.Diagnostics
open System.IO
open System.Runtime.InteropServices
open Expecto
open Mlx.Tests.Abi.Manifest

let private prelude =
    """#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
typedef float _Complex mlx_complex64_t;
typedef uint16_t float16_t;
typedef uint16_t bfloat16_t;
typedef void (*mlx_error_handler_func)(const char*, void*);

unsigned char record[4096];
size_t recorded;
#define PUT(x) (memcpy(record + recorded, &(x), sizeof(x)), recorded += sizeof(x))
"""

let private declare (v: Variable) =
    match v.Type with
    | Named name -> $"{name} {v.Name}"
    | Callback(returns, arguments) ->
        let list = String.Join(", ", arguments)
        $"{returns} (*{v.Name})({list})"

let private withoutConst (name: string) =
    if name.StartsWith "const " && not (name.EndsWith '*') then name.Substring 6 else name

/// What a stand-in answers: a number that no other function answers.
let number index = 3 + 7 * index

/// The field of a returned struct.
let fieldNumber index field = 0x20000L + int64 (number index) + (int64 field <<< 32)

let private source manifest =
    let structs = manifest.Structs |> List.map (fun s -> s.Name, s) |> Map
    let enums = manifest.Enums |> List.map _.Name |> set

    let enumText (e: Enum) =
        let values = e.Values |> List.map (fun (name, value) -> $"{name} = {value}")
        $"""typedef enum {{ {String.Join(", ", values)} }} {e.Name};"""

    let structText (s: Struct) =
        let fields = s.Fields |> List.map (fun f -> declare f + "; ") |> String.concat ""
        $"typedef struct {{ {fields}}} {s.Name};"

    let layoutText (s: Struct) =
        let offsets = s.Fields |> List.map (fun f -> $", offsetof({s.Name}, {f.Name})")
        $"""const size_t layout_{s.Name}[] = {{ sizeof({s.Name}){String.Join("", offsets)} }};"""

    let put (v: Variable) =
        match v.Type with
        | Named name when structs.ContainsKey(withoutConst name) ->
            structs[withoutConst name].Fields
            |> List.map (fun f -> $"PUT({v.Name}.{f.Name});")
            |> String.concat " "
        | _ -> $"PUT({v.Name});"

    let result index (returns: string) =
        match returns with
        | "void" -> ""
        | "bool" -> "return true;"
        | name when name.EndsWith '*' -> $"return ({name})(uintptr_t){number index};"
        | name when structs.ContainsKey name ->
            let assign =
                structs[name].Fields
                |> List.mapi (fun i f -> $"r.{f.Name} = (void*)(uintptr_t){fieldNumber index i}LL;")

            $"""{name} r; {String.Join(" ", assign)} return r;"""
        | name when name = "int" || name = "size_t" || enums.Contains name ->
            $"return ({name}){number index};"
        | name -> failwith $"no answer of the type {name}"

    let standIn index (f: Function) =
        let parameters =
            if f.Arguments.IsEmpty then "void" else String.Join(", ", List.map declare f.Arguments)

        let puts = f.Arguments |> List.map put |> String.concat " "
        $"{f.Returns} standin_{f.Name}({parameters}) {{ recorded = 0; {puts} {result index f.Returns} }}"

    String.Join(
        "\n",
        [ prelude
          yield! List.map enumText manifest.Enums
          yield! List.map structText manifest.Structs
          yield! List.map layoutText manifest.Structs
          yield! List.mapi standIn manifest.Functions
          "" ]
    )

let private compilers =
    [ Environment.GetEnvironmentVariable "CC"; "cc"; "gcc"; "clang" ]
    |> List.filter (fun name -> not (String.IsNullOrEmpty name))
    |> List.map string

/// Runs the first of the compilers that is there.
let compile (arguments: string list) =
    let tryStart (compiler: string) =
        try
            Process.Start(ProcessStartInfo(compiler, arguments, RedirectStandardError = true))
            |> Option.ofObj
        with :? ComponentModel.Win32Exception ->
            None

    match List.tryPick tryStart compilers with
    | None -> skiptest "no C compiler on this machine"
    | Some job ->
        let errors = job.StandardError.ReadToEnd()
        job.WaitForExit()

        if job.ExitCode <> 0 then
            failtestNoStack $"the C compiler: {errors}"

/// Compiles and loads the library once.
let library =
    lazy
        (let folder = Directory.CreateTempSubdirectory "mlx-abi-"

         try
             let input = Path.Combine(folder.FullName, "probe.c")
             let output = Path.Combine(folder.FullName, "probe.so")
             File.WriteAllText(input, source (load ()))
             compile [ "-shared"; "-fPIC"; "-O2"; "-w"; "-o"; output; input ]
             NativeLibrary.Load output
         finally
             folder.Delete true)

let symbol name = NativeLibrary.GetExport(library.Value, name)
