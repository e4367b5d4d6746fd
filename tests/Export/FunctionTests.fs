/// What ExportedFunction and FunctionExporter promise besides the numbers.
module Mlx.Tests.Export.FunctionTests

open System
open System.Collections.Generic
open System.IO
open Expecto
open Mlx.Core
open Mlx.Tests.Core.Arrays
open Mlx.Tests.Export.Support

let private named (entries: (string * MlxArray) list) =
    Dictionary(dict entries) :> IReadOnlyDictionary<string, MlxArray>

let private floats (xs: float32 list) = MlxArray.From(Array.ofList xs)

let private values (a: MlxArray) = List.ofArray (a.ToArray<float32>())

let private scoped f () =
    use scope = Scope.Enter()
    scope |> ignore
    withFile f

let private square (x: MlxArray[]) : MlxArray[] = [| x[0] * x[0] |]

let private severalGraphs path =
    let f (x: MlxArray[]) : MlxArray[] = [| Ops.Sum(x[0]) |]

    do
        use exporter = new FunctionExporter(path, f)
        exporter.Add(span [| floats [ 1f; 2f ] |])
        exporter.Add(span [| floats [ 1f; 2f; 3f ] |])
        exporter.Add(span [| MlxArray.From [| 1; 2 |] |])
        Expect.isFalse (File.Exists path) "the file appears when it is complete"
        exporter.Complete()

    use g = ExportedFunction.Load path

    let at (x: MlxArray) =
        let y = g.Apply(span [| x |])
        y[0]

    Expect.equal (values (at (floats [ 4f; 5f ]))) [ 9f ] "two"
    Expect.equal (values (at (floats [ 4f; 5f; 6f ]))) [ 15f ] "three"
    Expect.equal ((at (MlxArray.From [| 4; 5 |])).Item<int>()) 9 "integers"
    raises<MlxException, _> [ "No imported function" ] (fun () -> at (floats [ 1f ]))

let private sameTwice path =
    use exporter = new FunctionExporter(path, square)
    exporter.Add(span [| floats [ 1f; 2f ] |])

    raises<MlxException, _> [ "same signature" ] (fun () ->
        exporter.Add(span [| floats [ 5f; 6f ] |]))

let private names path =
    let f (x: MlxArray[]) (by: IReadOnlyDictionary<string, MlxArray>) : MlxArray[] =
        [| x[0] * by["scale"] + by["a shift"] |]

    let like = named [ "scale", floats [ 1f; 1f ]; "a shift", floats [ 0f ] ]
    ExportedFunction.Save(path, NamedFunction(f), span [| floats [ 1f; 2f ] |], like)
    use g = ExportedFunction.Load path
    let by = named [ "a shift", floats [ 10f ]; "scale", floats [ 2f; 3f ] ]
    let y = g.Apply(span [| floats [ 1f; 2f ] |], by)
    Expect.equal (values y[0]) [ 12f; 16f ] "x * scale + shift"
    let other = named [ "scale", floats [ 2f; 3f ]; "offset", floats [ 1f ] ]

    raises<MlxException, _> [ "No imported function" ] (fun () ->
        g.Apply(span [| floats [ 1f; 2f ] |], other))

let private constantsOnce path =
    let weights = Ops.Ones(span [| 10000 |])
    weights.Eval()
    let f (x: MlxArray[]) : MlxArray[] = [| x[0] + Ops.Sum weights |]

    do
        use exporter = new FunctionExporter(path, f)
        exporter.Add(span [| floats [ 1f ] |])
        exporter.Add(span [| floats [ 1f; 2f ] |])
        exporter.Complete()

    let size = FileInfo(path).Length
    Expect.isLessThan size 45_000L "40,000 bytes of weights, once"
    use g = ExportedFunction.Load path
    let y = g.Apply(span [| floats [ 1f; 2f ] |])
    Expect.equal (values y[0]) [ 10001f; 10002f ] "x + the sum"

/// A constant is read when it is needed, also by a graph that outlives the function.
let private outlives path =
    let weights = floats [ 3f; 4f ]
    ExportedFunction.Save(path, (fun x -> [| x[0] * weights |]), span [| floats [ 0f; 0f ] |])

    let y =
        use g = ExportedFunction.Load path
        g.Apply(span [| floats [ 1f; 2f ] |])

    File.Delete path
    Expect.equal (values y[0]) [ 3f; 8f ] "after the function and the file are gone"

let private transforms path =
    ExportedFunction.Save(path, square, span [| floats [ 0f; 0f ] |])
    use g = ExportedFunction.Load path

    let f (x: MlxArray[]) : MlxArray[] =
        let y = g.Apply(span x)
        [| Ops.Sum(y[0]) |]

    let x = floats [ 3f; 5f ]
    let struct (_, gradient) = Transforms.ValueAndGrad(f, span [| 0 |]).Invoke [| x |]
    Expect.equal (values gradient[0]) [ 6f; 10f ] "the gradient of a sum of squares"
    use compiled = new CompiledFunction(fun x -> g.Apply(span x))
    let y = compiled.Apply(span [| x |])
    Expect.equal (values y[0]) [ 9f; 25f ] "compiled"
    let rows = Ops.Stack(span [| x; x + 1f |], 0)
    let mapped = [| Nullable 0 |]
    let batched = Transforms.Vmap((fun x -> g.Apply(span x)), mapped, mapped).Invoke [| rows |]
    Expect.equal (values (Ops.Flatten batched[0])) [ 9f; 25f; 16f; 36f ] "batched"

let private again path =
    let weights = floats [ 2f; 3f ]
    ExportedFunction.Save(path, (fun x -> [| x[0] * weights |]), span [| floats [ 0f; 0f ] |])

    withFile (fun second ->
        do
            use g = ExportedFunction.Load path

            // MLX can write a constant that came from a file only when it has been read.
            if Engine.IsNative then
                MlxArray.Eval(span (g.Apply(span [| floats [ 1f; 1f ] |])))

            ExportedFunction.Save(second, (fun x -> g.Apply(span x)), span [| floats [ 0f; 0f ] |])

        use h = ExportedFunction.Load second
        let y = h.Apply(span [| floats [ 5f; 7f ] |])
        Expect.equal (values y[0]) [ 10f; 21f ] "exported, read and exported again")

/// A failing export leaves what was there, and throws what the function threw.
let private failing path =
    ExportedFunction.Save(path, square, span [| floats [ 0f ] |])
    let before = File.ReadAllBytes path

    raises<InvalidTimeZoneException, _> [ "mine" ] (fun () ->
        ExportedFunction.Save(
            path,
            (fun _ -> raise (InvalidTimeZoneException "mine")),
            span [| floats [ 0f ] |]
        ))

    let x = floats [ 1f ]

    raises<MlxException, _> [ "uncaptured" ] (fun () ->
        ExportedFunction.Save(path, (fun a -> [| a[0] * x |]), span [| x |]))

    let matrix = Ops.Eye(2)

    raises<MlxException, _> [ "Unable to serialize primitive LUF" ] (fun () ->
        ExportedFunction.Save(
            path,
            (fun a ->
                let struct (factors, _) = Linalg.LUFactor a[0]
                [| factors |]),
            span [| matrix |]
        ))

    Expect.equal (File.ReadAllBytes path) before "the file that was there"
    let folder = nonNull (Path.GetDirectoryName path)
    let name = Path.GetFileName path
    Expect.isEmpty (Directory.GetFiles(folder, $"{name}.*.tmp")) "nothing beside it"

let private incomplete path =
    use exporter = new FunctionExporter(path, square)
    raises<InvalidOperationException, _> [ "nothing" ] (fun () -> exporter.Complete())

let private notThere () =
    raises<FileNotFoundException, _> [ "nowhere" ] (fun () -> ExportedFunction.Load "nowhere.mlxfn")

let private afterDispose path =
    ExportedFunction.Save(path, square, span [| floats [ 0f ] |])
    let g = ExportedFunction.Load path
    g.Dispose()
    g.Dispose()
    raises<ObjectDisposedException, _> [] (fun () -> g.Apply(span [| floats [ 1f ] |]))

let suite () =
    testList
        "functions"
        [ testCase "several graphs in a file" (scoped severalGraphs)
          testCase "the same arguments twice" (scoped sameTwice)
          testCase "named arguments" (scoped names)
          testCase "a constant is written once" (scoped constantsOnce)
          testCase "a graph outlives its function" (scoped outlives)
          testCase "an imported function differentiates, compiles and batches" (scoped transforms)
          testCase "an imported function is exported again" (scoped again)
          testCase "a failing export leaves what was there" (scoped failing)
          testCase "a file of nothing" (scoped incomplete)
          testCase "a file that is not there" notThere
          testCase "after it was given back" (scoped afterDispose) ]
