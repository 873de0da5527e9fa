/* SPDX-License-Identifier: MIT */
/* Fully connected layer, int8, with the vector instructions of Armv8.1-M. */
#include "thimble/tmb_kernels.h"
#include "thimble/tmb_layout.h"
#include "tmb_mve_finish.h"

/* Eight activations and four outputs at a time. Weights of outputs a and b lie side by side, as do those of c and d (tmb_layout.h): a
 * vector of both meets activations with zeros between them, for the one output in the even bytes and for the other in the odd ones. */
#define TMB_EIGHT 8

/* The order of activations that is that of the weights. */
static const uint16_t tmb_mve_order[TMB_EIGHT] = {0, 2, 1, 3, 4, 6, 5, 7};

#define TMB_PRODUCTS(even)                                                                                                     \
  do {                                                                                                                         \
    const uint16x8_t x_even = even;                                                                                            \
    const int8x16_t x0 = vreinterpretq_s8_u16(x_even), x1 = vreinterpretq_s8_u16(vshlq_n_u16(x_even, 8));                      \
    const int32x4x2_t both = vld2q_s32(w);                                                                                     \
    const int8x16_t ab = vreinterpretq_s8_s32(both.val[0]), cd = vreinterpretq_s8_s32(both.val[1]);                            \
    a = vmladavaq_s8(a, ab, x0);                                                                                               \
    b = vmladavaq_s8(b, ab, x1);                                                                                               \
    c = vmladavaq_s8(c, cd, x0);                                                                                               \
    d = vmladavaq_s8(d, cd, x1);                                                                                               \
    w += TMB_EIGHT;                                                                                                            \
  } while (0)

/* Sums of products of four outputs. Where activations end within eight, what is read in the place of weights meets zeros. */
static inline int32x4_t tmb_mve_dot4(const int8_t *x, const int32_t *w, int32_t depth) {
  const uint16x8_t order = vldrhq_u16(tmb_mve_order);
  int32_t a = 0, b = 0, c = 0, d = 0, eights = depth / TMB_EIGHT;
  int32_t sums[4];
  for (; eights > 0; --eights, x += TMB_EIGHT)
    TMB_PRODUCTS(vldrbq_gather_offset_u16((const uint8_t *)x, order));
  if (depth % TMB_EIGHT != 0) {
    const mve_pred16_t lanes = vcmphiq_u16(vdupq_n_u16((uint16_t)(depth % TMB_EIGHT)), order);
    TMB_PRODUCTS(vldrbq_gather_offset_z_u16((const uint8_t *)x, order, lanes));
  }
  sums[0] = a, sums[1] = b, sums[2] = c, sums[3] = d;
  return vldrwq_s32(sums);
}

void tmb_fully_connected_s8(const int8_t *x, const int32_t *w, int8_t *y, const tmb_fully_connected_s8_params *p) {
  const tmb_output_s8 out = {p->shift, p->out_zero_point, p->act_min, p->act_max};
  const int32_t words = tmb_fully_connected_s8_words(p->depth);
  int32_t m, n;
  for (m = 0; m < p->rows; ++m, x += p->depth, y += p->cols) {
    const int32_t *four = w;
    for (n = 0; n < p->cols; n += 4, four += words) {
      const int32x4_t acc = vaddq_s32(tmb_mve_dot4(x, four + 4, p->depth), vldrwq_s32(four));
      vstrbq_p_s32(y + n, tmb_mve_finish(acc, vldrwq_s32(four + words - 4), &out), vctp32q((uint32_t)(p->cols - n)));
    }
  }
}
