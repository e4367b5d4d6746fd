/* The structs of mlx-c as the machine's C compiler lays them out and passes them.
   Written by abi/generate.fsx (dotnet fsi build.fsx abi). Do not edit. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum mlx_dtype_ { MLX_BOOL = 0, MLX_UINT8 = 1, MLX_UINT16 = 2, MLX_UINT32 = 3, MLX_UINT64 = 4, MLX_INT8 = 5, MLX_INT16 = 6, MLX_INT32 = 7, MLX_INT64 = 8, MLX_FLOAT16 = 9, MLX_FLOAT32 = 10, MLX_FLOAT64 = 11, MLX_BFLOAT16 = 12, MLX_COMPLEX64 = 13 } mlx_dtype;
size_t size_mlx_dtype(void) { return sizeof(mlx_dtype); }

typedef enum mlx_compile_mode_ { MLX_COMPILE_MODE_DISABLED = 0, MLX_COMPILE_MODE_NO_SIMPLIFY = 1, MLX_COMPILE_MODE_NO_FUSE = 2, MLX_COMPILE_MODE_ENABLED = 3 } mlx_compile_mode;
size_t size_mlx_compile_mode(void) { return sizeof(mlx_compile_mode); }

typedef enum mlx_device_type_ { MLX_CPU = 0, MLX_GPU = 1 } mlx_device_type;
size_t size_mlx_device_type(void) { return sizeof(mlx_device_type); }

typedef enum mlx_fft_norm_ { MLX_FFT_NORM_BACKWARD = 0, MLX_FFT_NORM_ORTHO = 1, MLX_FFT_NORM_FORWARD = 2 } mlx_fft_norm;
size_t size_mlx_fft_norm(void) { return sizeof(mlx_fft_norm); }

typedef struct mlx_array_ {
  void* ctx;
} mlx_array;
size_t size_mlx_array(void) { return sizeof(mlx_array); }
size_t offset_mlx_array_ctx(void) { return offsetof(mlx_array, ctx); }
static bool good_mlx_array(mlx_array s) { return s.ctx == (void*)8192; }
int pass_mlx_array(int a, mlx_array s, double b, mlx_array t, bool c, mlx_array* u) {
  return a == 1 && good_mlx_array(s) && b == 2.5 && good_mlx_array(t) && c && good_mlx_array(*u);
}
mlx_array give_mlx_array(int a) {
  mlx_array s = {0};
  if (a == 4) {
    s.ctx = (void*)8192;
  }
  return s;
}

typedef struct mlx_closure_ {
  void* ctx;
} mlx_closure;
size_t size_mlx_closure(void) { return sizeof(mlx_closure); }
size_t offset_mlx_closure_ctx(void) { return offsetof(mlx_closure, ctx); }
static bool good_mlx_closure(mlx_closure s) { return s.ctx == (void*)8192; }
int pass_mlx_closure(int a, mlx_closure s, double b, mlx_closure t, bool c, mlx_closure* u) {
  return a == 1 && good_mlx_closure(s) && b == 2.5 && good_mlx_closure(t) && c && good_mlx_closure(*u);
}
mlx_closure give_mlx_closure(int a) {
  mlx_closure s = {0};
  if (a == 4) {
    s.ctx = (void*)8192;
  }
  return s;
}

typedef struct mlx_closure_kwargs_ {
  void* ctx;
} mlx_closure_kwargs;
size_t size_mlx_closure_kwargs(void) { return sizeof(mlx_closure_kwargs); }
size_t offset_mlx_closure_kwargs_ctx(void) { return offsetof(mlx_closure_kwargs, ctx); }
static bool good_mlx_closure_kwargs(mlx_closure_kwargs s) { return s.ctx == (void*)8192; }
int pass_mlx_closure_kwargs(int a, mlx_closure_kwargs s, double b, mlx_closure_kwargs t, bool c, mlx_closure_kwargs* u) {
  return a == 1 && good_mlx_closure_kwargs(s) && b == 2.5 && good_mlx_closure_kwargs(t) && c && good_mlx_closure_kwargs(*u);
}
mlx_closure_kwargs give_mlx_closure_kwargs(int a) {
  mlx_closure_kwargs s = {0};
  if (a == 4) {
    s.ctx = (void*)8192;
  }
  return s;
}

typedef struct mlx_closure_value_and_grad_ {
  void* ctx;
} mlx_closure_value_and_grad;
size_t size_mlx_closure_value_and_grad(void) { return sizeof(mlx_closure_value_and_grad); }
size_t offset_mlx_closure_value_and_grad_ctx(void) { return offsetof(mlx_closure_value_and_grad, ctx); }
static bool good_mlx_closure_value_and_grad(mlx_closure_value_and_grad s) { return s.ctx == (void*)8192; }
int pass_mlx_closure_value_and_grad(int a, mlx_closure_value_and_grad s, double b, mlx_closure_value_and_grad t, bool c, mlx_closure_value_and_grad* u) {
  return a == 1 && good_mlx_closure_value_and_grad(s) && b == 2.5 && good_mlx_closure_value_and_grad(t) && c && good_mlx_closure_value_and_grad(*u);
}
mlx_closure_value_and_grad give_mlx_closure_value_and_grad(int a) {
  mlx_closure_value_and_grad s = {0};
  if (a == 4) {
    s.ctx = (void*)8192;
  }
  return s;
}

typedef struct mlx_closure_custom_ {
  void* ctx;
} mlx_closure_custom;
size_t size_mlx_closure_custom(void) { return sizeof(mlx_closure_custom); }
size_t offset_mlx_closure_custom_ctx(void) { return offsetof(mlx_closure_custom, ctx); }
static bool good_mlx_closure_custom(mlx_closure_custom s) { return s.ctx == (void*)8192; }
int pass_mlx_closure_custom(int a, mlx_closure_custom s, double b, mlx_closure_custom t, bool c, mlx_closure_custom* u) {
  return a == 1 && good_mlx_closure_custom(s) && b == 2.5 && good_mlx_closure_custom(t) && c && good_mlx_closure_custom(*u);
}
mlx_closure_custom give_mlx_closure_custom(int a) {
  mlx_closure_custom s = {0};
  if (a == 4) {
    s.ctx = (void*)8192;
  }
  return s;
}

typedef struct mlx_closure_custom_jvp_ {
  void* ctx;
} mlx_closure_custom_jvp;
size_t size_mlx_closure_custom_jvp(void) { return sizeof(mlx_closure_custom_jvp); }
size_t offset_mlx_closure_custom_jvp_ctx(void) { return offsetof(mlx_closure_custom_jvp, ctx); }
static bool good_mlx_closure_custom_jvp(mlx_closure_custom_jvp s) { return s.ctx == (void*)8192; }
int pass_mlx_closure_custom_jvp(int a, mlx_closure_custom_jvp s, double b, mlx_closure_custom_jvp t, bool c, mlx_closure_custom_jvp* u) {
  return a == 1 && good_mlx_closure_custom_jvp(s) && b == 2.5 && good_mlx_closure_custom_jvp(t) && c && good_mlx_closure_custom_jvp(*u);
}
mlx_closure_custom_jvp give_mlx_closure_custom_jvp(int a) {
  mlx_closure_custom_jvp s = {0};
  if (a == 4) {
    s.ctx = (void*)8192;
  }
  return s;
}

typedef struct mlx_closure_custom_vmap_ {
  void* ctx;
} mlx_closure_custom_vmap;
size_t size_mlx_closure_custom_vmap(void) { return sizeof(mlx_closure_custom_vmap); }
size_t offset_mlx_closure_custom_vmap_ctx(void) { return offsetof(mlx_closure_custom_vmap, ctx); }
static bool good_mlx_closure_custom_vmap(mlx_closure_custom_vmap s) { return s.ctx == (void*)8192; }
int pass_mlx_closure_custom_vmap(int a, mlx_closure_custom_vmap s, double b, mlx_closure_custom_vmap t, bool c, mlx_closure_custom_vmap* u) {
  return a == 1 && good_mlx_closure_custom_vmap(s) && b == 2.5 && good_mlx_closure_custom_vmap(t) && c && good_mlx_closure_custom_vmap(*u);
}
mlx_closure_custom_vmap give_mlx_closure_custom_vmap(int a) {
  mlx_closure_custom_vmap s = {0};
  if (a == 4) {
    s.ctx = (void*)8192;
  }
  return s;
}

typedef struct mlx_device_ {
  void* ctx;
} mlx_device;
size_t size_mlx_device(void) { return sizeof(mlx_device); }
size_t offset_mlx_device_ctx(void) { return offsetof(mlx_device, ctx); }
static bool good_mlx_device(mlx_device s) { return s.ctx == (void*)8192; }
int pass_mlx_device(int a, mlx_device s, double b, mlx_device t, bool c, mlx_device* u) {
  return a == 1 && good_mlx_device(s) && b == 2.5 && good_mlx_device(t) && c && good_mlx_device(*u);
}
mlx_device give_mlx_device(int a) {
  mlx_device s = {0};
  if (a == 4) {
    s.ctx = (void*)8192;
  }
  return s;
}

typedef struct mlx_device_info_ {
  void* ctx;
} mlx_device_info;
size_t size_mlx_device_info(void) { return sizeof(mlx_device_info); }
size_t offset_mlx_device_info_ctx(void) { return offsetof(mlx_device_info, ctx); }
static bool good_mlx_device_info(mlx_device_info s) { return s.ctx == (void*)8192; }
int pass_mlx_device_info(int a, mlx_device_info s, double b, mlx_device_info t, bool c, mlx_device_info* u) {
  return a == 1 && good_mlx_device_info(s) && b == 2.5 && good_mlx_device_info(t) && c && good_mlx_device_info(*u);
}
mlx_device_info give_mlx_device_info(int a) {
  mlx_device_info s = {0};
  if (a == 4) {
    s.ctx = (void*)8192;
  }
  return s;
}

typedef struct mlx_distributed_group_ {
  void* ctx;
} mlx_distributed_group;
size_t size_mlx_distributed_group(void) { return sizeof(mlx_distributed_group); }
size_t offset_mlx_distributed_group_ctx(void) { return offsetof(mlx_distributed_group, ctx); }
static bool good_mlx_distributed_group(mlx_distributed_group s) { return s.ctx == (void*)8192; }
int pass_mlx_distributed_group(int a, mlx_distributed_group s, double b, mlx_distributed_group t, bool c, mlx_distributed_group* u) {
  return a == 1 && good_mlx_distributed_group(s) && b == 2.5 && good_mlx_distributed_group(t) && c && good_mlx_distributed_group(*u);
}
mlx_distributed_group give_mlx_distributed_group(int a) {
  mlx_distributed_group s = {0};
  if (a == 4) {
    s.ctx = (void*)8192;
  }
  return s;
}

typedef struct mlx_function_exporter_ {
  void* ctx;
} mlx_function_exporter;
size_t size_mlx_function_exporter(void) { return sizeof(mlx_function_exporter); }
size_t offset_mlx_function_exporter_ctx(void) { return offsetof(mlx_function_exporter, ctx); }
static bool good_mlx_function_exporter(mlx_function_exporter s) { return s.ctx == (void*)8192; }
int pass_mlx_function_exporter(int a, mlx_function_exporter s, double b, mlx_function_exporter t, bool c, mlx_function_exporter* u) {
  return a == 1 && good_mlx_function_exporter(s) && b == 2.5 && good_mlx_function_exporter(t) && c && good_mlx_function_exporter(*u);
}
mlx_function_exporter give_mlx_function_exporter(int a) {
  mlx_function_exporter s = {0};
  if (a == 4) {
    s.ctx = (void*)8192;
  }
  return s;
}

typedef struct mlx_imported_function_ {
  void* ctx;
} mlx_imported_function;
size_t size_mlx_imported_function(void) { return sizeof(mlx_imported_function); }
size_t offset_mlx_imported_function_ctx(void) { return offsetof(mlx_imported_function, ctx); }
static bool good_mlx_imported_function(mlx_imported_function s) { return s.ctx == (void*)8192; }
int pass_mlx_imported_function(int a, mlx_imported_function s, double b, mlx_imported_function t, bool c, mlx_imported_function* u) {
  return a == 1 && good_mlx_imported_function(s) && b == 2.5 && good_mlx_imported_function(t) && c && good_mlx_imported_function(*u);
}
mlx_imported_function give_mlx_imported_function(int a) {
  mlx_imported_function s = {0};
  if (a == 4) {
    s.ctx = (void*)8192;
  }
  return s;
}

typedef struct mlx_fast_cuda_kernel_config_ {
  void* ctx;
} mlx_fast_cuda_kernel_config;
size_t size_mlx_fast_cuda_kernel_config(void) { return sizeof(mlx_fast_cuda_kernel_config); }
size_t offset_mlx_fast_cuda_kernel_config_ctx(void) { return offsetof(mlx_fast_cuda_kernel_config, ctx); }
static bool good_mlx_fast_cuda_kernel_config(mlx_fast_cuda_kernel_config s) { return s.ctx == (void*)8192; }
int pass_mlx_fast_cuda_kernel_config(int a, mlx_fast_cuda_kernel_config s, double b, mlx_fast_cuda_kernel_config t, bool c, mlx_fast_cuda_kernel_config* u) {
  return a == 1 && good_mlx_fast_cuda_kernel_config(s) && b == 2.5 && good_mlx_fast_cuda_kernel_config(t) && c && good_mlx_fast_cuda_kernel_config(*u);
}
mlx_fast_cuda_kernel_config give_mlx_fast_cuda_kernel_config(int a) {
  mlx_fast_cuda_kernel_config s = {0};
  if (a == 4) {
    s.ctx = (void*)8192;
  }
  return s;
}

typedef struct mlx_fast_cuda_kernel_ {
  void* ctx;
} mlx_fast_cuda_kernel;
size_t size_mlx_fast_cuda_kernel(void) { return sizeof(mlx_fast_cuda_kernel); }
size_t offset_mlx_fast_cuda_kernel_ctx(void) { return offsetof(mlx_fast_cuda_kernel, ctx); }
static bool good_mlx_fast_cuda_kernel(mlx_fast_cuda_kernel s) { return s.ctx == (void*)8192; }
int pass_mlx_fast_cuda_kernel(int a, mlx_fast_cuda_kernel s, double b, mlx_fast_cuda_kernel t, bool c, mlx_fast_cuda_kernel* u) {
  return a == 1 && good_mlx_fast_cuda_kernel(s) && b == 2.5 && good_mlx_fast_cuda_kernel(t) && c && good_mlx_fast_cuda_kernel(*u);
}
mlx_fast_cuda_kernel give_mlx_fast_cuda_kernel(int a) {
  mlx_fast_cuda_kernel s = {0};
  if (a == 4) {
    s.ctx = (void*)8192;
  }
  return s;
}

typedef struct mlx_fast_metal_kernel_config_ {
  void* ctx;
} mlx_fast_metal_kernel_config;
size_t size_mlx_fast_metal_kernel_config(void) { return sizeof(mlx_fast_metal_kernel_config); }
size_t offset_mlx_fast_metal_kernel_config_ctx(void) { return offsetof(mlx_fast_metal_kernel_config, ctx); }
static bool good_mlx_fast_metal_kernel_config(mlx_fast_metal_kernel_config s) { return s.ctx == (void*)8192; }
int pass_mlx_fast_metal_kernel_config(int a, mlx_fast_metal_kernel_config s, double b, mlx_fast_metal_kernel_config t, bool c, mlx_fast_metal_kernel_config* u) {
  return a == 1 && good_mlx_fast_metal_kernel_config(s) && b == 2.5 && good_mlx_fast_metal_kernel_config(t) && c && good_mlx_fast_metal_kernel_config(*u);
}
mlx_fast_metal_kernel_config give_mlx_fast_metal_kernel_config(int a) {
  mlx_fast_metal_kernel_config s = {0};
  if (a == 4) {
    s.ctx = (void*)8192;
  }
  return s;
}

typedef struct mlx_fast_metal_kernel_ {
  void* ctx;
} mlx_fast_metal_kernel;
size_t size_mlx_fast_metal_kernel(void) { return sizeof(mlx_fast_metal_kernel); }
size_t offset_mlx_fast_metal_kernel_ctx(void) { return offsetof(mlx_fast_metal_kernel, ctx); }
static bool good_mlx_fast_metal_kernel(mlx_fast_metal_kernel s) { return s.ctx == (void*)8192; }
int pass_mlx_fast_metal_kernel(int a, mlx_fast_metal_kernel s, double b, mlx_fast_metal_kernel t, bool c, mlx_fast_metal_kernel* u) {
  return a == 1 && good_mlx_fast_metal_kernel(s) && b == 2.5 && good_mlx_fast_metal_kernel(t) && c && good_mlx_fast_metal_kernel(*u);
}
mlx_fast_metal_kernel give_mlx_fast_metal_kernel(int a) {
  mlx_fast_metal_kernel s = {0};
  if (a == 4) {
    s.ctx = (void*)8192;
  }
  return s;
}

typedef struct mlx_node_namer_ {
  void* ctx;
} mlx_node_namer;
size_t size_mlx_node_namer(void) { return sizeof(mlx_node_namer); }
size_t offset_mlx_node_namer_ctx(void) { return offsetof(mlx_node_namer, ctx); }
static bool good_mlx_node_namer(mlx_node_namer s) { return s.ctx == (void*)8192; }
int pass_mlx_node_namer(int a, mlx_node_namer s, double b, mlx_node_namer t, bool c, mlx_node_namer* u) {
  return a == 1 && good_mlx_node_namer(s) && b == 2.5 && good_mlx_node_namer(t) && c && good_mlx_node_namer(*u);
}
mlx_node_namer give_mlx_node_namer(int a) {
  mlx_node_namer s = {0};
  if (a == 4) {
    s.ctx = (void*)8192;
  }
  return s;
}

typedef struct mlx_io_reader_ {
  void* ctx;
} mlx_io_reader;
size_t size_mlx_io_reader(void) { return sizeof(mlx_io_reader); }
size_t offset_mlx_io_reader_ctx(void) { return offsetof(mlx_io_reader, ctx); }
static bool good_mlx_io_reader(mlx_io_reader s) { return s.ctx == (void*)8192; }
int pass_mlx_io_reader(int a, mlx_io_reader s, double b, mlx_io_reader t, bool c, mlx_io_reader* u) {
  return a == 1 && good_mlx_io_reader(s) && b == 2.5 && good_mlx_io_reader(t) && c && good_mlx_io_reader(*u);
}
mlx_io_reader give_mlx_io_reader(int a) {
  mlx_io_reader s = {0};
  if (a == 4) {
    s.ctx = (void*)8192;
  }
  return s;
}

typedef struct mlx_io_writer_ {
  void* ctx;
} mlx_io_writer;
size_t size_mlx_io_writer(void) { return sizeof(mlx_io_writer); }
size_t offset_mlx_io_writer_ctx(void) { return offsetof(mlx_io_writer, ctx); }
static bool good_mlx_io_writer(mlx_io_writer s) { return s.ctx == (void*)8192; }
int pass_mlx_io_writer(int a, mlx_io_writer s, double b, mlx_io_writer t, bool c, mlx_io_writer* u) {
  return a == 1 && good_mlx_io_writer(s) && b == 2.5 && good_mlx_io_writer(t) && c && good_mlx_io_writer(*u);
}
mlx_io_writer give_mlx_io_writer(int a) {
  mlx_io_writer s = {0};
  if (a == 4) {
    s.ctx = (void*)8192;
  }
  return s;
}

typedef struct mlx_io_vtable_ {
  bool (*is_open)(void*);
  bool (*good)(void*);
  size_t (*tell)(void*);
  void (*seek)(void*, int64_t, int);
  void (*read)(void*, char*, size_t);
  void (*read_at_offset)(void*, char*, size_t, size_t);
  void (*write)(void*, const char*, size_t);
  const char* (*label)(void*);
  void (*free)(void*);
} mlx_io_vtable;
size_t size_mlx_io_vtable(void) { return sizeof(mlx_io_vtable); }
size_t offset_mlx_io_vtable_is_open(void) { return offsetof(mlx_io_vtable, is_open); }
size_t offset_mlx_io_vtable_good(void) { return offsetof(mlx_io_vtable, good); }
size_t offset_mlx_io_vtable_tell(void) { return offsetof(mlx_io_vtable, tell); }
size_t offset_mlx_io_vtable_seek(void) { return offsetof(mlx_io_vtable, seek); }
size_t offset_mlx_io_vtable_read(void) { return offsetof(mlx_io_vtable, read); }
size_t offset_mlx_io_vtable_read_at_offset(void) { return offsetof(mlx_io_vtable, read_at_offset); }
size_t offset_mlx_io_vtable_write(void) { return offsetof(mlx_io_vtable, write); }
size_t offset_mlx_io_vtable_label(void) { return offsetof(mlx_io_vtable, label); }
size_t offset_mlx_io_vtable_free(void) { return offsetof(mlx_io_vtable, free); }
static bool good_mlx_io_vtable(mlx_io_vtable s) { return (void*)s.is_open == (void*)4096 && (void*)s.good == (void*)4097 && (void*)s.tell == (void*)4098 && (void*)s.seek == (void*)4099 && (void*)s.read == (void*)4100 && (void*)s.read_at_offset == (void*)4101 && (void*)s.write == (void*)4102 && (void*)s.label == (void*)4103 && (void*)s.free == (void*)4104; }
int pass_mlx_io_vtable(int a, mlx_io_vtable s, double b, mlx_io_vtable t, bool c, mlx_io_vtable* u) {
  return a == 1 && good_mlx_io_vtable(s) && b == 2.5 && good_mlx_io_vtable(t) && c && good_mlx_io_vtable(*u);
}
mlx_io_vtable give_mlx_io_vtable(int a) {
  mlx_io_vtable s = {0};
  if (a == 4) {
    s.is_open = (void*)4096;
    s.good = (void*)4097;
    s.tell = (void*)4098;
    s.seek = (void*)4099;
    s.read = (void*)4100;
    s.read_at_offset = (void*)4101;
    s.write = (void*)4102;
    s.label = (void*)4103;
    s.free = (void*)4104;
  }
  return s;
}

typedef struct mlx_io_gguf_ {
  void* ctx;
} mlx_io_gguf;
size_t size_mlx_io_gguf(void) { return sizeof(mlx_io_gguf); }
size_t offset_mlx_io_gguf_ctx(void) { return offsetof(mlx_io_gguf, ctx); }
static bool good_mlx_io_gguf(mlx_io_gguf s) { return s.ctx == (void*)8192; }
int pass_mlx_io_gguf(int a, mlx_io_gguf s, double b, mlx_io_gguf t, bool c, mlx_io_gguf* u) {
  return a == 1 && good_mlx_io_gguf(s) && b == 2.5 && good_mlx_io_gguf(t) && c && good_mlx_io_gguf(*u);
}
mlx_io_gguf give_mlx_io_gguf(int a) {
  mlx_io_gguf s = {0};
  if (a == 4) {
    s.ctx = (void*)8192;
  }
  return s;
}

typedef struct mlx_map_string_to_array_ {
  void* ctx;
} mlx_map_string_to_array;
size_t size_mlx_map_string_to_array(void) { return sizeof(mlx_map_string_to_array); }
size_t offset_mlx_map_string_to_array_ctx(void) { return offsetof(mlx_map_string_to_array, ctx); }
static bool good_mlx_map_string_to_array(mlx_map_string_to_array s) { return s.ctx == (void*)8192; }
int pass_mlx_map_string_to_array(int a, mlx_map_string_to_array s, double b, mlx_map_string_to_array t, bool c, mlx_map_string_to_array* u) {
  return a == 1 && good_mlx_map_string_to_array(s) && b == 2.5 && good_mlx_map_string_to_array(t) && c && good_mlx_map_string_to_array(*u);
}
mlx_map_string_to_array give_mlx_map_string_to_array(int a) {
  mlx_map_string_to_array s = {0};
  if (a == 4) {
    s.ctx = (void*)8192;
  }
  return s;
}

typedef struct mlx_map_string_to_array_iterator_ {
  void* ctx;
  void* map_ctx;
} mlx_map_string_to_array_iterator;
size_t size_mlx_map_string_to_array_iterator(void) { return sizeof(mlx_map_string_to_array_iterator); }
size_t offset_mlx_map_string_to_array_iterator_ctx(void) { return offsetof(mlx_map_string_to_array_iterator, ctx); }
size_t offset_mlx_map_string_to_array_iterator_map_ctx(void) { return offsetof(mlx_map_string_to_array_iterator, map_ctx); }
static bool good_mlx_map_string_to_array_iterator(mlx_map_string_to_array_iterator s) { return s.ctx == (void*)8192 && s.map_ctx == (void*)8193; }
int pass_mlx_map_string_to_array_iterator(int a, mlx_map_string_to_array_iterator s, double b, mlx_map_string_to_array_iterator t, bool c, mlx_map_string_to_array_iterator* u) {
  return a == 1 && good_mlx_map_string_to_array_iterator(s) && b == 2.5 && good_mlx_map_string_to_array_iterator(t) && c && good_mlx_map_string_to_array_iterator(*u);
}
mlx_map_string_to_array_iterator give_mlx_map_string_to_array_iterator(int a) {
  mlx_map_string_to_array_iterator s = {0};
  if (a == 4) {
    s.ctx = (void*)8192;
    s.map_ctx = (void*)8193;
  }
  return s;
}

typedef struct mlx_map_string_to_string_ {
  void* ctx;
} mlx_map_string_to_string;
size_t size_mlx_map_string_to_string(void) { return sizeof(mlx_map_string_to_string); }
size_t offset_mlx_map_string_to_string_ctx(void) { return offsetof(mlx_map_string_to_string, ctx); }
static bool good_mlx_map_string_to_string(mlx_map_string_to_string s) { return s.ctx == (void*)8192; }
int pass_mlx_map_string_to_string(int a, mlx_map_string_to_string s, double b, mlx_map_string_to_string t, bool c, mlx_map_string_to_string* u) {
  return a == 1 && good_mlx_map_string_to_string(s) && b == 2.5 && good_mlx_map_string_to_string(t) && c && good_mlx_map_string_to_string(*u);
}
mlx_map_string_to_string give_mlx_map_string_to_string(int a) {
  mlx_map_string_to_string s = {0};
  if (a == 4) {
    s.ctx = (void*)8192;
  }
  return s;
}

typedef struct mlx_map_string_to_string_iterator_ {
  void* ctx;
  void* map_ctx;
} mlx_map_string_to_string_iterator;
size_t size_mlx_map_string_to_string_iterator(void) { return sizeof(mlx_map_string_to_string_iterator); }
size_t offset_mlx_map_string_to_string_iterator_ctx(void) { return offsetof(mlx_map_string_to_string_iterator, ctx); }
size_t offset_mlx_map_string_to_string_iterator_map_ctx(void) { return offsetof(mlx_map_string_to_string_iterator, map_ctx); }
static bool good_mlx_map_string_to_string_iterator(mlx_map_string_to_string_iterator s) { return s.ctx == (void*)8192 && s.map_ctx == (void*)8193; }
int pass_mlx_map_string_to_string_iterator(int a, mlx_map_string_to_string_iterator s, double b, mlx_map_string_to_string_iterator t, bool c, mlx_map_string_to_string_iterator* u) {
  return a == 1 && good_mlx_map_string_to_string_iterator(s) && b == 2.5 && good_mlx_map_string_to_string_iterator(t) && c && good_mlx_map_string_to_string_iterator(*u);
}
mlx_map_string_to_string_iterator give_mlx_map_string_to_string_iterator(int a) {
  mlx_map_string_to_string_iterator s = {0};
  if (a == 4) {
    s.ctx = (void*)8192;
    s.map_ctx = (void*)8193;
  }
  return s;
}

typedef struct mlx_optional_int_ {
  int value;
  bool has_value;
} mlx_optional_int;
size_t size_mlx_optional_int(void) { return sizeof(mlx_optional_int); }
size_t offset_mlx_optional_int_value(void) { return offsetof(mlx_optional_int, value); }
size_t offset_mlx_optional_int_has_value(void) { return offsetof(mlx_optional_int, has_value); }
static bool good_mlx_optional_int(mlx_optional_int s) { return s.value == 7 && s.has_value == true; }
int pass_mlx_optional_int(int a, mlx_optional_int s, double b, mlx_optional_int t, bool c, mlx_optional_int* u) {
  return a == 1 && good_mlx_optional_int(s) && b == 2.5 && good_mlx_optional_int(t) && c && good_mlx_optional_int(*u);
}
mlx_optional_int give_mlx_optional_int(int a) {
  mlx_optional_int s = {0};
  if (a == 4) {
    s.value = 7;
    s.has_value = true;
  }
  return s;
}

typedef struct mlx_optional_float_ {
  float value;
  bool has_value;
} mlx_optional_float;
size_t size_mlx_optional_float(void) { return sizeof(mlx_optional_float); }
size_t offset_mlx_optional_float_value(void) { return offsetof(mlx_optional_float, value); }
size_t offset_mlx_optional_float_has_value(void) { return offsetof(mlx_optional_float, has_value); }
static bool good_mlx_optional_float(mlx_optional_float s) { return s.value == 0.5f && s.has_value == true; }
int pass_mlx_optional_float(int a, mlx_optional_float s, double b, mlx_optional_float t, bool c, mlx_optional_float* u) {
  return a == 1 && good_mlx_optional_float(s) && b == 2.5 && good_mlx_optional_float(t) && c && good_mlx_optional_float(*u);
}
mlx_optional_float give_mlx_optional_float(int a) {
  mlx_optional_float s = {0};
  if (a == 4) {
    s.value = 0.5f;
    s.has_value = true;
  }
  return s;
}

typedef struct mlx_optional_dtype_ {
  mlx_dtype value;
  bool has_value;
} mlx_optional_dtype;
size_t size_mlx_optional_dtype(void) { return sizeof(mlx_optional_dtype); }
size_t offset_mlx_optional_dtype_value(void) { return offsetof(mlx_optional_dtype, value); }
size_t offset_mlx_optional_dtype_has_value(void) { return offsetof(mlx_optional_dtype, has_value); }
static bool good_mlx_optional_dtype(mlx_optional_dtype s) { return s.value == (mlx_dtype)3 && s.has_value == true; }
int pass_mlx_optional_dtype(int a, mlx_optional_dtype s, double b, mlx_optional_dtype t, bool c, mlx_optional_dtype* u) {
  return a == 1 && good_mlx_optional_dtype(s) && b == 2.5 && good_mlx_optional_dtype(t) && c && good_mlx_optional_dtype(*u);
}
mlx_optional_dtype give_mlx_optional_dtype(int a) {
  mlx_optional_dtype s = {0};
  if (a == 4) {
    s.value = (mlx_dtype)3;
    s.has_value = true;
  }
  return s;
}

typedef struct mlx_stream_ {
  void* ctx;
} mlx_stream;
size_t size_mlx_stream(void) { return sizeof(mlx_stream); }
size_t offset_mlx_stream_ctx(void) { return offsetof(mlx_stream, ctx); }
static bool good_mlx_stream(mlx_stream s) { return s.ctx == (void*)8192; }
int pass_mlx_stream(int a, mlx_stream s, double b, mlx_stream t, bool c, mlx_stream* u) {
  return a == 1 && good_mlx_stream(s) && b == 2.5 && good_mlx_stream(t) && c && good_mlx_stream(*u);
}
mlx_stream give_mlx_stream(int a) {
  mlx_stream s = {0};
  if (a == 4) {
    s.ctx = (void*)8192;
  }
  return s;
}

typedef struct mlx_string_ {
  void* ctx;
} mlx_string;
size_t size_mlx_string(void) { return sizeof(mlx_string); }
size_t offset_mlx_string_ctx(void) { return offsetof(mlx_string, ctx); }
static bool good_mlx_string(mlx_string s) { return s.ctx == (void*)8192; }
int pass_mlx_string(int a, mlx_string s, double b, mlx_string t, bool c, mlx_string* u) {
  return a == 1 && good_mlx_string(s) && b == 2.5 && good_mlx_string(t) && c && good_mlx_string(*u);
}
mlx_string give_mlx_string(int a) {
  mlx_string s = {0};
  if (a == 4) {
    s.ctx = (void*)8192;
  }
  return s;
}

typedef struct mlx_vector_array_ {
  void* ctx;
} mlx_vector_array;
size_t size_mlx_vector_array(void) { return sizeof(mlx_vector_array); }
size_t offset_mlx_vector_array_ctx(void) { return offsetof(mlx_vector_array, ctx); }
static bool good_mlx_vector_array(mlx_vector_array s) { return s.ctx == (void*)8192; }
int pass_mlx_vector_array(int a, mlx_vector_array s, double b, mlx_vector_array t, bool c, mlx_vector_array* u) {
  return a == 1 && good_mlx_vector_array(s) && b == 2.5 && good_mlx_vector_array(t) && c && good_mlx_vector_array(*u);
}
mlx_vector_array give_mlx_vector_array(int a) {
  mlx_vector_array s = {0};
  if (a == 4) {
    s.ctx = (void*)8192;
  }
  return s;
}

typedef struct mlx_vector_vector_array_ {
  void* ctx;
} mlx_vector_vector_array;
size_t size_mlx_vector_vector_array(void) { return sizeof(mlx_vector_vector_array); }
size_t offset_mlx_vector_vector_array_ctx(void) { return offsetof(mlx_vector_vector_array, ctx); }
static bool good_mlx_vector_vector_array(mlx_vector_vector_array s) { return s.ctx == (void*)8192; }
int pass_mlx_vector_vector_array(int a, mlx_vector_vector_array s, double b, mlx_vector_vector_array t, bool c, mlx_vector_vector_array* u) {
  return a == 1 && good_mlx_vector_vector_array(s) && b == 2.5 && good_mlx_vector_vector_array(t) && c && good_mlx_vector_vector_array(*u);
}
mlx_vector_vector_array give_mlx_vector_vector_array(int a) {
  mlx_vector_vector_array s = {0};
  if (a == 4) {
    s.ctx = (void*)8192;
  }
  return s;
}

typedef struct mlx_vector_int_ {
  void* ctx;
} mlx_vector_int;
size_t size_mlx_vector_int(void) { return sizeof(mlx_vector_int); }
size_t offset_mlx_vector_int_ctx(void) { return offsetof(mlx_vector_int, ctx); }
static bool good_mlx_vector_int(mlx_vector_int s) { return s.ctx == (void*)8192; }
int pass_mlx_vector_int(int a, mlx_vector_int s, double b, mlx_vector_int t, bool c, mlx_vector_int* u) {
  return a == 1 && good_mlx_vector_int(s) && b == 2.5 && good_mlx_vector_int(t) && c && good_mlx_vector_int(*u);
}
mlx_vector_int give_mlx_vector_int(int a) {
  mlx_vector_int s = {0};
  if (a == 4) {
    s.ctx = (void*)8192;
  }
  return s;
}

typedef struct mlx_vector_string_ {
  void* ctx;
} mlx_vector_string;
size_t size_mlx_vector_string(void) { return sizeof(mlx_vector_string); }
size_t offset_mlx_vector_string_ctx(void) { return offsetof(mlx_vector_string, ctx); }
static bool good_mlx_vector_string(mlx_vector_string s) { return s.ctx == (void*)8192; }
int pass_mlx_vector_string(int a, mlx_vector_string s, double b, mlx_vector_string t, bool c, mlx_vector_string* u) {
  return a == 1 && good_mlx_vector_string(s) && b == 2.5 && good_mlx_vector_string(t) && c && good_mlx_vector_string(*u);
}
mlx_vector_string give_mlx_vector_string(int a) {
  mlx_vector_string s = {0};
  if (a == 4) {
    s.ctx = (void*)8192;
  }
  return s;
}
