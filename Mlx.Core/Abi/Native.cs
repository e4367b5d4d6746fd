using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Mlx.Core.Abi;

/// <summary>
/// The function table. An entry is resolved at its first call, so that a library which lacks some
/// symbols still serves the others.
/// </summary>
internal static unsafe partial class Native
{
    private static readonly nint* Table =
        (nint*)NativeMemory.AllocZeroed(Count, (nuint)sizeof(nint));

    /// <summary>Counts the crossing and answers the function pointer.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static nint Enter(int index)
    {
        ThreadContext.Current.Crossings++;
        var function = Table[index];
        return function != 0 ? function : Resolve(index);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static nint Resolve(int index)
    {
        var library = Engine.Library;
        var name = Names[index];
        var function = library.Resolve(name);
        if (function == 0)
        {
            throw new MlxException(
                name, $"this engine ({library.Name} {library.Version}) has no function {name}");
        }

        return Table[index] = function;
    }
}
