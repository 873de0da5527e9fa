// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The layouts are defined, with their sizes, in thimble/tmb_layout.h.
#include "codegen/kernels/PackWeights.h"
#include "thimble/tmb_layout.h"
#include <algorithm>

using namespace thimble;

// The word of two rows' activations k and k + 2, lowest byte first: a[k] b[k] a[k+2] b[k+2].
static int32_t pairWord(const int8_t *a, const int8_t *b, int64_t k) {
  return int32_t(uint32_t(uint8_t(a[k])) | uint32_t(uint8_t(b[k])) << 8 | uint32_t(uint8_t(a[k + 2])) << 16 |
                 uint32_t(uint8_t(b[k + 2])) << 24);
}

// Weights in the order of the activations of a window: of each channel run after run; `slot` says where they go.
static std::vector<int32_t> packRuns(llvm::ArrayRef<int8_t> weights, llvm::ArrayRef<int32_t> bias,
                                     llvm::ArrayRef<int32_t> multipliers, const tmb_conv2d_s8_params &params,
                                     const tmb_conv2d_s8_layout &layout,
                                     int32_t (*slot)(const tmb_conv2d_s8_layout *, int32_t, int32_t)) {
  std::vector<int32_t> stream;
  std::vector<int8_t> rows[2];
  for (int64_t group = 0; group < params.groups; ++group)
    for (int64_t c = 0; c < layout.cols; c += 2) {
      int32_t values[2][2] = {{0, 0}, {0, 0}}; // biases, multipliers
      for (int64_t j = 0; j < 2; ++j) {
        rows[j].assign(layout.depth, 0);
        if (c + j >= layout.cols)
          continue;
        int64_t channel = group * layout.cols + c + j;
        values[0][j] = bias[channel];
        values[1][j] = multipliers[channel];
        const int8_t *from = weights.data() + channel * layout.runs * layout.run;
        for (int32_t run = 0; run < layout.runs; ++run)
          for (int32_t at = 0; at < layout.run; ++at)
            rows[j][slot(&layout, run, at)] = *from++;
      }
      stream.insert(stream.end(), values[0], values[0] + 2);
      for (int64_t k = 0; k < layout.depth; k += 4)
        for (int64_t odd = 0; odd < 2; ++odd)
          stream.push_back(pairWord(rows[0].data(), rows[1].data(), k + odd));
      stream.insert(stream.end(), values[1], values[1] + 2);
    }
  stream.resize(stream.size() + tmb_conv2d_s8_slack_words(&layout));
  return stream;
}

std::vector<int32_t> kernels::packConvolution(llvm::ArrayRef<int8_t> weights, llvm::ArrayRef<int32_t> bias,
                                              llvm::ArrayRef<int32_t> multipliers, const tmb_conv2d_s8_params &params) {
  return packRuns(weights, bias, multipliers, params, tmb_conv2d_s8_layout_of(&params), tmb_conv2d_s8_slot);
}

std::vector<int32_t> kernels::packPlanarConvolution(llvm::ArrayRef<int8_t> weights, llvm::ArrayRef<int32_t> bias,
                                                    llvm::ArrayRef<int32_t> multipliers, const tmb_conv2d_s8_params &params) {
  std::vector<int8_t> planes;
  int64_t taps = int64_t(params.kernel_h) * params.kernel_w;
  for (int64_t o = 0; o < params.out_c; ++o)
    for (int64_t c = 0; c < params.in_c; ++c)
      for (int64_t tap = 0; tap < taps; ++tap)
        planes.push_back(weights[(o * taps + tap) * params.in_c + c]);
  return packRuns(planes, bias, multipliers, params, tmb_conv2d_planes_s8_layout_of(&params), tmb_conv2d_planes_s8_slot);
}

std::vector<int32_t> kernels::packConvolution16(llvm::ArrayRef<int8_t> weights, llvm::ArrayRef<int32_t> bias,
                                                llvm::ArrayRef<int32_t> multipliers, const tmb_conv2d_s8_params &params) {
  tmb_conv2d_s16_layout layout = tmb_conv2d_s16_layout_of(&params);
  int64_t depth = bias.empty() ? 0 : int64_t(weights.size() / bias.size());
  std::vector<int32_t> stream;
  for (int64_t group = 0; group < params.groups; ++group)
    for (int64_t c = 0; c < layout.cols; c += 2) {
      int64_t first = group * layout.cols + c;
      bool hasSecond = c + 1 < layout.cols;
      auto weight = [&](int64_t j, int64_t k) {
        return k < depth && (j == 0 || hasSecond) ? uint32_t(uint8_t(weights[(first + j) * depth + k])) : 0u;
      };
      stream.push_back(bias[first]);
      stream.push_back(hasSecond ? bias[first + 1] : 0);
      for (int64_t k = 0; k < 2 * layout.pairs; k += 2)
        stream.push_back(int32_t(weight(0, k) | weight(1, k) << 8 | weight(0, k + 1) << 16 | weight(1, k + 1) << 24));
      stream.push_back(multipliers[first]);
      stream.push_back(hasSecond ? multipliers[first + 1] : 0);
    }
  return stream;
}

std::vector<int32_t> kernels::packDepthwise3x3(llvm::ArrayRef<int8_t> weights, llvm::ArrayRef<int32_t> bias,
                                               llvm::ArrayRef<int32_t> multipliers) {
  std::vector<int32_t> stream;
  for (size_t c = 0; c < bias.size(); ++c) {
    stream.push_back(bias[c]);
    stream.push_back(multipliers[c]);
    auto tap = [&](size_t row, size_t column) { return uint32_t(uint8_t(weights[(c * 3 + row) * 3 + column])); };
    for (size_t kx = 0; kx < 3; ++kx)
      stream.push_back(int32_t(tap(0, kx) | tap(1, kx) << 8 | tap(1, kx) << 16 | tap(2, kx) << 24));
  }
  return stream;
}

std::vector<int32_t> kernels::packFullyConnected(llvm::ArrayRef<int8_t> weights, llvm::ArrayRef<int32_t> bias,
                                                 llvm::ArrayRef<int32_t> multipliers, int32_t depth) {
  int64_t cols = bias.size(), padded = (int64_t(depth) + 3) / 4 * 4;
  std::vector<int32_t> stream;
  std::vector<int8_t> rows[4];
  for (int64_t n = 0; n < cols; n += 4) {
    for (int64_t j = 0; j < 4; ++j) {
      rows[j].assign(padded, 0);
      if (n + j < cols)
        std::copy_n(weights.data() + (n + j) * depth, depth, rows[j].begin());
      stream.push_back(n + j < cols ? bias[n + j] : 0);
    }
    for (int64_t k = 0; k < padded; k += 4)
      for (int64_t word = 0; word < 4; ++word)
        stream.push_back(pairWord(rows[word % 2 * 2].data(), rows[word % 2 * 2 + 1].data(), k + word / 2));
    for (int64_t j = 0; j < 4; ++j)
      stream.push_back(n + j < cols ? multipliers[n + j] : 0);
  }
  return stream;
}

// `step` elements from one pixel to the next.
static std::optional<int64_t> overlapOf(const tmb_conv2d_s8_params &p, int64_t step) {
  int64_t total = int64_t(p.batch) * p.out_h * p.out_w;
  // A bound on the work; larger outputs than this do not fit a microcontroller anyway.
  if (p.groups != 1 || total > (int64_t(1) << 24))
    return std::nullopt;
  int64_t distance = 0, least = INT64_MAX; // of all windows from here on
  for (int64_t position = total; position-- > 0;) {
    int64_t n = position / (int64_t(p.out_h) * p.out_w), oy = position / p.out_w % p.out_h, ox = position % p.out_w;
    int64_t iy = oy * p.stride_h - p.pad_top, ix = ox * p.stride_w - p.pad_left;
    // The first tap inside the image along each axis.
    int64_t skipY = iy < 0 ? (-iy + p.dilation_h - 1) / p.dilation_h : 0;
    int64_t skipX = ix < 0 ? (-ix + p.dilation_w - 1) / p.dilation_w : 0;
    iy += skipY * p.dilation_h;
    ix += skipX * p.dilation_w;
    if (skipY < p.kernel_h && skipX < p.kernel_w && iy < p.in_h && ix < p.in_w)
      least = std::min(least, n * p.in_h * p.in_w * p.in_c + (iy * p.in_w + ix) * step);
    // Every output before this position may have been written.
    if (least != INT64_MAX)
      distance = std::max(distance, position * p.out_c - least);
  }
  return distance;
}

std::optional<int64_t> kernels::convolutionOverlap(const tmb_conv2d_s8_params &p) { return overlapOf(p, p.in_c); }

// The first plane is the first to go.
std::optional<int64_t> kernels::planarConvolutionOverlap(const tmb_conv2d_s8_params &p) { return overlapOf(p, 1); }

std::optional<int64_t> kernels::depthwise3x3Overlap(const tmb_conv2d_s8_params &p) {
  if (p.stride_h != 2)
    return std::nullopt;
  int64_t distance = 0;
  for (int64_t oy = 0; oy < p.out_h; ++oy) {
    int64_t firstRead = std::max<int64_t>(oy * 2 - p.pad_top, 0);
    // Windows below the image read nothing, nor do those of later rows.
    if (firstRead < p.in_h)
      distance = std::max(distance, ((oy + 1) * p.out_w - firstRead * p.in_w) * p.in_c);
  }
  return distance;
}
