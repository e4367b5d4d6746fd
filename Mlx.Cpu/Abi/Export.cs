using Mlx.Cpu.Export;

namespace Mlx.Cpu.Abi;

/// <summary>export.h: functions to files, and back.</summary>
internal static unsafe class Exports
{
    [RawExport("mlx_export_function")]
    public static void Export(byte* file, mlx_closure fun, mlx_vector_array args, bool shapeless)
    {
        var f = Closures.Get(fun).Function;
        using var exporter = new FunctionExporter(
            Strings.Get(file), (inputs, _) => f(inputs), null, shapeless);
        exporter.Export(Handles.Nodes(args), null);
    }

    [RawExport("mlx_export_function_kwargs")]
    public static void Export(
        byte* file, mlx_closure_kwargs fun, mlx_vector_array args, mlx_map_string_to_array kwargs,
        bool shapeless)
    {
        using var exporter = new FunctionExporter(
            Strings.Get(file), NamedClosures.Get(fun).Rule, null, shapeless);
        exporter.Export(Handles.Nodes(args), ArrayMaps.Get(kwargs));
    }

    /// <summary>A plain function does not see the named arguments it may be called with.</summary>
    [RawExport("mlx_function_exporter_new")]
    public static mlx_function_exporter New(byte* file, mlx_closure fun, bool shapeless)
    {
        var closure = Closures.Get(fun).Another();
        try
        {
            return new()
            {
                ctx = Handles.New(new FunctionExporter(
                    Strings.Get(file), (inputs, _) => closure.Function(inputs), closure,
                    shapeless)),
            };
        }
        catch
        {
            closure.Dispose();
            throw;
        }
    }

    [RawExport("mlx_function_exporter_free")]
    public static void Free(mlx_function_exporter xfunc) => Handles.Free(xfunc.ctx);

    [RawExport("mlx_function_exporter_apply")]
    public static void Apply(mlx_function_exporter xfunc, mlx_vector_array args) =>
        Handles.Get<FunctionExporter>(xfunc.ctx).Export(Handles.Nodes(args), null);

    [RawExport("mlx_function_exporter_apply_kwargs")]
    public static void Apply(
        mlx_function_exporter xfunc, mlx_vector_array args, mlx_map_string_to_array kwargs) =>
        Handles.Get<FunctionExporter>(xfunc.ctx).Export(
            Handles.Nodes(args), ArrayMaps.Get(kwargs));

    [RawExport("mlx_imported_function_new")]
    public static mlx_imported_function Import(byte* file) =>
        new() { ctx = Handles.New(FunctionReader.Read(Strings.Get(file))) };

    [RawExport("mlx_imported_function_free")]
    public static void Free(mlx_imported_function xfunc) => Handles.Free(xfunc.ctx);

    [RawExport("mlx_imported_function_apply")]
    public static void Apply(
        mlx_vector_array* res, mlx_imported_function xfunc, mlx_vector_array args)
    {
        using var outputs = Handles.Get<ImportedFunction>(xfunc.ctx).Call(
            Handles.Nodes(args), null);
        Handles.Set(res, outputs.Nodes);
    }

    [RawExport("mlx_imported_function_apply_kwargs")]
    public static void Apply(
        mlx_vector_array* res, mlx_imported_function xfunc, mlx_vector_array args,
        mlx_map_string_to_array kwargs)
    {
        using var outputs = Handles.Get<ImportedFunction>(xfunc.ctx).Call(
            Handles.Nodes(args), ArrayMaps.Get(kwargs));
        Handles.Set(res, outputs.Nodes);
    }
}
