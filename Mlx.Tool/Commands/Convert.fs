/// `mlx convert` and `mlx quantize`: a model folder into another one.
module Mlx.Tool.Commands.Convert

open System.CommandLine
open System.Diagnostics
open System.IO
open Mlx
open Mlx.Core
open Mlx.Models
open Mlx.Tool
open Mlx.Tool.CommandLine

let private model =
    (text "--model" "DIR" "The folder of the model, or a .gguf file of llama.cpp.").Also "-m"

let private out = (text "--out" "DIR" "The folder to write.").Also "-o"
let private overwrite = flag "--overwrite" "Write into a folder that holds a model already."
let private shardSize = number "--shard-size" 1e-4 1e6 5.0 "Gigabytes of a file at most."
let private json = CommandLine.json ()
let private verbose = CommandLine.verbose ()

/// Bytes of the files that have weights.
let private weightBytes (path: string) =
    let length (file: string) = FileInfo(file).Length

    if File.Exists path then
        length path
    else
        [ "*.safetensors"; "*.gguf" ]
        |> Seq.collect (fun pattern -> Directory.EnumerateFiles(path, pattern))
        |> Seq.sumBy length

/// Converts, and tells what came of it.
let private write (result: ParseResult) (options: ConvertOptions) =
    let source, target = model.Of result, out.Of result

    if File.Exists(Path.Combine(target, "config.json")) && not (overwrite.Of result) then
        Errors.fail $"{target}: there is a model already; --overwrite replaces it"

    let options = { options with ShardBytes = int64 (shardSize.Of result * 1e9) }
    let clock = Stopwatch.StartNew()
    Terminal.during "converting" (fun () -> options |> Convert.folder source target)
    let before, written = weightBytes source, Checkpoint.inspect target
    let bytes = Checkpoint.bytes written
    let bits = 8.0 * float bytes / float (Checkpoint.parameters written)

    if json.Of result then
        Json.object
            [ "source", Json.text source
              "target", Json.text target
              "bytes_before", Json.long before
              "bytes", Json.long bytes
              "bits_per_weight", Json.measure bits
              "seconds", Json.measure clock.Elapsed.TotalSeconds ]
        |> Json.print
    else
        Terminal.out.WriteLine
            $"{target}: {Terminal.size bytes} of {Terminal.size before}, {bits:F2} bits a weight, in {clock.Elapsed.TotalSeconds:F1} s"

    0

let private dtype =
    choice "--dtype" [ "keep"; "float32"; "float16"; "bfloat16" ] "keep" "What numbers are kept as"

let private dequantize = flag "--dequantize" "Make numbers of packed weights."

let private runConvert (result: ParseResult) =
    let start = if dequantize.Of result then Convert.dequantize else Convert.defaults

    let dtype =
        match dtype.Of result with
        | "float32" -> Some DType.Float32
        | "float16" -> Some DType.Float16
        | "bfloat16" -> Some DType.BFloat16
        | _ -> None

    write result { start with DType = dtype }

let private bits =
    tryWhole "--bits" 2 "Bits of a weight, from 2 to 8; 4 where the mode leaves a choice."

let private groupSize =
    tryWhole "--group-size" 1 "Weights that share a scale; 64 where the mode leaves a choice."

let private mode =
    choice "--mode" [ "affine"; "mxfp4"; "mxfp8"; "nvfp4" ] "affine" "How weights are packed"

let private mixedBits =
    tryWhole "--mixed-bits" 2 "Spend so many bits on the layers that matter most."

let private runQuantize (result: ParseResult) =
    let usual = Quantization.packing (mode.Of result)

    let packing =
        { usual with
            Bits = bits.Of result |> Option.defaultValue usual.Bits
            GroupSize = groupSize.Of result |> Option.defaultValue usual.GroupSize }

    let options =
        match mixedBits.Of result with
        | None -> Convert.quantize packing
        | Some high ->
            let layers = (Model.loadConfig (model.Of result)).NumHiddenLayers

            { Convert.defaults with
                Packing = Some(Convert.mixed layers packing { packing with Bits = high }) }

    write result options

let convert =
    command
        "convert"
        "Write a model as a folder of safetensors: another dtype, numbers for packed weights, from a .gguf file."
        [ "mlx convert --model mistral-7b --out mistral-7b-f16 --dtype float16"
          "mlx convert --model mistral-7b-4bit --out mistral-7b-plain --dequantize"
          "mlx convert --model mistral-7b.Q4_0.gguf --out mistral-7b-gguf" ]
        [ model; out; dtype; dequantize; shardSize; overwrite; json; verbose ]
        runConvert

let quantize =
    command
        "quantize"
        "Write a model with weights of few bits."
        [ "mlx quantize --model mistral-7b --out mistral-7b-4bit"
          "mlx quantize --model mistral-7b --out mistral-7b-mxfp4 --mode mxfp4"
          "mlx quantize --model mistral-7b --out mistral-7b-mixed --bits 3 --mixed-bits 6" ]
        [ model; out; bits; groupSize; mode; mixedBits; shardSize; overwrite; json; verbose ]
        runQuantize
