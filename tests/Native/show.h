/* What the programs of this folder have in common. They know only mlx-c: what they print on real
 * MLX they must print on ours. The argument "gpu" moves their work to the GPU's default stream. */
#include <mlxc.h>

#include <stdlib.h>
#include <string.h>

static mlx_stream stream;

static void begin(int count, char** arguments) {
  bool on_gpu = count > 1 && !strcmp(arguments[count - 1], "gpu");
  stream = on_gpu ? mlx_default_gpu_stream_new() : mlx_default_cpu_stream_new();
}

static inline void show(const char* label, mlx_array a) {
  mlx_string text = mlx_string_new();
  mlx_array_tostring(&text, a);
  printf("%s %s\n", label, mlx_string_data(text));
  mlx_string_free(text);
}

static inline mlx_array vector_of(const float* numbers, int count) {
  return mlx_array_new_data(numbers, &count, 1, MLX_FLOAT32);
}

static inline void show_item(const char* label, mlx_vector_array v, size_t i) {
  mlx_array a = mlx_array_new();
  mlx_vector_array_get(&a, v, i);
  show(label, a);
  mlx_array_free(a);
}

/* An error handler. Behind the op's name each library has words of its own. */
static inline void told(const char* message, void* data) {
  (void)data;
  const char* end = strchr(message, ']');
  printf("told%s%.*s\n", end ? ": " : "", end ? (int)(end + 1 - message) : 0, message);
}

static int end(void) {
  size_t active = 1;
  mlx_stream_free(stream);
  mlx_clear_cache();
  mlx_get_active_memory(&active);
  printf("active memory %zu\n", active);
  return 0;
}
