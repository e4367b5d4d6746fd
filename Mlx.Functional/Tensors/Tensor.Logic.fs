namespace Mlx

open System
open Mlx.Core

/// <summary>Comparisons, logic and bits, element by element. Tensors broadcast to one
/// shape.</summary>
[<AutoOpen>]
module TensorLogic =
    /// <summary>Functions over tensors.</summary>
    [<RequireQualifiedAccess>]
    module Tensor =
        /// <summary>x = y (<c>mlx.core.equal</c>).</summary>
        /// <returns>The shape that x and y broadcast to.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 1; 2 ] |> Tensor.equal (Tensor.ofSeq [ 1; 3 ])
        /// // => array([true, false], dtype=bool)
        /// </code></example>
        let equal (y: Tensor) (x: Tensor) : Tensor = Ops.Equal(x, y)

        /// <summary>x and y differ (<c>mlx.core.not_equal</c>).</summary>
        /// <returns>The shape that x and y broadcast to.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 1; 2 ] |> Tensor.notEqual (Tensor.ofSeq [ 1; 3 ])
        /// // => array([false, true], dtype=bool)
        /// </code></example>
        let notEqual (y: Tensor) (x: Tensor) : Tensor = Ops.NotEqual(x, y)

        /// <summary>x &lt; y (<c>mlx.core.less</c>).</summary>
        /// <returns>The shape that x and y broadcast to.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 1; 3 ] |> Tensor.less (Tensor.ofSeq [ 2; 2 ])
        /// // => array([true, false], dtype=bool)
        /// </code></example>
        let less (y: Tensor) (x: Tensor) : Tensor = Ops.Less(x, y)

        /// <summary>x &lt;= y (<c>mlx.core.less_equal</c>).</summary>
        /// <returns>The shape that x and y broadcast to.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 1; 2 ] |> Tensor.lessEqual (Tensor.ofSeq [ 2; 2 ])
        /// // => array([true, true], dtype=bool)
        /// </code></example>
        let lessEqual (y: Tensor) (x: Tensor) : Tensor = Ops.LessEqual(x, y)

        /// <summary>x > y (<c>mlx.core.greater</c>).</summary>
        /// <returns>The shape that x and y broadcast to.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 1; 3 ] |> Tensor.greater (Tensor.ofSeq [ 2; 2 ])
        /// // => array([false, true], dtype=bool)
        /// </code></example>
        let greater (y: Tensor) (x: Tensor) : Tensor = Ops.Greater(x, y)

        /// <summary>x >= y (<c>mlx.core.greater_equal</c>).</summary>
        /// <returns>The shape that x and y broadcast to.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 1; 2 ] |> Tensor.greaterEqual (Tensor.ofSeq [ 2; 2 ])
        /// // => array([false, true], dtype=bool)
        /// </code></example>
        let greaterEqual (y: Tensor) (x: Tensor) : Tensor = Ops.GreaterEqual(x, y)

        /// <summary>Both (<c>mlx.core.logical_and</c>).</summary>
        /// <returns>The shape that x and y broadcast to.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ true; true ] |> Tensor.logicalAnd (Tensor.ofSeq [ true; false ])
        /// // => array([true, false], dtype=bool)
        /// </code></example>
        let logicalAnd (y: Tensor) (x: Tensor) : Tensor = Ops.LogicalAnd(x, y)

        /// <summary>Either (<c>mlx.core.logical_or</c>).</summary>
        /// <returns>The shape that x and y broadcast to.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ false; true ] |> Tensor.logicalOr (Tensor.ofSeq [ false; false ])
        /// // => array([false, true], dtype=bool)
        /// </code></example>
        let logicalOr (y: Tensor) (x: Tensor) : Tensor = Ops.LogicalOr(x, y)

        /// <summary>True where x is zero or false (<c>mlx.core.logical_not</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ true; false ] |> Tensor.logicalNot
        /// // => array([false, true], dtype=bool)
        /// </code></example>
        let logicalNot (x: Tensor) : Tensor = Ops.LogicalNot x

        /// <summary>Bits in both (<c>mlx.core.bitwise_and</c>).</summary>
        /// <returns>The shape that x and y broadcast to.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 6; 5 ] |> Tensor.bitwiseAnd (Tensor.ofSeq [ 3; 3 ])
        /// // => array([2, 1], dtype=int32)
        /// </code></example>
        let bitwiseAnd (y: Tensor) (x: Tensor) : Tensor = Ops.BitwiseAnd(x, y)

        /// <summary>Bits in either (<c>mlx.core.bitwise_or</c>).</summary>
        /// <returns>The shape that x and y broadcast to.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 6; 5 ] |> Tensor.bitwiseOr (Tensor.ofSeq [ 3; 3 ])
        /// // => array([7, 7], dtype=int32)
        /// </code></example>
        let bitwiseOr (y: Tensor) (x: Tensor) : Tensor = Ops.BitwiseOr(x, y)

        /// <summary>Bits in one only (<c>mlx.core.bitwise_xor</c>).</summary>
        /// <returns>The shape that x and y broadcast to.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 6; 5 ] |> Tensor.bitwiseXor (Tensor.ofSeq [ 3; 3 ])
        /// // => array([5, 6], dtype=int32)
        /// </code></example>
        let bitwiseXor (y: Tensor) (x: Tensor) : Tensor = Ops.BitwiseXor(x, y)

        /// <summary>All bits flipped (<c>mlx.core.bitwise_invert</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 0; 5 ] |> Tensor.bitwiseInvert
        /// // => array([-1, -6], dtype=int32)
        /// </code></example>
        let bitwiseInvert (x: Tensor) : Tensor = Ops.BitwiseInvert x

        /// <summary>Bits moved up by y (<c>mlx.core.left_shift</c>).</summary>
        /// <returns>The shape that x and y broadcast to.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 1; 3 ] |> Tensor.leftShift (Tensor.ofSeq [ 2; 1 ])
        /// // => array([4, 6], dtype=int32)
        /// </code></example>
        let leftShift (y: Tensor) (x: Tensor) : Tensor = Ops.LeftShift(x, y)

        /// <summary>Bits moved down by y (<c>mlx.core.right_shift</c>).</summary>
        /// <returns>The shape that x and y broadcast to.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 8; 7 ] |> Tensor.rightShift (Tensor.ofSeq [ 2; 1 ])
        /// // => array([2, 3], dtype=int32)
        /// </code></example>
        let rightShift (y: Tensor) (x: Tensor) : Tensor = Ops.RightShift(x, y)

        /// <summary>True where x is not a number (<c>mlx.core.isnan</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ nan; infinity; 1.0 ] |> Tensor.isnan
        /// // => array([true, false, false], dtype=bool)
        /// </code></example>
        let isnan (x: Tensor) : Tensor = Ops.IsNaN x

        /// <summary>True where x is infinite (<c>mlx.core.isinf</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ nan; infinity; 1.0 ] |> Tensor.isinf
        /// // => array([false, true, false], dtype=bool)
        /// </code></example>
        let isinf (x: Tensor) : Tensor = Ops.IsInf x

        /// <summary>True where x is plus infinity (<c>mlx.core.isposinf</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ infinity; -infinity ] |> Tensor.isposinf
        /// // => array([true, false], dtype=bool)
        /// </code></example>
        let isposinf (x: Tensor) : Tensor = Ops.IsPosInf x

        /// <summary>True where x is minus infinity (<c>mlx.core.isneginf</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ infinity; -infinity ] |> Tensor.isneginf
        /// // => array([false, true], dtype=bool)
        /// </code></example>
        let isneginf (x: Tensor) : Tensor = Ops.IsNegInf x

        /// <summary>True where x is a finite number (<c>mlx.core.isfinite</c>).</summary>
        /// <returns>The shape of x.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ nan; infinity; 1.0 ] |> Tensor.isfinite
        /// // => array([false, false, true], dtype=bool)
        /// </code></example>
        let isfinite (x: Tensor) : Tensor = Ops.IsFinite x

        /// <summary>x where the condition holds, y elsewhere (<c>mlx.core.where</c>).</summary>
        /// <returns>The shape that all three broadcast to.</returns>
        /// <example><code>
        /// Tensor.where (Tensor.ofSeq [ true; false ]) (Tensor.scalar 1) (Tensor.scalar 0)
        /// // => array([1, 0], dtype=int32)
        /// </code></example>
        let where (condition: Tensor) (x: Tensor) (y: Tensor) : Tensor = Ops.Where(condition, x, y)

        /// <summary>True where |x - y| &lt;= atol + rtol |y| (<c>mlx.core.isclose</c>).</summary>
        /// <returns>The shape that x and y broadcast to.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 1.0; 2.0 ] |> Tensor.isclose 1e-5 1e-8 (Tensor.ofSeq [ 1.0; 2.1 ])
        /// // => array([true, false], dtype=bool)
        /// </code></example>
        let isclose (rtol: float) (atol: float) (y: Tensor) (x: Tensor) : Tensor =
            Ops.IsClose(x, y, rtol, atol)

        /// <summary>Whether |x - y| &lt;= atol + rtol |y| everywhere, read at once
        /// (<c>mlx.core.allclose</c>).</summary>
        /// <returns>One bool for all elements; the shapes broadcast.</returns>
        /// <example><code>
        /// Tensor.ofSeq [ 1.0; 2.0 ] |> Tensor.allclose 1e-5 1e-8 (Tensor.ofSeq [ 1.0; 2.1 ])
        /// // => false
        /// </code></example>
        let allclose (rtol: float) (atol: float) (y: Tensor) (x: Tensor) : bool =
            use answer = Ops.AllClose(x, y, rtol, atol)
            answer.Item<bool>()

        /// <summary>Whether shape and elements are the same, read at once
        /// (<c>mlx.core.array_equal</c>).</summary>
        /// <example><code>
        /// Tensor.ofSeq [ 1; 2 ] |> Tensor.arrayEqual (Tensor.ofSeq [ 1; 2 ])
        /// // => true
        /// </code></example>
        let arrayEqual (y: Tensor) (x: Tensor) : bool =
            use answer = Ops.ArrayEqual(x, y)
            answer.Item<bool>()
