namespace Mlx.Testing

open System
open Mlx
open Mlx.Core

/// Two ways to the same values.
module internal Compare =
    let private isSame (a: float) (b: float) = a = b || (Double.IsNaN a && Double.IsNaN b)

    /// What differs by more than a tolerance, relative where the largest value is above 1.
    let private findings tolerance (path: string) (wantName, want: Tensor) (gotName, got: Tensor) =
        let lengths = Tensor.shape want

        if Tensor.shape got <> lengths then
            let shapes = $"{Finding.shape lengths}, {gotName} {Finding.shape (Tensor.shape got)}"
            [ $"{Finding.place path [] 0}: {wantName} has the shape {shapes}" ]
        elif got.DType <> want.DType then
            [ $"{Finding.place path [] 0}: {wantName} is {want.DType}, {gotName} {got.DType}" ]
        else
            let want: float[] = Tensor.toArray want
            let got: float[] = Tensor.toArray got
            let finite = want |> Array.filter Double.IsFinite |> Array.map abs

            let allowed =
                tolerance * (if finite.Length = 0 then 1.0 else max 1.0 (Array.max finite))

            [ for i in 0 .. want.Length - 1 do
                  if not (isSame got[i] want[i] || abs (got[i] - want[i]) <= allowed) then
                      let place = Finding.place path lengths i
                      $"{place}: {wantName} {want[i]}, {gotName} {got[i]}" ]

    /// Complex numbers as two real ones.
    let private parts (path: string, x: Tensor) =
        if x.DType = DType.Complex64 then
            [ path, Tensor.real x; path, Tensor.imag x ]
        else
            [ path, x ]

    /// Fails unless named tensors are the same.
    let all check (options: CheckOptions) wantName want gotName (got: (string * Tensor)[]) =
        let want, got =
            List.collect parts (List.ofArray want), List.collect parts (List.ofArray got)

        if List.map fst want <> List.map fst got then
            Finding.fail check $"{wantName} and {gotName} answer different trees"

        List.zip want got
        |> List.collect (fun ((path, want), (_, got)) ->
            let tolerance =
                match options.Tolerance with
                | Some tolerance -> tolerance
                | None when want.DType.IsFloating() -> Precision.value want.DType
                | None -> 0.0

            findings tolerance path (wantName, want) (gotName, got))
        |> Finding.report check (want |> List.sumBy (fun (_, x) -> int x.Size))
