using Mlx.Core.Abi;

namespace Mlx.Core;

/// <summary>
/// Computing with several processes (<c>mlx.core.distributed</c>). Each of them runs the same
/// program and learns its rank from <see cref="Init"/>. In a group of one, reductions and gathers
/// answer their argument. The embedded engine knows only such a group.
/// </summary>
public static unsafe class Distributed
{
    // The engine keeps the groups it made in a map without a lock.
    private static readonly Lock Starting = new();

    /// <summary>True where the engine was built with a backend; with any of them, for
    /// <see cref="DistributedBackend.Any"/> (<c>mlx.core.distributed.is_available</c>).</summary>
    public static bool IsAvailable(DistributedBackend backend = DistributedBackend.Any)
    {
        fixed (byte* name = NameOf(backend))
        {
            return Native.mlx_distributed_is_available(name) != 0;
        }
    }

    /// <summary>
    /// Joins the other processes, and answers the group of all; waits until they are there. Later
    /// calls answer the same group (<c>mlx.core.distributed.init</c>).
    /// </summary>
    /// <param name="strict">
    /// Refuse where there is no group to join, rather than answer one of this process alone.
    /// </param>
    /// <param name="backend">How to reach them.</param>
    /// <exception cref="MlxException">
    /// <paramref name="strict"/>, and no backend finds others; or the description of the group is
    /// wrong.
    /// </exception>
    public static DistributedGroup Init(
        bool strict = false, DistributedBackend backend = DistributedBackend.Any)
    {
        fixed (byte* name = NameOf(backend))
        {
            mlx_distributed_group group = default;
            lock (Starting)
            {
                var status =
                    Native.mlx_distributed_init(&group, strict ? (byte)1 : (byte)0, name);
                Result.Check(status, nameof(Native.mlx_distributed_init));
            }

            return new DistributedGroup(group);
        }
    }

    /// <summary>The sum over all processes, of the shape and dtype of x
    /// (<c>mlx.core.distributed.all_sum</c>).</summary>
    public static MlxArray AllSum(
        MlxArray x, DistributedGroup? group = null, MlxStream? stream = null) =>
        Collective(
            &Native.mlx_distributed_all_sum, nameof(Native.mlx_distributed_all_sum),
            x, group, stream);

    /// <summary>The largest element over all processes, place by place, of the shape and dtype of x
    /// (<c>mlx.core.distributed.all_max</c>).</summary>
    public static MlxArray AllMax(
        MlxArray x, DistributedGroup? group = null, MlxStream? stream = null) =>
        Collective(
            &Native.mlx_distributed_all_max, nameof(Native.mlx_distributed_all_max),
            x, group, stream);

    /// <summary>The smallest element over all processes, place by place, of the shape and dtype of
    /// x (<c>mlx.core.distributed.all_min</c>).</summary>
    public static MlxArray AllMin(
        MlxArray x, DistributedGroup? group = null, MlxStream? stream = null) =>
        Collective(
            &Native.mlx_distributed_all_min, nameof(Native.mlx_distributed_all_min),
            x, group, stream);

    /// <summary>
    /// The arrays of all processes, joined along the first axis in the order of ranks:
    /// (n, ...) becomes (size n, ...), a scalar (size). In a group of one, x itself
    /// (<c>mlx.core.distributed.all_gather</c>).
    /// </summary>
    public static MlxArray AllGather(
        MlxArray x, DistributedGroup? group = null, MlxStream? stream = null) =>
        Collective(
            &Native.mlx_distributed_all_gather, nameof(Native.mlx_distributed_all_gather),
            x, group, stream);

    /// <summary>
    /// The sum over all processes, of which each gets its part of the first axis: (n, ...) becomes
    /// (n / size, ...) (<c>mlx.core.distributed.sum_scatter</c>).
    /// </summary>
    /// <exception cref="ArgumentException">x has no axes, and there are several
    /// processes.</exception>
    /// <exception cref="MlxException">The size does not divide the first axis. Backends that cannot
    /// scatter (all on a CPU) say so when the result is computed.</exception>
    public static MlxArray SumScatter(
        MlxArray x, DistributedGroup? group = null, MlxStream? stream = null)
    {
        ArgumentNullException.ThrowIfNull(x);
        using var own = group is null ? Init() : null;
        var of = group ?? own!;

        // MLX 0.31.2 reads the first axis of a scalar, which has none.
        if (x.NDim == 0 && of.Size > 1)
        {
            throw new ArgumentException(
                $"SumScatter: a scalar has no axis to scatter over {of.Size} processes", nameof(x));
        }

        return Collective(
            &Native.mlx_distributed_sum_scatter, nameof(Native.mlx_distributed_sum_scatter),
            x, of, stream);
    }

    /// <summary>
    /// Sends x to another process when the result is computed; the result is x
    /// (<c>mlx.core.distributed.send</c>).
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no other process of that
    /// rank.</exception>
    /// <exception cref="MlxException">This process is alone.</exception>
    public static MlxArray Send(
        MlxArray x, int destination, DistributedGroup? group = null, MlxStream? stream = null)
    {
        using var pin = new Pin(x);
        using var own = group is null ? Init() : null;
        var of = group ?? own!;
        RequireOther(of, destination, nameof(destination));
        using var use = of.Handle.Acquire();
        mlx_array result = default;
        var status = Native.mlx_distributed_send(
            &result, pin.Handle, destination, DistributedGroup.Of(use), StreamOf(stream));
        return Result.Array(status, result, nameof(Native.mlx_distributed_send));
    }

    /// <summary>
    /// What another process sends, received when the result is computed. Shape and dtype are those
    /// of what it sends (<c>mlx.core.distributed.recv</c>).
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no other process of that rank, or a
    /// length is negative.</exception>
    /// <exception cref="MlxException">This process is alone.</exception>
    public static MlxArray Recv(
        ReadOnlySpan<int> shape,
        DType dtype,
        int source,
        DistributedGroup? group = null,
        MlxStream? stream = null)
    {
        foreach (var length in shape)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(length, nameof(shape));
        }

        using var own = group is null ? Init() : null;
        var of = group ?? own!;
        RequireOther(of, source, nameof(source));
        using var use = of.Handle.Acquire();
        mlx_array result = default;
        fixed (int* lengths = shape)
        {
            // A scalar has no lengths, but the engine wants an address.
            int none;
            var status = Native.mlx_distributed_recv(
                &result, lengths is null ? &none : lengths, (nuint)shape.Length, (mlx_dtype)dtype,
                source, DistributedGroup.Of(use), StreamOf(stream));
            return Result.Array(status, result, nameof(Native.mlx_distributed_recv));
        }
    }

    /// <summary>As <see cref="Recv"/>, of the shape and dtype of x, whose elements are not used
    /// (<c>mlx.core.distributed.recv_like</c>).</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no other process of that
    /// rank.</exception>
    /// <exception cref="MlxException">This process is alone.</exception>
    public static MlxArray RecvLike(
        MlxArray x, int source, DistributedGroup? group = null, MlxStream? stream = null)
    {
        ArgumentNullException.ThrowIfNull(x);
        return Recv(x.Shape, x.DType, source, group, stream);
    }

    private static MlxArray Collective(
        delegate*<mlx_array*, mlx_array, mlx_distributed_group, mlx_stream, int> function,
        string name,
        MlxArray x,
        DistributedGroup? group,
        MlxStream? stream)
    {
        using var pin = new Pin(x);
        using var own = group is null ? Init() : null;
        using var use = (group ?? own!).Handle.Acquire();
        mlx_array result = default;
        var status = function(&result, pin.Handle, DistributedGroup.Of(use), StreamOf(stream));
        return Result.Array(status, result, name);
    }

    // The ring ends the process when it is asked for itself or for nobody. Who is alone is told so
    // by the engine.
    private static void RequireOther(DistributedGroup group, int rank, string name)
    {
        if (group.Size > 1 && (rank < 0 || rank >= group.Size || rank == group.Rank))
        {
            throw new ArgumentOutOfRangeException(
                name, rank, $"another process of {group} is wanted");
        }
    }

    // Messages go over the CPU, where MLX has them, unless NCCL sends from GPU to GPU.
    private static mlx_stream StreamOf(MlxStream? stream)
    {
        stream ??= MlxStream.Default;
        var fits = stream.Device.Type == DeviceType.Cpu || IsAvailable(DistributedBackend.Nccl);
        return MlxStream.HandleOf(fits ? stream : MlxStream.For(Device.Cpu));
    }

    private static ReadOnlySpan<byte> NameOf(DistributedBackend backend) => backend switch
    {
        DistributedBackend.Any => "any\0"u8,
        DistributedBackend.Ring => "ring\0"u8,
        DistributedBackend.Mpi => "mpi\0"u8,
        DistributedBackend.Nccl => "nccl\0"u8,
        DistributedBackend.Jaccl => "jaccl\0"u8,
        _ => throw new ArgumentOutOfRangeException(nameof(backend), backend, null),
    };
}
