/* Closures and what is done with them: derivatives, own rules, checkpoints, compilation. */
#include "show.h"

/* sum(a a b) */
static int product(mlx_vector_array* results, const mlx_vector_array arguments) {
  mlx_array a = mlx_array_new(), b = mlx_array_new();
  mlx_vector_array_get(&a, arguments, 0);
  mlx_vector_array_get(&b, arguments, 1);
  mlx_multiply(&b, a, b, stream);
  mlx_multiply(&b, a, b, stream);
  mlx_sum(&b, b, false, stream);
  mlx_vector_array_set_value(results, b);
  mlx_array_free(a);
  mlx_array_free(b);
  return 0;
}

static void derivatives(mlx_closure f, const char* label) {
  float a[] = {1, 2, 3}, b[] = {4, 5, 6}, one[] = {1, 1, 1}, none[] = {0, 0, 0};
  mlx_array at[] = {vector_of(a, 3), vector_of(b, 3)};
  mlx_array along[] = {vector_of(one, 3), vector_of(none, 3)};
  mlx_vector_array inputs = mlx_vector_array_new_data(at, 2);
  mlx_vector_array tangents = mlx_vector_array_new_data(along, 2);
  mlx_vector_array values = mlx_vector_array_new(), slopes = mlx_vector_array_new();
  mlx_closure_value_and_grad gradient = mlx_closure_value_and_grad_new();

  printf("%s\n", label);
  mlx_value_and_grad(&gradient, f, (int[]){0, 1}, 2);
  mlx_closure_value_and_grad_apply(&values, &slopes, gradient, inputs);
  show_item("value", values, 0);
  show_item("by a", slopes, 0);
  show_item("by b", slopes, 1);
  mlx_jvp(&values, &slopes, f, inputs, tangents);
  show_item("along a", slopes, 0);

  mlx_closure_value_and_grad_free(gradient);
  mlx_vector_array_free(slopes);
  mlx_vector_array_free(values);
  mlx_vector_array_free(tangents);
  mlx_vector_array_free(inputs);
  for (int i = 0; i < 2; i++) {
    mlx_array_free(at[i]);
    mlx_array_free(along[i]);
  }
}

/* A factor that the closure owns, and how often it was called. */
typedef struct {
  mlx_array factor;
  int calls;
} scaling;

static int scale(mlx_vector_array* results, const mlx_vector_array arguments, void* payload) {
  scaling* own = payload;
  own->calls++;
  mlx_array a = mlx_array_new();
  mlx_vector_array_get(&a, arguments, 0);
  mlx_multiply(&a, a, own->factor, stream);
  mlx_exp(&a, a, stream);
  mlx_vector_array_set_value(results, a);
  mlx_array_free(a);
  return 0;
}

static void let_go(void* payload) {
  scaling* own = payload;
  printf("let go after %d calls\n", own->calls);
  mlx_array_free(own->factor);
}

static void compiled(void) {
  scaling own = {mlx_array_new_float(0), 0};
  float numbers[] = {1, 2, 3};
  mlx_closure f = mlx_closure_new_func_payload(scale, &own, let_go), fast = mlx_closure_new();
  mlx_vector_array inputs = mlx_vector_array_new(), results = mlx_vector_array_new();
  mlx_compile(&fast, f, false);
  for (int count = 2; count <= 3; count++) {
    mlx_array x = vector_of(numbers, count);
    mlx_vector_array_set_value(&inputs, x);
    for (int round = 0; round < 3; round++) {
      mlx_closure_apply(&results, fast, inputs);
      show_item("compiled", results, 0);
    }
    mlx_array_free(x);
  }
  mlx_vector_array_free(results);
  mlx_vector_array_free(inputs);
  mlx_closure_free(fast);
  mlx_closure_free(f);
}

/* The sum of squares, whose slope is said to be ten times the argument. */
static int squares(mlx_array* result, const mlx_array x) {
  mlx_array square = mlx_array_new();
  mlx_square(&square, x, stream);
  mlx_sum(result, square, false, stream);
  mlx_array_free(square);
  return 0;
}

static int tenfold(
    mlx_vector_array* results,
    const mlx_vector_array primals,
    const mlx_vector_array cotangents,
    const mlx_vector_array outputs) {
  mlx_array x = mlx_array_new(), c = mlx_array_new(), ten = mlx_array_new_float(10);
  mlx_vector_array_get(&x, primals, 0);
  mlx_vector_array_get(&c, cotangents, 0);
  mlx_multiply(&x, x, ten, stream);
  mlx_multiply(&x, x, c, stream);
  mlx_vector_array_set_value(results, x);
  printf("asked with %zu outputs\n", mlx_vector_array_size(outputs));
  mlx_array_free(ten);
  mlx_array_free(c);
  mlx_array_free(x);
  return 0;
}

static void own_rule(void) {
  float numbers[] = {1, 2, 3};
  mlx_array x = vector_of(numbers, 3), one = mlx_array_new_float(1);
  mlx_vector_array inputs = mlx_vector_array_new_value(x);
  mlx_vector_array cotangents = mlx_vector_array_new_value(one);
  mlx_vector_array values = mlx_vector_array_new(), slopes = mlx_vector_array_new();
  mlx_closure f = mlx_closure_new_unary(squares), ruled = mlx_closure_new();
  mlx_closure_custom rule = mlx_closure_custom_new_func(tenfold);
  mlx_custom_vjp(&ruled, f, rule);
  mlx_vjp(&values, &slopes, ruled, inputs, cotangents);
  show_item("value", values, 0);
  show_item("own slope", slopes, 0);
  mlx_closure_custom_free(rule);
  mlx_closure_free(ruled);
  mlx_closure_free(f);
  mlx_vector_array_free(slopes);
  mlx_vector_array_free(values);
  mlx_vector_array_free(cotangents);
  mlx_vector_array_free(inputs);
  mlx_array_free(one);
  mlx_array_free(x);
}

static int failing(mlx_array* result, const mlx_array x) {
  (void)result;
  (void)x;
  return 1;
}

static void fails(void) {
  mlx_set_error_handler(told, NULL, NULL);
  mlx_array x = mlx_array_new_float(1);
  mlx_vector_array inputs = mlx_vector_array_new_value(x), results = mlx_vector_array_new();
  mlx_closure f = mlx_closure_new_unary(failing);
  printf("status %d\n", mlx_closure_apply(&results, f, inputs) != 0);
  mlx_closure_free(f);
  mlx_vector_array_free(results);
  mlx_vector_array_free(inputs);
  mlx_array_free(x);
}

int main(int count, char** arguments) {
  begin(count, arguments);
  mlx_closure f = mlx_closure_new_func(product), again = mlx_closure_new();
  derivatives(f, "plain");
  mlx_checkpoint(&again, f);
  derivatives(again, "checkpoint");
  mlx_closure_free(again);
  mlx_closure_free(f);
  own_rule();
  compiled();
  fails();
  return end();
}
