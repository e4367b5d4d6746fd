/// The table of ops: one row for each, more where parameters change what an op does.
module Mlx.Tests.Laws.Table

open Mlx.Tests.Laws.Rows

let rows =
    lazy
        (List.concat
            [ Unary.rows
              Binary.rows
              Choice.rows
              Reduce.rows
              Scan.rows
              Structure.rows
              Index.rows
              Creation.rows
              Product.rows
              Convolution.rows
              Fourier.rows
              Linalg.rows
              Fast.rows
              Random.rows
              Quantized.rows ])
