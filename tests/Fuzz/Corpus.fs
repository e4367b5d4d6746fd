/// What mutations start from: all golden files, good and bad.
module Mlx.Tests.Fuzz.Corpus

open System
open System.IO

let private data folder = Path.Combine(AppContext.BaseDirectory, "data", folder)

/// All files of a format, good and bad, in an order that does not depend on the system's.
let files format =
    let folder = data (if format = "mlxfn" then "export" else "io")

    Directory.GetFiles(folder, $"*.{format}", SearchOption.AllDirectories)
    |> Array.sortWith (fun a b -> String.CompareOrdinal(a, b))
    |> Array.map (fun path -> path, File.ReadAllBytes path)
    |> Array.filter (fun (_, bytes) -> bytes.Length <= (1 <<< 15))
    |> Array.partition (fun (path, _) -> Path.GetFileName(Path.GetDirectoryName path) <> "bad")
    |> fun (good, bad) -> Array.map snd good, Array.map snd bad
