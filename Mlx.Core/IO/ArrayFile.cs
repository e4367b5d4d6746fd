namespace Mlx.Core;

/// <summary>
/// Files of arrays by the endings of their names, as <c>mx.load</c> and <c>mx.save</c> know them:
/// .npy, .npz, .safetensors, .gguf.
/// </summary>
public static class ArrayFile
{
    /// <summary>
    /// Loads all arrays of a file by name. The one array of a .npy file has the name "".
    /// </summary>
    /// <exception cref="ArgumentException">The ending is none of the four.</exception>
    /// <exception cref="MlxFileException">The file is malformed.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file must not be read.</exception>
    public static IReadOnlyDictionary<string, MlxArray> Load(string path) => Ending(path) switch
    {
        ".npy" => new Dictionary<string, MlxArray> { [""] = Npy.Load(path) },
        ".npz" => Npz.Load(path),
        ".safetensors" => Safetensors.Load(path).Arrays,
        _ => Gguf.Load(path).Arrays,
    };

    /// <summary>Computes arrays and writes them. The file appears whole or not at all.</summary>
    /// <exception cref="ArgumentException">
    /// The ending is none of the four, or is .npy and there is not exactly one array.
    /// </exception>
    /// <exception cref="MlxFileException">
    /// The file cannot be written, or cannot hold one of the arrays.
    /// </exception>
    public static void Save(string path, IEnumerable<KeyValuePair<string, MlxArray>> arrays)
    {
        ArgumentNullException.ThrowIfNull(arrays);
        switch (Ending(path))
        {
            case ".npy":
                Npy.Save(path, Only(arrays));
                break;
            case ".npz":
                Npz.Save(path, arrays);
                break;
            case ".safetensors":
                Safetensors.Save(path, arrays);
                break;
            default:
                Gguf.Save(path, arrays);
                break;
        }
    }

    private static string Ending(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var ending = Path.GetExtension(path).ToLowerInvariant();
        return ending is ".npy" or ".npz" or ".safetensors" or ".gguf"
            ? ending
            : throw new ArgumentException(
                $"{path}: arrays are in files named .npy, .npz, .safetensors or .gguf",
                nameof(path));
    }

    private static MlxArray Only(IEnumerable<KeyValuePair<string, MlxArray>> arrays)
    {
        KeyValuePair<string, MlxArray>[] list = [.. arrays];
        return list is [var only]
            ? only.Value
            : throw new ArgumentException(
                $"a .npy file holds one array, not {list.Length}", nameof(arrays));
    }
}
