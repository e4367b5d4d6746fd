namespace Mlx.Testing

open FsCheck
open FsCheck.FSharp
open Mlx
open Mlx.Core

/// <summary>Generators for property-based tests with FsCheck.</summary>
/// <example><code>
/// let commutes = Prop.forAll (Generate.arbitraryPair DType.Float32) (fun pair ->
///     let a, b = Sample.tensor pair.Left, Sample.tensor pair.Right
///     Tensor.arrayEqual (a + b) (b + a))
/// FsCheck.Check.QuickThrowOnFailure commutes
/// </code></example>
[<RequireQualifiedAccess>]
module Generate =
    /// <summary>Any element type.</summary>
    /// <example><code>
    /// let dtype = Generate.dtype |> Gen.sample 1 |> Array.head
    /// let x = Tensor.zerosOf dtype [ 2 ]
    /// </code></example>
    let dtype: Gen<DType> = Gen.elements (System.Enum.GetValues<DType>())

    /// <summary>float16, bfloat16 or float32: what every engine and device computes with.</summary>
    /// <example><code>
    /// Generate.floating |> Gen.sample 100 |> Array.contains DType.Float64
    /// // => false
    /// </code></example>
    let floating: Gen<DType> = Gen.elements [ DType.Float16; DType.BFloat16; DType.Float32 ]

    /// <summary>Shapes of so many axes, each of length 1 to 5; now and then one of length 1, which
    /// broadcasts.</summary>
    /// <example><code>
    /// Generate.shapeOf 3 |> Gen.sample 4 |> Array.map List.length
    /// // => [|3; 3; 3; 3|]
    /// </code></example>
    let shapeOf (axes: int) : Gen<int list> =
        Gen.listOfLength axes (Gen.frequency [ 1, Gen.constant 1; 4, Gen.choose (1, 5) ])

    /// <summary>Shapes of 0 to 4 axes.</summary>
    /// <example><code>
    /// let flattens shape = Tensor.zeros shape |> Tensor.flatten |> Tensor.ndim = 1
    /// Generate.shape |> Gen.sample 20 |> Array.forall flattens
    /// // => true
    /// </code></example>
    let shape: Gen<int list> = Gen.choose (0, 4) |> Gen.bind shapeOf

    /// <summary>Shapes as <c>shape</c> gives them, and some with an axis of length 0.</summary>
    /// <example><code>
    /// Generate.shapeOrEmpty |> Gen.sample 1_000 |> Array.exists (List.contains 0)
    /// // => true
    /// </code></example>
    let shapeOrEmpty: Gen<int list> =
        gen {
            let! shape = shape
            let! axis = Gen.choose (0, 8)
            return shape |> List.mapi (fun i n -> if i = axis then 0 else n)
        }

    /// <summary>Two shapes that broadcast together: axes of one or the other are missing at the
    /// front, or 1.</summary>
    /// <example><code>
    /// let rank (a: int list, b: int list) = (Tensor.zeros a + Tensor.zeros b).NDim
    /// Generate.broadcastable |> Gen.sample 20 |> Array.forall (fun p -> rank p &lt;= 4)
    /// // => true
    /// </code></example>
    let broadcastable: Gen<int list * int list> =
        let part (shape: int list) =
            gen {
                let! missing = Gen.choose (0, shape.Length)
                let! ones = Gen.listOfLength shape.Length (Gen.choose (0, 3))
                let kept = List.skip missing (List.zip shape ones)
                return [ for length, one in kept -> if one = 0 then 1 else length ]
            }

        gen {
            let! shape = shape
            let! other = part shape
            let! swapped = Gen.elements [ true; false ]
            return if swapped then other, shape else shape, other
        }

    /// <summary>Numbers in [low, high], a few of them whole: multiples of 1/64, exact in every
    /// floating dtype where they are small.</summary>
    /// <example><code>
    /// let isExact x = Tensor.toFloat (Tensor.scalar x |> Tensor.astype DType.BFloat16) = x
    /// Generate.number -1.0 1.0 |> Gen.sample 20 |> Array.forall isExact
    /// // => true
    /// </code></example>
    let number (low: float) (high: float) : Gen<float> =
        Gen.choose (int (ceil (low * 64.0)), int (floor (high * 64.0)))
        |> Gen.map (fun n -> float n / 64.0)

    /// <summary>Tensors of a dtype and a shape, of numbers in [low, high], whole ones for an
    /// integer dtype.</summary>
    /// <example><code>
    /// let weights = Generate.within -1.0 1.0 DType.Float32 [ 2; 3 ] |> Gen.map Sample.tensor
    /// weights |> Gen.sample 1 |> Array.head |> Tensor.shape
    /// // => [2; 3]
    /// </code></example>
    let within (low: float) (high: float) (dtype: DType) (shape: int list) : Gen<Sample> =
        let one =
            match dtype with
            | DType.Bool -> Gen.elements [ 0.0; 1.0 ]
            | _ when dtype.IsInexact() -> number low high
            | _ -> Gen.choose (int (ceil low), int (floor high)) |> Gen.map float

        Gen.arrayOfLength (List.fold (*) 1 shape) one
        |> Gen.map (fun values -> { DType = dtype; Shape = shape; Values = values })

    let private least (dtype: DType) =
        match dtype with
        | DType.UInt8
        | DType.UInt16
        | DType.UInt32
        | DType.UInt64 -> 0.0
        | _ -> -4.0

    /// <summary>Tensors of a dtype and any shape, of numbers in [-4, 4], or [0, 4] without a
    /// sign.</summary>
    /// <example><code>
    /// let isNatural v = v >= 0.0 &amp;&amp; floor v = v
    /// let isOk sample = Array.forall isNatural sample.Values
    /// Generate.sample DType.UInt8 |> Gen.sample 20 |> Array.forall isOk
    /// // => true
    /// </code></example>
    let sample (dtype: DType) : Gen<Sample> = shape |> Gen.bind (within (least dtype) 4.0 dtype)

    /// <summary>Two such tensors whose shapes broadcast together.</summary>
    /// <example><code>
    /// let sum pair = Sample.tensor pair.Left + Sample.tensor pair.Right
    /// Generate.pair DType.Float16 |> Gen.sample 1 |> Array.map (sum >> Tensor.dtype)
    /// // => [|Float16|]
    /// </code></example>
    let pair (dtype: DType) : Gen<SamplePair> =
        gen {
            let! left, right = broadcastable
            let! left = within (least dtype) 4.0 dtype left
            let! right = within (least dtype) 4.0 dtype right
            return { Left = left; Right = right }
        }

    /// <summary>Tensors of a dtype for <c>Prop.forAll</c>: what fails is made simpler.</summary>
    /// <example><code>
    /// FsCheck.Check.QuickThrowOnFailure(Prop.forAll (Generate.arbitrary DType.Float32) holds)
    /// </code></example>
    let arbitrary (dtype: DType) : Arbitrary<Sample> =
        Arb.fromGenShrink (sample dtype, Sample.shrink)

    let private shrinkPair (pair: SamplePair) =
        let fits (a: Sample) (b: Sample) =
            Seq.zip (List.rev a.Shape) (List.rev b.Shape)
            |> Seq.forall (fun (m, n) -> m = n || m = 1 || n = 1)

        seq {
            for left in Sample.shrink pair.Left do
                if fits left pair.Right then
                    { pair with Left = left }

            for right in Sample.shrink pair.Right do
                if fits pair.Left right then
                    { pair with Right = right }
        }

    /// <summary>Pairs that broadcast for <c>Prop.forAll</c>: what fails is made simpler, and still
    /// broadcasts.</summary>
    /// <example><code>
    /// let law = Prop.forAll (Generate.arbitraryPair DType.Float32) holdsOfTwo
    /// FsCheck.Check.QuickThrowOnFailure law
    /// </code></example>
    let arbitraryPair (dtype: DType) : Arbitrary<SamplePair> =
        Arb.fromGenShrink (pair dtype, shrinkPair)

/// <summary>What FsCheck draws where a property takes a <c>Sample</c>, a <c>SamplePair</c> or a
/// <c>DType</c>; for <c>Config.WithArbitrary</c> or Expecto's <c>arbitrary</c>.</summary>
/// <example><code>
/// let config = Config.QuickThrowOnFailure.WithArbitrary [ typeof&lt;Arbitraries> ]
/// </code></example>
[<AbstractClass; Sealed>]
type Arbitraries private () =
    /// <summary>float32 tensors.</summary>
    /// <example><code>
    /// let config = Config.QuickThrowOnFailure.WithArbitrary [ typeof&lt;Arbitraries> ]
    /// let isAsLong (s: Sample) = Tensor.size (Sample.tensor s) = int64 s.Values.Length
    /// FsCheck.Check.One(config, isAsLong)
    /// </code></example>
    static member Sample() : Arbitrary<Sample> = Generate.arbitrary DType.Float32

    /// <summary>float32 pairs that broadcast.</summary>
    /// <example><code>
    /// let config = Config.QuickThrowOnFailure.WithArbitrary [ typeof&lt;Arbitraries> ]
    /// let commutes pair =
    ///     let a, b = Sample.tensor pair.Left, Sample.tensor pair.Right
    ///     Tensor.arrayEqual (a + b) (b + a)
    /// FsCheck.Check.One(config, commutes)
    /// </code></example>
    static member SamplePair() : Arbitrary<SamplePair> = Generate.arbitraryPair DType.Float32

    /// <summary>Any element type.</summary>
    /// <example><code>
    /// let config = Config.QuickThrowOnFailure.WithArbitrary [ typeof&lt;Arbitraries> ]
    /// FsCheck.Check.One(config, fun (d: DType) -> Tensor.dtype (Tensor.zerosOf d [ 2 ]) = d)
    /// </code></example>
    static member DType() : Arbitrary<DType> = Arb.fromGen Generate.dtype
