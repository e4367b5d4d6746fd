/// Writes folders with the exact shapes of Mistral-7B and random weights, laid out as the real ones
/// are: the bytes are what matters to time and memory.
module Mlx.Mistral7B.Folder

open System
open System.Collections.Generic
open System.IO
open System.Text
open System.Text.Json
open Mlx.Models

/// Mistral-7B-v0.3, shortened to so many layers.
let config (layers: int) : ModelConfig =
    { MistralConfig.defaults with
        VocabSize = 32768
        HiddenSize = 4096
        NumHiddenLayers = layers
        NumAttentionHeads = 32
        NumKeyValueHeads = 8
        HeadDim = 128
        IntermediateSize = 14336
        RmsNormEps = 1e-5
        RopeTheta = 1e6
        MaxPositionEmbeddings = 32768
        BosTokenId = Some 1
        EosTokenIds = [ 2 ] }

/// How bytes are made up.
type private Filling =
    /// bfloat16 of random sign, from 1/64 to 1/32 in size.
    | Weights
    /// bfloat16 of random sign, from 1/512 to 1/256 in size.
    | Scales
    /// bfloat16 ones.
    | Ones
    /// Any bits.
    | Codes

type private Entry = { Name: string; DType: string; Shape: int list; Filling: Filling }

let private size (entry: Entry) =
    let width = if entry.DType = "U32" then 4L else 2L
    entry.Shape |> List.fold (fun n dim -> n * int64 dim) width

let private matrix (bits: int option) (name: string) (outputs: int) (inputs: int) =
    match bits with
    | None ->
        [ { Name = $"{name}.weight"
            DType = "BF16"
            Shape = [ outputs; inputs ]
            Filling = Weights } ]
    | Some bits ->
        let groups = [ outputs; inputs / 64 ]

        [ { Name = $"{name}.weight"
            DType = "U32"
            Shape = [ outputs; inputs * bits / 32 ]
            Filling = Codes }
          { Name = $"{name}.scales"; DType = "BF16"; Shape = groups; Filling = Scales }
          { Name = $"{name}.biases"; DType = "BF16"; Shape = groups; Filling = Scales } ]

let private norm (name: string) (count: int) =
    [ { Name = $"{name}.weight"; DType = "BF16"; Shape = [ count ]; Filling = Ones } ]

let private entries (bits: int option) (c: ModelConfig) : Entry list =
    let matrix = matrix bits
    let keys = c.NumKeyValueHeads * c.HeadDim

    [ yield! matrix "model.embed_tokens" c.VocabSize c.HiddenSize
      for i in 0 .. c.NumHiddenLayers - 1 do
          let at = $"model.layers.{i}"
          yield! norm $"{at}.input_layernorm" c.HiddenSize
          yield! matrix $"{at}.self_attn.q_proj" c.HiddenSize c.HiddenSize
          yield! matrix $"{at}.self_attn.k_proj" keys c.HiddenSize
          yield! matrix $"{at}.self_attn.v_proj" keys c.HiddenSize
          yield! matrix $"{at}.self_attn.o_proj" c.HiddenSize c.HiddenSize
          yield! norm $"{at}.post_attention_layernorm" c.HiddenSize
          yield! matrix $"{at}.mlp.gate_proj" c.IntermediateSize c.HiddenSize
          yield! matrix $"{at}.mlp.up_proj" c.IntermediateSize c.HiddenSize
          yield! matrix $"{at}.mlp.down_proj" c.HiddenSize c.IntermediateSize
      yield! norm "model.norm" c.HiddenSize
      yield! matrix "lm_head" c.VocabSize c.HiddenSize ]

/// Entries in files of at most so many bytes, in order.
let private shards (most: int64) (entries: Entry list) : Entry list list =
    let add (files: Entry list list, room: int64) (entry: Entry) =
        match files with
        | file :: rest when size entry <= room -> (entry :: file) :: rest, room - size entry
        | files -> [ entry ] :: files, most - size entry

    entries |> List.fold add ([], 0L) |> fst |> List.rev |> List.map List.rev

let private blockSize = 32 <<< 20

/// Random bits made into numbers; made once, and used over and over from different places.
let private block (filling: Filling) : byte[] =
    let bytes = Array.zeroCreate<byte> blockSize
    Random(7).NextBytes bytes
    let words = Runtime.InteropServices.MemoryMarshal.Cast<byte, uint16>(Span bytes)

    match filling with
    | Codes -> ()
    | Ones -> words.Fill 0x3F80us
    | Weights
    | Scales ->
        let exponent = if filling = Weights then 121us else 118us

        for i in 0 .. words.Length - 1 do
            words[i] <- (words[i] &&& 0x807Fus) ||| (exponent <<< 7)

    bytes

let private write (path: string) (entries: Entry list) =
    let blocks = Dictionary<Filling, byte[]>()
    let offsets = entries |> List.map size |> List.scan (+) 0L

    let header =
        dict
            [ for entry, (start, stop) in List.zip entries (List.pairwise offsets) ->
                  entry.Name,
                  dict
                      [ "dtype", box entry.DType
                        "shape", box entry.Shape
                        "data_offsets", box [ start; stop ] ] ]

    let text = Encoding.UTF8.GetBytes(JsonSerializer.Serialize header)
    let padded = Array.append text (Array.create ((8 - text.Length % 8) % 8) ' 'B)
    use file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 <<< 20)
    file.Write(BitConverter.GetBytes(int64 padded.Length), 0, 8)
    file.Write(padded, 0, padded.Length)
    let dice = Random path.Length

    for entry in entries do
        if not (blocks.ContainsKey entry.Filling) then
            blocks[entry.Filling] <- block entry.Filling

        let bytes = blocks[entry.Filling]
        let mutable left = size entry

        while left > 0L do
            let start = dice.Next(blockSize / 8) * 4
            let count = int (min left (int64 (blockSize - start)))
            file.Write(bytes, start, count)
            left <- left - int64 count

/// Writes a folder: bfloat16, or packed as mlx-community has it.
let make (folder: string) (layers: int) (bits: int option) : unit =
    Directory.CreateDirectory folder |> ignore

    let config =
        { config layers with
            Quantization =
                bits
                |> Option.map (fun bits -> Quantization.all { Mlx.Packing.affine with Bits = bits }) }

    File.WriteAllText(Path.Combine(folder, "config.json"), Model.configJson config)
    let files = entries bits config |> shards 5_000_000_000L

    let named =
        [ for i, file in List.indexed files ->
              $"model-{i + 1:D5}-of-{files.Length:D5}.safetensors", file ]

    for name, file in named do
        write (Path.Combine(folder, name)) file

    let index =
        dict
            [ "metadata", box (dict [ "total_size", entries bits config |> List.sumBy size ])
              "weight_map",
              box (
                  dict
                      [ for name, file in named do
                            for entry in file -> entry.Name, name ]
              ) ]

    File.WriteAllText(
        Path.Combine(folder, "model.safetensors.index.json"),
        JsonSerializer.Serialize index
    )
