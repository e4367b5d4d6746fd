/* libmlxc.so on x86-64: the functions of mlx-c, answered by the edition of the engine that suits
 * the processor. The editions lie beside this library and are complete libraries themselves; the
 * plainest is linked, so that the loader says what is missing where it is missing. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "editions.h"

static int has_v3(void) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") &&
      __builtin_cpu_supports("fma");
}

static int has_v4(void) {
  return has_v3() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl");
}

static void* open_beside(const char* name) {
  char path[PATH_MAX + 32];
  Dl_info own;
  if (!dladdr((void*)mlxc_names, &own) || !realpath(own.dli_fname, path)) {
    return NULL;
  }
  strcpy(strrchr(path, '/') + 1, name);
  return dlopen(path, RTLD_NOW | RTLD_LOCAL);
}

static void* open_edition(void) {
  void* edition = NULL;
  __builtin_cpu_init();
  if (has_v4()) {
    edition = open_beside("libmlxc-x86-64-v4.so");
  }
  if (!edition && has_v3()) {
    edition = open_beside("libmlxc-x86-64-v3.so");
  }
  return edition ? edition : dlopen("libmlxc-x86-64-v2.so", RTLD_NOW | RTLD_LOCAL);
}

__attribute__((constructor)) static void choose_edition(void) {
  void* edition = open_edition();
  for (int i = 0; i < mlxc_count; i++) {
    mlxc_table[i] = dlsym(edition, mlxc_names[i]);
  }
}

/* Only C can read a variable tail: the edition gets the finished text. */
EXPORT void _mlx_error(const char* file, int line, const char* fmt, ...) {
  va_list args, again;
  va_start(args, fmt);
  va_copy(again, args);
  int size = vsnprintf(NULL, 0, fmt, args) + 1;
  va_end(args);
  char* text = malloc(size);
  if (text) {
    vsnprintf(text, size, fmt, again);
  }
  va_end(again);
  typedef void (*function)(const char*, int, const char*);
  ((function)mlxc_table[mlxc_slot_mlx_error])(file, line, text ? text : fmt);
  free(text);
}
