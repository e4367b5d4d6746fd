namespace MlpConsole;

/// <summary>Points on spiral arms, with a little noise: classes that no line parts.</summary>
internal static class Spirals
{
    /// <summary>
    /// Points (arms * pointsPerArm, 2) within the unit circle, and the arm of each.
    /// </summary>
    public static (float[,] Points, int[] Labels) Make(int arms, int pointsPerArm, int seed)
    {
        var random = new Random(seed);
        var points = new float[arms * pointsPerArm, 2];
        var labels = new int[arms * pointsPerArm];
        for (var i = 0; i < labels.Length; i++)
        {
            var arm = i % arms;
            var radius = (i / arms + 1) / (float)pointsPerArm;
            var angle = 4 * radius + MathF.Tau * arm / arms + 0.2f * (random.NextSingle() - 0.5f);
            (points[i, 0], points[i, 1]) = (radius * MathF.Cos(angle), radius * MathF.Sin(angle));
            labels[i] = arm;
        }

        return (points, labels);
    }
}
