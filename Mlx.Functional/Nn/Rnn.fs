namespace Mlx

open System

/// <summary>A recurrent layer: each hidden state follows from an element and the state
/// before.</summary>
type Rnn =
    {
        /// Shape (hidden, in).
        [<TreeName "Wxh">]
        Wxh: Tensor
        /// Shape (hidden, hidden).
        [<TreeName "Whh">]
        Whh: Tensor
        /// Shape (hidden).
        Bias: Tensor option
    }

/// <summary>A gated recurrent unit. Its gates are, in this order: reset, update, new.</summary>
type Gru =
    {
        /// Shape (3 hidden, in).
        [<TreeName "Wx">]
        Wx: Tensor
        /// Shape (3 hidden, hidden).
        [<TreeName "Wh">]
        Wh: Tensor
        /// Shape (3 hidden).
        B: Tensor option
        /// Shape (hidden): the bias of the hidden state in the new gate.
        Bhn: Tensor option
    }

/// <summary>A long short-term memory. Its gates are, in this order: input, forget, cell,
/// output.</summary>
type Lstm =
    {
        /// Shape (4 hidden, in).
        [<TreeName "Wx">]
        Wx: Tensor
        /// Shape (4 hidden, hidden).
        [<TreeName "Wh">]
        Wh: Tensor
        /// Shape (4 hidden).
        Bias: Tensor option
    }

/// <summary>What a long short-term memory hands from one element to the next.</summary>
type LstmState =
    {
        /// Shape (..., hidden).
        Hidden: Tensor
        /// Shape (..., hidden).
        Cell: Tensor
    }

/// What the recurrent layers share.
module internal Recurrence =
    let uniform hidden shape =
        let bound = Math.Sqrt(1.0 / float hidden)
        Random.uniformIn -bound bound shape

    let affine weight bias x =
        let linear: Linear = { Weight = weight; Bias = bias }
        Linear.apply linear x

    /// The elements of a sequence (..., length, features), projected all at once before.
    let elements (x: Tensor) =
        if x.NDim < 2 || x.Dim -2 = 0 then
            invalidArg
                (nameof x)
                $"a sequence (..., length, features), length above 0, not {Tensor.shape x}"

        Tensor.unstack -2 x

    /// The state after each element, the last one apart.
    let scan (step: 'S option -> Tensor -> 'S) (first: 'S option) (elements: Tensor list) =
        let states =
            elements |> List.scan (fun state x -> Some(step state x)) first |> List.choose id
        // A first state that was given is no answer.
        let states = if first.IsSome then List.tail states else states
        states, List.last states

/// <summary>h' = tanh(Wxh x + Whh h + b) (<c>mlx.nn.RNN</c>).</summary>
[<RequireQualifiedAccess>]
module Rnn =
    /// <summary>Weights and bias uniform within 1 / sqrt hidden, as in MLX.</summary>
    /// <example><code>let layer = Rnn.init 8 16 |> Random.run (Key.ofSeed 0)</code></example>
    let init (inputs: int) (hidden: int) : Random<Rnn> =
        random {
            let! wxh = Recurrence.uniform hidden [ hidden; inputs ]
            let! whh = Recurrence.uniform hidden [ hidden; hidden ]
            let! bias = Recurrence.uniform hidden [ hidden ]
            return { Wxh = wxh; Whh = whh; Bias = Some bias }
        }

    /// <summary>From a state (..., hidden), or zeros, along x of shape (..., length, in), with an
    /// activation in the place of tanh: every hidden state (..., length, hidden), and the last one,
    /// from which the next piece of the sequence goes on.</summary>
    /// <exception cref="T:System.ArgumentException">The sequence is empty.</exception>
    /// <example><code>
    /// let states, last = x |> Rnn.applyFrom Nn.relu None layer
    /// let more, _ = next |> Rnn.applyFrom Nn.relu (Some last) layer
    /// </code></example>
    let applyFrom
        (activation: Tensor -> Tensor)
        (hidden: Tensor option)
        (p: Rnn)
        (x: Tensor)
        : Tensor * Tensor =
        let whh = Tensor.transpose p.Whh

        let step state x =
            match state with
            | Some h -> h |> Tensor.addmm x whh |> activation
            | None -> activation x

        let states, last =
            Recurrence.elements (Recurrence.affine p.Wxh p.Bias x) |> Recurrence.scan step hidden

        Tensor.stack -2 states, last

    /// <summary>From zeros along x of shape (..., length, in): every hidden state (..., length,
    /// hidden).</summary>
    /// <exception cref="T:System.ArgumentException">The sequence is empty.</exception>
    /// <example><code>
    /// let p = Rnn.init 8 16 |> Random.run (Key.ofSeed 0)
    /// Tensor.ones [ 2; 5; 8 ] |> Rnn.apply p |> Tensor.shape
    /// // => [2; 5; 16]
    /// </code></example>
    let apply (p: Rnn) (x: Tensor) : Tensor = fst (applyFrom Nn.tanh None p x)

/// <summary>
/// r = σ(Wxr x + Whr h + br), z = σ(Wxz x + Whz h + bz), n = tanh(Wxn x + bn + r (Whn h + bhn)),
/// h' = (1 - z) n + z h (<c>mlx.nn.GRU</c>).
/// </summary>
[<RequireQualifiedAccess>]
module Gru =
    /// <summary>Weights and biases uniform within 1 / sqrt hidden, as in MLX.</summary>
    /// <example><code>let layer = Gru.init 8 16 |> Random.run (Key.ofSeed 0)</code></example>
    let init (inputs: int) (hidden: int) : Random<Gru> =
        random {
            let! wx = Recurrence.uniform hidden [ 3 * hidden; inputs ]
            let! wh = Recurrence.uniform hidden [ 3 * hidden; hidden ]
            let! b = Recurrence.uniform hidden [ 3 * hidden ]
            let! bhn = Recurrence.uniform hidden [ hidden ]
            return { Wx = wx; Wh = wh; B = Some b; Bhn = Some bhn }
        }

    /// <summary>From a state (..., hidden), or zeros, along x of shape (..., length, in): every
    /// hidden state (..., length, hidden), and the last one.</summary>
    /// <exception cref="T:System.ArgumentException">The sequence is empty.</exception>
    /// <example><code>let states, last = x |> Gru.applyFrom None layer</code></example>
    let applyFrom (hidden: Tensor option) (p: Gru) (x: Tensor) : Tensor * Tensor =
        let wh = Tensor.transpose p.Wh
        let size = p.Wh.Dim 1
        let gates = Tensor.splitAt [ 2 * size ] -1

        let step state x =
            let rz, n = x |> gates |> fun parts -> parts[0], parts[1]

            // Without a state its product is zero, and only the bias of it remains.
            let rz, fromHidden =
                match state with
                | Some h ->
                    let projected = gates (h *@ wh)

                    let bent =
                        match p.Bhn with
                        | Some bias -> projected[1] + bias
                        | None -> projected[1]

                    rz + projected[0], Some bent
                | None -> rz, p.Bhn

            let opened = Tensor.split 2 -1 (Tensor.sigmoid rz)
            let r, z = opened[0], opened[1]

            let n =
                match fromHidden with
                | Some bent -> Tensor.tanh (n + r * bent)
                | None -> Tensor.tanh n

            match state with
            | Some h -> (1.0 - z) * n + z * h
            | None -> (1.0 - z) * n

        let states, last =
            Recurrence.elements (Recurrence.affine p.Wx p.B x) |> Recurrence.scan step hidden

        Tensor.stack -2 states, last

    /// <summary>From zeros along x of shape (..., length, in): every hidden state (..., length,
    /// hidden).</summary>
    /// <exception cref="T:System.ArgumentException">The sequence is empty.</exception>
    /// <example><code>
    /// let p = Gru.init 8 16 |> Random.run (Key.ofSeed 0)
    /// Tensor.ones [ 2; 5; 8 ] |> Gru.apply p |> Tensor.shape
    /// // => [2; 5; 16]
    /// </code></example>
    let apply (p: Gru) (x: Tensor) : Tensor = fst (applyFrom None p x)

/// <summary>
/// i, f, o = σ(Wx x + Wh h + b), g = tanh(Wx x + Wh h + b), each with its quarter of the weights;
/// c' = f c + i g, h' = o tanh(c') (<c>mlx.nn.LSTM</c>).
/// </summary>
[<RequireQualifiedAccess>]
module Lstm =
    /// <summary>Weights and bias uniform within 1 / sqrt hidden, as in MLX.</summary>
    /// <example><code>let layer = Lstm.init 8 16 |> Random.run (Key.ofSeed 0)</code></example>
    let init (inputs: int) (hidden: int) : Random<Lstm> =
        random {
            let! wx = Recurrence.uniform hidden [ 4 * hidden; inputs ]
            let! wh = Recurrence.uniform hidden [ 4 * hidden; hidden ]
            let! bias = Recurrence.uniform hidden [ 4 * hidden ]
            return { Wx = wx; Wh = wh; Bias = Some bias }
        }

    /// <summary>From a state, or zeros, along x of shape (..., length, in): every state, its parts
    /// of shape (..., length, hidden), and the last one, of (..., hidden).</summary>
    /// <exception cref="T:System.ArgumentException">The sequence is empty.</exception>
    /// <example><code>let states, last = x |> Lstm.applyFrom None layer</code></example>
    let applyFrom (state: LstmState option) (p: Lstm) (x: Tensor) : LstmState * LstmState =
        let wh = Tensor.transpose p.Wh

        let step state x =
            let gates =
                match state with
                | Some s -> s.Hidden |> Tensor.addmm x wh
                | None -> x
                |> Tensor.split 4 -1

            let added = Tensor.sigmoid gates[0] * Tensor.tanh gates[2]

            let cell =
                match state with
                | Some s -> Tensor.sigmoid gates[1] * s.Cell + added
                | None -> added

            { Hidden = Tensor.sigmoid gates[3] * Tensor.tanh cell; Cell = cell }

        let states, last =
            Recurrence.elements (Recurrence.affine p.Wx p.Bias x) |> Recurrence.scan step state

        let along part = states |> List.map part |> Tensor.stack -2
        { Hidden = along _.Hidden; Cell = along _.Cell }, last

    /// <summary>From zeros along x of shape (..., length, in): every hidden state (..., length,
    /// hidden).</summary>
    /// <exception cref="T:System.ArgumentException">The sequence is empty.</exception>
    /// <example><code>
    /// let p = Lstm.init 8 16 |> Random.run (Key.ofSeed 0)
    /// Tensor.ones [ 2; 5; 8 ] |> Lstm.apply p |> Tensor.shape
    /// // => [2; 5; 16]
    /// </code></example>
    let apply (p: Lstm) (x: Tensor) : Tensor = (fst (applyFrom None p x)).Hidden

/// <summary>Two layers of a kind, one for each direction of a sequence.</summary>
type Bidirectional<'Layer> =
    {
        /// From the first element to the last.
        Forward: 'Layer
        /// From the last element to the first.
        Backward: 'Layer
    }

/// <summary>A recurrent layer along a sequence and another against it.</summary>
[<RequireQualifiedAccess>]
module Bidirectional =
    /// <summary>Two layers, drawn one after the other.</summary>
    /// <example><code>let layer = Bidirectional.init (Lstm.init 8 16)</code></example>
    let init (layer: Random<'Layer>) : Random<Bidirectional<'Layer>> =
        random {
            let! forward = layer
            let! backward = layer
            return { Forward = forward; Backward = backward }
        }

    /// <summary>x of shape (..., length, in) to (..., length, 2 hidden): what has been read up to
    /// an element from the left, then what has been read from the right.</summary>
    /// <example><code>
    /// let p = Bidirectional.init (Lstm.init 8 16) |> Random.run (Key.ofSeed 0)
    /// Tensor.ones [ 2; 5; 8 ] |> Bidirectional.apply Lstm.apply p |> Tensor.shape
    /// // => [2; 5; 32]
    /// </code></example>
    let apply (layer: 'Layer -> Tensor -> Tensor) (p: Bidirectional<'Layer>) (x: Tensor) : Tensor =
        let reversed (t: Tensor) = t |> Tensor.take -2 (Tensor.ofSeq [ t.Dim -2 - 1 .. -1 .. 0 ])

        [ layer p.Forward x; x |> reversed |> layer p.Backward |> reversed ]
        |> Tensor.concatenate -1
