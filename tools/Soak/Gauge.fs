/// What a long run must not grow: handles, buffers, bytes of arrays, memory of the process.
module Mlx.Soak.Gauge

open System
open System.Diagnostics
open Mlx.Core

type Reading =
    {
        /// Array handles neither disposed nor finalized.
        Handles: int64
        /// Buffers in use by the embedded engine; a native engine does not tell: 0.
        Buffers: int64
        /// Bytes held by arrays.
        Active: int64
        /// Resident memory of the process, bytes.
        Resident: int64
    }

let read () =
    use me = Process.GetCurrentProcess()

    { Handles = Engine.LiveHandles
      Buffers = if Engine.IsNative then 0L else Mlx.Cpu.Graph.Storage.LiveCount
      Active = Memory.Active
      Resident = me.WorkingSet64 }

let rec private settle rounds =
    GC.Collect()
    GC.WaitForPendingFinalizers()

    if rounds > 1 && Engine.LiveHandles <> 0L then
        settle (rounds - 1)

/// After the finalizers have run.
let settled () =
    settle 4
    read ()

/// Memory that a process may gain without having leaked: the collector's heap breathes.
let private breath = 16L <<< 20

/// What grew from one reading to another, in words; None when nothing did.
let growth before after =
    [ if after.Handles > before.Handles then
          $"handles {before.Handles} -> {after.Handles}"
      if after.Buffers > before.Buffers then
          $"buffers {before.Buffers} -> {after.Buffers}"
      if after.Active > before.Active then
          $"bytes of arrays {before.Active} -> {after.Active}"
      if after.Resident > before.Resident + breath then
          $"resident MiB {before.Resident >>> 20} -> {after.Resident >>> 20}" ]
    |> function
        | [] -> None
        | what -> Some(String.concat ", " what)

let show r =
    $"handles {r.Handles} buffers {r.Buffers} active {r.Active:N0} B resident {r.Resident >>> 20} MiB"
