namespace Mlx.Hosting

open System

/// What clients answer when they are asked for a service.
module internal Services =
    /// The first of these that is of a type; nothing here has a key.
    let first (known: obj list) (wanted: Type) (key: objnull) : objnull =
        if isNull key then known |> List.tryFind wanted.IsInstanceOfType |> Option.toObj else null
