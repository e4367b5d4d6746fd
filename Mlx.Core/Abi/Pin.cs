using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Mlx.Core.Abi;

/// <summary>Keeps one array's handle valid for the length of a call.</summary>
internal readonly ref struct Pin : IDisposable
{
    private readonly MlxArray? array;

    public Pin(
        [NotNull] MlxArray? array,
        [CallerArgumentExpression(nameof(array))] string? name = null)
    {
        if (array is null)
        {
            ThrowNull(name);
        }

        this.array = array;
        Handle = array.Acquire();
    }

    private Pin(MlxArray? array)
    {
        this.array = array;
        Handle = array is null ? default : array.Acquire();
    }

    public readonly mlx_array Handle;

    /// <summary>An absent array is the empty handle.</summary>
    public static Pin OrNull(MlxArray? array) => new(array);

    public void Dispose() => array?.Release();

    [DoesNotReturn]
    internal static void ThrowNull(string? name) => throw new ArgumentNullException(name);
}

/// <summary>Keeps the handles of a list of arrays valid for the length of a call.</summary>
internal readonly ref struct Pins : IDisposable
{
    private readonly ReadOnlySpan<MlxArray> arrays;

    public readonly mlx_array[] Handles;

    public Pins(
        ReadOnlySpan<MlxArray> arrays,
        [CallerArgumentExpression(nameof(arrays))] string? name = null)
    {
        Handles = new mlx_array[arrays.Length];
        var pinned = 0;
        try
        {
            for (; pinned < arrays.Length; pinned++)
            {
                var a = arrays[pinned];
                if (a is null)
                {
                    Pin.ThrowNull($"{name}[{pinned}]");
                }

                Handles[pinned] = a.Acquire();
            }

            this.arrays = arrays;
        }
        catch
        {
            while (pinned-- > 0)
            {
                arrays[pinned].Release();
            }

            throw;
        }
    }

    public void Dispose()
    {
        foreach (var a in arrays)
        {
            a.Release();
        }
    }
}

/// <summary>As <see cref="Pins"/>, with the handles in a native vector.</summary>
internal readonly unsafe ref struct PinnedVector : IDisposable
{
    private readonly Pins pins;

    public readonly mlx_vector_array Handle;

    public PinnedVector(
        ReadOnlySpan<MlxArray> arrays,
        [CallerArgumentExpression(nameof(arrays))] string? name = null)
    {
        pins = new Pins(arrays, name);
        fixed (mlx_array* data = pins.Handles)
        {
            Handle = Native.mlx_vector_array_new_data(data, (nuint)arrays.Length);
        }
    }

    public void Dispose()
    {
        _ = Native.mlx_vector_array_free(Handle);
        pins.Dispose();
    }
}
