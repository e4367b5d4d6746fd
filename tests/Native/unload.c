/* Loads libmlxc by its path, computes, lets go of it and loads it again. */
#include <mlxc.h>

#include <dlfcn.h>

static int once(const char* path) {
  void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    printf("%s\n", dlerror());
    return 1;
  }
  mlx_array (*make)(float) = dlsym(library, "mlx_array_new_float");
  int (*read)(float*, mlx_array) = dlsym(library, "mlx_array_item_float32");
  int (*release)(mlx_array) = dlsym(library, "mlx_array_free");
  float value = 0;
  mlx_array a = make(2.5f);
  read(&value, a);
  release(a);
  printf("%g\n", value);
  return dlclose(library);
}

int main(int count, char** arguments) {
  return count != 2 || once(arguments[1]) || once(arguments[1]);
}
