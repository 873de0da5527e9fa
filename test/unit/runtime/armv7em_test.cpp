// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The int8 kernels for Armv7E-M, and those for MVE that are written in C, against their portable twins, bit for bit. On other
// computers their instructions are models in C.
#include "mve_kernels.h"
#include "packed.h"
#include "support.h"

#include <catch2/catch.hpp>

#define tmb_conv2d_s8 armv7em_conv2d_s8
#define tmb_conv2d_planes_s8 armv7em_conv2d_planes_s8
#define tmb_conv2d_add_s8 armv7em_conv2d_add_s8
#define tmb_depthwise3x3_s8 armv7em_depthwise3x3_s8
#define tmb_depthwise_conv2d_s8 armv7em_depthwise_conv2d_s8
#define tmb_fully_connected_s8 armv7em_fully_connected_s8
#define tmb_add_s8 armv7em_add_s8
#define tmb_mean_s8 armv7em_mean_s8
extern "C" {
#include "../../../runtime-mcu/src/arch/armv7em/tmb_add_s8.c"
#include "../../../runtime-mcu/src/arch/armv7em/tmb_conv2d_s8.c"
#include "../../../runtime-mcu/src/arch/armv7em/tmb_depthwise3x3_s8.c"
#include "../../../runtime-mcu/src/arch/armv7em/tmb_depthwise_conv2d_s8.c"
#include "../../../runtime-mcu/src/arch/armv7em/tmb_fully_connected_s8.c"
#include "../../../runtime-mcu/src/arch/armv7em/tmb_mean_s8.c"
}
namespace armv7em { // the portable file with the header for this instruction set
#define tmb_max_pool2d_s8 armv7em_max_pool2d_s8
#include "../../../runtime-mcu/src/arch/armv7em/tmb_largest_s8.h"
#include "../../../runtime-mcu/src/kernels/tmb_max_pool2d_s8.c"
#undef tmb_max_pool2d_s8
} // namespace armv7em
#undef tmb_conv2d_s8
#undef tmb_conv2d_planes_s8
#undef tmb_conv2d_add_s8
#undef tmb_depthwise3x3_s8
#undef tmb_depthwise_conv2d_s8
#undef tmb_fully_connected_s8
#undef tmb_add_s8
#undef tmb_mean_s8

using namespace runtime_test;

namespace {

constexpr int8_t kUntouched = 85; // what outputs hold before; the bytes after them must still

// A third each: SMMLAR and SSAT alone, activation limits, a shift.
template <typename Params> void randomOutput(Random &random, Params &p) {
  const int32_t kind = random.integer(0, 2);
  p.out_zero_point = random.integer(-128, 127);
  p.shift = kind == 2 ? random.integer(1, 3) : 0;
  p.act_min = kind == 1 ? random.integer(-128, 0) : -128;
  p.act_max = kind == 1 ? random.integer(0, 127) : 127;
}

std::vector<int32_t> randomMultipliers(Random &random, size_t count, int32_t shift) {
  return shift > 0 ? random.integers(count, 1 << 30, INT32_MAX) : random.integers(count, 1 << 18, 1 << random.integer(19, 30));
}

tmb_conv2d_s8_params randomConvolution(Random &random) {
  tmb_conv2d_s8_params p = {};
  p.batch = random.integer(1, 2);
  p.in_h = random.integer(1, 9);
  p.in_w = random.integer(1, 9);
  p.kernel_h = random.integer(1, 4);
  p.kernel_w = random.integer(1, 4);
  p.stride_h = random.integer(1, 3);
  p.stride_w = random.integer(1, 3);
  p.dilation_h = random.integer(0, 2) ? 1 : random.integer(1, 3);
  p.dilation_w = random.integer(0, 2) ? 1 : random.integer(1, 3);
  p.pad_top = random.integer(0, 3);
  p.pad_left = random.integer(0, 3);
  p.out_h = random.integer(1, 6);
  p.out_w = random.integer(1, 6);
  p.groups = 1;
  p.in_zero_point = random.integer(0, 3) == 0 ? 0 : random.integer(-128, 127);
  p.blocks = random.integer(0, 4);
  randomOutput(random, p);
  return p;
}

void compare(Random &random, const tmb_conv2d_s8_params &p, int32_t depth, bool depthwise = false) {
  CAPTURE(p.in_h, p.in_w, p.in_c, p.out_h, p.out_w, p.out_c, p.kernel_h, p.kernel_w, p.stride_h, p.stride_w, p.dilation_h,
          p.dilation_w, p.pad_top, p.pad_left, p.groups, p.shift);
  const auto channels = static_cast<size_t>(p.out_c);
  const auto x = random.bytes(static_cast<size_t>(p.batch * p.in_h * p.in_w * p.in_c));
  const auto w = random.bytes(static_cast<size_t>(p.out_c * p.kernel_h * p.kernel_w * depth));
  const auto bias = random.integers(channels, -20000, 20000);
  const auto multiplier = randomMultipliers(random, channels, p.shift);
  std::vector<int8_t> expected(static_cast<size_t>(p.batch * p.out_h * p.out_w * p.out_c + 8), kUntouched), y = expected;
  if (depthwise) {
    tmb_depthwise_conv2d_s8(x.data(), w.data(), bias.data(), multiplier.data(), expected.data(), &p);
    armv7em_depthwise_conv2d_s8(x.data(), w.data(), bias.data(), multiplier.data(), y.data(), &p);
    REQUIRE(y == expected);
    return;
  }
  convolve(tmb_conv2d_s8, x.data(), w, bias, multiplier, expected.data(), &p);
  convolve(armv7em_conv2d_s8, x.data(), w, bias, multiplier, y.data(), &p);
  REQUIRE(y == expected);
  // The output over the input, as far as is promised and at random further.
  const std::optional<int64_t> distance = thimble::kernels::convolutionOverlap(p);
  REQUIRE(distance.has_value() == (p.groups == 1));
  for (ConvolutionKernel kernel : {tmb_conv2d_s8, armv7em_conv2d_s8}) {
    if (!distance)
      continue;
    const auto before = static_cast<size_t>(*distance + (random.integer(0, 1) ? 0 : random.integer(0, 40)));
    std::vector<int8_t> memory(std::max(before + x.size(), expected.size()), kUntouched);
    std::copy(x.begin(), x.end(), memory.begin() + static_cast<ptrdiff_t>(before));
    convolve(kernel, memory.data() + before, w, bias, multiplier, memory.data(), &p);
    REQUIRE(std::equal(memory.begin(), memory.begin() + static_cast<ptrdiff_t>(expected.size() - 8), expected.begin()));
  }
}

} // namespace

TEST_CASE("conv2d for Armv7E-M", "[runtime][armv7em]") {
  Random random(60);
  for (int round = 0; round < 600; ++round) {
    tmb_conv2d_s8_params p = randomConvolution(random);
    p.groups = random.integer(0, 3) ? 1 : random.integer(2, 3);
    // Windows from one activation to several pieces, channels from one to more than wait at a time.
    const int32_t depth = random.integer(0, 2) ? random.integer(1, 12) : random.integer(13, 70);
    p.in_c = p.groups * depth;
    p.out_c = p.groups * (random.integer(0, 2) ? random.integer(1, 8) : random.integer(9, 35));
    compare(random, p, depth);
  }
}

TEST_CASE("conv2d of three taps whose windows share columns for Armv7E-M", "[runtime][armv7em]") {
  Random random(64);
  for (int round = 0; round < 300; ++round) {
    tmb_conv2d_s8_params p = randomConvolution(random);
    p.kernel_w = 3;
    p.stride_w = p.dilation_w = 1;
    p.in_w = random.integer(1, 14);
    p.out_w = round % 3 == 0 ? random.integer(1, 9) : 4 * random.integer(1, 3);
    p.in_c = 4 * random.integer(1, 9);
    p.out_c = random.integer(1, 12);
    compare(random, p, p.in_c);
  }
}

// Against a convolution and then an addition.
TEST_CASE("conv2d with a residual, portable and for Armv7E-M", "[runtime][armv7em]") {
  Random random(69);
  using Kernel = void (*)(const int8_t *, const int8_t *, const int32_t *, int8_t *, void *, const tmb_conv2d_add_s8_params *);
  for (int round = 0; round < 600; ++round) {
    tmb_conv2d_add_s8_params p = {};
    p.conv = randomConvolution(random);
    p.conv.groups = random.integer(0, 3) ? 1 : random.integer(2, 3);
    const int32_t depth = random.integer(1, 20);
    p.conv.in_c = p.conv.groups * depth;
    p.conv.out_c = p.conv.groups * random.integer(1, 11);
    tmb_add_s8_params sum = {};
    const int32_t count = p.conv.batch * p.conv.out_h * p.conv.out_w * p.conv.out_c;
    sum.rank = 1;
    sum.dims[0] = count;
    sum.a_strides[0] = sum.b_strides[0] = 1;
    sum.shift = TMB_CONV2D_ADD_S8_SHIFT;
    sum.a_multiplier = p.c_multiplier = random.integer(-(1 << 22), 1 << 22);
    sum.b_multiplier = p.r_multiplier = random.integer(-(1 << 22), 1 << 22);
    sum.offset = p.sum_offset = random.integer(-(1 << 27), 1 << 27);
    sum.act_min = p.sum_min = random.integer(0, 2) ? -128 : random.integer(-128, 0);
    sum.act_max = p.sum_max = random.integer(0, 2) ? 127 : random.integer(0, 127);
    CAPTURE(p.conv.in_h, p.conv.in_w, p.conv.in_c, p.conv.out_h, p.conv.out_w, p.conv.out_c, p.conv.groups, p.conv.shift);
    const auto x = random.bytes(static_cast<size_t>(p.conv.batch * p.conv.in_h * p.conv.in_w * p.conv.in_c));
    const auto r = random.bytes(static_cast<size_t>(count));
    const auto w = random.bytes(static_cast<size_t>(p.conv.out_c * p.conv.kernel_h * p.conv.kernel_w * depth));
    const auto bias = random.integers(static_cast<size_t>(p.conv.out_c), -20000, 20000);
    const auto multiplier = randomMultipliers(random, static_cast<size_t>(p.conv.out_c), p.conv.shift);
    std::vector<int8_t> expected(static_cast<size_t>(count) + 8, kUntouched), y = expected, c = expected;
    convolve(tmb_conv2d_s8, x.data(), w, bias, multiplier, c.data(), &p.conv);
    tmb_add_s8(c.data(), r.data(), expected.data(), &sum);
    const std::vector<int32_t> stream = thimble::kernels::packConvolution(w, bias, multiplier, p.conv);
    for (Kernel kernel : {tmb_conv2d_add_s8, armv7em_conv2d_add_s8}) {
      Scratch scratch(tmb_conv2d_s8_scratch_bytes(&p.conv));
      std::fill(y.begin(), y.end(), kUntouched);
      kernel(x.data(), r.data(), stream.data(), y.data(), scratch.data(), &p);
      REQUIRE(scratch.isIntact());
      REQUIRE(y == expected);
      std::copy(r.begin(), r.end(), y.begin()); // in its place
      kernel(x.data(), y.data(), stream.data(), y.data(), scratch.data(), &p);
      REQUIRE(y == expected);
    }
  }
}

// Against the convolution of the transposed image.
TEST_CASE("conv2d of planes, portable and for Armv7E-M", "[runtime][armv7em]") {
  Random random(68);
  for (int round = 0; round < 600; ++round) {
    tmb_conv2d_planes_s8_params planes = {};
    tmb_conv2d_s8_params &p = planes.conv;
    p = randomConvolution(random);
    p.kernel_w = 3;
    p.dilation_w = 1;
    p.stride_w = random.integer(1, 2);
    p.in_w = random.integer(1, 20);
    p.out_w = round % 2 ? 4 * random.integer(1, 3) : random.integer(1, 9);
    p.in_c = random.integer(1, 5);
    p.out_c = random.integer(1, 12);
    CAPTURE(p.in_h, p.in_w, p.in_c, p.out_h, p.out_w, p.out_c, p.kernel_h, p.kernel_w, p.stride_h, p.stride_w, p.dilation_h,
            p.dilation_w, p.pad_top, p.pad_left, p.shift);
    // Sometimes the rows are some of those of larger planes.
    const int32_t rows = p.in_h + (random.integer(0, 2) ? 0 : random.integer(1, 3)), image = p.in_h * p.in_w;
    planes.plane = rows * p.in_w;
    if (rows != p.in_h)
      p.batch = 1;
    const auto channels = static_cast<size_t>(p.out_c);
    const auto x = random.bytes(static_cast<size_t>(p.batch * p.in_c * planes.plane));
    std::vector<int8_t> pixels(static_cast<size_t>(p.batch * p.in_c * image));
    for (int32_t n = 0; n < p.batch; ++n)
      for (int32_t c = 0; c < p.in_c; ++c)
        for (int32_t i = 0; i < image; ++i)
          pixels[static_cast<size_t>((n * image + i) * p.in_c + c)] =
              x[static_cast<size_t>((n * p.in_c + c) * planes.plane + i)];
    const auto w = random.bytes(static_cast<size_t>(p.out_c * p.kernel_h * p.kernel_w * p.in_c));
    const auto bias = random.integers(channels, -20000, 20000);
    const auto multiplier = randomMultipliers(random, channels, p.shift);
    std::vector<int8_t> expected(static_cast<size_t>(p.batch * p.out_h * p.out_w * p.out_c + 8), kUntouched), y = expected;
    convolve(tmb_conv2d_s8, pixels.data(), w, bias, multiplier, expected.data(), &p);
    for (PlanarKernel kernel : {tmb_conv2d_planes_s8, armv7em_conv2d_planes_s8}) {
      std::fill(y.begin(), y.end(), kUntouched);
      convolvePlanes(kernel, x.data(), w, bias, multiplier, y.data(), &planes);
      REQUIRE(y == expected);
      // The output over the input, as far as is promised and at random further.
      if (rows != p.in_h)
        continue;
      const std::optional<int64_t> distance = thimble::kernels::planarConvolutionOverlap(p);
      REQUIRE(distance);
      const auto before = static_cast<size_t>(*distance + (random.integer(0, 1) ? 0 : random.integer(0, 40)));
      std::vector<int8_t> memory(std::max(before + x.size(), expected.size()), kUntouched);
      std::copy(x.begin(), x.end(), memory.begin() + static_cast<ptrdiff_t>(before));
      convolvePlanes(kernel, memory.data() + before, w, bias, multiplier, memory.data(), &planes);
      REQUIRE(std::equal(memory.begin(), memory.begin() + static_cast<ptrdiff_t>(expected.size() - 8), expected.begin()));
    }
  }
}

TEST_CASE("conv2d of one tap for Armv7E-M", "[runtime][armv7em]") {
  Random random(61);
  for (int round = 0; round < 300; ++round) {
    tmb_conv2d_s8_params p = randomConvolution(random);
    p.kernel_h = p.kernel_w = 1;
    if (round % 3 != 0) { // the pixels one after the other
      p.stride_h = p.stride_w = 1;
      p.pad_top = p.pad_left = 0;
      p.out_h = p.in_h;
      p.out_w = p.in_w;
    }
    p.in_c = random.integer(1, round % 2 ? 16 : 200);
    p.out_c = random.integer(1, 40);
    compare(random, p, p.in_c);
  }
}

TEST_CASE("depthwise conv2d for Armv7E-M", "[runtime][armv7em]") {
  Random random(62);
  for (int round = 0; round < 600; ++round) {
    tmb_conv2d_s8_params p = randomConvolution(random);
    if (round % 8 == 0) // more taps than are paired
      p.kernel_h = p.kernel_w = 7;
    if (round % 8 == 1)
      p.kernel_h = random.integer(4, 6), p.kernel_w = 6;
    p.in_c = p.groups = random.integer(1, 19);
    p.out_c = p.in_c * (random.integer(0, 3) ? 1 : random.integer(2, 3));
    compare(random, p, 1, true);
  }
}

TEST_CASE("depthwise conv2d of 3 by 3 taps, portable and for Armv7E-M", "[runtime][armv7em]") {
  Random random(67);
  for (int round = 0; round < 600; ++round) {
    tmb_conv2d_s8_params p = randomConvolution(random);
    p.kernel_h = p.kernel_w = 3;
    p.dilation_h = p.dilation_w = 1;
    p.stride_h = p.stride_w = random.integer(1, 2);
    p.pad_top = random.integer(0, 2);
    p.pad_left = random.integer(0, 2);
    p.in_h = random.integer(1, 13);
    p.in_w = random.integer(1, 13);
    p.out_h = random.integer(1, p.in_h);
    p.out_w = random.integer(1, p.in_w);
    p.in_c = p.out_c = p.groups = random.integer(0, 2) ? random.integer(1, 3) * 4 : random.integer(1, 11);
    p.shift = 0;
    p.blocks = random.integer(1, 2);
    CAPTURE(p.batch, p.in_h, p.in_w, p.in_c, p.out_h, p.out_w, p.stride_h, p.pad_top, p.pad_left, p.act_min, p.act_max);
    const auto channels = static_cast<size_t>(p.in_c);
    const auto x = random.bytes(static_cast<size_t>(p.batch * p.in_h * p.in_w * p.in_c)), w = random.bytes(channels * 9);
    const auto bias = random.integers(channels, -20000, 20000);
    const auto multiplier = randomMultipliers(random, channels, 0);
    std::vector<int8_t> transposed(w.size());
    for (size_t i = 0; i < w.size(); ++i)
      transposed[i % 9 * channels + i / 9] = w[i];
    std::vector<int8_t> expected(static_cast<size_t>(p.batch * p.out_h * p.out_w * p.out_c + 8), kUntouched);
    std::vector<int8_t> y = expected, z = expected;
    tmb_depthwise_conv2d_s8(x.data(), transposed.data(), bias.data(), multiplier.data(), expected.data(), &p);
    convolve3x3(tmb_depthwise3x3_s8, x.data(), w, bias, multiplier, y.data(), &p);
    convolve3x3(armv7em_depthwise3x3_s8, x.data(), w, bias, multiplier, z.data(), &p);
    REQUIRE(y == expected);
    REQUIRE(z == expected);
    // In place, or as far before the input as is promised, and at random further.
    const std::optional<int64_t> distance = thimble::kernels::depthwise3x3Overlap(p);
    REQUIRE(distance.has_value() == (p.stride_h == 2));
    for (ConvolutionKernel kernel : {tmb_depthwise3x3_s8, armv7em_depthwise3x3_s8}) {
      const auto before = static_cast<size_t>(distance ? *distance + (random.integer(0, 1) ? 0 : random.integer(0, 40)) : 0);
      std::vector<int8_t> memory(std::max(before + x.size(), expected.size()), kUntouched);
      std::copy(x.begin(), x.end(), memory.begin() + static_cast<ptrdiff_t>(before));
      convolve3x3(kernel, memory.data() + before, w, bias, multiplier, memory.data(), &p);
      REQUIRE(std::equal(expected.begin(), expected.end() - 8, memory.begin()));
    }
  }
}

TEST_CASE("convolutions with nothing to do for Armv7E-M", "[runtime][armv7em]") {
  Random random(63);
  for (int which = 0; which < 4; ++which) {
    tmb_conv2d_s8_params p = randomConvolution(random);
    p.in_c = p.out_c = 8;
    (which == 0 ? p.batch : which == 1 ? p.out_h : which == 2 ? p.out_c : p.in_c) = 0;
    compare(random, p, p.in_c);
    if (which == 2 || which == 3)
      p.in_c = p.out_c = 0;
    p.groups = p.in_c;
    compare(random, p, 1, true);
  }
}

TEST_CASE("fully connected for Armv7E-M and MVE", "[runtime][armv7em][mve]") {
  Random random(64);
  for (int round = 0; round < 400; ++round) {
    tmb_fully_connected_s8_params p = {};
    p.rows = random.integer(0, 6);
    p.depth = random.integer(0, round % 2 ? 20 : 150);
    p.cols = random.integer(0, 20);
    randomOutput(random, p);
    CAPTURE(p.rows, p.depth, p.cols, p.shift);
    const auto x = random.bytes(static_cast<size_t>(p.rows * p.depth)), w = random.bytes(static_cast<size_t>(p.cols * p.depth));
    const auto bias = random.integers(static_cast<size_t>(p.cols), -20000, 20000);
    const auto multiplier = randomMultipliers(random, static_cast<size_t>(p.cols), p.shift);
    std::vector<int8_t> expected(static_cast<size_t>(p.rows * p.cols + 8), kUntouched), y = expected, z = expected;
    connect(tmb_fully_connected_s8, x.data(), w, bias, multiplier, expected.data(), &p);
    connect(armv7em_fully_connected_s8, x.data(), w, bias, multiplier, y.data(), &p);
    connect(mve::tmb_fully_connected_s8, x.data(), w, bias, multiplier, z.data(), &p);
    REQUIRE(y == expected);
    REQUIRE(z == expected);
  }
}

TEST_CASE("addition for Armv7E-M and MVE", "[runtime][armv7em][mve]") {
  Random random(65);
  for (int round = 0; round < 400; ++round) {
    const Shape shape = randomShape(random, 4, 9);
    const Broadcast a(random, shape, round % 2 != 0), b(random, shape, round % 2 != 0);
    tmb_add_s8_params p = {};
    p.rank = static_cast<int32_t>(shape.size());
    put(p.dims, shape);
    put(p.a_strides, a.strides);
    put(p.b_strides, b.strides);
    p.a_multiplier = random.integer(-32767, 32767);
    p.b_multiplier = random.integer(-32767, 32767);
    p.offset = random.integer(-(1 << 24), 1 << 24);
    p.shift = random.integer(0, 20);
    p.act_min = random.integer(0, 1) ? -128 : random.integer(-128, 0);
    p.act_max = random.integer(0, 1) ? 127 : random.integer(0, 127);
    const auto x = random.bytes(a.count()), z = random.bytes(b.count());
    std::vector<int8_t> expected(static_cast<size_t>(elements(shape) + 8), kUntouched), y = expected, u = expected;
    tmb_add_s8(x.data(), z.data(), expected.data(), &p);
    armv7em_add_s8(x.data(), z.data(), y.data(), &p);
    mve::tmb_add_s8(x.data(), z.data(), u.data(), &p);
    REQUIRE(y == expected);
    REQUIRE(u == expected);
  }
}

TEST_CASE("mean for Armv7E-M and MVE", "[runtime][armv7em][mve]") {
  Random random(66);
  for (int round = 0; round < 400; ++round) {
    tmb_mean_s8_params p = {};
    Shape shape = randomShape(random, 4, round % 2 ? 9 : 5);
    const Shape strides = denseStrides(shape);
    for (size_t d = 0; d < shape.size(); ++d) {
      const bool reduced = random.integer(0, 1) != 0;
      int32_t &rank = reduced ? p.reduced_rank : p.kept_rank;
      (reduced ? p.reduced_dims : p.kept_dims)[rank] = shape[d];
      (reduced ? p.reduced_strides : p.kept_strides)[rank] = strides[d];
      ++rank;
    }
    p.bias = random.integer(-2000, 2000);
    p.out_zero_point = random.integer(-128, 127);
    p.shift = random.integer(0, 1) ? 0 : random.integer(1, 3);
    p.multiplier = random.integer(0, 2) ? randomMultipliers(random, 1, p.shift)[0] : 1 << random.integer(22, 30); // with ties
    const auto x = random.bytes(static_cast<size_t>(elements(shape)));
    std::vector<int8_t> expected(x.size() + 8, kUntouched), y = expected, z = expected;
    tmb_mean_s8(x.data(), expected.data(), &p);
    armv7em_mean_s8(x.data(), y.data(), &p);
    mve::tmb_mean_s8(x.data(), z.data(), &p);
    REQUIRE(y == expected);
    REQUIRE(z == expected);
  }
}

TEST_CASE("max pooling for Armv7E-M and MVE", "[runtime][armv7em][mve]") {
  Random random(66);
  for (int round = 0; round < 400; ++round) {
    tmb_pool2d_params p = {};
    p.batch = random.integer(1, 2);
    p.in_h = random.integer(1, 8);
    p.in_w = random.integer(1, 8);
    p.channels = random.integer(1, round % 2 ? 6 : 40);
    p.out_h = random.integer(1, 6);
    p.out_w = random.integer(1, 6);
    p.kernel_h = random.integer(1, 4);
    p.kernel_w = random.integer(1, 4);
    p.stride_h = random.integer(1, 3);
    p.stride_w = random.integer(1, 3);
    p.dilation_h = random.integer(1, 2);
    p.dilation_w = random.integer(1, 2);
    p.pad_top = random.integer(0, 3);
    p.pad_left = random.integer(0, 3);
    const auto x = random.bytes(static_cast<size_t>(p.batch * p.in_h * p.in_w * p.channels));
    std::vector<int8_t> expected(static_cast<size_t>(p.batch * p.out_h * p.out_w * p.channels + 8), kUntouched);
    std::vector<int8_t> y = expected, z = expected;
    tmb_max_pool2d_s8(x.data(), expected.data(), &p);
    armv7em::armv7em_max_pool2d_s8(x.data(), y.data(), &p);
    mve::tmb_max_pool2d_s8(x.data(), z.data(), &p);
    REQUIRE(y == expected);
    REQUIRE(z == expected);
  }
}
