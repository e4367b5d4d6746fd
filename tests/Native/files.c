/* Files: safetensors through callbacks into memory, npy and gguf in the folder that is named. */
#include "show.h"

typedef struct {
  char* data;
  size_t size, position;
  bool failed;
  int released;
} memory;

static bool is_open(void* desc) {
  return desc != NULL;
}

static bool good(void* desc) {
  return !((memory*)desc)->failed;
}

static size_t tell(void* desc) {
  return ((memory*)desc)->position;
}

static void seek(void* desc, int64_t offset, int whence) {
  memory* m = desc;
  size_t start = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? m->position : m->size;
  m->position = start + offset;
}

static void read_at(void* desc, char* data, size_t n, size_t offset) {
  memory* m = desc;
  if (offset > m->size || n > m->size - offset) {
    m->failed = true;
  } else {
    memcpy(data, m->data + offset, n);
  }
}

static void read_on(void* desc, char* data, size_t n) {
  memory* m = desc;
  read_at(desc, data, n, m->position);
  m->position += n;
}

static void write_on(void* desc, const char* data, size_t n) {
  memory* m = desc;
  if (m->position + n > m->size) {
    m->size = m->position + n;
    m->data = realloc(m->data, m->size);
  }
  memcpy(m->data + m->position, data, n);
  m->position += n;
}

static const char* label(void* desc) {
  (void)desc;
  return "<memory>";
}

static void release(void* desc) {
  ((memory*)desc)->released++;
}

static const mlx_io_vtable table = {
    is_open, good, tell, seek, read_on, read_at, write_on, label, release};

static const char* path_in(const char* folder, const char* name) {
  static char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return path;
}

static void show_named(mlx_map_string_to_array map, const char* name) {
  mlx_array a = mlx_array_new();
  if (mlx_map_string_to_array_get(&a, map, name)) {
    printf("no %s\n", name);
  } else {
    show(name, a);
  }
  mlx_array_free(a);
}

static void safetensors(void) {
  memory file = {0};
  mlx_array whole = mlx_array_new(), half = mlx_array_new();
  int shape[] = {2, 2};
  mlx_arange(&whole, 0, 4, 1, MLX_INT64, stream);
  mlx_reshape(&whole, whole, shape, 2, stream);
  mlx_astype(&half, whole, MLX_BFLOAT16, stream);
  mlx_map_string_to_array arrays = mlx_map_string_to_array_new();
  mlx_map_string_to_string notes = mlx_map_string_to_string_new();
  mlx_map_string_to_array_insert(arrays, "whole", whole);
  mlx_map_string_to_array_insert(arrays, "half", half);
  mlx_map_string_to_string_insert(notes, "written by", "a C program");
  mlx_io_writer writer = mlx_io_writer_new(&file, table);
  printf("status %d\n", mlx_save_safetensors_writer(writer, arrays, notes));
  mlx_io_writer_free(writer);
  mlx_map_string_to_array_free(arrays);
  mlx_map_string_to_string_free(notes);
  printf("released %d, a header %d\n", file.released, file.size > 9 && file.data[8] == '{');

  file.position = 0;
  arrays = mlx_map_string_to_array_new();
  notes = mlx_map_string_to_string_new();
  mlx_io_reader reader = mlx_io_reader_new(&file, table);
  printf("status %d\n", mlx_load_safetensors_reader(&arrays, &notes, reader, stream));
  mlx_io_reader_free(reader);
  const char* note = "";
  mlx_map_string_to_string_get(&note, notes, "written by");
  printf("written by %s\n", note);
  show_named(arrays, "whole");
  show_named(arrays, "half");
  int count = 0;
  const char* key;
  mlx_map_string_to_array_iterator each = mlx_map_string_to_array_iterator_new(arrays);
  while (!mlx_map_string_to_array_iterator_next(&key, &half, each)) {
    count++;
  }
  printf("arrays %d\n", count);
  mlx_map_string_to_array_iterator_free(each);
  mlx_map_string_to_array_free(arrays);
  mlx_map_string_to_string_free(notes);
  mlx_array_free(half);
  mlx_array_free(whole);
  printf("released %d\n", file.released);
  free(file.data);
}

static void npy(const char* path) {
  mlx_array a = mlx_array_new();
  mlx_linspace(&a, 0, 1, 5, MLX_FLOAT32, stream);
  printf("status %d\n", mlx_save(path, a));
  mlx_array_set_bool(&a, false);
  printf("status %d\n", mlx_load(&a, path, stream));
  show("npy", a);
  mlx_array_free(a);
}

static void gguf(const char* path) {
  mlx_array a = mlx_array_new(), number = mlx_array_new_int(32);
  mlx_io_gguf file = mlx_io_gguf_new();
  mlx_full(&a, (int[]){2, 3}, 2, number, MLX_FLOAT16, stream);
  mlx_io_gguf_set_array(file, "weights", a);
  mlx_io_gguf_set_metadata_array(file, "layers", number);
  mlx_io_gguf_set_metadata_string(file, "general.architecture", "none");
  printf("status %d\n", mlx_save_gguf(path, file));
  mlx_io_gguf_free(file);

  file = mlx_io_gguf_new();
  printf("status %d\n", mlx_load_gguf(&file, path, stream));
  mlx_io_gguf_get_array(&a, file, "weights");
  show("weights", a);
  mlx_io_gguf_get_metadata_array(&a, file, "layers");
  mlx_array_eval(a);
  show("layers", a);
  mlx_string text = mlx_string_new();
  mlx_io_gguf_get_metadata_string(&text, file, "general.architecture");
  printf("architecture %s\n", mlx_string_data(text));
  mlx_string_free(text);
  bool is_there = true;
  mlx_io_gguf_has_metadata_string(&is_there, file, "layers");
  printf("layers are text %d\n", is_there);
  mlx_io_gguf_free(file);
  mlx_array_free(number);
  mlx_array_free(a);
}

int main(int count, char** arguments) {
  const char* folder = count > 1 ? arguments[1] : ".";
  begin(1, arguments);
  safetensors();
  npy(path_in(folder, "a.npy"));
  gguf(path_in(folder, "a.gguf"));

  mlx_array a = mlx_array_new();
  mlx_set_error_handler(told, NULL, NULL);
  printf("status %d\n", mlx_load(&a, path_in(folder, "missing.npy"), stream));
  mlx_array_free(a);
  return end();
}
