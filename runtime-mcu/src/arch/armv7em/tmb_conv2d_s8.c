/* SPDX-License-Identifier: MIT */
/* 2-D convolution with groups, int8, with the DSP instructions of Armv7E-M; also with a residual that is added,
 * and of images in planes. */
#include <stddef.h>

#include "thimble/tmb_kernels.h"
#include "thimble/tmb_layout.h"
#include "tmb_conv2d_s8_block.h"
#include "tmb_conv2d_s8_rows.h"

struct tmb_layer;

/* Where the next windows are. */
typedef struct tmb_spot {
  const int8_t *x; /* the group's first channel */
  int32_t oy, ox;
} tmb_spot;

/* One group of one layer. */
typedef struct tmb_layer {
  const tmb_conv2d_s8_params *p;
  /* Widens the windows of `step` positions from `at` on, which moves on: of four, or of one. */
  void (*widen)(tmb_spot *at, int32_t step, const struct tmb_layer *layer);
  int32_t plane; /* from a plane to the next */
  tmb_conv2d_s8_layout layout;
  tmb_dsp_output out;
  /* An output that SMMLAR and SSAT do not finish. */
  int32_t (*finish)(int32_t acc, int32_t multiplier, const int8_t *y, const struct tmb_layer *layer);
  void (*exit)(void); /* of the blocks that they finish */
  int32_t is_plain;   /* whether they finish any: neither shifts nor limits within those of int8 */
  const tmb_conv2d_add_s8_params *sum;
  tmb_addend addend;
  int32_t blocks; /* of four positions that scratch has room for */
  uint32_t *wide; /* of the block that is widened next */
  int32_t *pair;
  int8_t *rests;        /* what is left of the runs of four windows */
  int8_t *copies;       /* four windows, or six columns of a row */
  int32_t row, per_row; /* from a row of taps to the next; taps in a run */
  int32_t tap;          /* bytes of a tap */
  int32_t is_shared;    /* rows of three taps next to each other, of whole words, which the windows side by side share */
  int32_t is_direct;    /* runs are rows of taps */
  /* Four windows side by side, `step` bytes from one to the next, begin in these rows and columns if they are inside. */
  int32_t reach_h, reach_w, step;
} tmb_layer;

/* A window: the place of its first tap, in the image or beside it. */
typedef struct tmb_place {
  const int8_t *at;
  int32_t iy, ix;
} tmb_place;

/* `count` bytes of value. */
__attribute__((__noinline__)) static int8_t *tmb_fill(int8_t *to, int32_t count, int32_t value) {
  const uint32_t word = (uint32_t)(uint8_t)value * 0x01010101u;
  for (; count >= 4; count -= 4, to += 4)
    tmb_store32(to, word);
  for (; count > 0; --count)
    *to++ = (int8_t)value;
  return to;
}

/* `count` pairs of value, a multiple of four. */
static inline void tmb_fill16(uint32_t *to, int32_t count, int32_t value) {
  const uint32_t pair = ((uint32_t)value & 0xffffu) | ((uint32_t)value << 16);
  for (; count > 0; count -= 4, to += 4)
    to[0] = to[1] = to[2] = to[3] = pair;
}

/* Copies a run: `before` bytes of padding, `inside` bytes from `from + before`, `after` bytes of padding. */
__attribute__((__noinline__)) static void tmb_copy_run(int8_t *to, const int8_t *from, int32_t before, int32_t inside,
                                                       int32_t after, int32_t zero) {
  int8_t *end;
  if (before > 0)
    to = tmb_fill(to, before, zero);
  from += before;
  if (inside >= 32) {
    memcpy(to, from, (size_t)inside);
    to += inside;
  } else {
    for (end = to + inside; end - to >= 4; to += 4, from += 4)
      tmb_store32(to, tmb_load32(from));
    while (to != end)
      *to++ = *from++;
  }
  if (after > 0)
    (void)tmb_fill(to, after, zero);
}

/* How many bytes of the run at column ix lie left of the image, and inside. */
static inline void tmb_clip_run(int32_t ix, int32_t *before, int32_t *inside, const tmb_layer *layer) {
  const int32_t left = ix < 0 ? -ix : 0, over = ix + layer->per_row - layer->p->in_w, right = over > 0 ? over : 0;
  const int32_t taps = layer->per_row - left - right;
  *before = taps > 0 ? left * layer->tap : 0;
  *inside = taps > 0 ? taps * layer->tap : 0;
}

/* Copies a window, run after run. Locals, as stores might change what pointers lead to for all that the compiler knows. */
__attribute__((__noinline__)) static void tmb_copy_window(int8_t *to, const tmb_place *window, const tmb_layer *layer) {
  const tmb_conv2d_s8_params *p = layer->p;
  const int32_t run = layer->layout.run, kernel_h = p->kernel_h, kernel_w = p->kernel_w, step = p->dilation_h, row = layer->row;
  const int32_t next = kernel_w * layer->tap; /* from a row of taps to the next in the copy */
  const uint32_t in_h = (uint32_t)p->in_h, zeros = (uint32_t)(uint8_t)p->in_zero_point * 0x01010101u;
  int32_t kx, ky;
  for (kx = 0; kx < kernel_w; kx += layer->per_row) {
    const int8_t *from = window->at + kx * p->dilation_w * p->in_c;
    int8_t *at = to + kx * layer->tap;
    int32_t before, inside, after, iy = window->iy;
    tmb_clip_run(window->ix + kx * p->dilation_w, &before, &inside, layer);
    after = run - before - inside;
    if (run == 4 && inside > 0 && (before == 0 || after == 0) && p->in_w * layer->tap >= 4 && p->groups <= 1) {
      /* Runs of one word, which may leave the image on one side, are shifted into their place. */
      const uint32_t padding = before > 0 ? zeros >> 8 >> (24 - 8 * before) : zeros << 8 << (24 - 8 * after);
      const uint32_t left = 8 * (uint32_t)before, right = 8 * (uint32_t)after;
      from += before - after;
      for (ky = kernel_h; ky > 0; --ky, iy += step, from += row, at += next)
        tmb_store32(at, (uint32_t)iy < in_h ? (tmb_load32(from) << left >> right) | padding : zeros);
      continue;
    }
    for (ky = kernel_h; ky > 0; --ky, iy += step, from += row, at += next) {
      const int is_row = (uint32_t)iy < in_h;
      tmb_copy_run(at, from, is_row ? before : 0, is_row ? inside : 0, is_row ? after : run, p->in_zero_point);
    }
  }
}

/* Widens four windows at places that they may be read at, `row` bytes from run to run. */
__attribute__((__noinline__)) static void tmb_widen_windows(const int8_t *const *places, int32_t row, const tmb_layer *layer) {
  const int32_t runs = layer->layout.runs, whole = layer->layout.whole, left = layer->layout.run - whole;
  const int32_t rest = layer->layout.depth - runs * whole;
  int32_t i, r, j;
  if (whole == row) /* the runs are one */
    tmb_widen4(places, layer->wide, (whole >> 2) * runs, 1, 0);
  else if (whole > 0)
    tmb_widen4(places, layer->wide, whole >> 2, runs, row - whole);
  if (rest > 0) {
    const int8_t *rests[4];
    int8_t *to = layer->rests, *at;
    for (i = 0; i < 4; ++i) {
      const int8_t *from = places[i] + whole;
      rests[i] = to;
      to += rest;
      if (left == 1 && runs == 3) { /* as many 3x3 windows of three-channel images have it */
        tmb_store32(to - 4, (uint32_t)(uint8_t)from[0] | ((uint32_t)(uint8_t)from[row] << 8) |
                                ((uint32_t)(uint8_t)from[2 * row] << 16));
        continue;
      }
      tmb_store32(to - 4, 0);
      for (r = 0, at = to - rest; r < runs; ++r, from += row)
        for (j = 0; j < left; ++j)
          *at++ = from[j];
    }
    tmb_widen4(rests, layer->wide + 2 * runs * whole, rest >> 2, 1, 0);
  }
}

/* Widens four windows side by side, the first at (iy, ix), whose rows of three taps share columns. Columns of rows that leave the
 * image are copied first. */
__attribute__((__noinline__)) static void tmb_widen_shared(const int8_t *at, int32_t iy, int32_t ix, const tmb_layer *layer) {
  const tmb_conv2d_s8_params *p = layer->p;
  const int32_t channels = layer->tap, row = layer->row, kernel_h = p->kernel_h, in_h = p->in_h, step = p->dilation_h;
  const int32_t left = ix < 0 ? -ix : 0, over = ix + 6 - p->in_w, right = over > 0 ? over : 0;
  uint32_t *wide = layer->wide;
  int32_t ky;
  if (left == 0 && right == 0 && iy >= 0 && iy + (kernel_h - 1) * step < in_h) {
    tmb_widen_taps(at, wide, channels, kernel_h, row);
    return;
  }
  for (ky = 0; ky < kernel_h; ++ky, iy += step, at += row, wide += 6 * channels) {
    const int8_t *from = at;
    if ((uint32_t)iy >= (uint32_t)in_h) {
      tmb_fill16(wide, 6 * channels, p->in_zero_point);
      continue;
    }
    if (left + right > 0) {
      from = layer->copies;
      if (left + right >= 6)
        (void)tmb_fill(layer->copies, 6 * channels, p->in_zero_point);
      else
        tmb_copy_run(layer->copies, at, left * channels, (6 - left - right) * channels, right * channels, p->in_zero_point);
    }
    tmb_widen_taps(from, wide, channels, 1, row);
  }
}

static int32_t tmb_finish_alone(int32_t acc, int32_t multiplier, const int8_t *y, const tmb_layer *layer) {
  (void)y;
  return tmb_finish_general(acc, multiplier, &layer->out);
}

static int32_t tmb_finish_sum(int32_t acc, int32_t multiplier, const int8_t *y, const tmb_layer *layer) {
  const int32_t c = tmb_finish_general(acc, multiplier, &layer->out), r = y[layer->addend.distance];
  const int32_t sum = c * layer->addend.c_multiplier + r * layer->addend.r_multiplier + layer->addend.sum_offset;
  return tmb_clamp_s32(sum >> TMB_CONV2D_ADD_S8_SHIFT, layer->sum->sum_min, layer->sum->sum_max);
}

/* What SMMLAR and SSAT do not finish: channels from c on at `positions` of the positions of a block. */
__attribute__((__noinline__)) static void tmb_finish_sums(tmb_block *block, const int32_t *w, int32_t c, int32_t positions, const tmb_layer *layer) {
  const int32_t cols = layer->layout.cols, words = layer->layout.words;
  int32_t i;
  for (; c < cols; c += 2) {
    int32_t acc[8];
    const int32_t *from = w + (c >> 1) * words;
    block->exit = tmb_exit_sums;
    block->aux = acc;
    block->w_end = from + words;
    tmb_run_block(block, from);
    for (i = 0; i < 2 * positions; ++i) {
      int8_t *y = block->y + (i >> 1) * block->y_stride + c + (i & 1);
      if (c + (i & 1) < cols)
        *y = (int8_t)layer->finish(acc[i], block->w_end[(i & 1) - 2], y, layer);
    }
  }
}

/* All channels of a group at the positions of block->count blocks, or at the first one of a single block. */
static void tmb_finish_blocks(tmb_block *block, const int32_t *w, int8_t *y, int32_t positions, const tmb_layer *layer) {
  /* An odd last channel must not store its partner. */
  const int32_t plain = layer->is_plain && (positions == 4 || layer->exit == NULL) ? layer->layout.cols & ~1 : 0;
  const uint32_t *wide = block->wide;
  int32_t i;
  block->y = y;
  if (plain > 0) {
    block->exit = layer->exit;
    block->aux = (void *)(uintptr_t)&layer->addend;
    block->w_end = w + (plain >> 1) * layer->layout.words;
    if (positions == 1)
      tmb_run_single(block, w);
    else if (block->count == 1)
      tmb_run_block(block, w);
    else
      tmb_run_blocks(block, w);
  }
  if (plain == layer->layout.cols)
    return;
  for (i = 0; i < block->count; ++i, block->wide += 8 * block->units) {
    block->y = y + 4 * i * block->y_stride;
    tmb_finish_sums(block, w, plain, positions, layer);
  }
  block->wide = wide;
}

/* Widens the windows of four positions wherever they are, or of one, four times. `at` moves on. */
__attribute__((__noinline__)) static void tmb_widen_any(tmb_spot *at, int32_t step, const tmb_layer *layer) {
  const tmb_conv2d_s8_params *p = layer->p;
  const int32_t size = layer->layout.runs * layer->layout.run, reach_w = layer->reach_w + 3 * p->stride_w;
  const int8_t *places[4];
  tmb_place windows[4];
  int inside = layer->is_direct;
  int32_t i;
  for (i = 0; i < step; ++i) {
    windows[i].iy = at->oy * p->stride_h - p->pad_top;
    windows[i].ix = at->ox * p->stride_w - p->pad_left;
    windows[i].at = at->x + (windows[i].iy * p->in_w + windows[i].ix) * p->in_c;
    inside = inside && windows[i].iy >= 0 && windows[i].iy < layer->reach_h && windows[i].ix >= 0 && windows[i].ix < reach_w;
    if (++at->ox == p->out_w) {
      at->ox = 0;
      ++at->oy;
    }
  }
  for (i = 0; i < 4; ++i) {
    const int32_t which = i < step ? i : 0;
    places[i] = inside ? windows[which].at : layer->copies + which * size;
    if (!inside && i < step)
      tmb_copy_window(layer->copies + i * size, windows + i, layer);
  }
  tmb_widen_windows(places, inside ? layer->row : layer->layout.run, layer);
}

static void tmb_widen_next(tmb_spot *at, int32_t step, const tmb_layer *layer) {
  const tmb_conv2d_s8_params *p = layer->p;
  const int32_t iy = at->oy * p->stride_h - p->pad_top, ix = at->ox * p->stride_w - p->pad_left;
  const int8_t *first = at->x + (iy * p->in_w + ix) * p->in_c;
  if (step != 4 || at->ox > p->out_w - 4) {
    tmb_widen_any(at, step, layer);
    return;
  }
  if (layer->is_shared) {
    tmb_widen_shared(first, iy, ix, layer);
  } else if (layer->is_direct && iy >= 0 && iy < layer->reach_h && ix >= 0 && ix < layer->reach_w) {
    const int8_t *places[4];
    places[0] = first;
    places[1] = first + layer->step;
    places[2] = first + 2 * layer->step;
    places[3] = first + 3 * layer->step;
    tmb_widen_windows(places, layer->row, layer);
  } else {
    tmb_widen_any(at, 4, layer);
    return;
  }
  at->ox += 4;
  if (at->ox == p->out_w) {
    at->ox = 0;
    ++at->oy;
  }
}

/* Copies `count` columns of the rows at (iy, ix) of all planes. */
__attribute__((__noinline__)) static void tmb_copy_planes(const int8_t *x, int32_t iy, int32_t ix, int32_t count,
                                                          const tmb_layer *layer) {
  const tmb_conv2d_s8_params *p = layer->p;
  const int32_t left = ix >= 0 ? 0 : -ix < count ? -ix : count, over = ix + count - p->in_w;
  const int32_t inside = over <= 0 ? count - left : over < count - left ? count - left - over : 0;
  int8_t *to = layer->copies;
  int32_t c, ky;
  for (c = p->in_c, x += ix; c > 0; --c, x += layer->plane) {
    int32_t row = iy;
    for (ky = p->kernel_h; ky > 0; --ky, row += p->dilation_h, to += TMB_CONV2D_PLANES_S8_COLUMNS) {
      const int is_row = (uint32_t)row < (uint32_t)p->in_h;
      tmb_copy_run(to, x + row * p->in_w, is_row ? left : 0, is_row ? inside : 0, is_row ? count - left - inside : count,
                   p->in_zero_point);
    }
  }
}

/* Widens the windows of four positions side by side, of which the last may lie right of the last one. */
static void tmb_widen_planes(tmb_spot *at, int32_t step, const tmb_layer *layer) {
  const tmb_conv2d_s8_params *p = layer->p;
  const int32_t iy = at->oy * p->stride_h - p->pad_top, ix = at->ox * p->stride_w - p->pad_left;
  const int32_t columns = p->stride_w == 1 ? 6 : 10; /* with stride 2, words of the last one reach one further than it */
  tmb_rows rows;
  rows.at = at->x + iy * p->in_w + ix;
  rows.wide = layer->wide;
  rows.pitch = layer->row;
  rows.jump = layer->plane - p->kernel_h * layer->row;
  rows.runs = layer->layout.runs;
  rows.rows = p->kernel_h;
  if (iy < 0 || iy + (p->kernel_h - 1) * p->dilation_h >= p->in_h || ix < 0 || ix + columns > p->in_w) {
    tmb_copy_planes(at->x, iy, ix, columns, layer);
    rows.at = layer->copies;
    rows.pitch = TMB_CONV2D_PLANES_S8_COLUMNS;
    rows.jump = 0;
  }
  tmb_widen_rows(&rows, p->stride_w);
  at->ox += step;
  if (at->ox == p->out_w) {
    at->ox = 0;
    ++at->oy;
  }
}

/* Widens `count` blocks of pixels that lie one after the other. */
static void tmb_widen_pixels(const int8_t *x, int32_t count, const tmb_layer *layer) {
  const int32_t depth = layer->layout.depth;
  const int8_t *places[4];
  int32_t i;
  for (i = 0; i < 4; ++i)
    places[i] = x + i * depth;
  tmb_widen4(places, layer->wide, depth >> 2, count, 3 * depth);
}

/* One group of one image: x at the group's first channel, y at its first output channel. */
static void tmb_group(const int8_t *x, const int32_t *w, int8_t *y, int is_pixels, tmb_layer *layer) {
  const tmb_conv2d_s8_params *p = layer->p;
  const int32_t total = p->out_h * p->out_w, depth = layer->layout.depth, most = layer->blocks;
  /* As even shares as there can be of what scratch has room for. */
  const int32_t shares = ((total >> 2) + most - 1) / most, share = shares > 0 ? ((total >> 2) + shares - 1) / shares : 1;
  int32_t position = 0, i;
  tmb_spot at;
  tmb_block block;
  at.x = x;
  at.oy = at.ox = 0;
  block.zero_point = layer->out.zero_point;
  block.wide = layer->wide;
  block.units = depth >> 2;
  block.y_stride = p->out_c;
  block.pair = layer->pair;
  while (position < total) {
    const int32_t left = (total - position) >> 2;
    /* The last few one by one: they must not read again what they may have overwritten. */
    const int32_t step = left == 0 ? 1 : 4;
    block.count = left == 0 ? 1 : left < share ? left : share;
    if (is_pixels && step == 4) {
      tmb_widen_pixels(x + position * depth, block.count, layer);
      at.ox += 4 * block.count;
    } else if (step == 4) {
      for (i = 0; i < block.count; ++i, layer->wide += 2 * depth)
        layer->widen(&at, 4, layer);
      layer->wide -= 2 * depth * block.count;
    } else {
      layer->widen(&at, 1, layer);
    }
    tmb_finish_blocks(&block, w, y, step, layer);
    position += step * block.count;
    y += step * block.count * p->out_c;
  }
}

/* What all layers have in common; `rest` bytes of scratch follow the windows and weights before the copies. */
static inline void tmb_begin(tmb_layer *layer, void *scratch, int32_t rest) {
  const tmb_conv2d_s8_params *p = layer->p;
  layer->out = tmb_dsp_output_of(p->shift, p->out_zero_point, p->act_min, p->act_max);
  layer->is_plain &= layer->out.plain;
  layer->blocks = p->blocks > 1 ? p->blocks : 1;
  layer->wide = (uint32_t *)scratch;
  layer->pair = (int32_t *)layer->wide + 2 * layer->layout.depth * layer->blocks;
  layer->rests = (int8_t *)layer->pair + (layer->blocks > 1 ? 4 * layer->layout.depth + 16 : 0);
  layer->copies = layer->rests + rest;
}

static void tmb_run_layer(const int8_t *x, const int32_t *w, int8_t *y, void *scratch, const tmb_conv2d_s8_params *params,
                          tmb_layer *layer) {
  tmb_conv2d_s8_params copy = *params;
  const tmb_conv2d_s8_params *p = &copy;
  int is_pixels = 0;
  int32_t images = p->batch, n, g;
  if (p->kernel_h == 1 && p->kernel_w == 1 && p->stride_h == 1 && p->stride_w == 1 && p->pad_top == 0 && p->pad_left == 0 &&
      p->out_h == p->in_h && p->out_w == p->in_w) {
    /* The windows are the pixels, which may as well be one row. */
    copy.in_w = copy.out_w = images * p->in_h * p->in_w;
    copy.in_h = copy.out_h = images = 1;
    is_pixels = p->groups <= 1 && p->in_c % 4 == 0;
  }
  layer->p = p;
  layer->widen = tmb_widen_next;
  layer->layout = tmb_conv2d_s8_layout_of(p);
  tmb_begin(layer, scratch, 4 * (layer->layout.depth - layer->layout.runs * layer->layout.whole));
  layer->row = p->dilation_h * p->in_w * p->in_c;
  layer->per_row = layer->layout.runs == p->kernel_h && p->groups <= 1 ? p->kernel_w : 1;
  layer->is_direct = layer->layout.runs == p->kernel_h;
  layer->reach_h = p->in_h - (p->kernel_h - 1) * p->dilation_h;
  layer->reach_w = p->in_w - (p->kernel_w - 1) * p->dilation_w - 3 * p->stride_w;
  layer->step = p->stride_w * p->in_c;
  layer->is_shared = tmb_conv2d_s8_shares(p);
  layer->tap = p->groups <= 1 ? p->in_c : p->in_c / p->groups;
  for (g = p->groups; g > 0; --g, x += layer->tap, w += ((layer->layout.cols + 1) >> 1) * layer->layout.words) {
    const int8_t *from = x;
    int8_t *to = y;
    for (n = images; n > 0; --n, from += p->in_h * p->in_w * p->in_c, to += p->out_h * p->out_w * p->out_c)
      tmb_group(from, w, to, is_pixels, layer);
    y += layer->layout.cols;
  }
}

void tmb_conv2d_s8(const int8_t *x, const int32_t *w, int8_t *y, void *scratch, const tmb_conv2d_s8_params *p) {
  tmb_layer layer;
  layer.is_plain = 1;
  layer.finish = tmb_finish_alone;
  layer.exit = NULL;
  tmb_run_layer(x, w, y, scratch, p, &layer);
}

void tmb_conv2d_add_s8(const int8_t *x, const int8_t *r, const int32_t *w, int8_t *y, void *scratch,
                       const tmb_conv2d_add_s8_params *p) {
  tmb_layer layer;
  layer.is_plain = p->sum_min == -128 && p->sum_max == 127;
  layer.finish = tmb_finish_sum;
  layer.exit = tmb_exit_add;
  layer.sum = p;
  layer.addend.c_multiplier = p->c_multiplier;
  layer.addend.sum_offset = p->sum_offset;
  layer.addend.r_multiplier = p->r_multiplier;
  layer.addend.distance = (intptr_t)r - (intptr_t)y;
  tmb_run_layer(x, w, y, scratch, &p->conv, &layer);
}

void tmb_conv2d_planes_s8(const int8_t *x, const int32_t *w, int8_t *y, void *scratch, const tmb_conv2d_planes_s8_params *params) {
  tmb_conv2d_s8_params copy = params->conv;
  /* Four positions must not lie in two rows. */
  const int32_t rows = copy.out_h, step = copy.out_w % 4 == 0 ? rows : 1;
  tmb_layer layer;
  int32_t n, row;
  layer.p = &copy;
  layer.is_plain = 1;
  layer.finish = tmb_finish_alone;
  layer.exit = NULL;
  layer.widen = tmb_widen_planes;
  layer.plane = params->plane;
  layer.layout = tmb_conv2d_planes_s8_layout_of(&copy);
  tmb_begin(&layer, scratch, 0);
  layer.row = copy.dilation_h * copy.in_w;
  layer.tap = 1;
  copy.out_h = step;
  for (n = 0; n < copy.batch; ++n, x += copy.in_c * params->plane) {
    copy.pad_top = params->conv.pad_top;
    for (row = 0; row < rows; row += step, copy.pad_top -= step * copy.stride_h, y += step * copy.out_w * copy.out_c)
      tmb_group(x, w, y, 0, &layer);
  }
}
