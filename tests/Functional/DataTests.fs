module Mlx.Tests.Functional.DataTests

open System
open System.Threading
open Expecto
open Mlx

let private set (n: int) =
    {| X = Tensor.arange n; Y = Tensor.reshape [ n; 1 ] (Tensor.arange n) * 2 |}

let private ids (s: {| X: Tensor; Y: Tensor |}) : int list = List.ofArray (Tensor.toArray s.X)

let private law name (check: int -> int -> bool) =
    testProperty name (fun (a: int) (b: int) ->
        Tree.scoped (fun () -> check (1 + abs a % 40) (abs b % 50)))

let private laws =
    [ law "take and skip are two parts of the whole" (fun n k ->
          ids (Data.concat [ Data.take k (set n); Data.skip k (set n) ]) = [ 0 .. n - 1 ])

      law "take takes at most what is there" (fun n k -> Data.count (Data.take k (set n)) = min n k)

      law "repeat is concat of the same" (fun n k ->
          let times = 1 + k % 4
          ids (Data.repeat times (set n)) = List.concat (List.replicate times [ 0 .. n - 1 ]))

      law "batches together are the samples" (fun n k ->
          let all = set n |> Data.batches (1 + k) |> Data.concat
          ids all = [ 0 .. n - 1 ])

      law "shuffling keeps every sample, and pairs" (fun n k ->
          let s = set n |> Data.shuffle |> Random.run (Key.ofSeed k)
          let y: int[] = Tensor.toArray s.Y
          List.sort (ids s) = [ 0 .. n - 1 ] && List.ofArray y = List.map ((*) 2) (ids s))

      law "zip pairs sample by sample" (fun n _ ->
          let a, b = Data.zip (set n) (Tensor.arange n)
          ids a = List.ofArray (Tensor.toArray b))

      testProperty "mapParallel is map" (fun (items: int list) (threads: byte) ->
          let threads = 1 + int threads % 8
          List.ofSeq (Data.mapParallel threads (fun x -> x * 3) items) = List.map ((*) 3) items)

      testProperty "prefetch is the sequence itself" (fun (items: int list) (ahead: byte) ->
          List.ofSeq (Data.prefetch (1 + int ahead % 5) items) = items) ]

let private examples =
    [ testCase "mapParallel works at many items at a time, in order" (fun () ->
          use barrier = new Barrier(3)

          let meet x =
              // Returns when three are at work.
              if not (barrier.SignalAndWait(TimeSpan.FromSeconds 20.0)) then
                  failtest "nobody came"

              x

          Expect.equal (List.ofSeq (Data.mapParallel 3 meet [ 1..9 ])) [ 1..9 ] "in order")

      testCase "what a worker throws comes out where the item would" (fun () ->
          let seen = ResizeArray()

          let run (items: seq<int>) =
              seen.Clear()

              Expect.throwsT<TimeoutException>
                  (fun () ->
                      for x in items do
                          seen.Add x)
                  "thrown"

              Expect.equal (List.ofSeq seen) [ 1; 2 ] "those before"

          let breaks x = if x = 3 then raise (TimeoutException "three") else x
          run (Data.mapParallel 2 breaks [ 1..5 ])
          run (Data.prefetch 2 (Seq.map breaks [ 1..5 ])))

      testCase "prefetch is ahead, but not far" (fun () ->
          let mutable made = 0

          let source =
              seq {
                  for i in 1..100 do
                      Volatile.Write(&made, i)
                      i
              }

          use e = (Data.prefetch 4 source).GetEnumerator()
          Expect.isTrue (e.MoveNext()) "an item"
          let reached = SpinWait.SpinUntil((fun () -> Volatile.Read &made >= 5), 20_000)
          Expect.isTrue reached "made ahead"
          Thread.Sleep 50
          // One is out, four wait, one waits for a place.
          Expect.isLessThanOrEqual (Volatile.Read &made) 6 "and no more")

      testCase "whoever stops early stops the making" (fun () ->
          let mutable ended = false

          let source =
              seq {
                  try
                      let mutable i = 0

                      while true do
                          i <- i + 1
                          i
                  finally
                      ended <- true
              }

          Expect.equal (source |> Data.prefetch 3 |> Seq.truncate 5 |> List.ofSeq) [ 1..5 ] "five"
          Expect.isTrue ended "the source was disposed of")

      testCase "tensors are made ahead on other threads" (fun () ->
          let key = Key.ofSeed 1
          let s = set 24
          let plain = [ for b in Data.shuffled 4 key s 2 -> ids b ]

          let ahead =
              [ for b in Data.shuffled 4 key s 2 |> Data.mapParallel 3 Tree.eval |> Data.prefetch 2 ->
                    ids b ]

          Expect.equal ahead plain "the same batches")

      testCase "mistakes are told" (fun () ->
          let told (call: unit -> 'T) (part: string) =
              Expect.stringContains (Assert.catch (call >> ignore)).Message part part

          told (fun () -> Data.zip (set 3) (set 4)) "3 samples do not go with 4"
          told (fun () -> Data.take -1 (set 3)) "not -1"
          told (fun () -> Data.repeat 0 (set 3)) "at least once"
          told (fun () -> box (Data.concat ([]: Tensor list))) "no samples"
          told (fun () -> Data.prefetch 0 [ 1 ]) "at least one"
          told (fun () -> Data.mapParallel 0 id [ 1 ]) "at least one") ]

let tests = laws @ examples
