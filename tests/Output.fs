/// Where the tests' own report goes.
module Mlx.Tests.Output

open System
open System.IO

// Not Console.Out, which Expecto replaces by a writer of its own that pads lines.
let private writer = new StreamWriter(Console.OpenStandardOutput(), AutoFlush = true)

let print format = fprintfn writer format
