// A multilayer perceptron that learns to tell three spirals apart, with Mlx.Core alone.
//
//     dotnet run -c Release --project samples/MlpConsole

using System.Diagnostics;
using Mlx.Core;
using MlpConsole;

const int arms = 3;
const int steps = 1000;

Console.WriteLine($"engine: {Engine.Describe().Name}");

var (points, labels) = Spirals.Make(arms, pointsPerArm: 200, seed: 1);
using var x = MlxArray.From(points);
using var y = MlxArray.From(labels);

var clock = Stopwatch.StartNew();
using var training = new Training(new Mlp([2, 64, 64, arms]), learningRate: 3e-3f, seed: 0);
for (var step = 1; step <= steps; step++)
{
    training.Step(x, y);
    if (step % 200 == 0)
    {
        Console.WriteLine($"step {step,5}   loss {training.Loss:F4}");
    }
}

Console.WriteLine($"{steps / clock.Elapsed.TotalSeconds:F0} steps/s");
Console.WriteLine($"accuracy {training.Accuracy(x, y):P1}");
Console.WriteLine();
Console.WriteLine(Picture.Of(training, width: 60, height: 26));
