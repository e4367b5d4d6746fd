namespace Mlx.Testing

open System
open Mlx
open Mlx.Core

/// Derivatives held against differences of the fourth order, taken in double precision or, of
/// 16-bit floats, in single.
[<Sealed>]
type internal Differences<'A, 'B>(check: string, options: CheckOptions, f: 'A -> 'B, at: 'A) =
    let flat = Flat(check, f, at)
    let leaves = flat.Leaves

    let dtype =
        Seq.append leaves (Array.map snd flat.Outputs) |> Seq.map _.DType |> Precision.coarsest

    let isShort = dtype = DType.Float16 || dtype = DType.BFloat16
    let tolerance = options.Tolerance |> Option.defaultValue (Precision.derivative dtype)
    let step = options.Step |> Option.defaultValue (Precision.step dtype)

    /// Where differences are taken: 16 bits hold too few digits for them.
    let widened = if isShort then leaves |> Array.map (Tensor.astype DType.Float32) else leaves

    let numbers (tensors: Tensor[]) : float[][] = tensors |> Array.map Tensor.toArray
    let values (leaves: Tensor[]) = flat.Call leaves |> numbers

    /// The slope of each number that the function answers, as its argument moves.
    let slope (move: float -> Tensor[]) =
        let at k = values (move (k * step))
        let near, near', far, far' = at 1.0, at -1.0, at 2.0, at -2.0

        // An infinity that stays where it is does not change.
        let change (a: float) b = if a = b then 0.0 else a - b

        Array.init near.Length (fun leaf ->
            let a, a', b, b' = near[leaf], near'[leaf], far[leaf], far'[leaf]

            Array.init a.Length (fun i ->
                (8.0 * change a[i] a'[i] - change b[i] b'[i]) / (12.0 * step)))

    let settings =
        let tolerance = tolerance.ToString "g2"
        $"{dtype}, step {step}, tolerance {tolerance}, seed {options.Seed}"

    /// What is wrong, if anything: a NaN on one side only is.
    let finding mode place (analytic: float) (numeric: float) =
        let isSame = analytic = numeric || (Double.IsNaN analytic && Double.IsNaN numeric)
        let allowed = tolerance * max 1.0 (abs numeric)

        if isSame || abs (analytic - numeric) <= allowed then
            None
        else
            Some $"{mode} {place}: analytic {analytic}, numeric {numeric} ({settings})"

    let shapes = leaves |> Array.map Tensor.shape

    let moved (original: float[]) leaf position by =
        let data = Array.copy original
        data[position] <- data[position] + by

        widened
        |> Array.mapi (fun i x -> if i = leaf then Draw.tensor x.DType shapes[leaf] data else x)

    /// The gradient of a weighted sum of all that the function answers, element by element.
    member _.Reverse() =
        let rng = System.Random options.Seed
        let weights = Draw.like rng (Array.map snd flat.Outputs)
        let _, gradients = vjp flat.Call leaves weights
        let weights, gradients = numbers weights, numbers gradients
        let originals = numbers widened

        [ for leaf in 0 .. leaves.Length - 1 do
              for position in Draw.positions rng options.Elements originals[leaf].Length do
                  let slopes = slope (moved originals[leaf] leaf position)
                  let numeric = Array.map2 (Array.map2 (*)) weights slopes |> Array.sumBy Array.sum
                  let place = Finding.place flat.Paths[leaf] shapes[leaf] position
                  let analytic = gradients[leaf][position]
                  finding "gradient of" place analytic numeric ]

    /// The derivative of each number that the function answers, along a direction.
    member _.Forward() =
        let rng = System.Random options.Seed
        let along = Draw.like rng leaves
        let _, tangents = jvp flat.Call leaves along
        let tangents = numbers tangents
        let directions = Array.map2 (fun (x: Tensor) v -> Tensor.astype x.DType v) widened along
        let slopes = slope (fun by -> Array.map2 (fun x v -> x + by * v) widened directions)

        [ for output, (path, value) in Array.indexed flat.Outputs do
              for i in 0 .. slopes[output].Length - 1 do
                  let place = Finding.place path (Tensor.shape value) i
                  let analytic, numeric = tangents[output][i], slopes[output][i]
                  finding "derivative of" place analytic numeric ]
