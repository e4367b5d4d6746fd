namespace Mlx.Cpu.Abi;

/// <summary>
/// Marks the builder that answers for an mlx-c function. The ABI generator reads these marks from
/// the sources and writes the C thunk; nothing looks at the attribute at run time.
/// </summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
internal sealed class ExportAttribute(string name) : Attribute
{
    public string Name { get; } = name;
}

/// <summary>
/// As <see cref="ExportAttribute"/>, for functions that are no plain array ops: the method takes
/// the C arguments as they are. A <c>void</c> method stands for an <c>int</c> status; whatever it
/// throws is reported through error.h and becomes the status 1 (or an empty result). A
/// <see cref="Status"/> is one that has more to say.
/// </summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
internal sealed class RawExportAttribute(string name) : Attribute
{
    public string Name { get; } = name;
}

/// <summary>What a function answers that looks for something.</summary>
internal enum Status
{
    Ok = 0,
    NotFound = 2,

    /// <summary>There is something, but of another type than was asked for.</summary>
    WrongType = 3,
}
