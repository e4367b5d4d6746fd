/// The generators of Mlx.Testing, and laws of tensors through them.
module Mlx.Tests.Testing.GenerateTests

open Expecto
open FsCheck
open FsCheck.FSharp
open Mlx
open Mlx.Core
open Mlx.Testing

let private holds (name: string) (law: Arbitrary<'T>) (body: 'T -> bool) =
    testCase name (fun () ->
        let scoped x =
            use _ = Scope.Enter()
            body x

        let config = Config.QuickThrowOnFailure.WithQuietOnSuccess(true).WithMaxTest 200
        FsCheck.Check.One(config, Prop.forAll law scoped))

let private size (shape: int list) = List.fold (*) 1 shape

let private isWhole (s: Sample) = s.Values.Length = size s.Shape

let private laws =
    [ holds "samples are the tensors they describe" (Generate.arbitrary DType.Float32) (fun s ->
          let x = Sample.tensor s
          x.DType = s.DType && Tensor.shape x = s.Shape && Tensor.toArray x = s.Values)

      holds
          "every dtype has samples"
          (Arb.fromGen (Gen.bind Generate.sample Generate.dtype))
          (fun s ->
              let x = Sample.tensor s
              x.DType = s.DType && x.Size = int64 s.Values.Length)

      holds
          "pairs broadcast, and addition commutes"
          (Generate.arbitraryPair DType.Float32)
          (fun p ->
              let a, b = Sample.tensor p.Left, Sample.tensor p.Right
              Tensor.arrayEqual (a + b) (b + a))

      holds "what is made simpler stays whole" (Generate.arbitrary DType.Int32) (fun s ->
          Sample.shrink s |> Seq.truncate 50 |> Seq.forall (fun t -> isWhole t && t <> s))

      holds "pairs made simpler still broadcast" (Generate.arbitraryPair DType.Int32) (fun p ->
          let add (p: SamplePair) = Sample.tensor p.Left + Sample.tensor p.Right

          (Generate.arbitraryPair DType.Int32).Shrinker p
          |> Seq.truncate 20
          |> Seq.forall (fun p -> (add p).Size >= 0L))

      holds "shapes have at most four axes" (Arb.fromGen Generate.shapeOrEmpty) (fun shape ->
          shape.Length <= 4 && List.forall (fun n -> n >= 0 && n <= 5) shape) ]

let private shrinking =
    testCase "a failure is brought to its smallest sample" (fun () ->
        let law = Prop.forAll (Generate.arbitrary DType.Float32) (fun s -> s.Shape.Length < 2)

        let text =
            try
                FsCheck.Check.One(
                    Config.QuickThrowOnFailure.WithQuietOnSuccess(true).WithMaxTest 200,
                    law
                )

                ""
            with e ->
                e.Message

        Expect.stringContains text "Float32 (1, 1) [0]" "two axes, one element, zero")

let private registered =
    testPropertyWithConfig
        { FsCheckConfig.defaultConfig with
            arbitrary = [ typeof<Arbitraries> ]
            maxTest = 50 }
        "registered types are drawn"
        (fun (s: Sample) (p: SamplePair) (dtype: DType) ->
            isWhole s && isWhole p.Left && System.Enum.IsDefined dtype)

let tests = laws @ [ shrinking; registered ]
