using System.Runtime.InteropServices;
using Mlx.Cpu.IO;

namespace Mlx.Cpu.Abi;

/// <summary>
/// The object behind <c>mlx_io_reader</c> and <c>mlx_io_writer</c>: functions of the C program and
/// what they work on. Arrays that are still to be read count on it besides the handle; the
/// program's <c>free</c> runs when the last of them is done.
/// </summary>
internal sealed unsafe class CFile(void* descriptor, mlx_io_vtable table) : IDisposable
{
    private const int FromStart = 0, FromEnd = 2;

    private mlx_io_vtable table = table;
    private int users = 1;

    public void* Descriptor { get; } = descriptor;

    public string Label => table.label == null
        ? "a stream"
        : Marshal.PtrToStringUTF8((nint)table.label(Descriptor)) ?? "";

    public void RequireOpen(string op)
    {
        if ((table.good != null && table.good(Descriptor) == 0)
            || (table.is_open != null && table.is_open(Descriptor) == 0))
        {
            throw new IOException($"[{op}] Failed to open {Label}");
        }
    }

    /// <summary>The length, found by going to the end and back to <paramref name="position"/>.
    /// </summary>
    public long Length(long position, string op)
    {
        Require(table.seek != null && table.tell != null, op, "cannot seek");
        nuint length = 0;
        var isRaised = Errors.AreRaisedBy(() =>
        {
            table.seek(Descriptor, 0, FromEnd);
            length = table.tell(Descriptor);
            table.seek(Descriptor, position, FromStart);
        });
        Require(!isRaised, op, "failed to seek");
        Require((ulong)length <= long.MaxValue, op, $"has the length {length}");
        return (long)length;
    }

    /// <summary>Reads on from where the last read ended.</summary>
    public void ReadOn(long position, byte* to, long bytes, string op)
    {
        if (table.read == null || table.seek == null)
        {
            ReadAt(position, to, bytes, op);
            return;
        }

        CheckedRead(position, to, bytes, op, () => table.read(Descriptor, to, (nuint)bytes));
    }

    public void ReadAt(long offset, byte* to, long bytes, string op)
    {
        Require(
            table.read_at_offset != null || (table.read != null && table.seek != null),
            op,
            "cannot be read");
        CheckedRead(offset, to, bytes, op, () => ReadAt(offset, to, bytes));
    }

    public void Write(byte* from, long bytes, string op)
    {
        Require(table.write != null, op, "cannot be written");
        var isRaised = Errors.AreRaisedBy(() => table.write(Descriptor, from, (nuint)bytes));
        Require(!isRaised, op, $"failed to write {bytes} bytes");
    }

    public void Retain() => Interlocked.Increment(ref users);

    public void Dispose()
    {
        if (Interlocked.Decrement(ref users) == 0 && table.free != null)
        {
            table.free(Descriptor);
        }
    }

    private void ReadAt(long offset, byte* to, long bytes)
    {
        if (table.read_at_offset != null)
        {
            table.read_at_offset(Descriptor, to, (nuint)bytes, (nuint)offset);
            return;
        }

        table.seek(Descriptor, offset, FromStart);
        table.read(Descriptor, to, (nuint)bytes);
    }

    /// <summary>
    /// The program's functions do not say how much they read, and to ask <c>good</c> each time is
    /// more than MLX does. So the last byte is marked before: where the mark is still there, and
    /// another one is too after a second try, the byte was not read.
    /// </summary>
    private void CheckedRead(long offset, byte* to, long bytes, string op, Action read)
    {
        const byte Mark = 0xA5, OtherMark = 0x5A;
        byte none = 0;
        var last = bytes > 0 ? to + bytes - 1 : &none;
        *last = Mark;
        var isFilled = !Errors.AreRaisedBy(read);
        if (isFilled && bytes > 0 && *last == Mark)
        {
            *last = OtherMark;
            isFilled = !Errors.AreRaisedBy(() => ReadAt(offset, to, bytes)) && *last != OtherMark;
        }

        Require(isFilled, op, $"failed to read {bytes} bytes at {offset}");
    }

    private void Require(bool holds, string op, string failure)
    {
        if (!holds)
        {
            throw new IOException($"[{op}] {Label} {failure}");
        }
    }
}

/// <summary>io_types.h: readers.</summary>
internal static unsafe class Readers
{
    [RawExport("mlx_io_reader_new")]
    public static mlx_io_reader New(void* descriptor, mlx_io_vtable table) =>
        new() { ctx = Handles.New(new CFile(descriptor, table)) };

    [RawExport("mlx_io_reader_descriptor")]
    public static void Descriptor(void** descriptor, mlx_io_reader reader) =>
        *descriptor = Handles.Get<CFile>(reader.ctx).Descriptor;

    [RawExport("mlx_io_reader_tostring")]
    public static void Describe(mlx_string* text, mlx_io_reader reader) =>
        Strings.Set(text, Handles.Get<CFile>(reader.ctx).Label);

    [RawExport("mlx_io_reader_free")]
    public static void Free(mlx_io_reader reader) => Handles.Free(reader.ctx);

    public static CSource Source(mlx_io_reader reader, string op) =>
        new(Handles.Get<CFile>(reader.ctx), op);
}

/// <summary>
/// A C program's reader as a source. What is read into managed memory is a header, for which MLX
/// goes from front to back; elements it asks for by their place.
/// </summary>
internal sealed unsafe class CSource : LazySource
{
    private readonly CFile file;
    private readonly string op;
    private long position;
    private long length = -1;

    public CSource(CFile file, string op)
    {
        (this.file, this.op) = (file, op);
        file.RequireOpen(op);
        file.Retain();
    }

    public string Label => file.Label;

    public override bool HasSpareRoom => true;

    public override long Length => length >= 0 ? length : length = file.Length(position, op);

    public override void Read(long offset, Span<byte> to)
    {
        fixed (byte* p = to)
        {
            if (offset == position)
            {
                file.ReadOn(offset, p, to.Length, op);
                position += to.Length;
            }
            else
            {
                file.ReadAt(offset, p, to.Length, op);
            }
        }
    }

    public override void Read(long offset, byte* to, long bytes) =>
        file.ReadAt(offset, to, bytes, op);

    public override void Retain() => file.Retain();

    public override void Dispose() => file.Dispose();
}

/// <summary>io_types.h: writers.</summary>
internal static unsafe class Writers
{
    [RawExport("mlx_io_writer_new")]
    public static mlx_io_writer New(void* descriptor, mlx_io_vtable table) =>
        new() { ctx = Handles.New(new CFile(descriptor, table)) };

    [RawExport("mlx_io_writer_descriptor")]
    public static void Descriptor(void** descriptor, mlx_io_writer writer) =>
        *descriptor = Handles.Get<CFile>(writer.ctx).Descriptor;

    [RawExport("mlx_io_writer_tostring")]
    public static void Describe(mlx_string* text, mlx_io_writer writer) =>
        Strings.Set(text, Handles.Get<CFile>(writer.ctx).Label);

    [RawExport("mlx_io_writer_free")]
    public static void Free(mlx_io_writer writer) => Handles.Free(writer.ctx);

    public static CStream Stream(mlx_io_writer writer, string op) =>
        new(Handles.Get<CFile>(writer.ctx), op);
}

/// <summary>
/// A C program's writer as a stream. Whether it still is well after writing the program asks
/// itself, as with MLX; an error that it raises meanwhile ends the save.
/// </summary>
internal sealed unsafe class CStream : WriteOnlyStream
{
    private readonly CFile file;
    private readonly string op;

    public CStream(CFile file, string op)
    {
        (this.file, this.op) = (file, op);
        file.RequireOpen(op);
    }

    public string Label => file.Label;

    public override void Write(ReadOnlySpan<byte> bytes)
    {
        fixed (byte* p = bytes)
        {
            file.Write(p, bytes.Length, op);
        }
    }
}
