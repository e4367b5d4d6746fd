using Mlx.Formats;

namespace Mlx.Core;

/// <summary>Files of one array, as NumPy writes them (.npy, versions 1 to 3).</summary>
public static class Npy
{
    /// <summary>
    /// Loads an array. Big-endian files are swapped; bfloat16 is <c>V2</c>, as MLX has it.
    /// </summary>
    /// <exception cref="MlxFileException">
    /// The file is malformed or holds what arrays cannot.
    /// </exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file must not be read.</exception>
    public static MlxArray Load(string path) => Files.Read(path, Load);

    /// <summary>
    /// Loads an array from where a stream stands, and leaves it standing behind: several arrays may
    /// follow one another.
    /// </summary>
    /// <exception cref="ArgumentException">The stream cannot seek.</exception>
    /// <exception cref="MlxFileException">What the stream holds is malformed.</exception>
    public static MlxArray Load(Stream stream) => Files.Read(stream, Load);

    /// <summary>Computes the array and writes it; the file appears whole or not at all.</summary>
    /// <exception cref="MlxFileException">The file cannot be written.</exception>
    public static void Save(string path, MlxArray array)
    {
        ArgumentNullException.ThrowIfNull(array);
        array.Eval();
        Files.Write(path, stream => Write(stream, array));
    }

    /// <summary>Computes the array and writes it to a stream.</summary>
    public static void Save(Stream stream, MlxArray array)
    {
        ArgumentNullException.ThrowIfNull(array);
        array.Eval();
        Files.Write(stream, s => Write(s, array));
    }

    internal static MlxArray Load(ByteSource source)
    {
        var header = NpyHeader.Read(source);
        using var loader = ArrayLoader.Copying(source);
        if (!header.IsFortran || header.Shape.Length < 2)
        {
            return loader.Load(header.Start, header.Shape, header.Type, header.IsSwapped);
        }

        // Column-major elements are the row-major ones of the reversed shape.
        int[] reversed = [.. header.Shape.Reverse()];
        using var columns = loader.Load(header.Start, reversed, header.Type, header.IsSwapped);
        return columns.T;
    }

    internal static void Write(Stream stream, MlxArray array)
    {
        stream.Write(NpyHeader.Write((ElementType)array.DType, array.Shape, isFortran: false));
        array.WriteTo(stream);
    }
}
