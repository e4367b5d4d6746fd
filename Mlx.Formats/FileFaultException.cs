namespace Mlx.Formats;

/// <summary>
/// What is wrong with a file, or with one entry of it, in reading or in writing. The layer that was
/// given the file's name catches this and says it again with the name.
/// </summary>
internal sealed class FileFaultException(string reason, string? key = null, Exception? inner = null)
    : Exception(key is null ? reason : $"'{key}': {reason}", inner)
{
    public string? Key => key;

    public string Reason => reason;
}
