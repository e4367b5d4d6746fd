using System.Buffers.Binary;
using System.Text;

namespace Mlx.Core;

/// <summary>Files of one array, as NumPy writes them (.npy, versions 1 to 3).</summary>
public static class Npy
{
    private static ReadOnlySpan<byte> Magic =>
        [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    /// <summary>
    /// Loads an array. Big-endian files are swapped; bfloat16 is <c>V2</c>, as MLX has it.
    /// </summary>
    /// <exception cref="MlxFileException">
    /// The file is malformed or holds what arrays cannot.
    /// </exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static MlxArray Load(string path)
    {
        using var stream = File.OpenRead(path);
        return Load(path, stream);
    }

    /// <summary>Computes the array and writes it; the file appears whole or not at all.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Save(string path, MlxArray array)
    {
        ArgumentNullException.ThrowIfNull(array);
        array.Eval();
        WholeFile.Write(path, stream => Save(stream, array));
    }

    private static MlxArray Load(string path, FileStream stream)
    {
        var header = ReadHeader(path, stream);
        var (dtype, isSwapped) = DTypeOf(path, header.Descr);
        var wanted = (UInt128)dtype.Size();
        foreach (var d in header.Shape)
        {
            wanted = wanted > ulong.MaxValue ? wanted : wanted * (uint)d;
        }

        var left = stream.Length - stream.Position;
        if (wanted > (ulong)left || wanted > (ulong)Array.MaxLength)
        {
            throw new MlxFileException(
                path,
                null,
                $"{dtype.Name()} of shape {Shapes.Text(header.Shape)} takes {wanted} bytes, but "
                + $"{left} follow the header");
        }

        var data = new byte[(int)wanted];
        stream.ReadExactly(data);
        if (isSwapped)
        {
            Swap(data, dtype == DType.Complex64 ? 4 : dtype.Size());
        }

        if (!header.IsFortran || header.Shape.Length < 2)
        {
            return MlxArray.FromBytes(data, header.Shape, dtype);
        }

        // Column-major data is row-major data of the reversed shape.
        int[] reversed = [.. header.Shape.Reverse()];
        using var columns = MlxArray.FromBytes(data, reversed, dtype);
        return columns.T;
    }

    private static NpyHeader ReadHeader(string path, FileStream stream)
    {
        Span<byte> start = stackalloc byte[12];
        var got = stream.ReadAtLeast(start[..10], 10, throwOnEndOfStream: false);
        if (got < 10 || !start.StartsWith(Magic))
        {
            throw new MlxFileException(path, null, "is not a .npy file");
        }

        long length;
        if (start[6] == 1)
        {
            length = BinaryPrimitives.ReadUInt16LittleEndian(start[8..]);
        }
        else if (start[6] is 2 or 3)
        {
            got = stream.ReadAtLeast(start[10..], 2, throwOnEndOfStream: false);
            length = got < 2 ? long.MaxValue : BinaryPrimitives.ReadUInt32LittleEndian(start[8..]);
        }
        else
        {
            throw new MlxFileException(
                path, null, $"has the unknown .npy version {start[6]}.{start[7]}");
        }

        if (length > stream.Length - stream.Position)
        {
            throw new MlxFileException(path, null, "the header goes beyond the end of the file");
        }

        var text = new byte[length];
        stream.ReadExactly(text);
        return NpyHeader.Parse(path, text);
    }

    private static (DType DType, bool IsSwapped) DTypeOf(string path, string descr)
    {
        var order = descr.Length > 0 ? descr[0] : ' ';
        DType? dtype = (order is '<' or '>' or '=' or '|' ? descr[1..] : "") switch
        {
            "b1" => DType.Bool,
            "u1" => DType.UInt8,
            "u2" => DType.UInt16,
            "u4" => DType.UInt32,
            "u8" => DType.UInt64,
            "i1" => DType.Int8,
            "i2" => DType.Int16,
            "i4" => DType.Int32,
            "i8" => DType.Int64,
            "f2" => DType.Float16,
            "f4" => DType.Float32,
            "f8" => DType.Float64,
            "V2" => DType.BFloat16,
            "c8" => DType.Complex64,
            _ => null,
        };
        return dtype is { } d
            ? (d, order == '>' && d.Size() > 1)
            : throw new MlxFileException(
                path, null, $"holds elements of the kind '{descr}', which no dtype stores");
    }

    private static void Swap(Span<byte> data, int size)
    {
        for (var i = 0; i < data.Length; i += size)
        {
            data.Slice(i, size).Reverse();
        }
    }

    private static void Save(Stream stream, MlxArray array)
    {
        var shape = string.Concat(array.Shape.ToArray().Select(d => $"{d}, ")).TrimEnd();
        var trimmed = array.NDim == 1 ? shape : shape.TrimEnd(',');
        var descr = DescrOf(array.DType);
        var text = $"{{'descr': '{descr}', 'fortran_order': False, 'shape': ({trimmed}), }}";

        // Data starts at a multiple of 64, and a line feed ends the header.
        var padded = text.PadRight((text.Length + 11 + 63) / 64 * 64 - 11) + "\n";
        Span<byte> start = stackalloc byte[10];
        Magic.CopyTo(start);
        start[6] = 1;
        start[7] = 0;
        BinaryPrimitives.WriteUInt16LittleEndian(start[8..], checked((ushort)padded.Length));
        stream.Write(start);
        stream.Write(Encoding.ASCII.GetBytes(padded));
        array.WriteTo(stream);
    }

    private static string DescrOf(DType dtype) => dtype switch
    {
        DType.Bool => "|b1",
        DType.UInt8 => "|u1",
        DType.UInt16 => "<u2",
        DType.UInt32 => "<u4",
        DType.UInt64 => "<u8",
        DType.Int8 => "|i1",
        DType.Int16 => "<i2",
        DType.Int32 => "<i4",
        DType.Int64 => "<i8",
        DType.Float16 => "<f2",
        DType.Float32 => "<f4",
        DType.Float64 => "<f8",
        DType.BFloat16 => "<V2",
        _ => "<c8",
    };
}
