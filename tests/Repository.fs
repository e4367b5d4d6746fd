/// The checkout that the tests were built from.
module Mlx.Tests.Repository

open System
open System.IO

let rec private find (folder: DirectoryInfo) =
    if File.Exists(Path.Combine(folder.FullName, "build.fsx")) then
        folder.FullName
    else
        find (nonNull folder.Parent)

let private root = lazy find (DirectoryInfo AppContext.BaseDirectory)

/// The full path of something in it.
let path (relative: string) = Path.Combine(root.Value, relative)
