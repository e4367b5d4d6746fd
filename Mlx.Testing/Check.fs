namespace Mlx.Testing

open System
open Mlx
open Mlx.Core

/// <summary>
/// What a layer, a loss or an optimizer owes: each check takes a function from any tree of tensors
/// to any other, and an example of its argument, and throws a <c>CheckFailedException</c> that
/// names path, index and both values where the function does not keep a law. Nothing here knows a
/// test framework.
/// </summary>
/// <remarks>
/// Floating leaves are looked at; whole numbers (classes, ids) stay as they are. In float64 the
/// differences are exact to 1e-7, in float32 to 2e-3, in 16 bits to a few steps of the dtype.
/// Choose an example away from kinks, such as 0 for <c>Nn.relu</c>: there is no slope to find.
/// </remarks>
/// <example><code>
/// let layer = Linear.init 3 2 |> Random.run (Key.ofSeed 0)
/// let x = Random.normal [ 4; 3 ] |> Random.run (Key.ofSeed 1)
/// Check.all (fun (p, x) -> Linear.apply p x) (layer, x)
/// </code></example>
[<RequireQualifiedAccess>]
module Check =
    /// <summary><c>gradients</c> with options.</summary>
    /// <exception cref="T:Mlx.Testing.CheckFailedException">A derivative is not the
    /// slope.</exception>
    /// <exception cref="T:System.ArgumentException">Argument or value hold no floating
    /// tensor.</exception>
    /// <example><code>
    /// Check.gradientsWith { CheckOptions.defaults with Elements = 8; Seed = 3 } f x
    /// </code></example>
    let gradientsWith (options: CheckOptions) (f: 'A -> 'B) (at: 'A) : unit =
        use _ = Scope.Enter()
        let check = "Check.gradients"
        let differences = Differences(check, options, f, at)

        let reverse = if options.Modes = Modes.Forward then [] else differences.Reverse()
        let forward = if options.Modes = Modes.Reverse then [] else differences.Forward()
        let looked = reverse @ forward
        Finding.report check looked.Length (List.choose id looked)

    /// <summary>
    /// Derivatives are slopes: both what <c>grad</c> and <c>vjp</c> carry back, element by element
    /// of the argument, and what <c>jvp</c> carries forward, element by element of the value, equal
    /// differences of the fourth order.
    /// </summary>
    /// <param name="f">A function from any tree to any tree; of the value a weighted sum is
    /// taken.</param>
    /// <param name="at">Where; in float64 to be exact.</param>
    /// <exception cref="T:Mlx.Testing.CheckFailedException">A derivative is not the
    /// slope.</exception>
    /// <exception cref="T:System.ArgumentException">Argument or value hold no floating
    /// tensor.</exception>
    /// <example><code>Check.gradients (fun (p, x) -> Linear.apply p x) (layer, x)</code></example>
    let gradients (f: 'A -> 'B) (at: 'A) : unit = gradientsWith CheckOptions.defaults f at

    /// <summary><c>vjpJvp</c> with options.</summary>
    /// <exception cref="T:Mlx.Testing.CheckFailedException">Both products differ.</exception>
    /// <exception cref="T:System.ArgumentException">Argument or value hold no floating
    /// tensor.</exception>
    /// <example><code>
    /// Check.vjpJvpWith { CheckOptions.defaults with Tolerance = Some 1e-12 } f x
    /// </code></example>
    let vjpJvpWith (options: CheckOptions) (f: 'A -> 'B) (at: 'A) : unit =
        use _ = Scope.Enter()
        let check = "Check.vjpJvp"
        let flat = Flat(check, f, at)
        let outputs = Array.map snd flat.Outputs
        let rng = System.Random options.Seed

        let dot (a: Tensor[]) (b: Tensor[]) =
            Array.map2
                (fun (x: Tensor) (y: Tensor) ->
                    let x: float[] = Tensor.toArray x
                    let y: float[] = Tensor.toArray y
                    let products = Array.map2 (*) x y
                    struct (Array.sum products, Array.sumBy abs products))
                a
                b
            |> Array.fold
                (fun struct (s, t) struct (x, y) -> struct (s + x, t + y))
                (struct (0.0, 0.0))

        let dtype = Seq.append flat.Leaves outputs |> Seq.map _.DType |> Precision.coarsest

        let tolerance = options.Tolerance |> Option.defaultValue (Precision.value dtype)

        [ for direction in 1..3 do
              let cotangents, tangents = Draw.like rng outputs, Draw.like rng flat.Leaves
              let _, back = vjp flat.Call flat.Leaves cotangents
              let _, forward = jvp flat.Call flat.Leaves tangents
              let struct (a, size) = dot back tangents
              let struct (b, size') = dot cotangents forward

              if not (abs (a - b) <= tolerance * max 1.0 (max size size')) then
                  let what = $"(cotangent J) tangent is {a}, cotangent (J tangent) {b}"
                  $"direction {direction} (seed {options.Seed}, {dtype}): {what}" ]
        |> Finding.report check 3

    /// <summary>Reverse and forward mode are one derivative: c'(J v) = (J'c)'v for cotangents c and
    /// tangents v drawn at random. Cheap where <c>gradients</c> would take long.</summary>
    /// <exception cref="T:Mlx.Testing.CheckFailedException">Both products differ.</exception>
    /// <exception cref="T:System.ArgumentException">Argument or value hold no floating
    /// tensor.</exception>
    /// <example><code>Check.vjpJvp (fun (p, x) -> Lstm.apply p x) (layer, x)</code></example>
    let vjpJvp (f: 'A -> 'B) (at: 'A) : unit = vjpJvpWith CheckOptions.defaults f at

    let private entries check (batch: 'A) =
        let leaves = Tree.named batch

        if leaves.Length = 0 || leaves |> Array.exists (fun (_, x) -> x.NDim = 0) then
            invalidArg (nameof batch) $"{check}: every leaf needs a first axis to map over"

        let lengths = leaves |> Array.map (fun (_, x) -> x.Dim 0) |> Array.distinct

        if lengths.Length > 1 || lengths[0] = 0 then
            let lengths = String.Join(", ", lengths)
            invalidArg (nameof batch) $"{check}: first axes of one length above 0, not {lengths}"

        lengths[0]

    /// <summary><c>vmap</c> over a batch of one's own, with options.</summary>
    /// <param name="options">Of these the tolerance counts.</param>
    /// <param name="f">What is mapped.</param>
    /// <param name="batch">The first axis of each leaf is mapped.</param>
    /// <exception cref="T:Mlx.Testing.CheckFailedException">A value is not that of the
    /// loop.</exception>
    /// <exception cref="T:System.ArgumentException">First axes differ.</exception>
    /// <example><code>
    /// Check.vmapOver CheckOptions.defaults (fun x -> Linear.apply layer x) x
    /// </code></example>
    let vmapOver (options: CheckOptions) (f: 'A -> 'B) (batch: 'A) : unit =
        use _ = Scope.Enter()
        let check = "Check.vmap"
        let count = entries check batch
        let leaves = Tree.leaves batch
        let slices = leaves |> Array.map (Tensor.unstack 0 >> Array.ofList)
        let paths = Tree.paths batch
        let first = Array.map (fun (slices: Tensor[]) -> slices[0]) slices

        let compare what (mapped: int -> bool) =
            let entry i =
                slices |> Array.mapi (fun leaf slices -> slices[if mapped leaf then i else 0])

            let call (inputs: Tensor[]) = f (Tree.ofLeaves batch inputs)
            let results = [ for i in 0 .. count - 1 -> Tree.named (call (entry i)) ]
            let names = results.Head |> Array.map fst

            let looped =
                names
                |> Array.mapi (fun k name ->
                    name, results |> List.map (fun result -> snd result[k]) |> Tensor.stack 0)

            let axes = leaves |> Array.mapi (fun i _ -> if mapped i then Nullable 0 else Nullable())

            let inputs = leaves |> Array.mapi (fun i x -> if mapped i then x else first[i])
            let got = Transforms.Vmap((call >> Tree.leaves), axes).Invoke inputs
            Compare.all $"{check} ({what})" options "loop" looped "vmap" (Array.zip names got)

        compare "all leaves mapped" (fun _ -> true)

        if leaves.Length > 1 then
            for leaf in 0 .. leaves.Length - 1 do
                compare $"only {paths[leaf]} mapped" ((=) leaf)

    /// <summary>
    /// Mapped over a batch by <c>vmap</c> the function is the loop over its entries: with all
    /// leaves of the argument mapped, and with each of them alone. The batch is made of the example
    /// and of scaled copies of it.
    /// </summary>
    /// <exception cref="T:Mlx.Testing.CheckFailedException">A value is not that of the
    /// loop.</exception>
    /// <example><code>Check.vmap (fun (p, x) -> Linear.apply p x) (layer, x)</code></example>
    let vmap (f: 'A -> 'B) (at: 'A) : unit =
        use _ = Scope.Enter()
        let copies = [| for factor in [ 1.0; 0.75; 0.5 ] -> Tree.leaves (Draw.scaled factor at) |]

        Array.init copies[0].Length (fun leaf ->
            copies |> Array.map (fun copy -> copy[leaf]) |> Tensor.stack 0)
        |> Tree.ofLeaves at
        |> vmapOver CheckOptions.defaults f

    /// <summary><c>compiled</c> with options, of which the tolerance counts.</summary>
    /// <exception cref="T:Mlx.Testing.CheckFailedException">A value is not the eager
    /// one.</exception>
    /// <example><code>
    /// Check.compiledWith { CheckOptions.defaults with Tolerance = Some 1e-3 } f x
    /// </code></example>
    let compiledWith (options: CheckOptions) (f: 'A -> 'B) (at: 'A) : unit =
        use _ = Scope.Enter()
        let compiled = compile f

        for what, at in [ "first call", at; "replayed", at; "other values", Draw.scaled 0.75 at ] do
            let eager, traced = Tree.named (f at), Tree.named (compiled at)
            Compare.all $"Check.compiled ({what})" options "eager" eager "compiled" traced

    /// <summary>The function compiled is the function: when it is traced, when the trace is
    /// replayed, and when it is replayed on other values. What fails here reads values while it
    /// builds a graph, or answers what it saw when it was traced.</summary>
    /// <exception cref="T:Mlx.Testing.CheckFailedException">A value is not the eager
    /// one.</exception>
    /// <example><code>Check.compiled (fun (p, x) -> Linear.apply p x) (layer, x)</code></example>
    let compiled (f: 'A -> 'B) (at: 'A) : unit = compiledWith CheckOptions.defaults f at

    /// <summary>What goes in as float16, bfloat16 or float32 comes out as it: constants of another
    /// dtype on the way would widen a whole network.</summary>
    /// <exception cref="T:Mlx.Testing.CheckFailedException">A leaf of the value has another
    /// dtype.</exception>
    /// <example><code>Check.keepsDType (fun (p, x) -> Linear.apply p x) (layer, x)</code></example>
    let keepsDType (f: 'A -> 'B) (at: 'A) : unit =
        use _ = Scope.Enter()

        [ for dtype in [ DType.Float16; DType.BFloat16; DType.Float32 ] do
              let cast (x: Tensor) = if x.DType.IsFloating() then Tensor.astype dtype x else x

              for path, y in Tree.named (f (Tree.map cast at)) do
                  if y.DType.IsFloating() && y.DType <> dtype then
                      $"{Finding.place path [] 0}: {dtype} in, {y.DType} out" ]
        |> Finding.report "Check.keepsDType" 3

    /// <summary>Running it leaves nothing behind: no handle, and no memory that grows with every
    /// run. It runs five times; no other thread may make tensors meanwhile.</summary>
    /// <exception cref="T:Mlx.Testing.CheckFailedException">Something is left.</exception>
    /// <example><code>
    /// Check.noLeaks (fun () -> use y = f x in Tensor.toFloat y |> ignore)
    /// </code></example>
    let noLeaks (body: unit -> unit) : unit =
        let struct (handles, bytes) = Leaks.perRun body

        if handles > 0L || bytes > 0L then
            Finding.fail "Check.noLeaks" $"each run leaves {handles} handles and {bytes} bytes"

    /// <summary>Of a tree of tensors to another: <c>gradients</c>, <c>vjpJvp</c>, <c>vmap</c>,
    /// <c>compiled</c> and <c>keepsDType</c>: all that a layer owes.</summary>
    /// <exception cref="T:Mlx.Testing.CheckFailedException">One of them does not hold.</exception>
    /// <example><code>
    /// let layer = Linear.init 3 2 |> Random.run (Key.ofSeed 0)
    /// let x = Random.normal [ 4; 3 ] |> Random.run (Key.ofSeed 1)
    /// Check.all (fun (p, x) -> x |> Linear.apply p |> Nn.gelu) (layer, x)
    /// </code></example>
    let all (f: 'A -> 'B) (at: 'A) : unit =
        gradients f at
        vjpJvp f at
        vmap f at
        compiled f at
        keepsDType f at
