namespace Mlx.Tests.Functional

open Mlx
open Mlx.Core
open Mlx.Testing

/// One function of the package as the laws see it: what it owes, each a call that throws.
type NnRow =
    {
        /// The function, as a user writes it.
        Name: string
        Laws: Map<string, unit -> unit>
        /// Laws that do not apply, and why.
        Exempt: Map<string, string>
    }

[<RequireQualifiedAccess>]
module NnRow =
    let laws = [ "gradients"; "vjpJvp"; "vmap"; "compiled"; "dtype" ]

    let private options = { CheckOptions.defaults with Elements = 6 }

    let private doubles (tree: 'T) =
        tree
        |> Tree.map (fun x -> if x.DType.IsFloating() then Tensor.astype DType.Float64 x else x)

    let private over precision name (f: 'A -> 'B) (at: unit -> 'A) =
        let precise () = precision (at ())

        { Name = name
          Laws =
            Map
                [ "gradients", (fun () -> Check.gradientsWith options f (precise ()))
                  "reverse",
                  (fun () ->
                      Check.gradientsWith { options with Modes = Modes.Reverse } f (precise ()))
                  "vjpJvp", (fun () -> Check.vjpJvp f (precise ()))
                  "vmap", (fun () -> Check.vmap f (precise ()))
                  "compiled",
                  (fun () ->
                      Check.compiled f (precise ())
                      Check.compiled f (at ()))
                  "dtype", (fun () -> Check.keepsDType f (at ())) ]
          Exempt = Map.empty }

    /// A function of a tree at an example of float32, looked at in float64.
    let make name (f: 'A -> 'B) (at: unit -> 'A) = over doubles name f at

    /// The same in float32 throughout: kernels that have no float64.
    let single name (f: 'A -> 'B) (at: unit -> 'A) = over id name f at

    let exempt law reason row = { row with Exempt = Map.add law reason row.Exempt }

    /// Whole numbers come out: there is no slope.
    let discrete reason row =
        row |> exempt "gradients" reason |> exempt "vjpJvp" reason |> exempt "dtype" reason

    /// Cotangents go back, tangents do not go forward.
    let reverseOnly reason row =
        { row with Laws = Map.add "gradients" row.Laws["reverse"] row.Laws }
        |> exempt "vjpJvp" reason

    /// Another check of the dtype, where state has dtypes of its own.
    let dtypes (f: 'A -> 'B) (at: unit -> 'A) row =
        { row with
            Laws = Map.add "dtype" (fun () -> Check.keepsDType f (at ())) row.Laws }

/// The vocabulary of the rows.
[<AutoOpen>]
module NnRowWords =
    let drawn seed (what: Random<'T>) : 'T = what |> Random.run (Key.ofSeed seed)
    let normal seed (shape: int list) = Random.normal shape |> drawn seed

    /// Uniform in [low, high), for what has a domain.
    let between low high seed (shape: int list) = Random.uniformIn low high shape |> drawn seed
