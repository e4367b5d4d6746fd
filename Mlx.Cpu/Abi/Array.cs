using System.Globalization;
using System.Runtime.CompilerServices;
using Mlx.Cpu.Graph;
using Mlx.Cpu.Ops;

namespace Mlx.Cpu.Abi;

/// <summary>array.h: making, describing and reading arrays.</summary>
internal static unsafe class Arrays
{
    private static readonly ConditionalWeakTable<Node, CView> Views = [];

    // ---- making ----------------------------------------------------------------------------

    [RawExport("mlx_array_new")]
    public static mlx_array New() => default;

    [RawExport("mlx_array_free")]
    public static void Free(mlx_array a) => Handles.Free(a.ctx);

    [RawExport("mlx_array_new_bool")]
    public static mlx_array NewBool(bool value) => Wrap(Op.Scalar(value));

    [RawExport("mlx_array_new_int")]
    public static mlx_array NewInt(int value) => Wrap(Op.Scalar(value));

    [RawExport("mlx_array_new_float32")]
    [RawExport("mlx_array_new_float")]
    public static mlx_array NewFloat(float value) => Wrap(Op.Scalar(value));

    [RawExport("mlx_array_new_float64")]
    [RawExport("mlx_array_new_double")]
    public static mlx_array NewDouble(double value) => Wrap(Op.Scalar(value));

    [RawExport("mlx_array_new_complex")]
    public static mlx_array NewComplex(float re, float im) =>
        Wrap(Op.Scalar(new Complex64(re, im)));

    [RawExport("mlx_array_new_data")]
    public static mlx_array NewData(void* data, int* shape, int dim, mlx_dtype dtype) =>
        Wrap(FromData(data, shape, dim, dtype));

    [RawExport("mlx_array_new_data_managed")]
    public static mlx_array NewManaged(
        void* data, int* shape, int dim, mlx_dtype dtype,
        delegate* unmanaged[Cdecl]<void*, void> destructor) =>
        NewManagedPayload(data, shape, dim, dtype, data, destructor);

    [RawExport("mlx_array_new_data_managed_payload")]
    public static mlx_array NewManagedPayload(
        void* data, int* shape, int dim, mlx_dtype dtype, void* payload,
        delegate* unmanaged[Cdecl]<void*, void> destructor)
    {
        var (free, what) = ((nint)destructor, (nint)payload);
        var dims = Dimensions(shape, dim);
        var bytes = Shapes.Size(dims) * ((Dtype)dtype).Size();
        var storage = Storage.External((byte*)data, bytes, () =>
        {
            if (free != 0)
            {
                ((delegate* unmanaged[Cdecl]<void*, void>)free)((void*)what);
            }
        });
        return Wrap(Node.Over(storage, 0, dims, (Dtype)dtype));
    }

    [RawExport("mlx_array_set")]
    public static void Set(mlx_array* target, mlx_array source) =>
        Handles.Set(target, Handles.Node(source));

    [RawExport("mlx_array_set_bool")]
    public static void SetBool(mlx_array* target, bool value) =>
        Handles.Set(target, Op.Scalar(value));

    [RawExport("mlx_array_set_int")]
    public static void SetInt(mlx_array* target, int value) =>
        Handles.Set(target, Op.Scalar(value));

    [RawExport("mlx_array_set_float32")]
    [RawExport("mlx_array_set_float")]
    public static void SetFloat(mlx_array* target, float value) =>
        Handles.Set(target, Op.Scalar(value));

    [RawExport("mlx_array_set_float64")]
    [RawExport("mlx_array_set_double")]
    public static void SetDouble(mlx_array* target, double value) =>
        Handles.Set(target, Op.Scalar(value));

    [RawExport("mlx_array_set_complex")]
    public static void SetComplex(mlx_array* target, float re, float im) =>
        Handles.Set(target, Op.Scalar(new Complex64(re, im)));

    [RawExport("mlx_array_set_data")]
    public static void SetData(
        mlx_array* target, void* data, int* shape, int dim, mlx_dtype dtype) =>
        Handles.Set(target, FromData(data, shape, dim, dtype));

    // ---- describing ------------------------------------------------------------------------

    [RawExport("mlx_dtype_size")]
    public static nuint DtypeSize(mlx_dtype dtype) => (nuint)((Dtype)dtype).Size();

    [RawExport("mlx_array_itemsize")]
    public static nuint ItemSize(mlx_array a) => (nuint)Handles.Node(a).Dtype.Size();

    [RawExport("mlx_array_size")]
    public static nuint Size(mlx_array a) => (nuint)Handles.Node(a).Size;

    [RawExport("mlx_array_nbytes")]
    public static nuint Bytes(mlx_array a) => (nuint)Handles.Node(a).Bytes;

    [RawExport("mlx_array_ndim")]
    public static nuint Rank(mlx_array a) => (nuint)Handles.Node(a).Rank;

    [RawExport("mlx_array_dim")]
    public static int Dim(mlx_array a, int dim)
    {
        var n = Handles.Node(a);
        return n.Shape[Shapes.Axis(dim, n.Rank, "dim")];
    }

    [RawExport("mlx_array_dtype")]
    public static mlx_dtype DtypeOf(mlx_array a) => (mlx_dtype)Handles.Node(a).Dtype;

    [RawExport("mlx_array_shape")]
    public static int* Shape(mlx_array a) => View(Handles.Node(a)).Shape;

    [RawExport("mlx_array_strides")]
    public static nuint* Strides(mlx_array a)
    {
        var n = Handles.Node(a);
        Evaluator.Eval(n);
        return View(n).Strides(n);
    }

    [RawExport("mlx_array_tostring")]
    public static void Describe(mlx_string* text, mlx_array a)
    {
        var n = Handles.Node(a);
        Evaluator.Eval(n);
        Strings.Set(text, Printing.Format(n));
    }

    // ---- reading ---------------------------------------------------------------------------

    [RawExport("mlx_array_eval")]
    public static void Eval(mlx_array a) => Evaluator.Eval(Handles.Node(a));

    [RawExport("mlx_array_item_bool")]
    [RawExport("mlx_array_item_uint8")]
    [RawExport("mlx_array_item_int8")]
    public static void Item8(byte* result, mlx_array a) => *result = Item<byte>(a);

    [RawExport("mlx_array_item_uint16")]
    [RawExport("mlx_array_item_int16")]
    [RawExport("mlx_array_item_float16")]
    [RawExport("mlx_array_item_bfloat16")]
    public static void Item16(ushort* result, mlx_array a) => *result = Item<ushort>(a);

    [RawExport("mlx_array_item_uint32")]
    [RawExport("mlx_array_item_int32")]
    [RawExport("mlx_array_item_float32")]
    public static void Item32(uint* result, mlx_array a) => *result = Item<uint>(a);

    [RawExport("mlx_array_item_uint64")]
    [RawExport("mlx_array_item_int64")]
    [RawExport("mlx_array_item_float64")]
    [RawExport("mlx_array_item_complex64")]
    public static void Item64(ulong* result, mlx_array a) => *result = Item<ulong>(a);

    [RawExport("mlx_array_data_bool")]
    [RawExport("mlx_array_data_uint8")]
    [RawExport("mlx_array_data_uint16")]
    [RawExport("mlx_array_data_uint32")]
    [RawExport("mlx_array_data_uint64")]
    [RawExport("mlx_array_data_int8")]
    [RawExport("mlx_array_data_int16")]
    [RawExport("mlx_array_data_int32")]
    [RawExport("mlx_array_data_int64")]
    [RawExport("mlx_array_data_float16")]
    [RawExport("mlx_array_data_float32")]
    [RawExport("mlx_array_data_float64")]
    [RawExport("mlx_array_data_bfloat16")]
    [RawExport("mlx_array_data_complex64")]
    public static void* Data(mlx_array a)
    {
        var n = Handles.Node(a);
        return n.HasData ? n.Data : null;
    }

    [RawExport("_mlx_array_is_available")]
    public static void IsAvailable(byte* answer, mlx_array a) =>
        *answer = Handles.Node(a).HasData ? (byte)1 : (byte)0;

    [RawExport("_mlx_array_wait")]
    public static void Wait(mlx_array a)
    {
        if (!Handles.Node(a).HasData)
        {
            AsyncEvaluator.Drain();
        }
    }

    [RawExport("_mlx_array_is_contiguous")]
    public static void IsContiguous(byte* answer, mlx_array a) =>
        *answer = Handles.Node(a).IsDense ? (byte)1 : (byte)0;

    [RawExport("_mlx_array_is_row_contiguous")]
    public static void IsRowContiguous(byte* answer, mlx_array a) =>
        *answer = Handles.Node(a).IsRow ? (byte)1 : (byte)0;

    [RawExport("_mlx_array_is_col_contiguous")]
    public static void IsColContiguous(byte* answer, mlx_array a)
    {
        var n = Handles.Node(a);
        var reversed = ((int[])n.Shape.Clone(), (long[])n.Strides.Clone());
        Array.Reverse(reversed.Item1);
        Array.Reverse(reversed.Item2);
        var layout = Node.LayoutOf(reversed.Item1, reversed.Item2);
        *answer = (layout & Layout.Row) != 0 ? (byte)1 : (byte)0;
    }

    // ----------------------------------------------------------------------------------------

    public static mlx_array Wrap(Node n) => new() { ctx = Handles.NewNode(n) };

    private static T Item<T>(mlx_array a) where T : unmanaged
    {
        var n = Handles.Node(a);
        if (n.Size != 1)
        {
            throw new ArgumentException(
                "item can only be called on arrays of size 1, not of shape " +
                $"{Shapes.Text(n.Shape)}.");
        }

        Evaluator.Eval(n);
        return n.Item<T>();
    }

    private static Node FromData(void* data, int* shape, int dim, mlx_dtype dtype) =>
        Node.Copied(data, Dimensions(shape, dim), (Dtype)dtype);

    private static int[] Dimensions(int* shape, int dim) =>
        Shapes.Checked(new ReadOnlySpan<int>(shape, dim), "array");

    private static CView View(Node n) => Views.GetValue(n, static node => new CView(node));

    /// <summary>
    /// Shape and strides at addresses that stay put, for as long as the node lives.
    /// </summary>
    private sealed class CView(Node node)
    {
        private readonly int[] shape = Pin(node.Shape);
        private nuint[]? strides;

        public int* Shape => (int*)Unsafe.AsPointer(ref System.Runtime.InteropServices.MemoryMarshal
            .GetArrayDataReference(shape));

        public nuint* Strides(Node n)
        {
            strides ??= Pin(Array.ConvertAll(n.Strides, s => (nuint)s));
            return (nuint*)Unsafe.AsPointer(ref System.Runtime.InteropServices.MemoryMarshal
                .GetArrayDataReference(strides));
        }

        private static T[] Pin<T>(T[] values)
        {
            var pinned = GC.AllocateUninitializedArray<T>(Math.Max(1, values.Length), pinned: true);
            values.CopyTo(pinned, 0);
            return pinned;
        }
    }
}
