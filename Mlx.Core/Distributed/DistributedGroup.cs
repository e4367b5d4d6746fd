using Mlx.Core.Abi;

namespace Mlx.Core;

/// <summary>
/// Processes that compute together (<c>mlx.core.distributed.Group</c>). Every member calls the same
/// collectives in the same order.
/// </summary>
public sealed unsafe class DistributedGroup : IDisposable
{
    private readonly GroupHandle owner;

    internal DistributedGroup(mlx_distributed_group group)
    {
        owner = new GroupHandle(group.ctx);
        Rank = Native.mlx_distributed_group_rank(group);
        Size = Native.mlx_distributed_group_size(group);
    }

    /// <summary>The number of this process in the group, from 0.</summary>
    public int Rank { get; }

    /// <summary>How many processes there are; 1 where this one is alone.</summary>
    public int Size { get; }

    internal EngineHandle Handle => owner;

    /// <summary>
    /// Smaller groups, one for each colour: processes that name the same colour are together, in
    /// the order of their keys, by rank where the key is negative.
    /// </summary>
    /// <exception cref="MlxException">
    /// The backend splits no groups (ring), or this process is alone.
    /// </exception>
    public DistributedGroup Split(int color, int key = -1)
    {
        using var use = owner.Acquire();
        mlx_distributed_group part = default;
        var status = Native.mlx_distributed_group_split(&part, Of(use), color, key);
        Result.Check(status, nameof(Native.mlx_distributed_group_split));
        return new DistributedGroup(part);
    }

    /// <summary>Gives the group back; the connections stay for other groups.</summary>
    public void Dispose() => owner.Dispose();

    /// <summary><c>Group(rank 0 of 4)</c>.</summary>
    public override string ToString() => $"Group(rank {Rank} of {Size})";

    internal static mlx_distributed_group Of(EngineHandle.Use use) => new() { ctx = use.Handle };

    private sealed class GroupHandle(nint handle) : EngineHandle(handle)
    {
        protected override void Free(nint h) =>
            _ = Native.mlx_distributed_group_free(new mlx_distributed_group { ctx = h });
    }
}
