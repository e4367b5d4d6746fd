namespace Mlx.Core;

/// <summary>How the processes of a group reach one another.</summary>
public enum DistributedBackend
{
    /// <summary>The first that works: NCCL where there is CUDA, else ring, MPI, JACCL.</summary>
    Any,

    /// <summary>
    /// TCP sockets between neighbours; the variables <c>MLX_HOSTFILE</c> (a JSON list of lists of
    /// <c>"address:port"</c>, one for each process) and <c>MLX_RANK</c> describe the ring.
    /// </summary>
    Ring,

    /// <summary>MPI: processes started by <c>mpirun</c>.</summary>
    Mpi,

    /// <summary>NVIDIA's library, between CUDA devices.</summary>
    Nccl,

    /// <summary>RDMA over Thunderbolt, between Macs.</summary>
    Jaccl,
}
