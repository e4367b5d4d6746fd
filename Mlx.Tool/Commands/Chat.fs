/// `mlx chat`: a conversation, a line of input for each turn.
module Mlx.Tool.Commands.Chat

open System
open System.CommandLine
open System.Text
open Mlx.Models
open Mlx.Tool
open Mlx.Tool.CommandLine
open Mlx.Tool.Loading

let private model = CommandLine.model ()

let private system =
    tryText "--system" "TEXT" "What the model is told before the conversation."

let private json = flag "--json" "Print each answer as one JSON object on a line."

let private help =
    """  /reset   forget the conversation
  /exit    end it, as the end of input does
  /help    this list"""

/// What stays the same from turn to turn.
type private Session =
    { Loaded: Loaded; Options: GenerateOptions; System: Message list; IsJson: bool }

/// Writes the answer as it comes; answers it whole.
let private answer (session: Session) (history: Message list) : string =
    let tokenizer = tokenizer session.Loaded

    let ids =
        Conversation.ofMessages (session.System @ history)
        |> ChatTemplate.encode tokenizer (template session.Loaded)

    let text = StringBuilder()
    let mutable finish = None

    for token in Generate.run tokenizer session.Loaded.Model.LanguageModel session.Options ids do
        text.Append token.Text |> ignore
        finish <- token.Finish

        if not session.IsJson then
            Terminal.out.Write token.Text
            Terminal.out.Flush()

        Terminal.stop.ThrowIfCancellationRequested()

    match finish with
    | Some finish when session.IsJson ->
        Json.object
            [ "text", Json.text (text.ToString())
              "finish_reason", Json.text (Sampling.finishReason finish.Reason)
              "usage", Sampling.usage finish.Usage ]
        |> Json.print
    | _ -> Terminal.out.WriteLine()

    Terminal.out.Flush()
    text.ToString()

let rec private talk (session: Session) (history: Message list) : unit =
    let note (text: string) =
        if Terminal.isWatched then
            eprintfn "%s" text

    match Terminal.readLine "> " with
    | None
    | Some "/exit" -> ()
    | Some "/help" ->
        eprintfn "%s" help
        talk session history
    | Some "/reset" ->
        note "(forgotten)"
        talk session []
    | Some line when line.StartsWith '/' ->
        eprintfn $"mlx: there is no '{line}'; /help lists what there is"
        talk session history
    | Some line when String.IsNullOrWhiteSpace line -> talk session history
    | Some line ->
        let history = history @ [ Message.user line ]
        let said = answer session history
        talk session (history @ [ Message.assistant said ])

let private run (result: ParseResult) =
    let loaded = Loading.load (model.Of result)
    // Before anybody types a word.
    template loaded |> ignore
    tokenizer loaded |> ignore
    // What was said stays read: each turn reads only what is new.
    use cache = new PromptCache()

    let session =
        { Loaded = loaded
          Options =
            { Sampling.options
                  (Sampling.ofMakers loaded.Model.Generation)
                  result
                  loaded.Model.Config with
                PromptCache = Some cache
                OnPrefill = Sampling.onPrefill }
          System = system.Of result |> Option.map Message.system |> Option.toList
          IsJson = json.Of result }

    if Terminal.isWatched && not Console.IsInputRedirected then
        eprintfn $"{loaded.Model.Name}; /help for help, Ctrl-C or Ctrl-D to leave"

    talk session []
    0

let command =
    CommandLine.command
        "chat"
        "Talk with a model: a line of input is a turn."
        [ "mlx chat --model mistral-7b"
          "mlx chat --model mistral-7b --system \"Answer in one sentence.\" --temp 0.7"
          "mlx chat --model mistral-7b --json < questions.txt" ]
        [ model; system; yield! Sampling.settings; json; CommandLine.verbose () ]
        run
