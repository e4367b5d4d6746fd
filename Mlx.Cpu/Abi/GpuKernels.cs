namespace Mlx.Cpu.Abi;

/// <summary>
/// fast.h's custom kernels and metal.h's captures: source code for a GPU, which this engine refuses
/// in the words of an MLX that was built without one. A configuration can be filled in all the
/// same, since that is no more than note-taking; nobody will read the notes, so none are kept.
/// </summary>
internal static unsafe class GpuKernels
{
    /// <summary>
    /// Without Metal there is nothing to capture: MLX ignores this, and so do we.
    /// </summary>
    [RawExport("mlx_metal_start_capture")]
    public static void StartCapture(byte* path)
    {
    }

    [RawExport("mlx_metal_stop_capture")]
    public static void StopCapture()
    {
    }

    [RawExport("mlx_fast_metal_kernel_config_new")]
    public static mlx_fast_metal_kernel_config MetalConfig() => default;

    [RawExport("mlx_fast_metal_kernel_config_free")]
    public static void MetalConfigFree(mlx_fast_metal_kernel_config c)
    {
    }

    [RawExport("mlx_fast_metal_kernel_config_add_output_arg")]
    public static void MetalOutput(
        mlx_fast_metal_kernel_config c, int* shape, nuint rank, mlx_dtype dtype)
    {
    }

    [RawExport("mlx_fast_metal_kernel_config_set_grid")]
    public static void MetalGrid(mlx_fast_metal_kernel_config c, int x, int y, int z)
    {
    }

    [RawExport("mlx_fast_metal_kernel_config_set_thread_group")]
    public static void MetalGroup(mlx_fast_metal_kernel_config c, int x, int y, int z)
    {
    }

    [RawExport("mlx_fast_metal_kernel_config_set_init_value")]
    public static void MetalInit(mlx_fast_metal_kernel_config c, float value)
    {
    }

    [RawExport("mlx_fast_metal_kernel_config_set_verbose")]
    public static void MetalVerbose(mlx_fast_metal_kernel_config c, bool verbose)
    {
    }

    [RawExport("mlx_fast_metal_kernel_config_add_template_arg_dtype")]
    public static void MetalTypeArgument(
        mlx_fast_metal_kernel_config c, byte* name, mlx_dtype dtype)
    {
    }

    [RawExport("mlx_fast_metal_kernel_config_add_template_arg_int")]
    public static void MetalIntArgument(mlx_fast_metal_kernel_config c, byte* name, int value)
    {
    }

    [RawExport("mlx_fast_metal_kernel_config_add_template_arg_bool")]
    public static void MetalBoolArgument(mlx_fast_metal_kernel_config c, byte* name, bool value)
    {
    }

    [RawExport("mlx_fast_metal_kernel_new")]
    public static mlx_fast_metal_kernel MetalNew(
        byte* name, mlx_vector_string inputs, mlx_vector_string outputs, byte* source,
        byte* header, bool ensureRowContiguous, bool atomicOutputs) =>
        throw new NotSupportedException("[metal_kernel] No Metal back-end.");

    [RawExport("mlx_fast_metal_kernel_free")]
    public static void MetalFree(mlx_fast_metal_kernel kernel)
    {
    }

    [RawExport("mlx_fast_metal_kernel_apply")]
    public static void MetalApply(
        mlx_vector_array* outputs, mlx_fast_metal_kernel kernel, mlx_vector_array inputs,
        mlx_fast_metal_kernel_config config, mlx_stream stream) =>
        throw new NotSupportedException("[metal_kernel] No Metal back-end.");

    [RawExport("mlx_fast_cuda_kernel_config_new")]
    public static mlx_fast_cuda_kernel_config CudaConfig() => default;

    [RawExport("mlx_fast_cuda_kernel_config_free")]
    public static void CudaConfigFree(mlx_fast_cuda_kernel_config c)
    {
    }

    [RawExport("mlx_fast_cuda_kernel_config_add_output_arg")]
    public static void CudaOutput(
        mlx_fast_cuda_kernel_config c, int* shape, nuint rank, mlx_dtype dtype)
    {
    }

    [RawExport("mlx_fast_cuda_kernel_config_set_grid")]
    public static void CudaGrid(mlx_fast_cuda_kernel_config c, int x, int y, int z)
    {
    }

    [RawExport("mlx_fast_cuda_kernel_config_set_thread_group")]
    public static void CudaGroup(mlx_fast_cuda_kernel_config c, int x, int y, int z)
    {
    }

    [RawExport("mlx_fast_cuda_kernel_config_set_init_value")]
    public static void CudaInit(mlx_fast_cuda_kernel_config c, float value)
    {
    }

    [RawExport("mlx_fast_cuda_kernel_config_set_verbose")]
    public static void CudaVerbose(mlx_fast_cuda_kernel_config c, bool verbose)
    {
    }

    [RawExport("mlx_fast_cuda_kernel_config_add_template_arg_dtype")]
    public static void CudaTypeArgument(mlx_fast_cuda_kernel_config c, byte* name, mlx_dtype dtype)
    {
    }

    [RawExport("mlx_fast_cuda_kernel_config_add_template_arg_int")]
    public static void CudaIntArgument(mlx_fast_cuda_kernel_config c, byte* name, int value)
    {
    }

    [RawExport("mlx_fast_cuda_kernel_config_add_template_arg_bool")]
    public static void CudaBoolArgument(mlx_fast_cuda_kernel_config c, byte* name, bool value)
    {
    }

    [RawExport("mlx_fast_cuda_kernel_new")]
    public static mlx_fast_cuda_kernel CudaNew(
        byte* name, mlx_vector_string inputs, mlx_vector_string outputs, byte* source,
        byte* header, bool ensureRowContiguous, int sharedMemory) =>
        throw new NotSupportedException("[cuda_kernel] No CUDA back-end.");

    [RawExport("mlx_fast_cuda_kernel_free")]
    public static void CudaFree(mlx_fast_cuda_kernel kernel)
    {
    }

    [RawExport("mlx_fast_cuda_kernel_apply")]
    public static void CudaApply(
        mlx_vector_array* outputs, mlx_fast_cuda_kernel kernel, mlx_vector_array inputs,
        mlx_fast_cuda_kernel_config config, mlx_stream stream) =>
        throw new NotSupportedException("[cuda_kernel] No CUDA back-end.");
}
