namespace Mlx.Core.Abi;

/// <summary>Named arrays as the engine takes them, for the length of a call.</summary>
internal readonly unsafe ref struct NamedArrays : IDisposable
{
    public readonly mlx_map_string_to_array Handle;

    public NamedArrays(IReadOnlyDictionary<string, MlxArray> named)
    {
        ArgumentNullException.ThrowIfNull(named);
        Handle = Native.mlx_map_string_to_array_new();
        try
        {
            Span<byte> small = stackalloc byte[Utf8.Small];
            foreach (var (name, array) in named)
            {
                using var pin = new Pin(array, name);
                fixed (byte* key = Utf8.Encode(name, small))
                {
                    var status = Native.mlx_map_string_to_array_insert(Handle, key, pin.Handle);
                    Result.Check(status, nameof(Native.mlx_map_string_to_array_insert));
                }
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public void Dispose() => _ = Native.mlx_map_string_to_array_free(Handle);

    /// <summary>New arrays for the entries of a map that stays with its owner.</summary>
    public static Dictionary<string, MlxArray> Read(mlx_map_string_to_array map)
    {
        var named = new Dictionary<string, MlxArray>();
        var entries = Native.mlx_map_string_to_array_iterator_new(map);
        try
        {
            while (true)
            {
                byte* key = null;
                mlx_array value = default;
                if (Native.mlx_map_string_to_array_iterator_next(&key, &value, entries) != 0)
                {
                    return named;
                }

                named.Add(Text.From(key), MlxArray.Own(value));
            }
        }
        finally
        {
            _ = Native.mlx_map_string_to_array_iterator_free(entries);
        }
    }
}
