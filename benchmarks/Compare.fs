/// Two result files side by side: how many times as fast the second is.
module Mlx.Benchmarks.Compare

open System.IO
open System.Text.Json

/// Rows in their order, with their median milliseconds; what was skipped has none.
let private load file =
    [ for line in File.ReadLines file do
          use json = JsonDocument.Parse line
          let root = json.RootElement

          match root.TryGetProperty "name", root.TryGetProperty "median_ms" with
          | (true, name), (true, ms) -> nonNull (name.GetString()), ms.GetDouble()
          | _ -> () ]

/// Prints the ratio of every row that both files have, and the geometric mean of all ratios.
let print baseFile file =
    let ours = Map.ofList (load file)

    let rows =
        [ for name, ms in load baseFile do
              match ours.TryFind name with
              | Some mine -> name, ms, mine, ms / mine
              | None -> () ]

    for name, ms, mine, ratio in rows do
        let remark = if ratio < 1.0 then "  slower" else ""
        printfn $"%-48s{name} %11.4f{ms} ms %11.4f{mine} ms %8.2f{ratio} x%s{remark}"

    if not rows.IsEmpty then
        let mean = rows |> List.averageBy (fun (_, _, _, ratio) -> log ratio) |> exp
        printfn $"{rows.Length} rows, geometric mean %.2f{mean} x"
