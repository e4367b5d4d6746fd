namespace Mlx

open System

/// <summary>Batches of trees whose leaves share their first axis: the samples.</summary>
[<RequireQualifiedAccess>]
module Data =
    /// <summary>The number of samples: the length that the first axes agree on.</summary>
    /// <exception cref="T:System.ArgumentException">They disagree, or there is none.</exception>
    let count (samples: 'T) : int =
        let lengths =
            [ for path, leaf in Tree.named samples ->
                  if leaf.NDim = 0 then
                      invalidArg (nameof samples) $"the leaf '{path}' has no axis of samples"
                  else
                      path, leaf.Dim 0 ]

        match lengths with
        | [] -> invalidArg (nameof samples) "the samples hold no tensors"
        | (first, n) :: rest ->
            for path, m in rest do
                if m <> n then
                    invalidArg
                        (nameof samples)
                        $"the leaf '{first}' has {n} samples, the leaf '{path}' has {m}"

            n

    /// <summary>Batches of so many samples in order; the last one may be smaller. Each enumeration
    /// begins anew.</summary>
    /// <example><code>for x, y in Data.batches 64 (images, labels) do Tree.eval (x, y) |> ignore</code></example>
    let batches (size: int) (samples: 'T) : seq<'T> =
        let n = count samples

        if size < 1 then
            invalidArg (nameof size) $"a batch of at least one sample, not {size}"

        seq {
            for start in 0..size .. n - 1 do
                samples |> Tree.map (Tensor.narrow 0 start (min n (start + size)))
        }

    /// <summary>The samples in random order.</summary>
    let shuffle (samples: 'T) : Random<'T> =
        Random.permutation (count samples)
        |> Random.map (fun order -> samples |> Tree.map (Tensor.take 0 order))

    /// <summary>
    /// Full batches in an order that is another one for each epoch: the key and the epoch decide. What
    /// does not fill a batch is left out, so that all batches have the same shapes.
    /// </summary>
    let shuffled (size: int) (key: Key) (samples: 'T) (epoch: int) : seq<'T> =
        let n = count samples

        if size < 1 || size > n then
            invalidArg (nameof size) $"a batch of 1 to {n} samples, not {size}"

        seq {
            let key = Seq.fold (fun key _ -> fst (Key.split key)) key (seq { 1..epoch })
            let order = Random.permutation n |> Random.run key |> Tensor.eval

            for i in 0 .. n / size - 1 do
                let rows = order |> Tensor.narrow 0 (i * size) ((i + 1) * size)
                samples |> Tree.map (Tensor.take 0 rows)
        }
