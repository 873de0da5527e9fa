/* SPDX-License-Identifier: MIT */
/* Kernels for an instruction set against the portable ones of the same name, on random shapes: they must agree bit for bit. The
   portable ones are compiled with the prefix portable_ instead of tmb_. */
#include "../harness/tmb_port.h"
#include "thimble/tmb_kernels.h"
#include "thimble/tmb_layout.h"

#include <string.h>

void portable_conv2d_s8(const int8_t *x, const int32_t *w, int8_t *y, void *scratch, const tmb_conv2d_s8_params *p);
void portable_conv2d_add_s8(const int8_t *x, const int8_t *r, const int32_t *w, int8_t *y, void *scratch,
                            const tmb_conv2d_add_s8_params *p);
void portable_conv2d_planes_s8(const int8_t *x, const int32_t *w, int8_t *y, void *scratch, const tmb_conv2d_planes_s8_params *p);
void portable_depthwise3x3_s8(const int8_t *x, const int32_t *w, int8_t *y, void *scratch, const tmb_conv2d_s8_params *p);
void portable_fully_connected_s8(const int8_t *x, const int32_t *w, int8_t *y, const tmb_fully_connected_s8_params *p);
void portable_gru_s8(const int8_t *x, const int32_t *w, const int32_t *k, const void *initial_h, int8_t *y, void *y_h,
                     void *scratch, const tmb_recurrent_s8_params *p);
void portable_lstm_s8(const int8_t *x, const int32_t *w, const int32_t *k, const void *initial_h, const void *initial_c, int8_t *y,
                      void *y_h, void *y_c, void *scratch, const tmb_recurrent_s8_params *p);
void portable_conv2d_s16(const int16_t *x, const int32_t *w, int16_t *y, void *scratch, const tmb_conv2d_s8_params *p);
void portable_conv2d_wide_s16(const int16_t *x, const int32_t *w, int16_t *y, void *scratch, const tmb_conv2d_s8_params *p);
void portable_max_pool2d_s8(const int8_t *x, int8_t *y, const tmb_pool2d_params *p);
void portable_average_pool2d_s8(const int8_t *x, int8_t *y, const tmb_pool2d_params *p);
void portable_mean_s8(const int8_t *x, int8_t *y, const tmb_mean_s8_params *p);
void portable_div_s16(const int16_t *a, const int16_t *b, int16_t *y, const tmb_div_s16_params *p);
void portable_add_s8(const int8_t *a, const int8_t *b, int8_t *y, const tmb_add_s8_params *p);

void portable_attention_s8(const int8_t *q, const int8_t *k, const int8_t *v, const int8_t *table, const int8_t *mask,
                           const uint32_t *exponentials, int8_t *y, void *scratch, const tmb_attention_s8_params *p);

#define GUARD 0x5A
enum { ROUNDS = 300, SIZE = 12288, WORDS = 16384, SCRATCH = 16384 };
static int8_t input[2][SIZE] __attribute__((aligned(4))), output[2][SIZE] __attribute__((aligned(4)));
static int32_t weights[WORDS], scratch[SCRATCH / 4];

static uint32_t random_word(void) {
  static uint32_t state = 1;
  state = state * 1664525u + 1013904223u;
  return state >> 8 ^ state << 16;
}

static int32_t between(int32_t low, int32_t high) { return low + (int32_t)(random_word() % (uint32_t)(high - low + 1)); }
static int32_t chance(int32_t of) { return between(1, of) == 1; }

static void print_number(const char *what, int32_t number) {
  char text[12];
  int at = 11;
  uint32_t rest = number < 0 ? 0u - (uint32_t)number : (uint32_t)number;
  text[at] = 0;
  do {
    text[--at] = (char)('0' + rest % 10u);
    rest /= 10u;
  } while (rest > 0);
  if (number < 0)
    text[--at] = '-';
  tmb_port_print(what);
  tmb_port_print(text + at);
}

static void fail(const char *kernel, const int32_t *params, size_t count) {
  tmb_port_print(kernel);
  tmb_port_print(" differs:");
  for (size_t i = 0; i < count; i++)
    print_number(" ", params[i]);
  tmb_port_print("\n");
  tmb_port_exit(1);
}

static void fill_inputs(void) {
  for (int32_t i = 0; i < SIZE; i++)
    for (int32_t which = 0; which < 2; which++)
      input[which][i] = (int8_t)(random_word() & 255u);
  memset(output, GUARD, sizeof(output));
}

/* Both wrote the same `count` outputs and nothing after them. */
static int agree(int32_t count) {
  for (int32_t i = count; i < SIZE; i++)
    if (output[0][i] != GUARD)
      return 0;
  return memcmp(output[0], output[1], SIZE) == 0;
}

static int32_t random_multiplier(int32_t shift) { return shift > 0 ? between(1 << 30, INT32_MAX) : between(1 << 20, chance(2) ? INT32_MAX : 1 << 25); }

/* Weights of `count` streams of `words` words: `head` biases, weights, `head` multipliers. */
static void fill_weights(int32_t count, int32_t words, int32_t head, int32_t shift) {
  for (int32_t s = 0; s < count; s++)
    for (int32_t i = 0; i < words; i++)
      weights[s * words + i] = i < head            ? between(-20000, 20000)
                               : i >= words - head ? random_multiplier(shift)
                                                   : (int32_t)(random_word() ^ random_word() << 13);
}

static void clear_weight(int32_t *word, int32_t activation) {
  const uint32_t mask = activation % 4 < 2 ? 0xFFFF0000u : 0x0000FFFFu; /* of the word's two activations the first, the second */
  *word = (int32_t)((uint32_t)*word & mask);
}

/* The convolution whose results are in output[0], with a residual: as the convolution and then an addition, apart and in its place. */
static void test_residual(const tmb_conv2d_s8_params *conv, int32_t outputs) {
  tmb_conv2d_add_s8_params p;
  tmb_add_s8_params sum;
  memset(&sum, 0, sizeof(sum));
  sum.rank = 1;
  sum.dims[0] = outputs;
  sum.a_strides[0] = sum.b_strides[0] = 1;
  sum.shift = TMB_CONV2D_ADD_S8_SHIFT;
  sum.a_multiplier = p.c_multiplier = between(-4194304, 4194304);
  sum.b_multiplier = p.r_multiplier = between(-4194304, 4194304);
  sum.offset = p.sum_offset = between(-134217728, 134217728);
  sum.act_min = p.sum_min = chance(3) ? -20 : -128;
  sum.act_max = p.sum_max = chance(3) ? 90 : 127;
  p.conv = *conv;
  portable_add_s8(output[0], input[1], output[1], &sum);
  memcpy(output[0], output[1], SIZE);
  memset(output[1], GUARD, SIZE);
  portable_conv2d_add_s8(input[0], input[1], weights, output[1], scratch, &p);
  if (memcmp(output[0], output[1], (size_t)outputs) != 0)
    fail("conv2d_add_s8, portable,", (const int32_t *)&p, sizeof(p) / 4);
  memset(output[1], GUARD, SIZE);
  tmb_conv2d_add_s8(input[0], input[1], weights, output[1], scratch, &p);
  if (memcmp(output[0], output[1], (size_t)outputs) != 0 || output[1][outputs] != GUARD)
    fail("conv2d_add_s8", (const int32_t *)&p, sizeof(p) / 4);
  memcpy(output[1], input[1], (size_t)outputs);
  tmb_conv2d_add_s8(input[0], output[1], weights, output[1], scratch, &p);
  if (memcmp(output[0], output[1], (size_t)outputs) != 0)
    fail("conv2d_add_s8 in place", (const int32_t *)&p, sizeof(p) / 4);
}

static void test_convolution(void) {
  tmb_conv2d_s8_params p;
  memset(&p, 0, sizeof(p));
  p.batch = between(1, 2);
  p.in_h = between(1, 8);
  p.in_w = between(1, 8);
  p.kernel_h = between(1, 4);
  p.kernel_w = between(1, 4);
  p.stride_h = between(1, 2);
  p.stride_w = between(1, 2);
  p.dilation_h = between(1, 2);
  p.dilation_w = chance(3) ? 2 : 1;
  p.pad_top = between(0, 2);
  p.pad_left = between(0, 2);
  p.out_h = between(1, 7);
  p.out_w = between(1, 7);
  p.groups = chance(4) ? between(2, 3) : 1;
  p.in_c = p.groups * (chance(3) ? 16 * between(1, 2) : between(1, 20));
  p.out_c = p.groups * between(1, 11);
  p.blocks = between(0, 4);
  if (chance(4)) { /* rows of three taps that share columns */
    p.kernel_w = 3;
    p.stride_w = p.dilation_w = p.groups = 1;
    p.in_c = 4 * between(1, 6);
    p.out_w = 4;
    p.out_c = between(1, 11);
  } else if (chance(3)) { /* one tap */
    p.kernel_h = p.kernel_w = p.stride_h = p.stride_w = p.groups = 1;
    p.pad_top = p.pad_left = 0;
    p.out_h = p.in_h;
    p.out_w = p.in_w;
  }
  p.in_zero_point = between(-128, 127);
  p.out_zero_point = between(-128, 127);
  p.shift = chance(4) ? between(1, 3) : 0;
  p.act_min = chance(2) ? p.out_zero_point : -128;
  p.act_max = chance(2) && p.act_min < 100 ? 100 : 127;
  const tmb_conv2d_s8_layout layout = tmb_conv2d_s8_layout_of(&p);
  const int32_t pairs = p.groups * ((layout.cols + 1) / 2), bytes = tmb_conv2d_s8_scratch_bytes(&p);
  const int32_t outputs = p.batch * p.out_h * p.out_w * p.out_c;
  if (pairs * layout.words > WORDS || bytes > SCRATCH || outputs >= SIZE || p.batch * p.in_h * p.in_w * p.in_c > SIZE)
    return;
  fill_inputs();
  fill_weights(pairs, layout.words, 2, p.shift);
  for (int32_t s = 0; s < pairs; s++) /* what pads a window has the weight 0 */
    for (int32_t k = 0; k < layout.depth; k++)
      if (k >= layout.runs * layout.run)
        clear_weight(weights + s * layout.words + 2 + k / 4 * 2 + k % 2, k);
  portable_conv2d_s8(input[0], weights, output[0], scratch, &p);
  memset(scratch, GUARD, sizeof(scratch));
  tmb_conv2d_s8(input[0], weights, output[1], scratch, &p);
  for (int32_t i = bytes; i < SCRATCH; i++)
    if (((const uint8_t *)scratch)[i] != GUARD)
      fail("conv2d_s8 writes past its scratch and", (const int32_t *)&p, sizeof(p) / 4);
  if (!agree(outputs))
    fail("conv2d_s8", (const int32_t *)&p, sizeof(p) / 4);
  test_residual(&p, outputs);
}

/* Images in planes. */
static void test_planes(void) {
  tmb_conv2d_planes_s8_params planes;
  tmb_conv2d_s8_params *p = &planes.conv;
  memset(&planes, 0, sizeof(planes));
  p->batch = between(1, 2);
  p->in_h = between(1, 9);
  p->in_w = between(1, 18);
  p->in_c = between(1, 4);
  p->kernel_h = between(1, 4);
  p->kernel_w = 3;
  p->stride_h = between(1, 2);
  p->stride_w = between(1, 2);
  p->dilation_h = chance(3) ? 2 : 1;
  p->dilation_w = 1;
  p->pad_top = between(0, 2);
  p->pad_left = between(0, 2);
  p->out_h = between(1, 7);
  p->out_w = chance(2) ? 8 : between(1, 7);
  p->out_c = between(1, 11);
  p->groups = 1;
  p->blocks = between(0, 4);
  p->in_zero_point = between(-128, 127);
  p->out_zero_point = between(-128, 127);
  p->shift = chance(4) ? between(1, 3) : 0;
  p->act_min = chance(2) ? p->out_zero_point : -128;
  p->act_max = chance(2) && p->act_min < 100 ? 100 : 127;
  planes.plane = p->in_h * p->in_w + (p->batch == 1 ? between(0, 9) : 0);
  const tmb_conv2d_s8_layout layout = tmb_conv2d_planes_s8_layout_of(p);
  const int32_t pairs = (layout.cols + 1) / 2, bytes = tmb_conv2d_planes_s8_scratch_bytes(p);
  const int32_t outputs = p->batch * p->out_h * p->out_w * p->out_c;
  fill_inputs();
  fill_weights(pairs, layout.words, 2, p->shift);
  for (int32_t s = 0; s < pairs; s++) /* what pads a window has the weight 0: slots that no tap has */
    for (int32_t k = 0; k < layout.depth; k++) {
      int32_t is_tap = 0;
      for (int32_t run = 0; run < layout.runs; run++)
        for (int32_t at = 0; at < layout.run; at++)
          is_tap |= tmb_conv2d_planes_s8_slot(&layout, run, at) == k;
      if (!is_tap)
        clear_weight(weights + s * layout.words + 2 + k / 4 * 2 + k % 2, k);
    }
  portable_conv2d_planes_s8(input[0], weights, output[0], scratch, &planes);
  memset(scratch, GUARD, sizeof(scratch));
  tmb_conv2d_planes_s8(input[0], weights, output[1], scratch, &planes);
  for (int32_t i = bytes; i < SCRATCH; i++)
    if (((const uint8_t *)scratch)[i] != GUARD)
      fail("conv2d_planes_s8 writes past its scratch and", (const int32_t *)&planes, sizeof(planes) / 4);
  if (!agree(outputs))
    fail("conv2d_planes_s8", (const int32_t *)&planes, sizeof(planes) / 4);
}

/* Apart, then over the input: in place with stride 1, else as far before it as every row of outputs is behind its windows. */
static void test_depthwise(void) {
  tmb_conv2d_s8_params p;
  memset(&p, 0, sizeof(p));
  p.batch = chance(3) ? 2 : 1;
  p.in_h = between(1, 9);
  p.in_w = between(1, 9);
  p.in_c = p.out_c = p.groups = between(1, 21);
  p.kernel_h = p.kernel_w = 3;
  p.dilation_h = p.dilation_w = 1;
  p.stride_h = p.stride_w = between(1, 2);
  p.pad_top = between(0, 2);
  p.pad_left = between(0, 2);
  p.out_h = between(1, p.in_h);
  p.out_w = between(1, p.in_w);
  p.in_zero_point = between(-128, 127);
  p.out_zero_point = between(-128, 127);
  p.act_min = chance(2) ? p.out_zero_point : -128;
  p.act_max = chance(2) && p.act_min < 100 ? 100 : 127;
  p.blocks = between(1, 2);
  const int32_t inputs = p.batch * p.in_h * p.in_w * p.in_c, outputs = p.batch * p.out_h * p.out_w * p.out_c;
  const int32_t bytes = tmb_depthwise3x3_s8_scratch_bytes(&p);
  fill_inputs();
  for (int32_t c = 0; c < p.out_c; c++) {
    int32_t *channel = weights + c * TMB_DEPTHWISE3X3_S8_WORDS;
    channel[0] = between(-20000, 20000);
    channel[1] = random_multiplier(0);
    for (int32_t i = 2; i < TMB_DEPTHWISE3X3_S8_WORDS; i++) { /* the second byte twice */
      const uint32_t word = random_word() ^ random_word() << 13;
      channel[i] = (int32_t)((word & 0xFF00FFFFu) | (word & 0xFF00u) << 8);
    }
  }
  portable_depthwise3x3_s8(input[0], weights, output[0], scratch, &p);
  memset(scratch, GUARD, sizeof(scratch));
  tmb_depthwise3x3_s8(input[0], weights, output[1], scratch, &p);
  for (int32_t i = bytes; i < SCRATCH; i++)
    if (((const uint8_t *)scratch)[i] != GUARD)
      fail("depthwise3x3_s8 writes past its scratch and", (const int32_t *)&p, sizeof(p) / 4);
  if (!agree(outputs))
    fail("depthwise3x3_s8", (const int32_t *)&p, sizeof(p) / 4);
  if (p.batch > 1)
    return;
  int32_t distance = 0;
  for (int32_t oy = 0; oy < p.out_h && p.stride_h == 2; oy++) {
    const int32_t iy = oy * 2 - p.pad_top, top = iy < 0 ? 0 : iy < p.in_h ? iy : p.in_h;
    const int32_t least = (oy + 1) * p.out_w * p.out_c - top * p.in_w * p.in_c;
    distance = least > distance ? least : distance;
  }
  memcpy(output[1] + distance, input[0], (size_t)inputs);
  tmb_depthwise3x3_s8(output[1] + distance, weights, output[1], scratch, &p);
  if (memcmp(output[0], output[1], (size_t)outputs) != 0)
    fail("depthwise3x3_s8 in place", (const int32_t *)&p, sizeof(p) / 4);
}

static void test_fully_connected(void) {
  tmb_fully_connected_s8_params p;
  memset(&p, 0, sizeof(p));
  p.rows = between(1, 3);
  p.depth = between(1, chance(2) ? 20 : 150);
  p.cols = between(1, 23);
  p.out_zero_point = between(-128, 127);
  p.shift = chance(4) ? between(1, 3) : 0;
  p.act_min = chance(2) ? p.out_zero_point : -128;
  p.act_max = 127;
  const int32_t words = tmb_fully_connected_s8_words(p.depth), fours = (p.cols + 3) / 4;
  fill_inputs();
  fill_weights(fours, words, 4, p.shift);
  for (int32_t s = 0; s < fours; s++)
    for (int32_t k = p.depth; k < (p.depth + 3) / 4 * 4; k++)
      for (int32_t i = 0; i < 2; i++)
        clear_weight(weights + s * words + 4 + k / 4 * 4 + k % 2 * 2 + i, k);
  portable_fully_connected_s8(input[0], weights, output[0], &p);
  tmb_fully_connected_s8(input[0], weights, output[1], &p);
  if (!agree(p.rows * p.cols))
    fail("fully_connected_s8", (const int32_t *)&p, sizeof(p) / 4);
}

static void test_add(void) {
  tmb_add_s8_params p;
  memset(&p, 0, sizeof(p));
  p.rank = between(1, 3);
  int32_t a_stride = 1, b_stride = 1, count = 1;
  for (int32_t d = p.rank; d-- > 0;) {
    p.dims[d] = between(1, d == p.rank - 1 ? 70 : 5);
    p.a_strides[d] = chance(5) ? 0 : a_stride;
    p.b_strides[d] = chance(5) ? 0 : b_stride;
    a_stride *= p.a_strides[d] ? p.dims[d] : 1;
    b_stride *= p.b_strides[d] ? p.dims[d] : 1;
    count *= p.dims[d];
  }
  p.a_multiplier = between(-32767, 32767);
  p.b_multiplier = between(-32767, 32767);
  p.shift = between(8, 18);
  p.offset = between(-16777216, 16777216);
  p.act_min = chance(2) ? -128 : -20;
  p.act_max = chance(2) ? 127 : 90;
  fill_inputs();
  portable_add_s8(input[0], input[1], output[0], &p);
  tmb_add_s8(input[0], input[1], output[1], &p);
  if (!agree(count))
    fail("add_s8", (const int32_t *)&p, sizeof(p) / 4);
}

/* Queries, keys and values side by side in one tensor. */
static void test_attention(void) {
  static uint32_t exponentials[256];
  tmb_attention_s8_params p;
  memset(&p, 0, sizeof(p));
  p.shared = between(1, 2);
  p.heads = p.shared * between(1, 3);
  p.queries = between(1, 10);
  p.keys = p.queries;
  p.depth = between(1, 20);
  p.value_depth = chance(2) ? p.depth : between(1, 20);
  p.q_head_stride = p.k_head_stride = p.depth;
  p.v_head_stride = p.value_depth;
  p.k_offset = p.heads * p.depth;
  p.v_offset = p.k_offset + p.heads / p.shared * p.depth;
  p.q_row_stride = p.k_row_stride = p.v_row_stride = p.v_offset + p.heads / p.shared * p.value_depth;
  p.q_zero_point = between(-128, 127);
  p.k_zero_point = between(-128, 127);
  p.v_zero_point = between(-128, 127);
  p.score_zero_point = between(-128, 127);
  p.out_zero_point = between(-128, 127);
  p.score_shift = chance(4) ? between(1, 3) : 0;
  p.score_multiplier = p.score_shift > 0 ? random_multiplier(p.score_shift) : between(1 << 19, 1 << 23);
  p.out_shift = chance(4) ? between(1, 3) : 0;
  p.out_multiplier = p.out_shift > 0 ? random_multiplier(p.out_shift) : between(1 << 23, 1 << 26);
  p.has_table = chance(2);
  p.has_mask = chance(2);
  p.mask_row_stride = p.keys;
  p.mask_score_multiplier = between(-32767, 32767);
  p.mask_multiplier = between(-32767, 32767);
  p.mask_shift = between(8, 18);
  p.mask_sum_offset = between(-16777216, 16777216);
  exponentials[0] = 65536;
  for (int32_t d = 1; d < 256; d++)
    exponentials[d] = exponentials[d - 1] - exponentials[d - 1] / 12;
  const int32_t bytes = tmb_attention_s8_scratch_bytes(&p);
  fill_inputs();
  const int8_t *x = input[0], *table = input[1], *mask = input[1] + 256;
  portable_attention_s8(x, x, x, table, mask, exponentials, output[0], scratch, &p);
  memset(scratch, GUARD, sizeof(scratch));
  tmb_attention_s8(x, x, x, table, mask, exponentials, output[1], scratch, &p);
  for (int32_t i = bytes; i < SCRATCH; i++)
    if (((const uint8_t *)scratch)[i] != GUARD)
      fail("attention_s8 writes past its scratch and", (const int32_t *)&p, sizeof(p) / 4);
  if (!agree(p.queries * p.heads * p.value_depth))
    fail("attention_s8", (const int32_t *)&p, sizeof(p) / 4);
}

/* Of the numbers of blocks in both vectors, and of arguments that saturate and that do not. */
static void test_recurrent(void) {
  tmb_recurrent_s8_params p;
  static int32_t constants[48 * 6];
  memset(&p, 0, sizeof(p));
  p.time = between(1, 4);
  p.batch = between(1, 2);
  p.input = between(1, 40);
  p.hidden = between(1, 24);
  p.in_zero_point = between(-128, 127);
  p.x_shift = between(0, 2);
  p.reverse = between(0, 1);
  p.linear_before_reset = between(0, 1);
  p.wide_states = between(0, 1);
  p.has_initial_h = p.has_initial_c = between(0, 1);
  p.h_multiplier = p.c_multiplier = 1 << 30;
  p.h_start_shift = 10;
  p.c_start_shift = 6;
  p.c_out_multiplier = 1 << 24;
  const int32_t x_depth = (p.input + 3) & ~3, h_depth = (p.hidden + 3) & ~3;
  const int32_t is_lstm = between(0, 1), sum = is_lstm || !chance(3) ? 1 << 26 : 1 << 29;
  const int32_t words = (is_lstm ? 4 : 3) * (h_depth / 4) * (x_depth + h_depth), count = (is_lstm ? 12 : 10) * h_depth;
  const int32_t bytes = p.wide_states ? 2 : 1, states = bytes * p.batch * p.hidden;
  const int32_t steps = (p.time * p.batch * p.hidden + 1) & ~1;
  fill_inputs();
  fill_weights(1, words, 0, 0);
  for (int32_t i = 0; i < count; i++)
    constants[i] = i % 3 == 0 || chance(4) ? between(-40000, 40000) : between(1 << 16, sum);
  for (int32_t which = 0; which < 2; which++) {
    int8_t *y = output[which], *y_h = y + steps, *y_c = y_h + states;
    if (is_lstm)
      (which ? tmb_lstm_s8 : portable_lstm_s8)(input[0], weights, constants, input[1], input[1] + states, y, y_h, y_c, scratch, &p);
    else
      (which ? tmb_gru_s8 : portable_gru_s8)(input[0], weights, constants, input[1], y, y_h, scratch, &p);
  }
  if (!agree(steps + (is_lstm ? 2 : 1) * states))
    fail(is_lstm ? "lstm_s8" : "gru_s8", (const int32_t *)&p, sizeof(p) / 4);
}

/* int16 activations; with the weights of a stream that fit 32 bits both kernels sum without overflow. */
static void test_convolution16(void) {
  tmb_conv2d_s8_params p;
  const int32_t is_wide = chance(2);
  memset(&p, 0, sizeof(p));
  p.batch = between(1, 2);
  p.in_h = between(1, 6);
  p.in_w = between(1, 6);
  p.kernel_h = between(1, 3);
  p.kernel_w = between(1, 3);
  p.stride_h = between(1, 2);
  p.stride_w = between(1, 2);
  p.dilation_h = p.dilation_w = 1;
  p.pad_top = between(0, 2);
  p.pad_left = between(0, 2);
  p.out_h = between(1, 5);
  p.out_w = between(1, 5);
  if (chance(3)) { /* one tap: windows are read where they lie */
    p.kernel_h = p.kernel_w = p.stride_h = p.stride_w = 1;
    p.pad_top = p.pad_left = 0;
    p.out_h = p.in_h;
    p.out_w = p.in_w;
  }
  p.groups = chance(4) ? 2 : 1;
  p.in_c = p.groups * between(1, 20);
  p.out_c = p.groups * between(1, 7);
  p.shift = is_wide ? between(-12, 2) : 0;
  p.act_min = chance(3) ? 0 : -32768;
  p.act_max = 32767;
  const tmb_conv2d_s16_layout layout = tmb_conv2d_s16_layout_of(&p);
  const int32_t pairs = p.groups * ((layout.cols + 1) / 2), bytes = tmb_conv2d_s16_scratch_bytes(&p);
  const int32_t outputs = 2 * p.batch * p.out_h * p.out_w * p.out_c;
  if (pairs * layout.words > WORDS || bytes > SCRATCH || outputs > SIZE || 2 * p.batch * p.in_h * p.in_w * p.in_c > SIZE)
    return;
  fill_inputs();
  fill_weights(pairs, layout.words, 2, is_wide);
  if (p.kernel_h * p.kernel_w * (p.in_c / p.groups) % 2 != 0)
    for (int32_t s = 0; s < pairs; s++) /* what pads a window has the weight 0 */
      weights[s * layout.words + 1 + layout.pairs] &= 0xFFFF;
  if (is_wide)
    portable_conv2d_wide_s16((const int16_t *)(void *)input[0], weights, (int16_t *)(void *)output[0], scratch, &p);
  else
    portable_conv2d_s16((const int16_t *)(void *)input[0], weights, (int16_t *)(void *)output[0], scratch, &p);
  memset(scratch, GUARD, sizeof(scratch));
  if (is_wide)
    tmb_conv2d_wide_s16((const int16_t *)(void *)input[0], weights, (int16_t *)(void *)output[1], scratch, &p);
  else
    tmb_conv2d_s16((const int16_t *)(void *)input[0], weights, (int16_t *)(void *)output[1], scratch, &p);
  for (int32_t i = bytes; i < SCRATCH; i++)
    if (((const uint8_t *)scratch)[i] != GUARD)
      fail("conv2d_s16 writes past its scratch and", (const int32_t *)&p, sizeof(p) / 4);
  if (!agree(outputs))
    fail(is_wide ? "conv2d_wide_s16" : "conv2d_s16", (const int32_t *)&p, sizeof(p) / 4);
}

static void test_pool(void) {
  tmb_pool2d_params p;
  memset(&p, 0, sizeof(p));
  p.batch = between(1, 2);
  p.in_h = between(1, 8);
  p.in_w = between(1, 8);
  p.channels = between(1, chance(2) ? 6 : 40);
  p.out_h = between(1, 6);
  p.out_w = between(1, 6);
  p.kernel_h = between(1, 4);
  p.kernel_w = between(1, 4);
  p.stride_h = between(1, 3);
  p.stride_w = between(1, 3);
  p.dilation_h = between(1, 2);
  p.dilation_w = between(1, 2);
  p.pad_top = between(0, 3);
  p.pad_left = between(0, 3);
  p.pad_bottom = between(0, 3);
  p.pad_right = between(0, 3);
  p.count_include_pad = between(0, 1);
  p.zero_point = between(-128, 127);
  if (chance(8)) { /* more than 16 bits hold the sums of */
    p.batch = p.out_h = p.out_w = 1;
    p.in_h = p.kernel_h = between(15, 19);
    p.in_w = p.kernel_w = between(15, 19);
    p.dilation_h = p.dilation_w = 1;
    p.pad_top = p.pad_left = 0;
    p.channels = between(1, 20);
  }
  fill_inputs();
  portable_max_pool2d_s8(input[0], output[0], &p);
  tmb_max_pool2d_s8(input[0], output[1], &p);
  if (!agree(p.batch * p.out_h * p.out_w * p.channels))
    fail("max_pool2d_s8", (const int32_t *)&p, sizeof(p) / 4);
  fill_inputs();
  portable_average_pool2d_s8(input[0], output[0], &p);
  tmb_average_pool2d_s8(input[0], output[1], &p);
  if (!agree(p.batch * p.out_h * p.out_w * p.channels))
    fail("average_pool2d_s8", (const int32_t *)&p, sizeof(p) / 4);
}

/* Axes that are reduced or kept, in any order. */
static void test_mean(void) {
  tmb_mean_s8_params p;
  int32_t stride = 1, kept = 1;
  memset(&p, 0, sizeof(p));
  for (int32_t d = between(1, 3); d-- > 0;) {
    const int32_t size = between(1, chance(3) ? 40 : 7), is_reduced = between(0, 1);
    int32_t *rank = is_reduced ? &p.reduced_rank : &p.kept_rank;
    if (stride * size > SIZE)
      break;
    for (int32_t i = *rank; i > 0; i--) { /* outer axes first */
      (is_reduced ? p.reduced_dims : p.kept_dims)[i] = (is_reduced ? p.reduced_dims : p.kept_dims)[i - 1];
      (is_reduced ? p.reduced_strides : p.kept_strides)[i] = (is_reduced ? p.reduced_strides : p.kept_strides)[i - 1];
    }
    (is_reduced ? p.reduced_dims : p.kept_dims)[0] = size;
    (is_reduced ? p.reduced_strides : p.kept_strides)[0] = stride;
    ++*rank;
    kept *= is_reduced ? 1 : size;
    stride *= size;
  }
  p.bias = between(-2000, 2000);
  p.out_zero_point = between(-128, 127);
  p.shift = chance(3) ? between(1, 3) : 0;
  p.multiplier = chance(3) ? 1 << between(22, 30) : random_multiplier(p.shift); /* powers of two have ties */
  fill_inputs();
  portable_mean_s8(input[0], output[0], &p);
  tmb_mean_s8(input[0], output[1], &p);
  if (!agree(kept))
    fail("mean_s8", (const int32_t *)&p, sizeof(p) / 4);
}

static void test_division16(void) {
  tmb_div_s16_params p;
  memset(&p, 0, sizeof(p));
  p.rank = 2;
  p.dims[0] = between(1, 9);
  p.dims[1] = between(1, 70);
  p.a_strides[0] = p.b_strides[0] = p.dims[1];
  p.a_strides[1] = 1;
  p.b_strides[1] = between(0, 1);
  p.multiplier = between(1 << 30, INT32_MAX);
  p.shift = between(16, 70);
  p.act_min = chance(2) ? -32768 : 0;
  p.act_max = 32767;
  fill_inputs();
  portable_div_s16((const int16_t *)(void *)input[0], (const int16_t *)(void *)input[1], (int16_t *)(void *)output[0], &p);
  tmb_div_s16((const int16_t *)(void *)input[0], (const int16_t *)(void *)input[1], (int16_t *)(void *)output[1], &p);
  if (!agree(2 * p.dims[0] * p.dims[1]))
    fail("div_s16", (const int32_t *)&p, sizeof(p) / 4);
}

#include "twins_f32.h"

int main(void) {
  for (int32_t round = 0; round < ROUNDS; round++) {
    test_convolution();
    test_planes();
    test_convolution16();
    test_depthwise();
    test_fully_connected();
    test_add();
    test_attention();
    test_recurrent();
    test_pool();
    test_mean();
    test_division16();
    test_floats();
  }
  tmb_port_print("twins agree\n");
  return 0;
}
