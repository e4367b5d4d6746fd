using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Mlx.Core.Abi;

namespace Mlx.Tests.Support;

/// <summary>
/// A C program's stream over memory, with faults: what an mlx_io_vtable can do wrong.
/// </summary>
public sealed unsafe class MemoryFile
{
    // Pinned: C holds its address.
    private static readonly byte[] Name = Pinned("a stream of the tests");

    private readonly MemoryStream content = new();
    private GCHandle self;
    private int calls;

    public MemoryFile()
    {
    }

    public MemoryFile(byte[] bytes)
    {
        content.Write(bytes);
        content.Position = 0;
    }

    /// <summary>The number of the first read or write that fails; those after it fail too.
    /// </summary>
    public int FailAt { get; init; } = int.MaxValue;

    /// <summary>How the calls that fail show it.</summary>
    public Fault Fault { get; init; }

    /// <summary>Added to the length that <c>tell</c> answers at the end.</summary>
    public long LengthLie { get; init; }

    public bool IsOpen { get; init; } = true;

    public bool IsGood { get; private set; } = true;

    /// <summary>How often <c>free</c> was called; a reader or writer owes exactly one.</summary>
    public int Frees { get; private set; }

    /// <summary>The names of the functions called, in order.</summary>
    public List<string> Calls { get; } = [];

    public byte[] Bytes => content.ToArray();

    internal static mlx_io_vtable Table => new()
    {
        is_open = &IsOpenOf,
        good = &IsGoodOf,
        tell = &Tell,
        seek = &Seek,
        read = &Read,
        read_at_offset = &ReadAt,
        write = &Write,
        label = &Label,
        free = &Free,
    };

    /// <summary>The descriptor; <c>free</c> lets it go.</summary>
    internal void* Keep()
    {
        self = GCHandle.Alloc(this);
        return (void*)GCHandle.ToIntPtr(self);
    }

    private static byte[] Pinned(string text)
    {
        var bytes = EngineFiles.Text(text);
        var pinned = GC.AllocateArray<byte>(bytes.Length, pinned: true);
        bytes.CopyTo(pinned, 0);
        return pinned;
    }

    private static MemoryFile Of(void* descriptor) =>
        (MemoryFile)GCHandle.FromIntPtr((nint)descriptor).Target!;

    /// <summary>Whether the call that comes now is one to fail.</summary>
    private bool Fails(string name)
    {
        Calls.Add(name);
        if (calls++ < FailAt)
        {
            return false;
        }

        if (Fault is Fault.Flag)
        {
            IsGood = false;
        }
        else if (Fault is Fault.Raise)
        {
            fixed (byte* file = "here.c\0"u8, message = "the disk is on fire\0"u8)
            {
                Native._mlx_error(file, 1, message);
            }
        }

        return true;
    }

    private void Fill(byte* to, nuint bytes, string name)
    {
        // What fails stops half way.
        var wanted = (int)(Fails(name) ? bytes / 2 : bytes);
        content.ReadAtLeast(new Span<byte>(to, wanted), wanted, throwOnEndOfStream: false);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static byte IsOpenOf(void* d)
    {
        Of(d).Calls.Add("is_open");
        return Of(d).IsOpen ? (byte)1 : (byte)0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static byte IsGoodOf(void* d)
    {
        Of(d).Calls.Add("good");
        return Of(d).IsGood ? (byte)1 : (byte)0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nuint Tell(void* d)
    {
        var file = Of(d);
        file.Calls.Add("tell");
        var lie = file.content.Position == file.content.Length ? file.LengthLie : 0;
        return (nuint)(file.content.Position + lie);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Seek(void* d, long offset, int whence)
    {
        Of(d).Calls.Add("seek");
        Of(d).content.Seek(offset, (SeekOrigin)whence);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Read(void* d, byte* to, nuint bytes) => Of(d).Fill(to, bytes, "read");

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void ReadAt(void* d, byte* to, nuint bytes, nuint offset)
    {
        Of(d).content.Position = (long)offset;
        Of(d).Fill(to, bytes, "read_at_offset");
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Write(void* d, byte* from, nuint bytes)
    {
        var wanted = (int)(Of(d).Fails("write") ? bytes / 2 : bytes);
        Of(d).content.Write(new ReadOnlySpan<byte>(from, wanted));
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static byte* Label(void* d)
    {
        _ = d;
        return (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(Name));
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Free(void* d)
    {
        var file = Of(d);
        file.Frees++;
        file.self.Free();
    }
}

/// <summary>How a C function that answers nothing shows that it failed.</summary>
public enum Fault
{
    /// <summary>Not at all: it reads less than it was asked for.</summary>
    None,

    /// <summary><c>good</c> answers false from then on.</summary>
    Flag,

    /// <summary>It calls <c>mlx_error</c>.</summary>
    Raise,
}
