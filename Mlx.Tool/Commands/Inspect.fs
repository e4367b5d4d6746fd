/// `mlx inspect`: what a folder holds, by its headers.
module Mlx.Tool.Commands.Inspect

open System
open System.CommandLine
open Mlx
open Mlx.Core
open Mlx.Models
open Mlx.Tool
open Mlx.Tool.CommandLine

let private model = CommandLine.model ()
let private all = flag "--tensors" "List every tensor, not only kinds of them."
let private json = CommandLine.json ()

/// Tokens that the cache's size is told for.
let private contexts = [ 1024; 4096; 32768 ]

let private shape (sizes: int list) = "(" + String.Join(", ", sizes) + ")"

/// Layers that look alike as one row: digits in a name become a star.
let private kinds (tensors: StoredTensor list) =
    let kind (t: StoredTensor) =
        let parts =
            t.Name.Split '.'
            |> Array.map (fun p -> if Seq.forall Char.IsAsciiDigit p then "*" else p)

        String.Join('.', parts), t.DType, t.Shape

    [ for (name, dtype, sizes), group in List.groupBy kind tensors ->
          name, dtype, sizes, group.Length, group |> List.sumBy _.Bytes ]

let private asJson (summary: CheckpointSummary) =
    Json.object
        [ "folder", Json.text summary.Folder
          "model_type", Json.option Json.text summary.ModelType
          "config", Json.object [ for name, size in summary.Sizes -> name, Json.int size ]
          "tie_word_embeddings", Json.bool summary.TieWordEmbeddings
          "quantization",
          summary.Quantization
          |> Json.option (fun q ->
              Json.object
                  [ "bits", Json.int q.Packing.Bits
                    "group_size", Json.int q.Packing.GroupSize
                    "mode", Json.text q.Packing.Mode
                    "layers_with_their_own", Json.int q.Layers.Count ])
          "parameters", Json.long (Checkpoint.parameters summary)
          "bytes", Json.long (Checkpoint.bytes summary)
          "bytes_per_token", Json.long (Checkpoint.bytesPerToken summary)
          "cache_bytes_per_token", Json.option Json.long (Checkpoint.cacheBytesPerToken summary)
          "tensors",
          summary.Tensors
          |> Json.list (fun t ->
              Json.object
                  [ "name", Json.text t.Name
                    "dtype", Json.text (t.DType.Name())
                    "shape", Json.list Json.int t.Shape
                    "bytes", Json.long t.Bytes
                    "file", Json.text t.File ]) ]

let private print (summary: CheckpointSummary) (isAll: bool) =
    let line (text: string) = Terminal.out.WriteLine text

    let rows =
        if isAll then
            [ for t in summary.Tensors ->
                  [ t.Name; t.DType.Name(); shape t.Shape; Terminal.size t.Bytes; t.File ] ]
        else
            [ for name, dtype, sizes, count, bytes in kinds summary.Tensors ->
                  [ name; dtype.Name(); shape sizes; $"x{count}"; Terminal.size bytes ] ]

    if not rows.IsEmpty then
        Terminal.table (if isAll then [ 3 ] else [ 3; 4 ]) rows |> List.iter line
        line ""

    let families = summary.ModelType |> Option.defaultValue "unknown"
    line $"family        {families}"

    for name, size in summary.Sizes do
        line $"  {name, -24} {size, 12:N0}"

    match summary.Quantization with
    | Some { Packing = q; Layers = others } ->
        let mixed = if others.IsEmpty then "" else $"; {others.Count} layers have their own"
        line $"packed        {q.Bits} bits in groups of {q.GroupSize}, {q.Mode}{mixed}"
    | None -> ()

    let files = summary.Tensors |> List.distinctBy _.File |> List.length
    let weights = Checkpoint.bytes summary
    line $"tensors       {summary.Tensors.Length:N0} in {files} files"
    line $"parameters    {Checkpoint.parameters summary:N0}"
    line $"weights       {Terminal.size weights}"
    line $"read a token  {Terminal.size (Checkpoint.bytesPerToken summary)}"

    match Checkpoint.cacheBytesPerToken summary with
    | Some bytes ->
        for tokens in contexts do
            let cache = bytes * int64 tokens

            line
                $"memory        {Terminal.size (weights + cache)} with a cache of {tokens:N0} tokens ({Terminal.size cache})"
    | None -> ()

let private run (result: ParseResult) =
    let summary = Checkpoint.inspect (model.Of result)

    if json.Of result then Json.print (asJson summary) else print summary (all.Of result)

    0

let command =
    CommandLine.command
        "inspect"
        "Tell what a checkpoint holds and needs, without loading it."
        [ "mlx inspect --model mistral-7b"; "mlx inspect --model mistral-7b --tensors --json" ]
        [ model; all; json; CommandLine.verbose () ]
        run
