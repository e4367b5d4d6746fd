namespace Mlx

open Mlx.Patterns

/// <summary>
/// Axes by name: what a tensor's axes are, and what they become, in one line (the notation of
/// einops, Rogozhnikov 2022).
/// </summary>
/// <remarks>
/// A pattern is <c>left -> right</c>. Each side names axes, separated by spaces; parentheses hold
/// the factors of one axis, the first varies slowest; <c>...</c> is all axes that are not named;
/// <c>1</c> and <c>()</c> are an axis of length 1. Sizes are needed only where the shape does not
/// tell: all but one of the factors in parentheses on the left, and the new axes of <c>repeat</c>.
/// A pattern is taken apart once and remembered. What is wrong in it is told with a caret beneath
/// the character:
/// <code>
/// rearrange: axis 1 of the tensor (2, 7) has length 7, which is no multiple of h = 2
///   b (h d) -> b h d
///     ^
/// </code>
/// </remarks>
[<RequireQualifiedAccess>]
module Einops =
    let private run action fold (pattern: string) (sizes: seq<string * int>) (x: Tensor) =
        Plan.apply (Plan.find action pattern (x.Shape.ToArray())) fold sizes x

    let private nothing (_: seq<int>) (x: Tensor) = x

    /// <summary>
    /// The same elements with axes reordered, split and merged (<c>einops.rearrange</c>). Both
    /// sides name the same axes.
    /// </summary>
    /// <exception cref="T:System.ArgumentException">The pattern is malformed, an axis is on one
    /// side only, or the shape or the sizes do not fit; the message names the axis and points at
    /// it.</exception>
    /// <example><code>
    /// Tensor.zeros [ 2; 64 ] |> Einops.rearrange "b (h d) -> b h d" [ "h", 8 ] |> Tensor.shape
    /// // => [2; 8; 8]
    /// </code></example>
    /// <example><code>
    /// let image = Tensor.zeros [ 2; 32; 32; 3 ]
    /// image
    /// |> Einops.rearrange "b (h p) (w q) c -> b (h w) (p q c)" [ "p", 16; "q", 16 ] // patches
    /// |> Tensor.shape
    /// // => [2; 4; 768]
    /// </code></example>
    let rearrange (pattern: string) (sizes: seq<string * int>) (x: Tensor) : Tensor =
        run Rearrange nothing pattern sizes x

    /// <summary>
    /// Folds the axes that are not on the right, with any function that folds axes:
    /// <c>Tensor.sumAxes</c>, <c>Tensor.meanAxes</c>, <c>Tensor.maxAxes</c>,
    /// <c>Tensor.logsumexpAxes</c> (<c>einops.reduce</c>). A length on the left is an axis to fold.
    /// Where the right has all axes the function is not called.
    /// </summary>
    /// <exception cref="T:System.ArgumentException">As for <c>rearrange</c>; or the right adds an
    /// axis.</exception>
    /// <example><code>
    /// let image = Tensor.ones [ 2; 8; 8; 3 ]
    /// image |> Einops.reduce Tensor.meanAxes "b h w c -> b c" []
    /// // => array([[1, 1, 1], [1, 1, 1]], dtype=float32)
    /// </code></example>
    /// <example><code>
    /// let image = Tensor.ones [ 2; 8; 8; 3 ]
    /// image
    /// |> Einops.reduce Tensor.maxAxes "b (h 2) (w 2) c -> b h w c" [] // pooling
    /// |> Tensor.shape
    /// // => [2; 4; 4; 3]
    /// </code></example>
    let reduce
        (fold: seq<int> -> Tensor -> Tensor)
        (pattern: string)
        (sizes: seq<string * int>)
        (x: Tensor)
        : Tensor =
        run Reduce fold pattern sizes x

    /// <summary>
    /// The elements repeated along axes that the right adds: named ones with their size, or lengths
    /// (<c>einops.repeat</c>).
    /// </summary>
    /// <exception cref="T:System.ArgumentException">As for <c>rearrange</c>; or an axis of the left
    /// is not on the right, or the size of a new one is not given.</exception>
    /// <example><code>
    /// Tensor.zeros [ 8; 8 ] |> Einops.repeat "h w -> h w 3" [] |> Tensor.shape
    /// // => [8; 8; 3]
    /// </code></example>
    /// <example><code>
    /// let kv = Tensor.zeros [ 1; 2; 10; 64 ] // shared by groups of heads
    /// kv |> Einops.repeat "b h t d -> b (h group) t d" [ "group", 4 ] |> Tensor.shape
    /// // => [1; 8; 10; 64]
    /// </code></example>
    let repeat (pattern: string) (sizes: seq<string * int>) (x: Tensor) : Tensor =
        run Repeat nothing pattern sizes x

/// <summary>The functions of <c>Einops</c> among those over tensors.</summary>
[<AutoOpen>]
module TensorEinops =
    /// <summary>Functions over tensors.</summary>
    [<RequireQualifiedAccess>]
    module Tensor =
        /// <summary>Axes reordered, split and merged; see <c>Einops.rearrange</c>.</summary>
        /// <returns>The shape that the right side of the pattern says.</returns>
        /// <example><code>
        /// Tensor.arange 6 |> Tensor.rearrange "(h w) -> h w" [ "w", 3 ]
        /// // => array([[0, 1, 2], [3, 4, 5]], dtype=int32)
        /// </code></example>
        let rearrange (pattern: string) (sizes: seq<string * int>) (x: Tensor) : Tensor =
            Einops.rearrange pattern sizes x

        /// <summary>Axes that are not on the right folded; see <c>Einops.reduce</c>.</summary>
        /// <returns>The shape that the right side of the pattern says.</returns>
        /// <example><code>
        /// Tensor.ones [ 2; 8; 8; 3 ] |> Tensor.reduceBy Tensor.meanAxes "b h w c -> b c" []
        /// // => array([[1, 1, 1], [1, 1, 1]], dtype=float32)
        /// </code></example>
        let reduceBy
            (fold: seq<int> -> Tensor -> Tensor)
            (pattern: string)
            (sizes: seq<string * int>)
            (x: Tensor)
            : Tensor =
            Einops.reduce fold pattern sizes x

        /// <summary>Repeated along new axes; see <c>Einops.repeat</c>.</summary>
        /// <example><code>
        /// Tensor.ofSeq [ 1; 2 ] |> Tensor.repeatBy "n -> n c" [ "c", 3 ]
        /// // => array([[1, 1, 1], [2, 2, 2]], dtype=int32)
        /// </code></example>
        let repeatBy (pattern: string) (sizes: seq<string * int>) (x: Tensor) : Tensor =
            Einops.repeat pattern sizes x
