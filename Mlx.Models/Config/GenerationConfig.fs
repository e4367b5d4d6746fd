namespace Mlx.Models

open System.IO

/// <summary>
/// How the makers of a model generate with it: what <c>generation_config.json</c> of its folder
/// says, by the same names. What it does not say is None, or empty.
/// </summary>
type GenerationConfig =
    {
        /// The token that begins a text.
        BosTokenId: int option
        /// The tokens that end a text.
        EosTokenIds: int list
        /// Whether tokens are drawn, rather than the likeliest taken.
        DoSample: bool option
        /// What logits are divided by.
        Temperature: float option
        /// Only so many of the likeliest tokens are drawn from.
        TopK: int option
        /// Only the likeliest tokens that have this much of the probability are drawn from.
        TopP: float option
        /// Only tokens with this share of the likeliest one's probability are drawn from.
        MinP: float option
        /// How much less likely the tokens become that are there already.
        RepetitionPenalty: float option
        /// New tokens at most.
        MaxNewTokens: int option
    }

/// <summary>Reading <c>generation_config.json</c>.</summary>
[<RequireQualifiedAccess>]
module GenerationConfig =
    /// <summary>What a folder without the file says: nothing.</summary>
    /// <example><code>{ GenerationConfig.none with Temperature = Some 0.7 }</code></example>
    let none: GenerationConfig =
        { BosTokenId = None
          EosTokenIds = []
          DoSample = None
          Temperature = None
          TopK = None
          TopP = None
          MinP = None
          RepetitionPenalty = None
          MaxNewTokens = None }

    /// <summary>Reads the file of a folder, if there is one.</summary>
    /// <exception cref="T:Mlx.Models.ModelException">It is malformed; all that is wrong with it is
    /// told at once.</exception>
    /// <example><code>let defaults = GenerationConfig.load "mistral-7b"</code></example>
    let load (folder: string) : GenerationConfig =
        let path = Path.Combine(folder, "generation_config.json")

        if not (File.Exists path) then
            none
        else
            let r = ConfigReader.OfFile path
            let id = 1 <<< 24

            let config =
                { BosTokenId = r.TryInt("bos_token_id", 0, id)
                  EosTokenIds = r.Ints("eos_token_id", 0, id)
                  DoSample = if r.Has "do_sample" then Some(r.BoolOr("do_sample", false)) else None
                  Temperature = r.TryFloat("temperature", 0.0, 1e3)
                  TopK = r.TryInt("top_k", 0, id)
                  TopP = r.TryFloat("top_p", 0.0, 1.0)
                  MinP = r.TryFloat("min_p", 0.0, 1.0)
                  RepetitionPenalty = r.TryFloat("repetition_penalty", 1e-3, 1e3)
                  MaxNewTokens = r.TryInt("max_new_tokens", 1, 1 <<< 30) }

            r.Check()
            config
