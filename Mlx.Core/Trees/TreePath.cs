using System.Text;

namespace Mlx.Core.Trees;

/// <summary>How the places of a tree are named.</summary>
internal static class TreePath
{
    /// <summary>
    /// The path of a child: the root has the empty path, and an empty segment adds nothing.
    /// </summary>
    public static string Child(string parent, string segment) =>
        parent.Length == 0 ? segment : segment.Length == 0 ? parent : parent + "." + segment;

    /// <summary>
    /// PascalCase and camelCase to snake_case: QProj is q_proj, W1 is w1, L2Norm is l2_norm.
    /// </summary>
    public static string Segment(string name)
    {
        var text = new StringBuilder(name.Length + 4);
        for (var i = 0; i < name.Length; i++)
        {
            if (i > 0 && char.IsUpper(name[i]) && name[i - 1] != '_')
            {
                var endsWord = !char.IsUpper(name[i - 1]);
                var startsWord = i + 1 < name.Length && char.IsLower(name[i + 1]);
                if (endsWord || startsWord)
                {
                    text.Append('_');
                }
            }

            text.Append(char.ToLowerInvariant(name[i]));
        }

        return text.ToString();
    }
}
