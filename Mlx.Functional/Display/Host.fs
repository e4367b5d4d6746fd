namespace Mlx.Showing

open System
open System.IO
open System.Text.Json

/// Where values are shown.
module internal Host =
    let private loaded name typeName =
        AppDomain.CurrentDomain.GetAssemblies()
        |> Array.tryFind (fun a -> a.GetName().Name = name)
        |> Option.bind (fun a -> Option.ofObj (a.GetType typeName))

    /// The table of formatters of a .NET Interactive kernel, where that is the host. It is asked by
    /// name: nothing here depends on it.
    let private registration =
        lazy
            (loaded
                "Microsoft.DotNet.Interactive.Formatting"
                "Microsoft.DotNet.Interactive.Formatting.Formatter"
             |> Option.bind (fun formatter ->
                 let signature =
                     [| typeof<Type>; typeof<Action<obj, TextWriter>>; typeof<string> |]

                 Option.ofObj (formatter.GetMethod("Register", signature))))

    let private display =
        lazy
            (loaded "Microsoft.DotNet.Interactive" "Microsoft.DotNet.Interactive.Kernel"
             |> Option.bind (fun kernel ->
                 Option.ofObj (kernel.GetMethod("display", [| typeof<obj>; typeof<string[]> |]))))

    /// Whether the host shows HTML.
    let isNotebook () = registration.Value.IsSome

    /// Teaches the host how values of a type look.
    let teach (kind: Type) (html: objnull -> string) =
        let write = Action<obj, TextWriter>(fun value writer -> writer.Write(html value))

        registration.Value
        |> Option.iter (fun m -> m.Invoke(null, [| kind; write; "text/html" |]) |> ignore)

    /// Shows a value in the host, if that can be.
    let tryDisplay (value: objnull) =
        match display.Value with
        | Some m when isNotebook () ->
            m.Invoke(null, [| value; Array.empty<string> |]) |> ignore
            true
        | _ -> false

    /// Whether a program reads what is shown.
    let isRead variable = Environment.GetEnvironmentVariable variable = "json"

    /// One line for that program.
    let line (mark: string) (text: string) (html: string option) (png: byte[] option) =
        let png = png |> Option.map Convert.ToBase64String |> Option.toObj
        mark + JsonSerializer.Serialize {| text = text; html = Option.toObj html; png = png |}
