namespace Mlx

open Mlx.Core

/// <summary>
/// A lazy graph as a value: what to build, from which randomness, and on which device, but not yet
/// built. Composed with <c>graph { }</c>, built with <c>Graph.run</c>.
/// </summary>
[<Struct; NoEquality; NoComparison>]
type Graph<'T> = internal Graph of draw: Random<'T>

/// <summary>Lazy graphs as values.</summary>
[<RequireQualifiedAccess>]
module Graph =
    let private draw (Graph draw) = draw

    /// <summary>A graph that draws.</summary>
    /// <example><code>
    /// Random.uniform [ 2 ] |> Graph.ofRandom |> Graph.run (Key.ofSeed 0) |> Tensor.shape
    /// // => [2]
    /// </code></example>
    let ofRandom (draw: Random<'T>) : Graph<'T> = Graph draw

    /// <summary>A graph that is a value already.</summary>
    /// <example><code>
    /// Graph.result (Tensor.ones [ 2 ]) |> Graph.run (Key.ofSeed 0)
    /// // => array([1, 1], dtype=float32)
    /// </code></example>
    let result (value: 'T) : Graph<'T> = Graph(Random.result value)

    /// <summary>A graph that a function builds when it is run.</summary>
    /// <example><code>
    /// Graph.delay (fun () -> Tensor.ones [ 2 ]) |> Graph.run (Key.ofSeed 0)
    /// // => array([1, 1], dtype=float32)
    /// </code></example>
    let delay (build: unit -> 'T) : Graph<'T> = Graph(Random.result () |> Random.map build)

    /// <summary>A graph, then the graph that its value says.</summary>
    /// <example><code>
    /// Graph.result (Tensor.ones [ 2 ])
    /// |> Graph.bind (fun x -> Graph.delay (fun () -> x + 1.0))
    /// |> Graph.run (Key.ofSeed 0)
    /// // => array([2, 2], dtype=float32)
    /// </code></example>
    let bind (f: 'T -> Graph<'U>) (graph: Graph<'T>) : Graph<'U> =
        Graph(draw graph |> Random.bind (fun value -> draw (f value)))

    /// <summary>Applies a function to the value of a graph.</summary>
    /// <example><code>
    /// Graph.result (Tensor.ones [ 2 ]) |> Graph.map Tensor.negative |> Graph.run (Key.ofSeed 0)
    /// // => array([-1, -1], dtype=float32)
    /// </code></example>
    let map (f: 'T -> 'U) (graph: Graph<'T>) : Graph<'U> = Graph(draw graph |> Random.map f)

    /// <summary>Two independent graphs, both values.</summary>
    /// <example><code>
    /// Graph.zip (Graph.result 1) (Graph.result 2) |> Graph.run (Key.ofSeed 0)
    /// // => (1, 2)
    /// </code></example>
    let zip (a: Graph<'T>) (b: Graph<'U>) : Graph<'T * 'U> = Graph(Random.zip (draw a) (draw b))

    let private using (stream: unit -> MlxStream) (Graph draw: Graph<'T>) : Graph<'T> =
        Graph(
            Random(fun key ->
                use _ = stream().Use()
                let value, next = Random.runNext key draw
                struct (value, next))
        )

    /// <summary>The graph with its ops on a stream, unless they name another.</summary>
    /// <example><code>
    /// let stream = Core.MlxStream.For Device.Cpu
    /// Graph.result (Tensor.ones [ 2 ]) |> Graph.onStream stream |> Graph.run (Key.ofSeed 0)
    /// // => array([1, 1], dtype=float32)
    /// </code></example>
    let onStream (stream: MlxStream) (graph: Graph<'T>) : Graph<'T> = using (fun () -> stream) graph

    /// <summary>The graph with its ops on a device, unless they name another.</summary>
    /// <exception cref="T:Mlx.Core.MlxException">When run: the engine has no such
    /// device.</exception>
    /// <example><code>
    /// Graph.delay (fun () -> Tensor.ones [ 2 ]) |> Graph.on Device.Cpu |> Graph.run (Key.ofSeed 0)
    /// // => array([1, 1], dtype=float32)
    /// </code></example>
    let on (device: Device) (graph: Graph<'T>) : Graph<'T> =
        using (fun () -> MlxStream.For device) graph

    /// <summary> Builds the graph, without computing it. The tensors made on the way are freed
    /// except those of the result, which may be any tree. </summary>
    /// <example><code>
    /// graph { return Tensor.ones [ 2 ] + 1.0 } |> Graph.run (Key.ofSeed 0)
    /// // => array([2, 2], dtype=float32)
    /// </code></example>
    let run (key: Key) (graph: Graph<'T>) : 'T = Tree.scoped (fun () -> Random.run key (draw graph))

    /// <summary>Builds the graph and computes its tensors.</summary>
    /// <example><code>
    /// graph { return Tensor.ones [ 2 ] + 1.0 } |> Graph.eval (Key.ofSeed 0)
    /// // => array([2, 2], dtype=float32)
    /// </code></example>
    let eval (key: Key) (graph: Graph<'T>) : 'T = Tree.eval (run key graph)

/// <summary>The builder behind <c>graph { }</c>.</summary>
[<Sealed>]
type GraphBuilder internal () =
    /// <summary>Draws are graphs.</summary>
    member _.Source(draw: Random<'T>) : Graph<'T> = Graph.ofRandom draw

    /// <summary>As it is.</summary>
    member _.Source(graph: Graph<'T>) : Graph<'T> = graph

    /// <summary>A value.</summary>
    member _.Return(value: 'T) : Graph<'T> = Graph.result value

    /// <summary>As it is.</summary>
    member _.ReturnFrom(graph: Graph<'T>) : Graph<'T> = graph

    /// <summary>One after the other.</summary>
    member _.Bind(graph: Graph<'T>, f: 'T -> Graph<'U>) : Graph<'U> = Graph.bind f graph

    /// <summary>A single graph, mapped.</summary>
    member _.BindReturn(graph: Graph<'T>, f: 'T -> 'U) : Graph<'U> = Graph.map f graph

    /// <summary><c>and!</c>: independent parts.</summary>
    member _.MergeSources(a: Graph<'T>, b: Graph<'U>) : Graph<'T * 'U> = Graph.zip a b

    /// <summary>Nothing.</summary>
    member _.Zero() : Graph<unit> = Graph.result ()

    /// <summary>Nothing is built before it is run.</summary>
    member _.Delay(f: unit -> Graph<'T>) : Graph<'T> = Graph.result () |> Graph.bind f

    /// <summary>One after the other.</summary>
    member _.Combine(first: Graph<unit>, second: Graph<'T>) : Graph<'T> =
        first |> Graph.bind (fun () -> second)

/// <summary>Opened with the namespace.</summary>
[<AutoOpen>]
module GraphBuilders =
    /// <summary>
    /// Composes graphs and draws; the whole is a value that <c>Graph.run key</c> builds.
    /// </summary>
    /// <example><code>
    /// let y = graph {
    ///     let! a = Random.uniform [ 1024; 1024 ]
    ///     let! b = Graph.on Device.Cpu (graph { return exp a })
    ///     return a *@ b |> Tensor.softmax -1 } |> Graph.run (Key.ofSeed 0)
    /// </code></example>
    let graph = GraphBuilder()
