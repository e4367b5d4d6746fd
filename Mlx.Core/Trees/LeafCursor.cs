namespace Mlx.Core.Trees;

/// <summary>
/// A place in an array of leaves: walkers read or write there and move on. It is handed on by
/// reference, so that a walk allocates nothing but its result.
/// </summary>
internal struct LeafCursor(MlxArray[] leaves)
{
    private int position;

    public void Put(MlxArray leaf) => leaves[position++] = leaf;

    public MlxArray Take() => leaves[position++];
}
