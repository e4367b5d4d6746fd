using System.IO.Compression;
using Mlx.Formats;

namespace Mlx.Core;

/// <summary>Zip archives of .npy files, as NumPy writes them (.npz).</summary>
public static class Npz
{
    private const string Ending = ".npy";

    // Archives of the same arrays are the same bytes, whenever they are written.
    private static readonly DateTimeOffset FirstDay = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>
    /// Loads all arrays, by the names of the entries without <c>.npy</c>. Entries may be stored or
    /// deflated; their checksums are checked, and none may be anything but an array.
    /// </summary>
    /// <exception cref="MlxFileException">
    /// The archive is malformed, or an entry is or holds what arrays cannot.
    /// </exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file must not be read.</exception>
    public static IReadOnlyDictionary<string, MlxArray> Load(string path) =>
        Files.Read(path, Load);

    /// <summary>Loads from a stream, which must hold nothing behind the archive.</summary>
    /// <exception cref="ArgumentException">The stream cannot seek.</exception>
    /// <exception cref="MlxFileException">What the stream holds is malformed.</exception>
    public static IReadOnlyDictionary<string, MlxArray> Load(Stream stream) =>
        Files.Read(stream, Load);

    /// <summary>
    /// Computes the arrays and writes them. The file appears whole or not at all.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="arrays">The arrays by name.</param>
    /// <param name="isCompressed">Deflate the entries rather than store them.</param>
    /// <exception cref="MlxFileException">
    /// The file cannot be written, or a name is given twice.
    /// </exception>
    public static void Save(
        string path, IEnumerable<KeyValuePair<string, MlxArray>> arrays, bool isCompressed = false)
    {
        var list = Computed(arrays);
        Files.Write(path, stream => Write(stream, list, isCompressed));
    }

    /// <summary>Computes the arrays and writes them to a stream.</summary>
    /// <exception cref="MlxFileException">A name is given twice.</exception>
    public static void Save(
        Stream stream,
        IEnumerable<KeyValuePair<string, MlxArray>> arrays,
        bool isCompressed = false)
    {
        var list = Computed(arrays);
        Files.Write(stream, s => Write(s, list, isCompressed));
    }

    private static Dictionary<string, MlxArray> Load(ByteSource source)
    {
        // A folder is an entry of its own in archives that were not made by NumPy.
        var entries = ZipDirectory.Read(source)
            .Where(e => e.Unpacked > 0 || !e.Name.EndsWith('/'));
        return Files.Collect(arrays =>
        {
            foreach (var entry in entries)
            {
                Load(source, entry, arrays);
            }
        });
    }

    private static void Load(
        ByteSource source, ZipEntry entry, Dictionary<string, MlxArray> arrays)
    {
        var name = entry.Name.EndsWith(Ending, StringComparison.Ordinal)
            ? entry.Name[..^Ending.Length]
            : entry.Name;
        using var unpacked = new ZipEntrySource(source, entry);
        MlxArray? array = null;
        try
        {
            array = Npy.Load(unpacked);
            unpacked.CheckEnd();
            if (!arrays.TryAdd(name, array))
            {
                throw new FileFaultException("comes twice, with and without .npy", name);
            }
        }
        catch (FileFaultException e)
        {
            array?.Dispose();
            throw new FileFaultException(e.Reason, entry.Name, e.InnerException);
        }
    }

    private static KeyValuePair<string, MlxArray>[] Computed(
        IEnumerable<KeyValuePair<string, MlxArray>> arrays)
    {
        ArgumentNullException.ThrowIfNull(arrays);
        KeyValuePair<string, MlxArray>[] list = [.. arrays];
        MlxArray.Eval([.. list.Select(a => a.Value)]);
        return list;
    }

    private static void Write(
        Stream stream, KeyValuePair<string, MlxArray>[] arrays, bool isCompressed)
    {
        var names = new HashSet<string>();
        var level = isCompressed ? CompressionLevel.Optimal : CompressionLevel.NoCompression;
        using var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true);
        foreach (var (name, array) in arrays)
        {
            if (!names.Add(name))
            {
                throw new FileFaultException("is given twice", name);
            }

            var entry = archive.CreateEntry(name + Ending, level);
            entry.LastWriteTime = FirstDay;
            using var file = entry.Open();
            Npy.Write(file, array);
        }
    }
}
