using System.Runtime.InteropServices;
using Mlx.Cpu.IO;

namespace Mlx.Cpu.Abi;

/// <summary>
/// The object behind <c>mlx_io_reader</c> and <c>mlx_io_writer</c>: functions of the C program and
/// what they work on. The program's free runs when the handle goes, since nothing is read later.
/// </summary>
internal sealed unsafe class CStream(void* descriptor, mlx_io_vtable table) : IDisposable
{
    private mlx_io_vtable table = table;
    private bool disposed;

    public void* Descriptor { get; } = descriptor;

    public string Label => table.label == null
        ? "a stream"
        : Marshal.PtrToStringUTF8((nint)table.label(Descriptor)) ?? "";

    /// <summary>Throws unless the stream is open and without error.</summary>
    public void Require(string op)
    {
        if ((table.is_open != null && table.is_open(Descriptor) == 0)
            || (table.good != null && table.good(Descriptor) == 0))
        {
            throw new IOException($"[{op}] Failed to open {Label}, or it is in an error state.");
        }
    }

    public long Length(string op)
    {
        if (table.seek == null || table.tell == null)
        {
            throw new IOException($"[{op}] {Label} cannot seek.");
        }

        const int FromStart = 0, FromEnd = 2;
        table.seek(Descriptor, 0, FromEnd);
        var length = checked((long)table.tell(Descriptor));
        table.seek(Descriptor, 0, FromStart);
        return length;
    }

    public void Read(long offset, byte* to, long bytes, string op)
    {
        if (table.read_at_offset == null)
        {
            throw new IOException($"[{op}] {Label} cannot be read.");
        }

        table.read_at_offset(Descriptor, to, (nuint)bytes, (nuint)offset);
        Require(op);
    }

    public void Write(byte* from, long bytes, string op)
    {
        if (table.write == null)
        {
            throw new IOException($"[{op}] {Label} cannot be written.");
        }

        table.write(Descriptor, from, (nuint)bytes);
        Require(op);
    }

    public void Dispose()
    {
        if (!disposed && table.free != null)
        {
            disposed = true;
            table.free(Descriptor);
        }
    }
}

/// <summary>io_types.h: readers.</summary>
internal static unsafe class Readers
{
    [RawExport("mlx_io_reader_new")]
    public static mlx_io_reader New(void* descriptor, mlx_io_vtable table) =>
        new() { ctx = Handles.New(new CStream(descriptor, table)) };

    [RawExport("mlx_io_reader_descriptor")]
    public static void Descriptor(void** descriptor, mlx_io_reader reader) =>
        *descriptor = Handles.Get<CStream>(reader.ctx).Descriptor;

    [RawExport("mlx_io_reader_tostring")]
    public static void Describe(mlx_string* text, mlx_io_reader reader) =>
        Strings.Set(text, Handles.Get<CStream>(reader.ctx).Label);

    [RawExport("mlx_io_reader_free")]
    public static void Free(mlx_io_reader reader) => Handles.Free(reader.ctx);

    public static ByteSource Source(mlx_io_reader reader, string op) =>
        new Adapter(Handles.Get<CStream>(reader.ctx), op);

    private sealed class Adapter : ByteSource
    {
        private readonly CStream stream;
        private readonly string op;

        public Adapter(CStream stream, string op)
        {
            (this.stream, this.op) = (stream, op);
            stream.Require(op);
            Length = stream.Length(op);
        }

        public override string Label => stream.Label;

        public override long Length { get; }

        public override bool HasSpareRoom => true;

        public override void Read(long offset, Span<byte> to)
        {
            fixed (byte* p = to)
            {
                stream.Read(offset, p, to.Length, op);
            }
        }
    }
}

/// <summary>io_types.h: writers.</summary>
internal static unsafe class Writers
{
    [RawExport("mlx_io_writer_new")]
    public static mlx_io_writer New(void* descriptor, mlx_io_vtable table) =>
        new() { ctx = Handles.New(new CStream(descriptor, table)) };

    [RawExport("mlx_io_writer_descriptor")]
    public static void Descriptor(void** descriptor, mlx_io_writer writer) =>
        *descriptor = Handles.Get<CStream>(writer.ctx).Descriptor;

    [RawExport("mlx_io_writer_tostring")]
    public static void Describe(mlx_string* text, mlx_io_writer writer) =>
        Strings.Set(text, Handles.Get<CStream>(writer.ctx).Label);

    [RawExport("mlx_io_writer_free")]
    public static void Free(mlx_io_writer writer) => Handles.Free(writer.ctx);

    public static ByteSink Sink(mlx_io_writer writer, string op)
    {
        var stream = Handles.Get<CStream>(writer.ctx);
        stream.Require(op);
        return new Adapter(stream, op);
    }

    private sealed class Adapter(CStream stream, string op) : ByteSink
    {
        public override void Write(ReadOnlySpan<byte> bytes)
        {
            fixed (byte* p = bytes)
            {
                stream.Write(p, bytes.Length, op);
            }
        }
    }
}
