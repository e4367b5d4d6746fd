// Mlx.Cpu: the table of the primitives that MLX can write to a file, from the marks [Serialized].
// A mark stands above a static field `Form`, or above a builder of a primitive without state: then
// the class and MLX's name are that of the method, or the one the mark gives.

open System.Text.RegularExpressions
open EmitTypes

let private mark = Regex @"\[Serialized(?:\(""(\w+)""\))?\]"

let private field = Regex @"\G\s*public static (?:new )?readonly Form (\w+)\b"

let private form (file: string) (ns: string) (text: string) (m: Match) =
    let after = m.Index + m.Length
    let f = field.Match(text, after)
    let home = $"global::{ns}.{EmitCpu.classAt text m.Index}"

    if f.Success then
        $"{home}.{f.Groups[1].Value}"
    else
        let s = EmitCpu.methodAfter.Match(text, after)

        if not s.Success then
            failwithf "%s: neither a form nor a builder follows the mark %s" file m.Value

        let method = s.Groups[3].Value
        let name = if m.Groups[1].Success then m.Groups[1].Value else method
        let parameters = EmitCpu.parametersAt text (s.Index + s.Length - 1)
        let nodes = parameters |> List.takeWhile (fun (t, _) -> t = "Node") |> List.length
        let inputs = String.concat ", " [ for i in 0 .. nodes - 1 -> $"x[{i}]" ]
        let build = $"static x => {home}.{method}({inputs})"
        $"Form.Of<global::{ns}.{name}>(\n            \"{name}\", {build}, {nodes})"

let emit (folder: string) =
    let forms =
        [ for file, ns, text in EmitCpu.sources folder do
              for m in mark.Matches text do
                  form file ns text m ]

    lines
        [ yield! header "What is marked [Serialized]."
          "namespace Mlx.Cpu.Export;"
          ""
          "internal static partial class Forms"
          "{"
          "    private static Form[] All() =>"
          "    ["
          for f in forms do
              $"        {f},"
          "    ];"
          "}" ]
