// A multilayer perceptron that learns to tell three spirals apart, with Mlx.Core alone.
//
//     dotnet run -c Release --project samples/MlpConsole

using System.Diagnostics;
using MlpConsole;
using Mlx.Core;

const int arms = 3;
const int steps = 1000;

Console.WriteLine($"engine: {Engine.Describe().Name}");

var (points, labels) = Spirals.Make(arms, pointsPerArm: 200, seed: 1);
using var x = MlxArray.From(points);
using var y = MlxArray.From(labels);

var clock = Stopwatch.StartNew();
using var trainer = new Trainer<Mlp, (MlxArray X, MlxArray Y)>(
    Mlp.Init([2, 64, 64, arms], seed: 0),
    UpdateRule.Adam(3e-3),
    (model, batch) => model.Loss(batch.X, batch.Y));
for (var step = 1; step <= steps; step++)
{
    trainer.Step((x, y));
    if (step % 200 == 0)
    {
        Console.WriteLine($"step {step,5}   loss {trainer.Loss:F4}");
    }
}

Console.WriteLine($"{steps / clock.Elapsed.TotalSeconds:F0} steps/s");
var trained = trainer.Model;
Console.WriteLine($"accuracy {trained.Accuracy(x, y):P1}");
Console.WriteLine();
Console.WriteLine(Picture.Of(trained, width: 60, height: 26));
Console.WriteLine(trainer.Explain((x, y)));
