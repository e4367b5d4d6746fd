/* Arrays: copied, lent, set again; types that meet; views; what is refused. */
#include "show.h"

static int given_back;

static void give_back(void* data) {
  free(data);
  given_back++;
}

static void making(void) {
  float numbers[] = {1, 2, 3, 4, 5, 6};
  int shape[] = {2, 3};
  mlx_array copied = mlx_array_new_data(numbers, shape, 2, MLX_FLOAT32);
  numbers[0] = 100;
  show("copied", copied);

  int* buffer = malloc(6 * sizeof(int));
  for (int i = 0; i < 6; i++) {
    buffer[i] = i * i;
  }
  mlx_array lent = mlx_array_new_data_managed(buffer, shape, 2, MLX_INT32, give_back);
  show("lent", lent);

  mlx_array sum = mlx_array_new();
  mlx_add(&sum, copied, lent, stream);
  show("float + int", sum);
  mlx_array_free(lent);
  mlx_array_free(sum);
  printf("given back %d\n", given_back);

  mlx_array_set_float(&copied, 2.5f);
  show("set", copied);
  mlx_array_free(copied);
}

static void types(void) {
  mlx_array a = mlx_array_new_complex(1, 2), b = mlx_array_new_complex(3, -1);
  mlx_multiply(&a, a, b, stream);
  show("complex", a);
  mlx_arange(&a, 0, 3, 0.5, MLX_FLOAT64, stream);
  mlx_array_set_float64(&b, 3);
  mlx_multiply(&a, a, b, stream);
  show("double", a);
  mlx_array_set_int(&b, 7);
  mlx_array_set_int(&a, 2);
  mlx_divide(&a, b, a, stream);
  show("int / int", a);
  mlx_array_set_bool(&a, true);
  mlx_add(&a, a, b, stream);
  show("bool + int", a);
  double item = 0;
  mlx_array_set_double(&a, 0.1);
  mlx_array_item_float64(&item, a);
  printf("item %.17g\n", item);
  mlx_array_free(a);
  mlx_array_free(b);
}

static void views(void) {
  mlx_array a = mlx_array_new(), b = mlx_array_new();
  int shape[] = {2, 3, 2};
  mlx_arange(&a, 0, 12, 1, MLX_UINT8, stream);
  mlx_reshape(&a, a, shape, 3, stream);
  int axes[] = {2, 0, 1}, from[] = {0, 1, 0}, to[] = {2, 2, 3}, steps[] = {1, 1, 2};
  mlx_transpose_axes(&b, a, axes, 3, stream);
  mlx_slice(&b, b, from, 3, to, 3, steps, 3, stream);
  show("view", b);
  printf("%zu elements, %zu bytes, shape", mlx_array_size(b), mlx_array_nbytes(b));
  for (size_t i = 0; i < mlx_array_ndim(b); i++) {
    printf(" %d", mlx_array_shape(b)[i]);
  }
  printf("\n");
  mlx_contiguous(&b, b, false, stream);
  mlx_array_eval(b);
  const uint8_t* data = mlx_array_data_uint8(b);
  for (size_t i = 0; i < mlx_array_size(b); i++) {
    printf("%d ", data[i]);
  }
  printf("in rows\n");
  mlx_array_free(a);
  mlx_array_free(b);
}

static void refusals(void) {
  mlx_array a = mlx_array_new(), b = mlx_array_new();
  int shape[] = {4, 2};
  mlx_set_error_handler(told, NULL, NULL);
  mlx_arange(&a, 0, 6, 1, MLX_FLOAT32, stream);
  printf("status %d\n", mlx_reshape(&b, a, shape, 2, stream));
  printf("status %d\n", mlx_squeeze_axis(&b, a, 0, stream));
  printf("status %d\n", mlx_transpose_axes(&b, a, shape, 2, stream));
  printf("status %d\n", mlx_negative(&b, a, stream));
  show("and on", b);
  mlx_array_free(a);
  mlx_array_free(b);
}

int main(int count, char** arguments) {
  begin(count, arguments);
  making();
  types();
  views();
  refusals();
  return end();
}
