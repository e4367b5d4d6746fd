namespace Mlx.Models

open System
open System.Collections.Generic
open System.IO
open System.Text.Json
open System.Text.Json.Nodes
open Mlx
open Mlx.Core

/// <summary>
/// Weights in folders as Hugging Face lays them out: <c>model.safetensors</c>, or several files with
/// <c>model.safetensors.index.json</c>, beside <c>config.json</c>.
/// </summary>
[<RequireQualifiedAccess>]
module Weights =
    let private single = "model.safetensors"
    let private index = "model.safetensors.index.json"

    /// The files of an index, and which weights each must have.
    let private shards (path: string) : (string * string list) list =
        let fail problem = raise (ModelException(path, [ problem ]))

        let entries =
            try
                use json = JsonDocument.Parse(File.ReadAllText path)

                match json.RootElement.TryGetProperty "weight_map" with
                | true, map when map.ValueKind = JsonValueKind.Object ->
                    [ for entry in map.EnumerateObject() ->
                          match entry.Value.ValueKind with
                          | JsonValueKind.String -> nonNull (entry.Value.GetString()), entry.Name
                          | kind -> fail $"weight_map: {entry.Name} is {kind}, not a file name" ]
                | _ -> fail "weight_map, an object of file names, is missing"
            with
            | :? JsonException as e ->
                raise (ModelException(path, [ $"not valid JSON: {e.Message}" ], e))
            | :? InvalidOperationException as e -> raise (ModelException(path, [ e.Message ], e))

        for file, name in entries do
            // An index must not lead out of its folder.
            if file = "" || file.StartsWith '.' || file.IndexOfAny [| '/'; '\\'; ':' |] >= 0 then
                fail
                    $"weight_map: {name} lies in \"{file}\", which is no name of a file in the folder"

        entries |> List.groupBy fst |> List.map (fun (file, names) -> file, List.map snd names)

    let internal openFile (path: string) (isWanted: string -> bool) =
        try
            Safetensors.Load(path, isWanted).Arrays
        with
        | :? MlxFileException as e -> raise (ModelException(path, [ e.Message ], e))
        | :? IOException
        | :? UnauthorizedAccessException as e -> raise (ModelException(path, [ e.Message ], e))

    /// Whether a folder has weights in this layout.
    let internal isThere (folder: string) : bool =
        [ single; index ] |> List.exists (fun name -> File.Exists(Path.Combine(folder, name)))

    /// The files of a folder, and which weights are wanted of each; None where all are.
    let internal files (folder: string) : (string * string list option) list =
        let at name = Path.Combine(folder, name)

        if not (Directory.Exists folder) then
            raise (ModelException(folder, [ "there is no such folder" ]))
        elif File.Exists(at single) then
            [ single, None ]
        elif File.Exists(at index) then
            [ for file, names in shards (at index) -> file, Some names ]
        else
            raise (ModelException(folder, [ $"there is neither {single} nor {index}" ]))

    /// <summary>The tensors of a folder by name; they are read when they are used.</summary>
    /// <returns>The shapes in the files.</returns>
    /// <exception cref="T:Mlx.Models.ModelException">
    /// The folder has no weights, a file is malformed, or the index does not fit the files.
    /// </exception>
    /// <example><code>
    /// let tensors = Weights.read "mistral-7b"
    /// let head = tensors["lm_head.weight"]
    /// </code></example>
    let read (folder: string) : IReadOnlyDictionary<string, Tensor> =
        let all = Dictionary<string, Tensor>()

        for file, names in files folder do
            let path = Path.Combine(folder, file)

            let isWanted =
                match names with
                | Some names -> (HashSet names).Contains
                | None -> fun _ -> true

            let tensors = openFile path isWanted

            match names |> Option.defaultValue [] |> List.filter (tensors.ContainsKey >> not) with
            | [] -> ()
            | missing ->
                raise (
                    ModelException(
                        path,
                        [ for name in missing -> $"{name}: missing, though the index has it" ]
                    )
                )

            for tensor in tensors do
                all[tensor.Key] <- tensor.Value

        all

    /// <summary>Puts tensors into a tree by their paths.</summary>
    /// <param name="source">Where they come from, for the error.</param>
    /// <param name="isIgnored">Names that may be there and are not wanted.</param>
    /// <param name="like">Structure, shapes and kinds of dtype.</param>
    /// <param name="entries">The tensors by name.</param>
    /// <exception cref="T:Mlx.Models.ModelException">
    /// Weights are missing, unexpected, of another shape or of a wrong dtype: all of them are told.
    /// </exception>
    /// <example><code>
    /// let tensors = Weights.read "mistral-7b"
    /// let named (name: string) = name.EndsWith "rotary_emb.inv_freq"
    /// let parameters = tensors |> Weights.fit "mistral-7b" named like
    /// </code></example>
    let fit
        (source: string)
        (isIgnored: string -> bool)
        (like: 'T)
        (entries: IReadOnlyDictionary<string, Tensor>)
        : 'T =
        let entries =
            dict
                [ for entry in entries do
                      if not (isIgnored entry.Key) then
                          entry.Key, entry.Value ]
            |> Dictionary

        let kinds =
            [ for path, leaf in Tree.named like do
                  match entries.TryGetValue path with
                  | true, entry when entry.DType <> leaf.DType ->
                      if not (entry.DType.IsFloating() && leaf.DType.IsFloating()) then
                          $"{path}: {leaf.DType.Name()} is wanted, {entry.DType.Name()} was found"
                  | _ -> () ]

        let shape (s: seq<int>) = "(" + String.Join(", ", s) + ")"

        let fitted, problems =
            try
                Some(Tree.ofNamed entries like), kinds
            with :? TreeMismatchException as e ->
                None,
                [ for path in e.Missing -> $"{path}: missing"
                  for path in e.Unexpected -> $"{path}: unexpected"
                  for m in e.Misshaped ->
                      $"{m.Path}: {shape m.Expected} is wanted, {shape m.Actual} was found" ]
                @ kinds

        match fitted, problems with
        | Some tree, [] -> tree
        | _ -> raise (ModelException(source, problems))

    /// Consecutive tensors into files of a size at most; a larger one has a file of its own.
    let private cut (most: int64) (tensors: (string * Tensor) list) : (string * Tensor) list list =
        let add (files, held) (name, x: Tensor) =
            match files with
            | file :: rest when held + x.NBytes <= most ->
                ((name, x) :: file) :: rest, held + x.NBytes
            | _ -> [ name, x ] :: files, x.NBytes

        tensors |> List.fold add ([], 0L) |> fst |> List.map List.rev |> List.rev

    let private textOfIndex (files: (string * (string * Tensor) list) list) : string =
        let map = JsonObject()

        for file, tensors in files do
            for name, _ in tensors do
                map[name] <- JsonValue.Create file

        let size = files |> List.sumBy (snd >> List.sumBy (fun (_, x) -> x.NBytes))
        let metadata = JsonObject()
        metadata["total_size"] <- JsonValue.Create size
        let json = JsonObject()
        json["metadata"] <- metadata
        json["weight_map"] <- map
        json.ToJsonString(JsonSerializerOptions(WriteIndented = true)) + "\n"

    /// A text file that is there whole or not at all.
    let internal writeText (path: string) (text: string) =
        let beside = path + ".tmp"
        File.WriteAllText(beside, text)
        File.Move(beside, path, overwrite = true)

    /// Writes files by a function of path and tensors. What makes the folder a model comes last,
    /// and files of an earlier model that would be read in place of these go.
    let private writeFiles save (most: int64) (folder: string) (config: string) (parameters: 'T) =
        ignore (Directory.CreateDirectory folder)
        let at name = Path.Combine(folder, name)
        let shards = parameters |> Tree.named |> List.ofArray |> cut most

        let files =
            match shards with
            | []
            | [ _ ] -> [ single, List.concat shards ]
            | many ->
                [ for i, tensors in List.indexed many ->
                      $"model-%05d{i + 1}-of-%05d{many.Length}.safetensors", tensors ]

        // Told before the tensors are written, for then they may be gone.
        let index' = textOfIndex files

        for file, tensors in files do
            save (at file) [ for name, x in tensors -> KeyValuePair(name, x) ]

        if files.Length > 1 then writeText (at index) index' else File.Delete(at index)

        let written = files |> List.map fst |> Set.ofList

        for path in Directory.GetFiles(folder, "model*.safetensors") do
            if not (written.Contains(nonNull (Path.GetFileName path))) then
                File.Delete path

        writeText (at "config.json") config

    // Hugging Face's library refuses files that do not say whose layout they have.
    let private metadata = Dictionary(dict [ "format", "pt" ])

    /// <summary>Bytes of a file, above which several are written: 5 GB, as Hugging Face has
    /// it.</summary>
    let shardBytes = 5_000_000_000L

    /// <summary>
    /// Writes <c>config.json</c> and the weights into a folder, which is made where it is missing:
    /// one file, or several of a size at most, with an index. Names are the paths in the tree. Each
    /// file is there whole or not at all.
    /// </summary>
    /// <exception cref="T:System.IO.IOException">A file cannot be written.</exception>
    /// <example><code>
    /// Weights.writeSharded 1_000_000_000L "my-model" (Model.configJson config) parameters
    /// </code></example>
    let writeSharded (most: int64) (folder: string) (config: string) (parameters: 'T) : unit =
        let save (path: string) tensors = Safetensors.Save(path, tensors, metadata)
        writeFiles save most folder config parameters

    /// <summary>As <c>writeSharded</c>, in files of <c>shardBytes</c> at most.</summary>
    /// <exception cref="T:System.IO.IOException">A file cannot be written.</exception>
    /// <example><code>Weights.write "my-model" (Model.configJson config) parameters</code></example>
    let write (folder: string) (config: string) (parameters: 'T) : unit =
        writeSharded shardBytes folder config parameters

    /// As `writeSharded`, tensor by tensor: each is computed when its turn comes and freed once it
    /// is written, so that a model may be larger than memory.
    let internal writeConsuming (most: int64) (folder: string) (config: string) (parameters: 'T) =
        let save (path: string) tensors = Safetensors.SaveConsuming(path, tensors, metadata)
        writeFiles save most folder config parameters
