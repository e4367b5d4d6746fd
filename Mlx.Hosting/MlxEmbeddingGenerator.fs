namespace Mlx.Hosting

open System
open Microsoft.Extensions.AI
open Mlx.Models

/// <summary>
/// A model as a generator of embeddings of Microsoft.Extensions.AI: the mean of the features after
/// each token, of length 1. It does not own the model.
/// </summary>
/// <example><code>
/// let generator: IEmbeddingGenerator&lt;_, Embedding&lt;_>> = new MlxEmbeddingGenerator(model)
/// let! vectors = generator.GenerateAsync [ "a cat"; "a dog" ]
/// </code></example>
[<Sealed>]
type MlxEmbeddingGenerator(model: HostedModel) =
    let metadata = EmbeddingGeneratorMetadata("mlx", null, model.Name)

    interface IEmbeddingGenerator<string, Embedding<float32>> with
        member _.GenerateAsync(values, options, cancellation) =
            task {
                let all = GeneratedEmbeddings<Embedding<float32>>()
                let mutable tokens = 0L

                for text in values do
                    let ids = Tokenizer.prompt model.Tokenizer text
                    tokens <- tokens + int64 ids.Length
                    let! vector = model.Embed(ids, cancellation)

                    match options with
                    | null -> ()
                    | o when o.Dimensions.HasValue && o.Dimensions.Value <> vector.Length ->
                        let wanted = o.Dimensions.Value
                        let problem = $"the model has {vector.Length} dimensions, not {wanted}"
                        raise (NotSupportedException problem)
                    | _ -> ()

                    let embedding = Embedding<float32>(ReadOnlyMemory vector)
                    embedding.ModelId <- model.Name
                    all.Add embedding

                all.Usage <- UsageDetails(InputTokenCount = tokens, TotalTokenCount = tokens)
                return all
            }

        member this.GetService(wanted, key) = Services.first [ metadata; model; this ] wanted key

        member _.Dispose() = ()
