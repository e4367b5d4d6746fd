// A model folder from C#: it goes on from a text, or answers questions where it has a chat template.
//
//     dotnet run -c Release --project samples/ChatConsole -- mistral-7b "Once upon a time"

using Mlx.Models;

if (args.Length is 0 or > 2)
{
    Console.Error.WriteLine("usage: ChatConsole FOLDER [TEXT]");
    return 2;
}

try
{
    var model = TextModel.Load(args[0]);
    var options = new TextOptions { MaxTokens = 200, Temperature = 0.7, TopP = 0.95, Seed = 1 };
    if (args.Length == 2)
    {
        Print(model.Write(args[1], options));
        return 0;
    }

    var turns = new List<Message> { Message.System("You answer in one sentence.") };
    while (Console.ReadLine() is { } question)
    {
        turns.Add(Message.User(question));
        turns.Add(Message.Assistant(Print(model.Answer(turns, options))));
    }

    return 0;
}
catch (Exception e) when (e is ModelException or InvalidOperationException)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}

// Shows each piece as it comes; answers the whole.
static string Print(IEnumerable<string> pieces)
{
    var text = "";
    foreach (var piece in pieces)
    {
        Console.Write(piece);
        text += piece;
    }

    Console.WriteLine();
    return text;
}
