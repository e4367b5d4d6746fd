using System.Numerics.Tensors;

namespace Mlx.Core;

// To and from the tensors of .NET itself.
public sealed partial class MlxArray
{
    /// <summary>Copies a tensor of .NET, in its shape.</summary>
    /// <exception cref="OverflowException">It has more elements than an array can hold.</exception>
    /// <example><code>
    /// var x = MlxArray.From(Tensor.Create([1f, 2, 3, 4], [2, 2]).AsReadOnlyTensorSpan());
    /// </code></example>
    public static MlxArray From<T>(ReadOnlyTensorSpan<T> data) where T : unmanaged
    {
        var elements = GC.AllocateUninitializedArray<T>(checked((int)data.FlattenedLength));
        data.FlattenTo(elements);
        var shape = new int[data.Rank];
        for (var axis = 0; axis < shape.Length; axis++)
        {
            shape[axis] = checked((int)data.Lengths[axis]);
        }

        return Shaped(elements.AsSpan(), shape);
    }

    /// <summary>Computes the array and copies it to a tensor of .NET.</summary>
    /// <typeparam name="T">The .NET type of the array's dtype.</typeparam>
    /// <exception cref="InvalidOperationException">The array has another dtype.</exception>
    public Tensor<T> ToTensor<T>() where T : unmanaged
    {
        var lengths = Array.ConvertAll(ShapeArray, static n => (nint)n);
        return Tensor.Create(ToArray<T>(), lengths);
    }
}
