using System.Text;
using Mlx.Core;

namespace MlpConsole;

/// <summary>What the network sees in each place, in characters.</summary>
internal static class Picture
{
    /// <summary>The square from -1 to 1, a character for the class of each place.</summary>
    public static string Of(Mlp model, int width, int height)
    {
        var grid = new float[width * height, 2];
        for (var i = 0; i < width * height; i++)
        {
            grid[i, 0] = 2f * (i % width) / (width - 1) - 1;
            grid[i, 1] = 1 - 2f * (i / width) / (height - 1);
        }

        using var points = MlxArray.From(grid);
        var classes = model.Classify(points);
        var text = new StringBuilder();
        for (var i = 0; i < classes.Length; i++)
        {
            text.Append(".o#"[(int)classes[i]]);
            if (i % width == width - 1)
            {
                text.AppendLine();
            }
        }

        return text.ToString();
    }
}
