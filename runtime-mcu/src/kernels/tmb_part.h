/* SPDX-License-Identifier: MIT */
/* What pooling sees of a window. */
#ifndef TMB_PART_H
#define TMB_PART_H

#include <stdint.h>

/* The part of a window inside the image: x is the first channel of its first pixel, and is not read if there are no rows. */
typedef struct tmb_part {
  const int8_t *x;
  int32_t rows, cols;
  int32_t row_step, col_step;
} tmb_part;

#endif
