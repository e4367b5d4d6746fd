using System.Runtime.InteropServices;

namespace Mlx.Cpu.Abi;

/// <summary>error.h: exceptions become a status and a call of the installed handler.</summary>
internal static unsafe class Errors
{
    private static readonly Lock Gate = new();
    private static delegate* unmanaged[Cdecl]<byte*, void*, void> handler;
    private static void* data;
    private static delegate* unmanaged[Cdecl]<void*, void> destructor;

    [ThreadStatic]
    private static bool isRaised;

    /// <summary>
    /// Whether C raised an error on this thread while <paramref name="callback"/> ran: all that a
    /// callback can do which answers nothing.
    /// </summary>
    public static bool AreRaisedBy(Action callback)
    {
        isRaised = false;
        callback();
        return isRaised;
    }

    /// <summary>Tells the handler and answers the status 1.</summary>
    public static int Report(Exception e)
    {
        var cause = e is AggregateException { InnerException: { } inner } ? inner : e;
        var text = cause.Message;
        var message = Marshal.StringToCoTaskMemUTF8(text);
        try
        {
            if (handler != null)
            {
                handler((byte*)message, data);
            }
            else
            {
                // What mlx-c does when nobody installed a handler.
                CLibrary.WriteLine($"MLX error: {text}");
                CLibrary.Exit(-1);
            }
        }
        finally
        {
            Marshal.FreeCoTaskMem(message);
        }

        return 1;
    }

    [RawExport("mlx_set_error_handler")]
    public static void SetHandler(
        delegate* unmanaged[Cdecl]<byte*, void*, void> newHandler,
        void* newData,
        delegate* unmanaged[Cdecl]<void*, void> newDestructor)
    {
        lock (Gate)
        {
            if (destructor != null && data != null)
            {
                destructor(data);
            }

            handler = newHandler;
            data = newData;
            destructor = newDestructor;
        }
    }

    /// <summary>
    /// C callers reach this through a macro; the format's arguments cannot be read here.
    /// </summary>
    [RawExport("_mlx_error")]
    public static void RaiseFromC(byte* file, int line, byte* format)
    {
        isRaised = true;
        Report(new InvalidOperationException(
            $"{Strings.Get(format)} at {Strings.Get(file)}:{line}"));
    }
}
