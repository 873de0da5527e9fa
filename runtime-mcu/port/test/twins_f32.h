/* SPDX-License-Identifier: MIT */
/* The part of twins.c on float32 kernels: those for an instruction set sum the same numbers in the same order. */
#ifndef THIMBLE_TWINS_F32_H
#define THIMBLE_TWINS_F32_H

void portable_conv2d_f32(const float *x, const float *w, const float *bias, float *y, void *scratch,
                         const tmb_conv2d_f32_params *p);
void portable_fully_connected_f32(const float *x, const float *w, const float *bias, float *y,
                                  const tmb_fully_connected_f32_params *p);
void portable_matmul_f32(const float *a, const float *b, float *y, const tmb_matmul_f32_params *p);
void portable_add_f32(const float *a, const float *b, float *y, const tmb_binary_params *p);
void portable_softmax_f32(const float *x, float *y, const tmb_softmax_params *p);

enum { FLOATS = SIZE / 4 };
static float numbers[3][FLOATS];

/* With all bits of their mantissas, so that rounding and the order of sums matter. */
static void fill_floats(void) {
  for (int32_t which = 0; which < 3; which++)
    for (int32_t i = 0; i < FLOATS; i++)
      numbers[which][i] = (float)between(-8000000, 8000000) * 1e-6f;
  memset(output, GUARD, sizeof(output));
}

/* Sums of the same numbers in the same order. */
static void test_floats(void) {
  tmb_conv2d_f32_params p;
  float *y[2] = {(float *)(void *)output[0], (float *)(void *)output[1]};
  memset(&p, 0, sizeof(p));
  p.batch = 1;
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
  p.groups = chance(4) ? 2 : 1;
  p.in_c = p.groups * between(1, 9);
  p.out_c = p.groups * between(1, 18);
  p.act_min = chance(2) ? 0.0f : -1e30f;
  p.act_max = chance(2) ? 20.0f : 3.4e38f;
  fill_floats();
  portable_conv2d_f32(numbers[0], numbers[1], numbers[2], y[0], scratch, &p);
  tmb_conv2d_f32(numbers[0], numbers[1], numbers[2], y[1], scratch, &p);
  if (!agree(4 * p.out_h * p.out_w * p.out_c))
    fail("conv2d_f32", (const int32_t *)&p, sizeof(p) / 4);
  const tmb_fully_connected_f32_params f = {between(1, 5), between(1, 50), between(1, 40), -30.0f, 30.0f};
  fill_floats();
  portable_fully_connected_f32(numbers[0], numbers[1], numbers[2], y[0], &f);
  tmb_fully_connected_f32(numbers[0], numbers[1], numbers[2], y[1], &f);
  if (!agree(4 * f.rows * f.cols))
    fail("fully_connected_f32", (const int32_t *)&f, 3);
  tmb_matmul_f32_params m;
  memset(&m, 0, sizeof(m));
  m.rows = f.rows;
  m.depth = f.depth;
  m.cols = f.cols;
  m.a_row_stride = m.depth;
  m.a_col_stride = 1;
  m.b_row_stride = chance(2) ? 1 : m.cols;
  m.b_col_stride = m.b_row_stride == 1 ? m.depth : 1;
  fill_floats();
  portable_matmul_f32(numbers[0], numbers[1], y[0], &m);
  tmb_matmul_f32(numbers[0], numbers[1], y[1], &m);
  if (!agree(4 * m.rows * m.cols))
    fail("matmul_f32", (const int32_t *)&m, sizeof(m) / 4);
  const tmb_binary_params b = {2, {f.rows, f.cols}, {f.cols, 1}, {f.cols, between(0, 1)}};
  fill_floats();
  portable_add_f32(numbers[0], numbers[1], y[0], &b);
  tmb_add_f32(numbers[0], numbers[1], y[1], &b);
  if (!agree(4 * f.rows * f.cols))
    fail("add_f32", (const int32_t *)&b, sizeof(b) / 4);
  /* Exponentials may differ in the last bits. */
  const tmb_softmax_params s = {between(1, 3), between(1, 60), between(1, 2)};
  fill_floats();
  portable_softmax_f32(numbers[0], y[0], &s);
  tmb_softmax_f32(numbers[0], y[1], &s);
  for (int32_t i = 0; i < s.outer * s.depth * s.inner; i++) {
    const float difference = y[1][i] - y[0][i], most = y[0][i] * 2e-6f + 1e-37f;
    if (difference > most || difference < -most)
      fail("softmax_f32", (const int32_t *)&s, sizeof(s) / 4);
    y[1][i] = y[0][i];
  }
  if (!agree(4 * s.outer * s.depth * s.inner))
    fail("softmax_f32 writes past its outputs and", (const int32_t *)&s, sizeof(s) / 4);
}

#endif
