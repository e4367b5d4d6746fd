/// Decoding and prefill of Mistral-shaped models.
module Mlx.Benchmarks.Mistral

let rows =
    [ "mistral_tiny_f32_decode_per_token"
      "mistral_tiny_q4g64_decode_per_token"
      "mistral_medium_f32_decode_per_token"
      "mistral_medium_bf16_decode_per_token"
      "mistral_medium_q4g64_f32_decode_per_token"
      "mistral_medium_q4g64_bf16_decode_per_token"
      "mistral_tiny_f32_prefill17"
      "mistral_medium_f32_prefill128"
      "mistral_medium_bf16_prefill32" ]
    |> List.map (fun name -> Row.skipped name "Mlx.Models is not there yet")
