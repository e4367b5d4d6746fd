// Which engine runs here, what was tried to find it, and what to do next.

try
{
    Console.WriteLine(Mlx.Core.Engine.Describe());
    return 0;
}
catch (Mlx.Core.MlxException e)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}
