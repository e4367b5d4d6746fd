/* Functions in files, with and without names for their arguments, and graphs as DOT. */
#include "show.h"

static int logistic(mlx_array* result, const mlx_array x) {
  return mlx_sigmoid(result, x, stream);
}

/* x * scale + x */
static int scaled(
    mlx_vector_array* results,
    const mlx_vector_array arguments,
    const mlx_map_string_to_array named) {
  mlx_array x = mlx_array_new(), s = mlx_array_new();
  mlx_vector_array_get(&x, arguments, 0);
  mlx_map_string_to_array_get(&s, named, "scale");
  mlx_multiply(&s, x, s, stream);
  mlx_add(&s, s, x, stream);
  mlx_vector_array_set_value(results, s);
  mlx_array_free(s);
  mlx_array_free(x);
  return 0;
}

static void plain(const char* path) {
  float numbers[] = {-1, 0, 1}, more[] = {0, 0, 0, 0};
  mlx_array x = vector_of(numbers, 3), longer = vector_of(more, 4);
  mlx_vector_array inputs = mlx_vector_array_new_value(x), results = mlx_vector_array_new();
  mlx_closure f = mlx_closure_new_unary(logistic);
  printf("status %d\n", mlx_export_function(path, f, inputs, false));
  mlx_closure_free(f);
  mlx_imported_function imported = mlx_imported_function_new(path);
  printf("status %d\n", mlx_imported_function_apply(&results, imported, inputs));
  show_item("imported", results, 0);
  mlx_vector_array_set_value(&inputs, longer);
  mlx_set_error_handler(told, NULL, NULL);
  printf("status %d\n", mlx_imported_function_apply(&results, imported, inputs));
  mlx_set_error_handler(NULL, NULL, NULL);
  mlx_imported_function_free(imported);

  f = mlx_closure_new_unary(logistic);
  printf("status %d\n", mlx_export_function(path, f, inputs, true));
  mlx_closure_free(f);
  imported = mlx_imported_function_new(path);
  mlx_vector_array_set_value(&inputs, x);
  printf("status %d\n", mlx_imported_function_apply(&results, imported, inputs));
  show_item("of another length", results, 0);
  mlx_imported_function_free(imported);
  mlx_vector_array_free(results);
  mlx_vector_array_free(inputs);
  mlx_array_free(longer);
  mlx_array_free(x);
}

static void named(const char* path) {
  float numbers[] = {1, 2, 3};
  mlx_array x = vector_of(numbers, 3), scale = mlx_array_new_float(10);
  mlx_vector_array inputs = mlx_vector_array_new_value(x), results = mlx_vector_array_new();
  mlx_map_string_to_array names = mlx_map_string_to_array_new();
  mlx_map_string_to_array_insert(names, "scale", scale);
  mlx_closure_kwargs f = mlx_closure_kwargs_new_func(scaled);
  printf("status %d\n", mlx_export_function_kwargs(path, f, inputs, names, false));
  mlx_closure_kwargs_free(f);
  mlx_array_set_float(&scale, 100);
  mlx_map_string_to_array_insert(names, "scale", scale);
  mlx_imported_function imported = mlx_imported_function_new(path);
  printf("status %d\n", mlx_imported_function_apply_kwargs(&results, imported, inputs, names));
  show_item("with a name", results, 0);
  mlx_imported_function_free(imported);
  mlx_map_string_to_array_free(names);
  mlx_vector_array_free(results);
  mlx_vector_array_free(inputs);
  mlx_array_free(scale);
  mlx_array_free(x);
}

static int count_of(const char* text, const char* part) {
  int count = 0;
  for (const char* at = strstr(text, part); at; at = strstr(at + 1, part)) {
    count++;
  }
  return count;
}

/* Names of nodes without a name differ between libraries; what is drawn does not. */
static void graph(void) {
  float numbers[] = {1, 2, 3};
  mlx_array x = vector_of(numbers, 3), two = mlx_array_new_int(2), y = mlx_array_new();
  mlx_divide(&y, x, two, stream);
  mlx_log(&y, y, stream);
  mlx_node_namer namer = mlx_node_namer_new();
  mlx_node_namer_set_name(namer, x, "start");
  mlx_node_namer_set_name(namer, y, "finish");
  mlx_vector_array outputs = mlx_vector_array_new_value(y);
  FILE* file = tmpfile();
  printf("status %d\n", mlx_export_to_dot(file, namer, outputs));
  char text[4096] = {0};
  rewind(file);
  size_t length = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  printf("a digraph %d\n", length > 9 && !strncmp(text, "digraph {", 9));
  printf("arrows %d\n", count_of(text, "->"));
  const char* parts[] = {"Divide", "Log", "AsType", "start", "finish"};
  for (int i = 0; i < 5; i++) {
    printf("%s %d\n", parts[i], count_of(text, parts[i]));
  }
  mlx_vector_array_free(outputs);
  mlx_node_namer_free(namer);
  mlx_array_free(y);
  mlx_array_free(two);
  mlx_array_free(x);
}

int main(int count, char** arguments) {
  char path[4096];
  begin(1, arguments);
  snprintf(path, sizeof path, "%s/a.mlxfn", count > 1 ? arguments[1] : ".");
  plain(path);
  named(path);
  graph();
  return end();
}
