namespace Mlx.Testing

open System

/// <summary>A check does not hold. The message says which, at what path and index of the trees, and
/// the two values that should be one.</summary>
[<Sealed>]
type CheckFailedException(message: string) =
    inherit Exception(message)

module internal Finding =
    let fail (check: string) (what: string) : 'T = raise (CheckFailedException $"{check}: {what}")

    let shape (lengths: seq<int>) = "(" + String.Join(", ", lengths) + ")"

    /// `hidden.weight[2, 0]` of a flat position; the tree itself where it is one tensor.
    let place (path: string) (lengths: int list) (position: int) =
        let index =
            (lengths, (position, []))
            ||> List.foldBack (fun length (rest, index) -> rest / length, rest % length :: index)
            |> snd

        let name = if path = "" then "the value" else path
        let index = index |> Seq.map string |> String.concat ", "
        if lengths.IsEmpty then name else $"{name}[{index}]"

    /// The first of some findings, and how many there are.
    let report check (total: int) (findings: seq<string>) =
        let findings = List.ofSeq findings

        if not findings.IsEmpty then
            let shown = List.truncate 8 findings
            let more = findings.Length - shown.Length
            let rest = if more > 0 then [ $"and {more} more" ] else []

            fail
                check
                (String.Join(
                    "\n  ",
                    $"{findings.Length} of {total} values are wrong" :: shown @ rest
                ))
