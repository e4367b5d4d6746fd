namespace Mlx

open System.Collections.Generic
open System.IO
open Mlx.Core

/// <summary>What the metadata of a file says under a key.</summary>
[<RequireQualifiedAccess>]
type Metadata =
    /// A text; the metadata of a .safetensors file has no others.
    | Text of string
    /// A list of texts.
    | Texts of string list
    /// A number (no axes) or a list of numbers (one axis).
    | Numbers of Tensor

/// <summary>Tensors in files: .npy, .npz, .safetensors, .gguf.</summary>
[<AutoOpen>]
module TensorFiles =
    let private pairs (tensors: Map<string, Tensor>) =
        [ for KeyValue(name, x) in tensors -> KeyValuePair(name, x) ]

    let private toMap (tensors: IReadOnlyDictionary<string, Tensor>) =
        Map [ for x in tensors -> x.Key, x.Value ]

    let private ofValue (value: GgufValue) =
        match value with
        | :? GgufValue.Text as text -> Metadata.Text text.Value
        | :? GgufValue.Texts as texts -> Metadata.Texts(List.ofSeq texts.Values)
        | :? GgufValue.Numbers as numbers -> Metadata.Numbers numbers.Value
        | other -> invalidOp $"{other} is no value of metadata"

    let private toValue (value: Metadata) : GgufValue =
        match value with
        | Metadata.Text text -> GgufValue.Text text
        | Metadata.Texts texts -> GgufValue.Texts(Array.ofList texts)
        | Metadata.Numbers numbers -> GgufValue.Numbers numbers

    /// <summary>Functions over tensors.</summary>
    [<RequireQualifiedAccess>]
    module Tensor =
        /// <summary>The tensor in a .npy file (<c>mlx.core.load</c>).</summary>
        /// <returns>The shape in the file.</returns>
        /// <exception cref="T:Mlx.Core.MlxFileException">The file is malformed.</exception>
        /// <exception cref="T:System.IO.IOException">The file cannot be read.</exception>
        /// <example><code>let x = Tensor.load "weights.npy"</code></example>
        let load (path: string) : Tensor = Npy.Load path

        /// <summary>The tensors of a file by name; the ending of its name says whether it is .npz,
        /// .safetensors, .gguf, or .npy, whose one tensor has the name ""
        /// (<c>mlx.core.load</c>).</summary>
        /// <returns>The shapes in the file.</returns>
        /// <exception cref="T:System.ArgumentException">The ending is none of these.</exception>
        /// <exception cref="T:Mlx.Core.MlxFileException">The file is malformed.</exception>
        /// <exception cref="T:System.IO.IOException">The file cannot be read.</exception>
        /// <example><code>let weights = Tensor.loadAll "model.safetensors"</code></example>
        let loadAll (path: string) : Map<string, Tensor> = toMap (ArrayFile.Load path)

        /// <summary>The tensors of a .safetensors or .gguf file, and its metadata
        /// (<c>mlx.core.load</c> with <c>return_metadata</c>).</summary>
        /// <returns>The shapes in the file.</returns>
        /// <exception cref="T:System.ArgumentException">The ending is neither.</exception>
        /// <exception cref="T:Mlx.Core.MlxFileException">The file is malformed.</exception>
        /// <exception cref="T:System.IO.IOException">The file cannot be read.</exception>
        /// <example><code>
        /// let tensors, metadata = Tensor.loadWithMetadata "model.safetensors"
        /// </code></example>
        let loadWithMetadata (path: string) : Map<string, Tensor> * Map<string, Metadata> =
            match (string (Path.GetExtension path)).ToLowerInvariant() with
            | ".safetensors" ->
                let file = Safetensors.Load path
                toMap file.Arrays, Map [ for m in file.Metadata -> m.Key, Metadata.Text m.Value ]
            | ".gguf" ->
                let file = Gguf.Load path
                toMap file.Arrays, Map [ for m in file.Metadata -> m.Key, ofValue m.Value ]
            | _ -> invalidArg (nameof path) $"{path}: only .safetensors and .gguf have metadata"

        /// <summary>Computes a tensor of any shape and writes it to a .npy file, which is there
        /// whole or not at all (<c>mlx.core.save</c>).</summary>
        /// <exception cref="T:Mlx.Core.MlxFileException">The file cannot be written.</exception>
        /// <example><code>x |> Tensor.save "weights.npy"</code></example>
        let save (path: string) (x: Tensor) : unit = Npy.Save(path, x)

        /// <summary>Computes tensors of any shapes and writes them to a file; the ending of its
        /// name says which kind. It is there whole or not at all (<c>mlx.core.savez</c>,
        /// <c>save_safetensors</c>, <c>save_gguf</c>).</summary>
        /// <exception cref="T:System.ArgumentException">The ending is none that is
        /// known.</exception>
        /// <exception cref="T:Mlx.Core.MlxFileException">The file cannot be written, or cannot hold
        /// one of the tensors.</exception>
        /// <example><code>Map [ "w", w; "b", b ] |> Tensor.saveAll "layer.npz"</code></example>
        let saveAll (path: string) (tensors: Map<string, Tensor>) : unit =
            ArrayFile.Save(path, pairs tensors)

        /// <summary>As <c>saveAll</c>, tensors of any shapes to an .npz file with deflated entries
        /// (<c>mlx.core.savez_compressed</c>).</summary>
        /// <exception cref="T:Mlx.Core.MlxFileException">The file cannot be written.</exception>
        /// <example><code>Map [ "w", w; "b", b ]
        /// |> Tensor.saveCompressed "layer.npz"</code></example>
        let saveCompressed (path: string) (tensors: Map<string, Tensor>) : unit =
            Npz.Save(path, pairs tensors, isCompressed = true)

        /// <summary>As <c>saveAll</c>, tensors of any shapes to a .safetensors file with texts
        /// beside the tensors (<c>mlx.core.save_safetensors</c>).</summary>
        /// <exception cref="T:Mlx.Core.MlxFileException">The file cannot be written.</exception>
        /// <example><code>Map [ "w", w ]
        /// |> Tensor.saveSafetensors "layer.safetensors" (Map [ "format", "mlx" ])</code></example>
        let saveSafetensors
            (path: string)
            (metadata: Map<string, string>)
            (tensors: Map<string, Tensor>)
            : unit =
            Safetensors.Save(path, pairs tensors, Dictionary(metadata))

        /// <summary>As <c>saveAll</c>, tensors of up to four axes to a .gguf file with metadata
        /// (<c>mlx.core.save_gguf</c>).</summary>
        /// <exception cref="T:Mlx.Core.MlxFileException">The file cannot be written, or cannot hold
        /// a tensor or a value.</exception>
        /// <example><code>Map [ "w", w ]
        /// |> Tensor.saveGguf "layer.gguf" (Map [ "name", Metadata.Text "layer" ])</code></example>
        let saveGguf
            (path: string)
            (metadata: Map<string, Metadata>)
            (tensors: Map<string, Tensor>)
            : unit =
            let values = metadata |> Map.map (fun _ value -> toValue value)
            Gguf.Save(path, pairs tensors, Dictionary(values))
