using System.Runtime.CompilerServices;
using Mlx.Core.Abi;
using Mlx.Core.Engines;

namespace Mlx.Core;

/// <summary>
/// A queue of work on a device. Ops take one as their last argument; without it they use the
/// innermost <see cref="Use"/>, else the default stream of <see cref="Device.Default"/>. Streams
/// live as long as the process.
/// </summary>
public sealed unsafe class MlxStream
{
    private static readonly AsyncLocal<MlxStream?> Ambient = new();
    private static volatile bool ambientUsed;
    private static volatile MlxStream? ofDefaultDevice;
    private static readonly Dictionary<Device, MlxStream> OfDevice = [];

    private readonly mlx_stream handle;

    private MlxStream(mlx_stream handle)
    {
        this.handle = handle;
        mlx_device d = default;
        var status = Native.mlx_stream_get_device(&d, handle);
        Result.Check(status, nameof(Native.mlx_stream_get_device));
        Device = Device.Take(d);
        int index;
        status = Native.mlx_stream_get_index(&index, handle);
        Result.Check(status, nameof(Native.mlx_stream_get_index));
        Index = index;
    }

    /// <summary>Where its work runs.</summary>
    public Device Device { get; }

    /// <summary>The engine's number for it.</summary>
    public int Index { get; }

    /// <summary>The stream of ops that name none.</summary>
    public static MlxStream Default =>
        (ambientUsed ? Ambient.Value : null) ?? ofDefaultDevice ?? FindDefault();

    /// <summary>The default stream of a device.</summary>
    /// <exception cref="MlxException">The engine does not have the device.</exception>
    public static MlxStream For(Device device)
    {
        lock (OfDevice)
        {
            if (OfDevice.TryGetValue(device, out var known))
            {
                return known;
            }
        }

        // Made outside the lock, for which work on the MLX thread may be waiting; of two makers the
        // first is taken.
        var made = Make(device, isNew: false);
        lock (OfDevice)
        {
            return OfDevice.TryAdd(device, made) ? made : OfDevice[device];
        }
    }

    /// <summary>A new stream, whose work may run beside that of the others.</summary>
    /// <exception cref="MlxException">The engine does not have the device.</exception>
    public static MlxStream New(Device device) => Make(device, isNew: true);

    /// <summary>
    /// Makes this the stream of ops that name none, in this flow of control (it survives
    /// <c>await</c>), until the result is disposed.
    /// </summary>
    public Restore Use()
    {
        ambientUsed = true;
        var before = Ambient.Value;
        Ambient.Value = this;
        return new Restore(before);
    }

    /// <summary>Waits until all work given to this stream is done.</summary>
    public void Synchronize() => MlxThread.Run(
        static s => Result.Check(Native.mlx_synchronize(s.handle), nameof(Native.mlx_synchronize)),
        this);

    /// <summary><c>Stream(cpu:0, 0)</c>.</summary>
    public override string ToString() => $"Stream({Device}, {Index})";

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static mlx_stream HandleOf(MlxStream? stream) => (stream ?? Default).handle;

    internal static void ForgetDefault() => ofDefaultDevice = null;

    private static MlxStream FindDefault() => ofDefaultDevice = For(Device.Default);

    // On the MLX thread, because a native engine's streams belong to the thread that makes them.
    private static MlxStream Make(Device device, bool isNew) =>
        MlxThread.Run(static x => MakeHere(x.device, x.isNew), (device, isNew));

    private static MlxStream MakeHere(Device device, bool isNew)
    {
        var d = device.New();
        try
        {
            mlx_stream s = default;
            if (isNew)
            {
                s = Native.mlx_stream_new_device(d);
                Result.Check(s.ctx == 0 ? 1 : 0, nameof(Native.mlx_stream_new_device));
            }
            else
            {
                var status = Native.mlx_get_default_stream(&s, d);
                Result.Check(status, nameof(Native.mlx_get_default_stream));
            }

            return new MlxStream(s);
        }
        finally
        {
            _ = Native.mlx_device_free(d);
        }
    }

    /// <summary>Gives the ambient stream back; see <see cref="Use"/>.</summary>
    public readonly struct Restore : IDisposable
    {
        private readonly MlxStream? before;

        internal Restore(MlxStream? before) => this.before = before;

        /// <summary>Back to the stream that was ambient before.</summary>
        public void Dispose() => Ambient.Value = before;
    }
}
