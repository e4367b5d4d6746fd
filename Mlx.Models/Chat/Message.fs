namespace Mlx.Models

open System
open System.Text.Json

/// <summary>A function that a model asked to be called.</summary>
type ToolCall =
    {
        /// What the answer refers to; empty where the model gives none.
        Id: string
        /// The function.
        Name: string
        /// Its arguments, an object of JSON.
        Arguments: JsonElement
    }

/// <summary>A function that a model may ask to be called.</summary>
type Tool =
    {
        /// The function.
        Name: string
        /// What it is for, for the model.
        Description: string
        /// A JSON schema of its arguments.
        Parameters: JsonElement
    }

/// <summary>A turn of a conversation.</summary>
type Message =
    {
        /// Who speaks: system, user, assistant or tool.
        Role: string
        /// What is said.
        Content: string
        /// What an assistant asks to be called.
        ToolCalls: ToolCall list
        /// Of a tool: the call that it answers.
        ToolCallId: string option
        /// Of a tool: the function that was called.
        Name: string option
    }

    static member internal Said(role, content) : Message =
        { Role = role
          Content = content
          ToolCalls = []
          ToolCallId = None
          Name = None }

    /// <summary>What the model is told before the conversation.</summary>
    /// <example><code>let system = Message.System "You answer in one sentence."</code></example>
    static member System(content: string) = Message.Said("system", content)

    /// <summary>What a person says.</summary>
    /// <example><code>
    /// (Message.User "What is a monad?").Role
    /// // => "user"
    /// </code></example>
    static member User(content: string) = Message.Said("user", content)

    /// <summary>What the model said.</summary>
    /// <example><code>
    /// (Message.Assistant "A burrito.").Role
    /// // => "assistant"
    /// </code></example>
    static member Assistant(content: string) = Message.Said("assistant", content)

/// <summary>Turns of a conversation.</summary>
[<RequireQualifiedAccess>]
module Message =
    /// <summary>What the model is told before the conversation.</summary>
    /// <example><code>
    /// (Message.system "You answer in one sentence.").Role
    /// // => "system"
    /// </code></example>
    let system (content: string) : Message = Message.System content

    /// <summary>What a person says.</summary>
    /// <example><code>
    /// (Message.user "What is a monad?").Content
    /// // => "What is a monad?"
    /// </code></example>
    let user (content: string) : Message = Message.User content

    /// <summary>What the model said.</summary>
    /// <example><code>
    /// [ Message.user "Hello"; Message.assistant "Hello!"; Message.user "How are you?" ]
    /// |> List.map _.Role
    /// // => ["user"; "assistant"; "user"]
    /// </code></example>
    let assistant (content: string) : Message = Message.Assistant content

    /// <summary>The answer to a call of a function.</summary>
    /// <example><code>
    /// let arguments = Text.Json.JsonDocument.Parse("""{"city": "Paris"}""").RootElement
    /// let call = { Id = "abc123def"; Name = "weather"; Arguments = arguments }
    /// (Message.tool call "18 degrees").ToolCallId
    /// // => Some "abc123def"
    /// </code></example>
    let tool (call: ToolCall) (content: string) : Message =
        { Message.Said("tool", content) with
            ToolCallId = Some call.Id
            Name = Some call.Name }
