/* SPDX-License-Identifier: MIT */
/* Transposition of a matrix, in place if wanted. */
#include <string.h>

#include "thimble/tmb_kernels.h"
#include "tmb_any.h"

/* Blocks of `bytes` bytes, [rows][blocks] to [blocks][rows]: along the cycles of that permutation every block moves once.
 * `moved` has a bit for each block, `kept` room for one. */
static void tmb_transpose_blocks(uint8_t *y, int32_t rows, int32_t blocks, size_t bytes, uint8_t *kept, uint8_t *moved) {
  const int32_t count = rows * blocks;
  int32_t start;
  memset(moved, 0, ((size_t)count + 7) / 8);
  for (start = 0; start < count; ++start) {
    int32_t to = start;
    if ((moved[start >> 3] >> (start & 7)) & 1)
      continue;
    memcpy(kept, y + (size_t)start * bytes, bytes);
    for (;;) {
      const int32_t from = to % rows * blocks + to / rows;
      moved[to >> 3] = (uint8_t)(moved[to >> 3] | (1 << (to & 7)));
      if (from == start)
        break;
      memcpy(y + (size_t)to * bytes, y + (size_t)from * bytes, bytes);
      to = from;
    }
    memcpy(y + (size_t)to * bytes, kept, bytes);
  }
}

#define TMB_TRANSPOSE_TILE(name, type)                                                                                         \
  static void name(const type *x, type *y, int32_t rows, int32_t cols) {                                                       \
    int32_t row, col;                                                                                                          \
    for (row = 0; row < rows; ++row) {                                                                                         \
      type *to = y + row;                                                                                                      \
      for (col = 0; col < cols; ++col, to += rows)                                                                             \
        *to = *x++;                                                                                                            \
    }                                                                                                                          \
  }
TMB_TRANSPOSE_TILE(tmb_transpose_tile8, tmb_any8)
TMB_TRANSPOSE_TILE(tmb_transpose_tile16, tmb_any16)
TMB_TRANSPOSE_TILE(tmb_transpose_tile32, tmb_any32)
TMB_TRANSPOSE_TILE(tmb_transpose_tile64, tmb_any32x2)
#undef TMB_TRANSPOSE_TILE

void tmb_transpose(const void *x, void *y, void *scratch, const tmb_transpose_params *p) {
  const int32_t blocks = p->cols / p->block;
  const size_t tile = (size_t)p->rows * (size_t)p->block * (size_t)p->element_bytes;
  uint8_t *to = (uint8_t *)y;
  int32_t i;
  if (x != y)
    memcpy(y, x, tile * (size_t)blocks);
  tmb_transpose_blocks(to, p->rows, blocks, (size_t)p->block * (size_t)p->element_bytes, (uint8_t *)scratch,
                       (uint8_t *)scratch + tile);
  for (i = 0; i < blocks; ++i, to += tile) {
    memcpy(scratch, to, tile);
    switch (p->element_bytes) {
    case 1:
      tmb_transpose_tile8((const tmb_any8 *)scratch, (tmb_any8 *)(void *)to, p->rows, p->block);
      break;
    case 2:
      tmb_transpose_tile16((const tmb_any16 *)scratch, (tmb_any16 *)(void *)to, p->rows, p->block);
      break;
    case 4:
      tmb_transpose_tile32((const tmb_any32 *)scratch, (tmb_any32 *)(void *)to, p->rows, p->block);
      break;
    default:
      tmb_transpose_tile64((const tmb_any32x2 *)scratch, (tmb_any32x2 *)(void *)to, p->rows, p->block);
      break;
    }
  }
}
