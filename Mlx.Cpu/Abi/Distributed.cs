namespace Mlx.Cpu.Abi;

/// <summary>
/// distributed.h and distributed_group.h on one process: the group has one member, to which
/// everything is already reduced and gathered.
/// </summary>
internal static unsafe class Distributed
{
    private static readonly object Singleton = new();

    [RawExport("mlx_distributed_group_new")]
    public static mlx_distributed_group New() => default;

    [RawExport("mlx_distributed_group_free")]
    public static void Free(mlx_distributed_group group) => Handles.Free(group.ctx);

    [RawExport("mlx_distributed_init")]
    public static void Init(mlx_distributed_group* result, bool strict, byte* backend)
    {
        if (strict)
        {
            throw new InvalidOperationException(
                "[distributed] Couldn't initialize any backend: this engine runs in one process.");
        }

        Handles.Replace(&result->ctx, Handles.New(Singleton));
    }

    [RawExport("mlx_distributed_group_rank")]
    public static int Rank(mlx_distributed_group group)
    {
        _ = Handles.Get<object>(group.ctx);
        return 0;
    }

    [RawExport("mlx_distributed_group_size")]
    public static int Size(mlx_distributed_group group)
    {
        _ = Handles.Get<object>(group.ctx);
        return 1;
    }

    [RawExport("mlx_distributed_group_split")]
    public static void Split(
        mlx_distributed_group* result, mlx_distributed_group group, int color, int key) =>
        throw new InvalidOperationException(
            "[distributed] Cannot split the distributed group further.");

    [RawExport("mlx_distributed_is_available")]
    public static bool IsAvailable(byte* backend) => false;

    [RawExport("mlx_distributed_all_gather")]
    public static void AllGather(
        mlx_array* result, mlx_array x, mlx_distributed_group group, mlx_stream s) =>
        Handles.Set(result, Handles.Node(x));

    [RawExport("mlx_distributed_all_max")]
    public static void AllMax(
        mlx_array* result, mlx_array x, mlx_distributed_group group, mlx_stream s) =>
        Handles.Set(result, Handles.Node(x));

    [RawExport("mlx_distributed_all_min")]
    public static void AllMin(
        mlx_array* result, mlx_array x, mlx_distributed_group group, mlx_stream s) =>
        Handles.Set(result, Handles.Node(x));

    [RawExport("mlx_distributed_all_sum")]
    public static void AllSum(
        mlx_array* result, mlx_array x, mlx_distributed_group group, mlx_stream s) =>
        Handles.Set(result, Handles.Node(x));

    [RawExport("mlx_distributed_sum_scatter")]
    public static void SumScatter(
        mlx_array* result, mlx_array x, mlx_distributed_group group, mlx_stream s) =>
        Handles.Set(result, Handles.Node(x));

    [RawExport("mlx_distributed_recv")]
    public static void Receive(
        mlx_array* result, int* shape, nuint rank, mlx_dtype dtype, int source,
        mlx_distributed_group group, mlx_stream s) => throw Alone("recv from");

    [RawExport("mlx_distributed_recv_like")]
    public static void ReceiveLike(
        mlx_array* result, mlx_array x, int source, mlx_distributed_group group, mlx_stream s) =>
        throw Alone("recv from");

    [RawExport("mlx_distributed_send")]
    public static void Send(
        mlx_array* result, mlx_array x, int target, mlx_distributed_group group, mlx_stream s) =>
        throw Alone("send to");

    private static ArgumentException Alone(string what) =>
        new($"[distributed] Cannot {what} a singleton group.");
}
