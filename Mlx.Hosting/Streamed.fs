namespace Mlx.Hosting

open System.Collections.Generic
open System.Threading
open System.Threading.Tasks

/// Values that come one after the other. Each enumeration starts the work anew; whoever stops
/// asking cancels it.
[<Sealed>]
type internal Streamed<'T>
    (outer: CancellationToken, start: CancellationToken -> (unit -> Task<'T voption>)) =
    interface IAsyncEnumerable<'T> with
        member _.GetAsyncEnumerator inner =
            let source = CancellationTokenSource.CreateLinkedTokenSource(outer, inner)
            let mutable next: (unit -> Task<'T voption>) voption = ValueNone
            let mutable current = ValueNone

            { new IAsyncEnumerator<'T> with
                member _.Current = ValueOption.get current

                member _.MoveNextAsync() =
                    ValueTask<bool>(
                        task {
                            if next.IsNone then
                                next <- ValueSome(start source.Token)

                            let! value = next.Value()
                            current <- value
                            return value.IsSome
                        }
                    )

                member _.DisposeAsync() =
                    source.Cancel()
                    source.Dispose()
                    ValueTask.CompletedTask }
