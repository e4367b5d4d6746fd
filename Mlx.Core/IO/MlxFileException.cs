namespace Mlx.Core;

/// <summary>A file that is not what it says it is, or cannot be written as asked.</summary>
public sealed class MlxFileException : IOException
{
    /// <summary>An error in a file, or in one entry of it.</summary>
    public MlxFileException(string path, string? key, string reason, Exception? inner = null)
        : base(key is null ? $"{path}: {reason}" : $"{path}: '{key}': {reason}", inner)
    {
        Path = path;
        Key = key;
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The entry, where the error is one entry's.</summary>
    public string? Key { get; }
}
