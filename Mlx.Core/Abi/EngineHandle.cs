using System.Runtime.InteropServices;

namespace Mlx.Core.Abi;

/// <summary>
/// Owns an engine object other than an array: counted while in use, freed once, finalized. (Arrays
/// are too many for the weight of a <see cref="SafeHandle"/>.)
/// </summary>
internal abstract class EngineHandle : SafeHandle
{
    protected EngineHandle(nint handle)
        : base(0, ownsHandle: true) => SetHandle(handle);

    public override bool IsInvalid => handle == 0;

    /// <summary>Keeps the object alive for the length of a call.</summary>
    public Use Acquire() => new(this);

    protected abstract void Free(nint h);

    protected override bool ReleaseHandle()
    {
        Free(handle);
        return true;
    }

    internal readonly ref struct Use : IDisposable
    {
        private readonly EngineHandle owner;

        public Use(EngineHandle owner)
        {
            var added = false;
            owner.DangerousAddRef(ref added);
            this.owner = owner;
        }

        public nint Handle => owner.DangerousGetHandle();

        public void Dispose() => owner.DangerousRelease();
    }
}
