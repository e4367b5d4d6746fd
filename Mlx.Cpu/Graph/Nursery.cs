namespace Mlx.Cpu.Graph;

/// <summary>
/// Remembers the nodes that a transform makes on this thread, and lets go of those that came to
/// nothing: a rule may build more than its answer needs, and such leftovers would count on their
/// inputs, and so hold memory, until the collector found them.
/// </summary>
internal static class Nursery
{
    [ThreadStatic] private static List<Node>? nodes;
    [ThreadStatic] private static int depth;

    public static void Born(Node node)
    {
        if (depth > 0)
        {
            nodes!.Add(node);
        }
    }

    /// <summary>
    /// What is made from here on is looked through when the outermost scope ends.
    /// </summary>
    public static Scope Enter()
    {
        nodes ??= [];
        depth++;
        return default;
    }

    /// <summary>
    /// At its end, whatever is still wanted must be counted (<see cref="Held"/>).
    /// </summary>
    public readonly ref struct Scope
    {
        public void Dispose()
        {
            if (--depth > 0)
            {
                return;
            }

            // Consumers before what they read, so that each finds itself uncounted.
            var made = nodes!;
            for (var i = made.Count - 1; i >= 0; i--)
            {
                made[i].LetDieUncounted();
            }

            made.Clear();
        }
    }
}
