namespace Mlx

open System
open Mlx.Core

/// <summary>How the processes of a group reach one another.</summary>
type DistributedBackend = Mlx.Core.DistributedBackend

/// <summary>Processes that compute together.</summary>
type DistributedGroup = Mlx.Core.DistributedGroup

/// <summary>
/// Computing with several processes, each of which runs the same program and calls the same
/// collectives in the same order (<c>mlx.core.distributed</c>). A program written for many runs
/// alone too: in a group of one, reductions and gathers answer their argument. The embedded engine
/// knows only such a group.
/// </summary>
/// <example><code>
/// let group = Distributed.init ()
/// let optimizer = Distributed.averageStage group >> Optim.adamW 1e-3
/// </code></example>
[<RequireQualifiedAccess>]
module Distributed =
    /// <summary>Whether the engine was built with a backend
    /// (<c>mlx.core.distributed.is_available</c>).</summary>
    /// <example><code>
    /// Distributed.isAvailable DistributedBackend.Mpi
    /// // => false
    /// </code></example>
    let isAvailable (backend: DistributedBackend) : bool = Distributed.IsAvailable backend

    /// <summary>
    /// The group of all processes, once all are there; of this one alone where nothing tells of
    /// others (<c>mlx.core.distributed.init</c>).
    /// </summary>
    /// <exception cref="T:Mlx.Core.MlxException">The description of the group is wrong.</exception>
    /// <example><code>
    /// Distributed.init () |> Distributed.size
    /// // => 1
    /// </code></example>
    let init () : DistributedGroup = Distributed.Init()

    /// <summary>The same through one backend, and refusing where there is no group to join:
    /// <c>mlx.core.distributed.init</c> with <c>strict</c>.</summary>
    /// <exception cref="T:Mlx.Core.MlxException">There is none.</exception>
    /// <example><code>let group = Distributed.initStrict DistributedBackend.Ring</code></example>
    let initStrict (backend: DistributedBackend) : DistributedGroup =
        Distributed.Init(strict = true, backend = backend)

    /// <summary>The number of this process in a group, from 0.</summary>
    /// <example><code>
    /// Distributed.init () |> Distributed.rank
    /// // => 0
    /// </code></example>
    let rank (group: DistributedGroup) : int = group.Rank

    /// <summary>How many processes a group has.</summary>
    /// <example><code>
    /// Distributed.init () |> Distributed.size
    /// // => 1
    /// </code></example>
    let size (group: DistributedGroup) : int = group.Size

    /// <summary>The processes that name the same colour, as a group of their own, in the order of
    /// their keys.</summary>
    /// <exception cref="T:Mlx.Core.MlxException">The backend splits no groups (ring), or this
    /// process is alone.</exception>
    /// <example><code>
    /// let group = Distributed.init ()
    /// let half = group |> Distributed.split (Distributed.rank group % 2) (Distributed.rank group)
    /// </code></example>
    let split (color: int) (key: int) (group: DistributedGroup) : DistributedGroup =
        group.Split(color, key)

    /// <summary>The sum over all processes, of the shape and dtype of x
    /// (<c>mlx.core.distributed.all_sum</c>).</summary>
    /// <example><code>
    /// Tensor.ofSeq [ 1; 2 ] |> Distributed.allSum (Distributed.init ())
    /// // => array([1, 2], dtype=int32)
    /// </code></example>
    let allSum (group: DistributedGroup) (x: Tensor) : Tensor = Distributed.AllSum(x, group)

    /// <summary>The largest element over all processes, place by place, of the shape and dtype of x
    /// (<c>mlx.core.distributed.all_max</c>).</summary>
    /// <example><code>
    /// Tensor.ofSeq [ 1; 2 ] |> Distributed.allMax (Distributed.init ())
    /// // => array([1, 2], dtype=int32)
    /// </code></example>
    let allMax (group: DistributedGroup) (x: Tensor) : Tensor = Distributed.AllMax(x, group)

    /// <summary>The smallest element over all processes, place by place, of the shape and dtype of
    /// x (<c>mlx.core.distributed.all_min</c>).</summary>
    /// <example><code>
    /// Tensor.ofSeq [ 1; 2 ] |> Distributed.allMin (Distributed.init ())
    /// // => array([1, 2], dtype=int32)
    /// </code></example>
    let allMin (group: DistributedGroup) (x: Tensor) : Tensor = Distributed.AllMin(x, group)

    /// <summary>The tensors of all processes, joined along the first axis in the order of ranks:
    /// (n, ...) becomes (size n, ...) (<c>mlx.core.distributed.all_gather</c>).</summary>
    /// <example><code>
    /// Tensor.ofSeq [ 1; 2 ] |> Distributed.allGather (Distributed.init ())
    /// // => array([1, 2], dtype=int32)
    /// </code></example>
    let allGather (group: DistributedGroup) (x: Tensor) : Tensor = Distributed.AllGather(x, group)

    /// <summary>The sum over all processes, of which each gets its part of the first axis:
    /// (n, ...) becomes (n / size, ...) (<c>mlx.core.distributed.sum_scatter</c>).</summary>
    /// <exception cref="T:System.ArgumentException">x has no axes, and there are several
    /// processes.</exception>
    /// <exception cref="T:Mlx.Core.MlxException">The size does not divide the first axis. Backends
    /// that cannot scatter (all on a CPU) say so when the result is computed.</exception>
    /// <example><code>
    /// Tensor.ofSeq [ 1; 2 ] |> Distributed.sumScatter (Distributed.init ())
    /// // => array([1, 2], dtype=int32)
    /// </code></example>
    let sumScatter (group: DistributedGroup) (x: Tensor) : Tensor = Distributed.SumScatter(x, group)

    /// <summary>Sends x to the process of a rank when the result, which is x, is computed
    /// (<c>mlx.core.distributed.send</c>).</summary>
    /// <returns>The shape of x.</returns>
    /// <exception cref="T:System.ArgumentOutOfRangeException">There is no other process of that
    /// rank.</exception>
    /// <exception cref="T:Mlx.Core.MlxException">This process is alone.</exception>
    /// <example><code>
    /// let group = Distributed.init ()
    /// let send x = x |> Distributed.send group 1 |> Tensor.eval
    /// </code></example>
    let send (group: DistributedGroup) (destination: int) (x: Tensor) : Tensor =
        Distributed.Send(x, destination, group)

    /// <summary>What the process of a rank sends, which has this shape and dtype; received when the
    /// result is computed (<c>mlx.core.distributed.recv</c>).</summary>
    /// <exception cref="T:System.ArgumentOutOfRangeException">There is no other process of that
    /// rank.</exception>
    /// <exception cref="T:Mlx.Core.MlxException">This process is alone.</exception>
    /// <example><code>
    /// let group = Distributed.init ()
    /// let receive () = Distributed.recv group 0 DType.Float32 [ 2; 3 ]
    /// </code></example>
    let recv (group: DistributedGroup) (source: int) (dtype: DType) (shape: seq<int>) : Tensor =
        Distributed.Recv(ReadOnlySpan(Array.ofSeq shape), dtype, source, group)

    /// <summary>As <c>recv</c>, of the shape and dtype of x, whose elements are not used
    /// (<c>mlx.core.distributed.recv_like</c>).</summary>
    /// <exception cref="T:System.ArgumentOutOfRangeException">There is no other process of that
    /// rank.</exception>
    /// <exception cref="T:Mlx.Core.MlxException">This process is alone.</exception>
    /// <example><code>
    /// let group = Distributed.init ()
    /// let receive x = x |> Distributed.recvLike group 0
    /// </code></example>
    let recvLike (group: DistributedGroup) (source: int) (x: Tensor) : Tensor =
        Distributed.RecvLike(x, source, group)

    /// A message of this many bytes is long enough for its start not to matter.
    let private messageBytes = 32L <<< 20

    /// Places of leaves, in messages of one dtype and about the same length.
    let private messages (leaves: Tensor[]) : int[] list =
        let fill (messages, message, bytes) i =
            let message, bytes = i :: message, bytes + leaves[i].NBytes

            if bytes >= messageBytes then message :: messages, [], 0L else messages, message, bytes

        [ for _, places in [ 0 .. leaves.Length - 1 ] |> List.groupBy (fun i -> leaves[i].DType) do
              let full, last, _ = List.fold fill ([], [], 0L) places

              for message in List.rev (if last.IsEmpty then full else last :: full) do
                  message |> List.rev |> Array.ofList ]

    /// The sums of some leaves over all processes, sent as one.
    let private sums group (leaves: Tensor[]) : Tensor[] =
        let ends = leaves |> Array.scan (fun at leaf -> at + int leaf.Size) 0

        let sent = leaves |> Seq.map Tensor.flatten |> Tensor.concatenate 0 |> allSum group

        leaves
        |> Array.mapi (fun i leaf ->
            sent |> Tensor.narrow 0 ends[i] ends[i + 1] |> Tensor.reshape (Tensor.shape leaf))

    /// <summary>
    /// The mean of a tree over all processes, leaf by leaf, of the same dtypes. Small leaves travel
    /// together, 32 MiB at a time (<c>mlx.nn.average_gradients</c>). In a group of one it is the
    /// tree.
    /// </summary>
    /// <example><code>
    /// {| W = Tensor.ofSeq [ 1.0; 2.0 ] |} |> Distributed.averageGradients (Distributed.init ())
    /// // => {| W = array([1, 2], dtype=float32) |}
    /// </code></example>
    let averageGradients (group: DistributedGroup) (gradients: 'T) : 'T =
        if group.Size = 1 then
            gradients
        else
            let leaves = Tree.leaves gradients
            let means = Array.copy leaves

            for message in messages leaves do
                let sums = message |> Array.map (fun i -> leaves[i]) |> sums group
                (message, sums) ||> Array.iter2 (fun i sum -> means[i] <- sum / float group.Size)

            Tree.ofLeaves gradients means

    /// <summary>
    /// The stage of an optimizer that averages the gradients over all processes: with it, each
    /// computes a part of the batch, and all make the step of the whole one. It fuses as other
    /// stages do.
    /// </summary>
    /// <example><code>
    /// let group = Distributed.init ()
    /// let optimizer = Distributed.averageStage group >> Optim.adamW 1e-3
    /// </code></example>
    let averageStage (group: DistributedGroup) : Optimizer =
        fun update -> { update with Gradients = averageGradients group update.Gradients }
