namespace Mlx.Models

open System
open System.IO
open System.Text.Json
open Mlx
open Mlx.Core

/// <summary>
/// What a model remembers of a text, kept between generations: a prompt that begins with the same
/// tokens is read from where it differs. Given to one generation at a time, which takes what it can
/// use, and leaves what it has read in the end.
/// </summary>
/// <example><code>
/// use cache = new PromptCache()
/// let options = { GenerateOptions.defaults with PromptCache = Some cache }
/// </code></example>
[<Sealed>]
type PromptCache() =
    let mutable tokens: int[] = [||]
    let mutable rings: int option list = []
    let mutable kind = CacheKind.full
    // A list, for no scope collects it.
    let mutable state: ArrayVector option = None

    let clear () =
        state |> Option.iter _.Dispose()
        state <- None
        tokens <- [||]

    let current (state: ArrayVector) : Cache =
        { Layers = state.ToArray() |> Step.layers rings kind.Packing
          Length = CacheLength.Known tokens.Length
          Padding = None
          Kind = kind }

    static let names (parts: int) =
        let part = if parts = 1 then [ "" ] else [ ".weight"; ".scales"; ".biases" ]

        [ for side in [ "keys"; "values" ] do
              for name in List.truncate parts part do
                  side + name ]

    /// <summary>The tokens that it remembers.</summary>
    member _.Tokens: int list = List.ofArray tokens

    /// Keeps a cache that holds these tokens.
    member internal _.Store(held: int[], cache: Cache) =
        clear ()
        tokens <- held
        rings <- cache.Layers |> List.map _.Ring
        kind <- cache.Kind
        state <- Some(new ArrayVector(ReadOnlySpan(Step.leaves cache)))

    /// Gives away what a prompt can use of it, at least leaving the last token to be read.
    member internal _.Take(wanted: CacheKind, prompt: int[]) : Cache option =
        let shared = Seq.zip tokens prompt |> Seq.takeWhile (fun (a, b) -> a = b) |> Seq.length
        let shared = min shared (prompt.Length - 1)

        match state with
        | Some held when shared > 0 && kind = wanted ->
            let cache = current held |> Cache.trim shared

            if cache.IsSome then
                clear ()

            cache
        | _ -> None

    /// <summary>Writes a safetensors file.</summary>
    /// <exception cref="T:System.InvalidOperationException">Nothing was read yet.</exception>
    /// <example><code>
    /// let model = Model.load "mistral-7b"
    /// let tokenizer = Tokenizer.load "mistral-7b"
    /// use cache = new PromptCache()
    /// let options = { GenerateOptions.defaults with PromptCache = Some cache; MaxTokens = 1 }
    /// Generate.text tokenizer model.LanguageModel options "A long text ..." |> Seq.iter ignore
    /// cache.Save "text.safetensors"
    /// </code></example>
    member _.Save(path: string) : unit =
        match state with
        | None -> invalidOp "the prompt cache is empty; generate with it first"
        | Some held ->
            use _ = Scope.Enter()
            let names = names (Slots.count kind.Packing)

            let tensors =
                [ for i, layer in Seq.indexed (held.ToArray() |> Array.chunkBySize names.Length) do
                      for name, x in Seq.zip names layer do
                          $"layers.{i}.{name}", x
                  "tokens", Tensor.ofArray tokens ]

            let metadata =
                readOnlyDict
                    [ "format", "mlx-prompt-cache"
                      "kind", JsonSerializer.Serialize kind
                      "rings", JsonSerializer.Serialize rings ]

            Safetensors.Save(path, dict tensors, metadata)

    /// <summary>Reads what <c>Save</c> wrote.</summary>
    /// <exception cref="T:Mlx.Models.ModelException">The file is no prompt cache.</exception>
    /// <example><code>
    /// use cache = PromptCache.Load "text.safetensors"
    /// let options = { GenerateOptions.defaults with PromptCache = Some cache }
    /// </code></example>
    static member Load(path: string) : PromptCache =
        let cache = new PromptCache()
        cache.Read path
        cache

    member private _.Read(path: string) =
        use _ = Scope.Enter()

        try
            let file = Safetensors.Load path

            if not (file.Metadata.ContainsKey "kind" && file.Metadata.ContainsKey "rings") then
                raise (ModelException(path, [ "it is no prompt cache" ]))

            let storedKind = nonNull (JsonSerializer.Deserialize<CacheKind> file.Metadata["kind"])

            let storedRings =
                nonNull (JsonSerializer.Deserialize<int option list> file.Metadata["rings"])

            let names = names (Slots.count storedKind.Packing)

            let leaves =
                [| for i in 0 .. storedRings.Length - 1 do
                       for name in names do
                           file.Arrays[$"layers.{i}.{name}"] |]

            tokens <- Tensor.toArray file.Arrays["tokens"]
            rings <- storedRings
            kind <- storedKind
            state <- Some(new ArrayVector(ReadOnlySpan leaves))
        with
        | :? JsonException
        | :? System.Collections.Generic.KeyNotFoundException as e ->
            raise (ModelException(path, [ $"it is no prompt cache: {e.Message}" ], e))

    interface IDisposable with
        /// <summary>Gives the memory back.</summary>
        member _.Dispose() = clear ()
