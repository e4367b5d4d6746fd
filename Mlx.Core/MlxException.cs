namespace Mlx.Core;

/// <summary>A call that the engine refused or could not do.</summary>
public sealed class MlxException : Exception
{
    /// <summary>An error of the engine function <paramref name="function"/>.</summary>
    public MlxException(string function, string engineMessage)
        : base($"{function}: {engineMessage}")
    {
        Function = function;
        EngineMessage = engineMessage;
    }

    /// <summary>The mlx-c function (or the step of this library) that failed.</summary>
    public string Function { get; }

    /// <summary>What the engine said.</summary>
    public string EngineMessage { get; }
}
