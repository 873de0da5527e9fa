/* SPDX-License-Identifier: MIT */
/* The body of the tree kernels. Before including it (once for each kernel; it has no guard) define
 *   TMB_KERNEL             the function's name
 *   TMB_WORD               the type of the tables' words: uint16_t or uint32_t
 *   TMB_FLAG               a word's highest bit */
#include <string.h>

#include "thimble/tmb_kernels.h"

/* The key of a number, as tmb_tree_ensemble_params orders them; NaN has `nan`. */
static int32_t tmb_tree_key(const float *x, int32_t nan) {
  int32_t bits;
  memcpy(&bits, x, sizeof(bits));
  if ((bits & INT32_MAX) > 0x7f800000)
    return nan;
  return bits < 0 ? bits ^ INT32_MAX : bits;
}

/* From a root (or a leaf, if the tree has no nodes) to the leaf's row. */
static int32_t tmb_tree_walk(const float *x, const TMB_WORD *nodes, const int32_t *thresholds, TMB_WORD at) {
  while ((at & TMB_FLAG) == 0) {
    const TMB_WORD *node = nodes + (int32_t)at * 4;
    const int32_t key = tmb_tree_key(x + (node[0] & (TMB_WORD)~TMB_FLAG), (node[0] & TMB_FLAG) != 0 ? INT32_MIN : INT32_MAX);
    at = key <= thresholds[node[1]] ? node[2] : node[3];
  }
  return (int32_t)(at & (TMB_WORD)~TMB_FLAG);
}

/* Takes a leaf's numbers into the result. */
static void tmb_tree_combine(const float *leaf, float *y, int32_t width, int32_t aggregate) {
  int32_t i;
  for (i = 0; i < width; ++i) {
    if (aggregate == TMB_TREE_SUM)
      y[i] += leaf[i];
    else if (aggregate == TMB_TREE_MIN ? leaf[i] < y[i] : leaf[i] > y[i])
      y[i] = leaf[i];
  }
}

void TMB_KERNEL(const float *x, const TMB_WORD *nodes, const int32_t *thresholds, const TMB_WORD *trees, const float *leaves,
                float *y, const tmb_tree_ensemble_params *p) {
  int32_t row, tree, i;
  for (row = 0; row < p->rows; ++row) {
    for (i = 0; i < p->targets; ++i)
      y[i] = p->initial;
    for (tree = 0; tree < p->trees; ++tree) {
      const TMB_WORD *entry = trees + tree * 2;
      const float *leaf = leaves + tmb_tree_walk(x, nodes, thresholds, entry[0]) * p->width;
      tmb_tree_combine(leaf, y + entry[1], p->width, p->aggregate);
    }
    x += p->features;
    y += p->targets;
  }
}

#undef TMB_KERNEL
#undef TMB_WORD
#undef TMB_FLAG
