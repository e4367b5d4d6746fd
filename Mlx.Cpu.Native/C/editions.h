/* What the two halves of libmlxc.so share: forward.g.c jumps through the table that editions.c
 * fills when the library is loaded. */
#ifndef MLXC_EDITIONS_H
#define MLXC_EDITIONS_H

#include "mlxc.g.h"

#define EXPORT __attribute__((visibility("default")))

extern const char* const mlxc_names[];
extern const int mlxc_count;
extern void* mlxc_table[];
extern const int mlxc_slot_mlx_error;

#endif
