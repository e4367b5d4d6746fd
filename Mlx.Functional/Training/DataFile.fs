namespace Mlx

open System
open System.IO
open System.Text
open Mlx.Core

/// <summary>A file of data is not what it should be; says which file, and where in it.</summary>
[<Sealed>]
type DataFileException(file: string, line: int, column: int, problem: string) =
    inherit
        Exception(if line > 0 then $"{file}({line},{column}): {problem}" else $"{file}: {problem}")

    /// <summary>The file.</summary>
    member _.File = file

    /// <summary>The line, from 1; 0 for a file without lines.</summary>
    member _.Line = line

    /// <summary>The column, from 1: of characters in a text, of fields in a table; 0 for a file
    /// without lines.</summary>
    member _.Column = column

    /// <summary>What is wrong there.</summary>
    member _.Problem = problem

/// <summary>Texts, read strictly.</summary>
[<RequireQualifiedAccess>]
module TextFile =
    let private place (bytes: byte[]) (at: int) =
        let before = bytes.AsSpan(0, at)
        let line = before.Count(10uy) + 1
        let start = before.LastIndexOf 10uy + 1
        struct (line, Encoding.UTF8.GetCharCount(before.Slice start) + 1)

    /// <summary>A file of UTF-8, with or without a byte order mark.</summary>
    /// <exception cref="T:Mlx.DataFileException">A byte is no UTF-8; says its line and
    /// column.</exception>
    /// <exception cref="T:System.IO.IOException">The file cannot be read.</exception>
    /// <example><code>
    /// let text = TextFile.read "shakespeare.txt"
    /// let letters = text |> Seq.distinct |> Seq.sort |> Array.ofSeq
    /// </code></example>
    let read (path: string) : string =
        let bytes = File.ReadAllBytes path
        let mark = if bytes.AsSpan().StartsWith(Encoding.UTF8.Preamble) then 3 else 0
        let strict = UTF8Encoding(false, true)

        try
            strict.GetString(bytes, mark, bytes.Length - mark)
        with :? DecoderFallbackException as e ->
            let at = mark + max 0 e.Index
            let struct (line, column) = place bytes at
            raise (DataFileException(path, line, column, $"the byte 0x{bytes[at]:X2} is no UTF-8"))

    /// <summary>The lines of a file of UTF-8, ended by LF, CR LF or CR.</summary>
    /// <exception cref="T:Mlx.DataFileException">A byte is no UTF-8; says its line and
    /// column.</exception>
    /// <exception cref="T:System.IO.IOException">The file cannot be read.</exception>
    /// <example><code>
    /// let longest = TextFile.lines "words.txt" |> Array.maxBy _.Length
    /// </code></example>
    let lines (path: string) : string[] =
        [| use reader = new StringReader(read path)
           let mutable line = reader.ReadLine()

           while not (isNull line) do
               nonNull line
               line <- reader.ReadLine() |]

/// <summary>The IDX format of the MNIST files.</summary>
[<RequireQualifiedAccess>]
module IdxFile =
    /// <summary>The array of a file, which may be compressed by gzip (<c>.gz</c>).</summary>
    /// <returns>The shape in the file.</returns>
    /// <exception cref="T:Mlx.DataFileException">The file is malformed.</exception>
    /// <exception cref="T:System.IO.IOException">The file cannot be read.</exception>
    /// <example><code>
    /// let digits = IdxFile.load "train-images-idx3-ubyte.gz" // (60000, 28, 28)
    /// </code></example>
    let load (path: string) : Tensor =
        let fail problem = raise (DataFileException(path, 0, 0, problem))

        let bytes =
            if path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) then
                use file = File.OpenRead path
                use plain = new Compression.GZipStream(file, Compression.CompressionMode.Decompress)
                use memory = new MemoryStream()

                try
                    plain.CopyTo memory
                with :? InvalidDataException as e ->
                    fail $"no gzip: {e.Message}"

                memory.ToArray()
            else
                File.ReadAllBytes path

        if bytes.Length < 4 || bytes[0] <> 0uy || bytes[1] <> 0uy then
            fail "it does not begin as an IDX file does, with two zero bytes, a type and a rank"

        let dtype, size =
            match bytes[2] with
            | 0x08uy -> DType.UInt8, 1
            | 0x09uy -> DType.Int8, 1
            | 0x0Buy -> DType.Int16, 2
            | 0x0Cuy -> DType.Int32, 4
            | 0x0Duy -> DType.Float32, 4
            | 0x0Euy -> DType.Float64, 8
            | other -> fail $"byte 2: there is no element type 0x{other:X2}"

        let rank = int bytes[3]
        let start = 4 + 4 * rank

        if bytes.Length < start then
            fail $"it ends within the {rank} lengths of its axes"

        let shape =
            [| for i in 0 .. rank - 1 ->
                   Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(
                       ReadOnlySpan(bytes, 4 + 4 * i, 4)
                   ) |]

        let wanted = shape |> Array.fold (fun n d -> n * bigint d) (bigint size)

        if wanted <> bigint (bytes.Length - start) then
            let shape = String.Join(", ", shape)

            fail
                $"the shape ({shape}) wants {wanted} bytes of data, there are {bytes.Length - start}"

        let data = bytes.AsSpan start

        if size > 1 && BitConverter.IsLittleEndian then
            for i in 0..size .. data.Length - 1 do
                data.Slice(i, size).Reverse()

        let data = ReadOnlySpan(bytes, start, bytes.Length - start)
        MlxArray.FromBytes(data, ReadOnlySpan(Array.map int shape), dtype)

/// <summary>The MNIST digits (LeCun, Cortes, Burges), and sets in their format.</summary>
[<RequireQualifiedAccess>]
module Mnist =
    let private find folder name =
        match
            [ name; name + ".gz" ]
            |> List.map (fun name -> Path.Combine(folder, name))
            |> List.tryFind File.Exists
        with
        | Some path -> path
        | None ->
            raise (FileNotFoundException($"there is neither {name} nor {name}.gz in {folder}"))

    /// <summary>A part, <c>train</c> or <c>t10k</c>, of a folder with the four files: images uint8
    /// (count, 28, 28), labels uint8 (count).</summary>
    /// <exception cref="T:Mlx.DataFileException">A file is malformed, or images and labels do not
    /// belong together.</exception>
    /// <exception cref="T:System.IO.IOException">A file is missing or cannot be read.</exception>
    /// <example><code>
    /// let digits, names = Mnist.load "data/mnist" "train"
    /// let x = Tensor.astype DType.Float32 digits / 255.0
    /// </code></example>
    let load (folder: string) (part: string) : Tensor * Tensor =
        let labelFile = find folder $"{part}-labels-idx1-ubyte"
        let images = find folder $"{part}-images-idx3-ubyte" |> IdxFile.load
        let labels = IdxFile.load labelFile

        if images.NDim <> 3 || labels.NDim <> 1 || images.Dim 0 <> labels.Dim 0 then
            let problem =
                $"labels of shape {Tensor.shape labels} do not go with images of shape "
                + $"{Tensor.shape images}"

            raise (DataFileException(labelFile, 0, 0, problem))

        images, labels
