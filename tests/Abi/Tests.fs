/// The structs and the function table of the binding against what a C compiler makes of the
/// manifest.
module Mlx.Tests.Abi.Tests

#nowarn "9" // reads what the C library recorded

open System
open System.Reflection
open System.Runtime.InteropServices
open Expecto
open Microsoft.FSharp.NativeInterop
open Mlx.Core.Abi
open Mlx.Tests
open Mlx.Tests.Abi.Manifest

let private manifest = lazy load ()

let private typeNamed (assembly: Assembly) space name =
    match assembly.GetType $"{space}.{name}" with
    | null -> failtestNoStack $"{space} has no {name}"
    | t -> t

let private spaces =
    [ typeof<Mlx.Core.MlxArray>.Assembly, "Mlx.Core.Abi"
      typeof<Mlx.Cpu.CpuEngine>.Assembly, "Mlx.Cpu.Abi" ]

/// Size, then the offset of each field.
let private layoutOf (t: Type) (s: Struct) =
    Marshal.SizeOf t :: [ for f in s.Fields -> int (Marshal.OffsetOf(t, f.Name)) ]

let private layoutInC (s: Struct) =
    let numbers = CLibrary.symbol $"layout_{s.Name}"
    [ for i in 0 .. s.Fields.Length -> int (Marshal.ReadIntPtr(numbers, i * sizeof<nativeint>)) ]

let private structsMatch (assembly, space) () =
    for s in manifest.Value.Structs do
        let t = typeNamed assembly space s.Name
        Expect.equal (layoutOf t s) (layoutInC s) $"size and offsets of {space}.{s.Name}"

let private enumsMatch (assembly, space) () =
    for e in manifest.Value.Enums do
        let t = typeNamed assembly space e.Name
        Expect.equal (Enum.GetUnderlyingType t) typeof<int> $"a C enum is an int: {e.Name}"

        for name, value in e.Values do
            Expect.equal (Convert.ToInt32(Enum.Parse(t, name))) value $"{space}.{e.Name}.{name}"

/// A value of the type that differs from its neighbours, and the bytes C should see of it.
let rec private sample (t: Type) (seed: int) : objnull * byte[] =
    let address = 0x7000_0000_0000L + (int64 seed <<< 16) + int64 (seed % 251)

    if t.IsPointer then
        let pointer = NativePtr.ofNativeInt<byte>(nativeint address) |> NativePtr.toVoidPtr
        Pointer.Box(pointer, t), BitConverter.GetBytes address
    elif t.IsFunctionPointer then
        box (nativeint address), BitConverter.GetBytes address
    elif t.IsEnum then
        Enum.ToObject(t, 1 + seed % 3), BitConverter.GetBytes(1 + seed % 3)
    elif t = typeof<byte> then
        box 1uy, [| 1uy |]
    elif t = typeof<int> then
        box -(seed + 1000), BitConverter.GetBytes -(seed + 1000)
    elif t = typeof<float32> then
        box (float32 seed + 0.25f), BitConverter.GetBytes(float32 seed + 0.25f)
    elif t = typeof<float> then
        box (float seed + 0.125), BitConverter.GetBytes(float seed + 0.125)
    elif t = typeof<unativeint> then
        box (unativeint address), BitConverter.GetBytes address
    elif t = typeof<nativeint> then
        box (nativeint address), BitConverter.GetBytes address
    elif t = typeof<uint64> then
        box (uint64 address), BitConverter.GetBytes address
    else
        let value = nonNull (Activator.CreateInstance t)

        let bytes =
            t.GetFields()
            |> Array.sortBy (fun f -> int (Marshal.OffsetOf(t, f.Name)))
            |> Array.mapi (fun i f ->
                let part, bytes = sample f.FieldType (seed * 31 + i + 1)
                f.SetValue(value, part)
                bytes)
            |> Array.concat

        value, bytes

/// What the stand-in that was called last has seen.
let private recorded () =
    let count = Marshal.ReadIntPtr(CLibrary.symbol "recorded")
    let bytes: byte[] = Array.zeroCreate (int count)
    Marshal.Copy(CLibrary.symbol "record", bytes, 0, bytes.Length)
    bytes

/// The answer as numbers, to be compared with what the stand-in gives.
let private numbersOf (result: objnull) =
    match result with
    | null -> []
    | :? Pointer as p ->
        [ int64 (NativePtr.toNativeInt (NativePtr.ofVoidPtr<byte>(Pointer.Unbox p))) ]
    | :? unativeint as n -> [ int64 n ]
    | value when value.GetType().IsEnum || value.GetType().IsPrimitive -> [ Convert.ToInt64 value ]
    | value ->
        [ for f in value.GetType().GetFields() -> int64 (unbox<nativeint>(f.GetValue value)) ]

let private expected index (f: Function) =
    match f.Returns, manifest.Value.Structs |> List.tryFind (fun s -> s.Name = f.Returns) with
    | "void", _ -> []
    | "bool", _ -> [ 1L ]
    | _, Some s -> s.Fields |> List.mapi (fun i _ -> CLibrary.fieldNumber index i)
    | _ -> [ int64 (CLibrary.number index) ]

let private everything =
    BindingFlags.Static ||| BindingFlags.Public ||| BindingFlags.NonPublic

/// Runs with an entry of the function table replaced. Nothing else may call that function
/// meanwhile: suites run alone, and they leave nothing for the finalizer to free.
let private withEntry name (address: nativeint) run =
    let field = nonNull (typeof<Native>.GetField("Table", everything))
    let table = nonNull (field.GetValue null) :?> Pointer
    let start = Pointer.Unbox table |> NativePtr.ofVoidPtr<nativeint>
    let index = Array.IndexOf(Native.Names, name)
    let before = NativePtr.get start index
    NativePtr.set start index address

    try
        run ()
    finally
        NativePtr.set start index before

let private callsMatch () =
    for index, f in List.indexed manifest.Value.Functions do
        match typeof<Native>.GetMethod(f.Name, everything) with
        | null -> failtestNoStack $"the table has no {f.Name}"
        | method ->
            let parameters = method.GetParameters()
            Expect.equal parameters.Length f.Arguments.Length $"arguments of {f.Name}"

            let samples =
                parameters |> Array.mapi (fun i p -> sample p.ParameterType (index * 17 + i))

            let result, seen =
                withEntry f.Name (CLibrary.symbol $"standin_{f.Name}") (fun () ->
                    let result = method.Invoke(null, Array.map fst samples)
                    result, recorded ())

            Expect.equal seen (samples |> Array.collect snd) $"the arguments of {f.Name} in C"
            Expect.equal (numbersOf result) (expected index f) $"the result of {f.Name}"

/// The exports of the embedded engine have the signatures of the table, type for type.
let private exportsMatch () =
    let rec nameOf (t: Type) : string =
        if t.IsFunctionPointer then
            let parts =
                [ yield! t.GetFunctionPointerParameterTypes(); t.GetFunctionPointerReturnType() ]

            let names = parts |> List.map nameOf
            $"""fn({String.Join(",", names)})"""
        elif t.IsPointer then
            nameOf (nonNull (t.GetElementType())) + "*"
        else
            t.Name

    let signature (m: MethodInfo) =
        [ for p in m.GetParameters() -> nameOf p.ParameterType ], nameOf m.ReturnType

    let exports =
        (typeNamed typeof<Mlx.Cpu.CpuEngine>.Assembly "Mlx.Cpu.Abi" "Thunks").GetMethods everything
        |> Array.filter (fun m ->
            not (isNull (m.GetCustomAttribute<UnmanagedCallersOnlyAttribute>())))

    Expect.isGreaterThan exports.Length 0 "exports"

    for export in exports do
        match typeof<Native>.GetMethod(export.Name, everything) with
        | null -> failtestNoStack $"the manifest has no {export.Name}, which the engine exports"
        | entry ->
            Expect.equal (signature export) (signature entry) $"the signature of {export.Name}"

/// The embedded engine answers for every function of the manifest.
let private isComplete () =
    let missing =
        [ for f in manifest.Value.Functions do
              if Mlx.Cpu.CpuEngine.Resolve f.Name = 0n then
                  f.Name ]

    let names = String.Join(" ", missing)
    Expect.isGreaterThan manifest.Value.Functions.Length 600 "functions of the manifest"
    Expect.isEmpty missing $"{missing.Length} functions that the engine lacks: {names}"

let suite () =
    Suite.leakFree
        "abi"
        [ for assembly, space in spaces do
              testCase $"{space}: structs as C lays them out" (structsMatch (assembly, space))
              testCase $"{space}: enums as in the manifest" (enumsMatch (assembly, space))
          testCase "every function: arguments and result as C sees them" callsMatch
          testCase "every export has the signature of the table" exportsMatch
          testCase "the embedded engine exports every function" isComplete ]
