/* A client of libmlxc that knows nothing of .NET. Its argument says what it does; what it prints is
 * compared by Native/Tests.fs. */
#include <mlxc.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static void print(const char* label, mlx_array a) {
  mlx_string text = mlx_string_new();
  mlx_array_tostring(&text, a);
  printf("%s %s\n", label, mlx_string_data(text));
  mlx_string_free(text);
}

static mlx_array iota(int rows, int columns, mlx_stream s) {
  mlx_array a = mlx_array_new();
  int shape[] = {rows, columns};
  mlx_arange(&a, 0, rows * columns, 1, MLX_FLOAT32, s);
  mlx_reshape(&a, a, shape, 2, s);
  return a;
}

/* The sum of squares, as a closure for the transforms. */
static int sum_of_squares(mlx_array* res, mlx_array x) {
  mlx_stream s = mlx_default_cpu_stream_new();
  mlx_array squares = mlx_array_new();
  int failed = mlx_square(&squares, x, s) || mlx_sum(res, squares, false, s);
  mlx_array_free(squares);
  mlx_stream_free(s);
  return failed;
}

static void values(void) {
  mlx_stream s = mlx_default_cpu_stream_new();
  mlx_array a = iota(2, 3, s), b = mlx_array_new();
  print("array", a);
  mlx_transpose(&b, a, s);
  mlx_matmul(&b, a, b, s);
  print("product", b);
  mlx_softmax_axis(&b, a, 1, false, s);
  mlx_sum(&b, b, false, s);
  print("softmax", b);

  mlx_closure function = mlx_closure_new_unary(sum_of_squares);
  mlx_closure_value_and_grad gradient = mlx_closure_value_and_grad_new();
  mlx_vector_array in = mlx_vector_array_new_value(a);
  mlx_vector_array value = mlx_vector_array_new(), slopes = mlx_vector_array_new();
  mlx_value_and_grad(&gradient, function, (int[]){0}, 1);
  mlx_closure_value_and_grad_apply(&value, &slopes, gradient, in);
  mlx_vector_array_get(&b, value, 0);
  print("value", b);
  mlx_vector_array_get(&b, slopes, 0);
  print("slope", b);

  mlx_vector_array_free(slopes);
  mlx_vector_array_free(value);
  mlx_vector_array_free(in);
  mlx_closure_value_and_grad_free(gradient);
  mlx_closure_free(function);
  mlx_array_free(b);
  mlx_array_free(a);
  mlx_stream_free(s);
}

/* A refused call: told to the handler, with status 1, or to the default one, which ends us. */
static void handler(const char* message, void* data) {
  (void)data;
  printf("told: %s\n", message);
}

static void refused(void) {
  mlx_stream s = mlx_default_cpu_stream_new();
  mlx_array a = iota(2, 3, s), b = mlx_array_new();
  printf("status %d\n", mlx_matmul(&b, a, a, s));
  mlx_array_free(b);
  mlx_array_free(a);
  mlx_stream_free(s);
}

static void gpu(void) {
  int count = -1;
  bool available = true;
  mlx_device device = mlx_device_new_type(MLX_GPU, 0);
  mlx_device_count(&count, MLX_GPU);
  mlx_device_is_available(&available, device);
  printf("gpus %d available %d\n", count, available);

  mlx_device_info info = mlx_device_info_new();
  bool has_size = true;
  mlx_device_info_get(&info, device);
  mlx_device_info_has_key(&has_size, info, "memory_size");
  printf("memory known %d\n", has_size);
  mlx_device_info_free(info);

  mlx_string text = mlx_string_new();
  mlx_get_default_device(&device);
  mlx_device_tostring(&text, device);
  printf("default %s\n", mlx_string_data(text));
  mlx_string_free(text);
  mlx_device_free(device);

  mlx_stream s = mlx_default_gpu_stream_new();
  mlx_array a = iota(1, 3, s);
  print("array", a);
  mlx_array_free(a);
  mlx_stream_free(s);
}

/* Work on a thread that C made; it ends while others still compute. */
static void* work(void* argument) {
  mlx_stream s = mlx_default_cpu_stream_new();
  long right = 0, number = (long)argument;
  for (int round = 0; round < 100; round++) {
    int n = 8 + (int)(number * 13 + round) % 90;
    float got = 0;
    mlx_array a = iota(n, n, s), b = mlx_array_new();
    mlx_transpose(&b, a, s);
    mlx_subtract(&b, a, b, s); /* a - a', whose sum is 0 */
    mlx_add(&b, b, a, s);
    mlx_sum(&b, b, false, s);
    mlx_array_item_float32(&got, b);
    double want = (double)n * n * ((double)n * n - 1) / 2;
    right += got > want * 0.9999 && got < want * 1.0001;
    mlx_array_free(b);
    mlx_array_free(a);
  }
  mlx_stream_free(s);
  return (void*)right;
}

static void threads(void) {
  pthread_t crew[8];
  long right = 0;
  for (long i = 0; i < 8; i++) {
    pthread_create(&crew[i], NULL, work, (void*)i);
  }
  for (int i = 0; i < 8; i++) {
    void* result;
    pthread_join(crew[i], &result);
    right += (long)result;
  }
  printf("right %ld\n", right);
}

/* Leaves with arrays alive, one of them being computed. */
static void alive(void) {
  mlx_stream s = mlx_default_cpu_stream_new();
  mlx_array a = iota(1500, 1500, s), b = mlx_array_new();
  mlx_matmul(&b, a, a, s);
  mlx_vector_array pending = mlx_vector_array_new_value(b);
  mlx_async_eval(pending);
  printf("leaving\n");
}

int main(int count, char** arguments) {
  const char* what = count > 1 ? arguments[1] : "values";
  if (!strcmp(what, "values")) {
    values();
  } else if (!strcmp(what, "handled")) {
    mlx_set_error_handler(handler, NULL, NULL);
    refused();
  } else if (!strcmp(what, "refused")) {
    printf("before\n");
    refused();
  } else if (!strcmp(what, "raised")) {
    mlx_set_error_handler(handler, NULL, NULL);
    mlx_error("%d of %s and %.2f", 3, "them", 0.5);
    return 0;
  } else if (!strcmp(what, "gpu")) {
    gpu();
  } else if (!strcmp(what, "threads")) {
    threads();
  } else if (!strcmp(what, "alive")) {
    alive();
    return 0;
  }
  printf("blocks left %lld\n", (long long)mlx_cpu_live_buffers());
  return 0;
}
