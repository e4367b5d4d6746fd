using Mlx.Core.Abi;

namespace Mlx.Core;

/// <summary>
/// Collects the arrays made on this thread between <see cref="Enter"/> and <see cref="Dispose"/>,
/// and frees them at its end, except those given to <see cref="Keep(MlxArray)"/>, which move to the
/// scope around it (or to nobody). Scopes nest; they end on the thread that entered them, so there
/// is no <c>await</c> inside one.
/// </summary>
/// <example><code>
/// MlxArray Norm(MlxArray x)
/// {
///     using var scope = Scope.Enter();
///     return scope.Keep(Ops.Sqrt(Ops.Sum(x * x)));
/// }
/// </code></example>
public sealed class Scope : IDisposable
{
    private readonly ThreadContext home;
    private readonly Scope? parent;
    private readonly List<MlxArray> arrays = [];
    private bool isOver;

    private Scope(ThreadContext home)
    {
        this.home = home;
        parent = home.Scope;
    }

    /// <summary>Starts collecting.</summary>
    public static Scope Enter()
    {
        var state = ThreadContext.Current;
        return state.Scope = new Scope(state);
    }

    /// <summary>Lets the array outlive this scope; answers it.</summary>
    public MlxArray Keep(MlxArray array)
    {
        if (array.Owner == this)
        {
            array.Owner = parent;
            parent?.Add(array);
        }

        return array;
    }

    /// <summary>Lets the arrays outlive this scope; answers them.</summary>
    public MlxArray[] Keep(MlxArray[] kept)
    {
        foreach (var a in kept)
        {
            Keep(a);
        }

        return kept;
    }

    /// <summary>Frees what was collected and not kept.</summary>
    /// <exception cref="InvalidOperationException">
    /// Another thread entered it, or an inner scope is still open.
    /// </exception>
    public void Dispose()
    {
        if (isOver)
        {
            return;
        }

        if (home != ThreadContext.Current || home.Scope != this)
        {
            throw new InvalidOperationException(
                "A scope ends on the thread that entered it, after the scopes inside it; do not "
                + "await between Scope.Enter and Dispose.");
        }

        isOver = true;
        home.Scope = parent;
        foreach (var a in arrays)
        {
            if (a.Owner == this)
            {
                a.Owner = null;
                a.Dispose();
            }
        }

        arrays.Clear();
    }

    internal void Add(MlxArray array) => arrays.Add(array);
}
