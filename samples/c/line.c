/* Fits a line by gradient descent: values, gradients and errors of mlx-c from C.
 *
 *   dotnet fsi build.fsx native
 *   cc samples/c/line.c -Iartifacts/native -Lartifacts/native -lmlxc \
 *       -Wl,-rpath,$PWD/artifacts/native -o line && ./line
 */
#include <mlxc.h>

#include <stdlib.h>

static mlx_stream cpu;
static mlx_array x, y; /* 64 points of y = 3 x + 1 */

/* mean((a x + b - y)^2) for the parameters [a, b]. */
static int loss(mlx_vector_array* results, const mlx_vector_array parameters) {
  mlx_array a = mlx_array_new(), b = mlx_array_new(), r = mlx_array_new();
  mlx_vector_array_get(&a, parameters, 0);
  mlx_vector_array_get(&b, parameters, 1);
  mlx_multiply(&r, a, x, cpu);
  mlx_add(&r, r, b, cpu);
  mlx_subtract(&r, r, y, cpu);
  mlx_square(&r, r, cpu);
  mlx_mean(&r, r, false, cpu);
  mlx_vector_array_set_value(results, r);
  mlx_array_free(r);
  mlx_array_free(b);
  mlx_array_free(a);
  return 0;
}

/* parameter -= rate * slope, for each of them. */
static void descend(mlx_vector_array* parameters, mlx_vector_array slopes, mlx_array rate) {
  mlx_vector_array next = mlx_vector_array_new();
  mlx_array p = mlx_array_new(), slope = mlx_array_new();
  for (size_t i = 0; i < mlx_vector_array_size(*parameters); i++) {
    mlx_vector_array_get(&p, *parameters, i);
    mlx_vector_array_get(&slope, slopes, i);
    mlx_multiply(&slope, slope, rate, cpu);
    mlx_subtract(&p, p, slope, cpu);
    mlx_vector_array_append_value(next, p);
  }
  mlx_eval(next);
  mlx_vector_array_set(parameters, next);
  mlx_array_free(slope);
  mlx_array_free(p);
  mlx_vector_array_free(next);
}

static float item(mlx_vector_array v, size_t i) {
  float value = 0;
  mlx_array a = mlx_array_new();
  mlx_vector_array_get(&a, v, i);
  mlx_array_item_float32(&value, a);
  mlx_array_free(a);
  return value;
}

int main(void) {
  cpu = mlx_default_cpu_stream_new();
  mlx_array three = mlx_array_new_float(3), one = mlx_array_new_float(1);
  mlx_array rate = mlx_array_new_float(0.5), zero = mlx_array_new_float(0);
  x = mlx_array_new();
  y = mlx_array_new();
  mlx_linspace(&x, -1, 1, 64, MLX_FLOAT32, cpu);
  mlx_multiply(&y, x, three, cpu);
  mlx_add(&y, y, one, cpu);

  mlx_closure function = mlx_closure_new_func(loss);
  mlx_closure_value_and_grad gradient = mlx_closure_value_and_grad_new();
  mlx_value_and_grad(&gradient, function, (int[]){0, 1}, 2);

  mlx_array start[] = {zero, zero};
  mlx_vector_array parameters = mlx_vector_array_new_data(start, 2);
  mlx_vector_array value = mlx_vector_array_new(), slopes = mlx_vector_array_new();
  for (int step = 0; step <= 40; step++) {
    mlx_closure_value_and_grad_apply(&value, &slopes, gradient, parameters);
    if (step % 10 == 0) {
      float a = item(parameters, 0), b = item(parameters, 1);
      printf("step %2d: y = %.3f x + %.3f, loss %.4f\n", step, a, b, item(value, 0));
    }
    descend(&parameters, slopes, rate);
  }

  mlx_vector_array_free(slopes);
  mlx_vector_array_free(value);
  mlx_vector_array_free(parameters);
  mlx_closure_value_and_grad_free(gradient);
  mlx_closure_free(function);
  mlx_array rest[] = {x, y, zero, rate, one, three};
  for (size_t i = 0; i < sizeof rest / sizeof *rest; i++) {
    mlx_array_free(rest[i]);
  }
  mlx_stream_free(cpu);
  return 0;
}
