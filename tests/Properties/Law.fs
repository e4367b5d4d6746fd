namespace Mlx.Tests.Properties

open System
open Expecto
open FsCheck.FSharp
open Mlx
open Mlx.Core

/// Numbers that FsCheck draws and prints, and the tensor they stand for.
type Numbers =
    { Shape: int list
      Data: float list }

    /// The tensor, float32.
    member this.Tensor = Tensor.ofSeq this.Data |> Tensor.reshape this.Shape

    member this.As dtype = this.Tensor |> Tensor.astype dtype

    override this.ToString() = $"{this.Shape}: {this.Data}"

/// What laws draw. Everything is small: laws break on small things.
[<RequireQualifiedAccess>]
module Draw =
    let int low high = Gen.choose (low, high)

    /// Whole numbers: sums and products of a few are exact in float32.
    let whole = Gen.choose (-6, 6) |> Gen.map float

    let natural = Gen.choose (0, 7) |> Gen.map float
    let real = Gen.choose (-2000, 2000) |> Gen.map (fun n -> float n / 1000.0)
    let positive = Gen.choose (100, 3000) |> Gen.map (fun n -> float n / 1000.0)

    /// Within (-1, 1).
    let unit = Gen.choose (-950, 950) |> Gen.map (fun n -> float n / 1000.0)

    let bit = Gen.choose (0, 1) |> Gen.map float

    /// Up to three axes, none longer than four; an empty one now and then.
    let shape =
        gen {
            let! rank = Gen.choose (0, 3)
            let length = Gen.frequency [ 1, Gen.constant 0; 12, Gen.choose (1, 4) ]
            return! Gen.listOfLength rank length
        }

    /// As `shape`, with elements.
    let filled =
        gen {
            let! rank = Gen.choose (0, 3)
            return! Gen.listOfLength rank (Gen.choose (1, 4))
        }

    /// At least one axis, with elements.
    let axes =
        gen {
            let! rank = Gen.choose (1, 3)
            return! Gen.listOfLength rank (Gen.choose (1, 4))
        }

    let ofShape (values: FsCheck.Gen<float>) (shape: int list) : FsCheck.Gen<Numbers> =
        Gen.listOfLength (List.fold (*) 1 shape) values
        |> Gen.map (fun data -> { Shape = shape; Data = data })

    let numbers shape values = shape |> Gen.bind (ofShape values)

    let vector values = Gen.choose (1, 6) |> Gen.bind (fun n -> ofShape values [ n ])

    let matrix rows columns values = ofShape values [ rows; columns ]

    /// A part of a shape that broadcasts to it.
    let private narrowed (shape: int list) =
        gen {
            let! dropped = Gen.choose (0, shape.Length)
            let rest = List.skip dropped shape

            return!
                Gen.sequenceToList
                    [ for n in rest -> Gen.frequency [ 3, Gen.constant n; 1, Gen.constant 1 ] ]
        }

    /// So many tensors that broadcast together.
    let together count values : FsCheck.Gen<Numbers list> =
        gen {
            let! whole = shape
            let! shapes = Gen.listOfLength count (narrowed whole)
            return! Gen.sequenceToList [ for s in shapes -> ofShape values s ]
        }

    /// Numbers with at least one axis, and one of its axes.
    let withAxis values =
        gen {
            let! x = numbers axes values
            let! axis = Gen.choose (-x.Shape.Length, x.Shape.Length - 1)
            return x, axis
        }

    let order (rank: int) = Gen.shuffle [| 0 .. rank - 1 |] |> Gen.map List.ofArray

[<AutoOpen>]
module Law =
    /// As String.GetHashCode is not: the same on every run.
    let private hash (text: string) =
        text |> Seq.fold (fun h c -> (h ^^^ uint64 c) * 1099511628211UL) 14695981039346656037UL

    /// Laws that MLX breaks, and how (docs/upstream.md).
    let private faults =
        let keeps = "MLX folds all of a shape (1, n) to (1)"
        let refuses = "MLX has no forward derivative of logsumexp"

        dict
            [ "logsumexp is that of the list", keeps
              "logsumexp over all axes, in any order", keeps
              "logsumexp: the forward derivative is linear", refuses
              "logsumexp: both derivatives are transposes", refuses
              "logsumexp: the derivatives' values are the function's", refuses ]

    let private skipFault name =
        match faults.TryGetValue name with
        | true, how when Engine.IsMlx -> skiptest how
        | _ -> ()

    /// A law over 200 draws, in a scope each. Its seed is its own, so a failure is repeated by
    /// running it again; `--seed N` draws others.
    let law name (draw: FsCheck.Gen<'T>) (check: 'T -> unit) : Test =
        testCase name (fun () ->
            skipFault name
            let number = Mlx.Tests.Laws.Case.seed
            let seed = hash name + uint64 (uint32 number)

            let holds (input: 'T) =
                use scope = Scope.Enter()
                scope |> ignore
                check input

            let config =
                FsCheck.Config.QuickThrowOnFailure
                    .WithMaxTest(200)
                    .WithQuietOnSuccess(true)
                    .WithReplay(Some { Rnd = FsCheck.Rnd(seed, 2UL * seed + 1UL); Size = None })

            try
                FsCheck.Check.One(config, Prop.forAll (Arb.fromGen draw) holds)
            with e ->
                failtest $"--seed {number}: {e.Message}")

    let private agree rtol atol (got: Tensor) (want: Tensor) =
        Expect.equal (Tensor.shape got) (Tensor.shape want) "shape"

        let off (a: float) (b: float) =
            not (a = b || (Double.IsNaN a && Double.IsNaN b) || abs (a - b) <= atol + rtol * abs b)

        let compare (got: Tensor) (want: Tensor) =
            let got: float[] = Tensor.toArray got
            let want: float[] = Tensor.toArray want

            for i in 0 .. got.Length - 1 do
                if off got[i] want[i] then
                    failtest $"element {i} is {got[i]}, not {want[i]}"

        if got.DType = DType.Complex64 then
            compare (Tensor.real got) (Tensor.real want)
            compare (Tensor.imag got) (Tensor.imag want)
        else
            compare got want

    /// The same shape, dtype and elements.
    let (=.) (got: Tensor) (want: Tensor) =
        Expect.equal got.DType want.DType "dtype"
        agree 0.0 0.0 got want

    /// The same shape, and elements as near as single precision lets them be.
    let (=~) (got: Tensor) (want: Tensor) = agree 1e-4 1e-5 got want

    /// As near as a chain of a few operations in single precision lets them be.
    let (=~~) (got: Tensor) (want: Tensor) = agree 2e-3 2e-3 got want

    let isTrue what condition = Expect.isTrue condition what

    /// Two expressions of one tensor agree.
    let same1 name values (left: Tensor -> Tensor) (right: Tensor -> Tensor) =
        law name (Draw.numbers Draw.shape values) (fun x -> left x.Tensor =. right x.Tensor)

    let near1 name values (left: Tensor -> Tensor) (right: Tensor -> Tensor) =
        law name (Draw.numbers Draw.shape values) (fun x -> left x.Tensor =~ right x.Tensor)

    /// Two expressions of tensors that broadcast together agree.
    let same2 name values (left: Tensor -> Tensor -> Tensor) (right: Tensor -> Tensor -> Tensor) =
        law name (Draw.together 2 values) (fun xs ->
            let x, y = xs[0].Tensor, xs[1].Tensor
            left x y =. right x y)

    let near2 name values (left: Tensor -> Tensor -> Tensor) (right: Tensor -> Tensor -> Tensor) =
        law name (Draw.together 2 values) (fun xs ->
            let x, y = xs[0].Tensor, xs[1].Tensor
            left x y =~ right x y)

    let same3 name values left right =
        law name (Draw.together 3 values) (fun xs ->
            let x, y, z = xs[0].Tensor, xs[1].Tensor, xs[2].Tensor
            left x y z =. (right x y z: Tensor))
