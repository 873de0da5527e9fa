// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Kernels for MVE against their portable twins, on a model of the instructions: bit for bit, also in float32, but for exponentials.
#include "mve_kernels.h"
#include "support.h"
#include "thimble/tmb_layout.h"

#include <catch2/catch.hpp>

using namespace runtime_test;

namespace {

// Numbers that products and sums of a few hundred leave in the range of normal numbers: of smaller ones MVE makes 0.
std::vector<float> floats(Random &random, int32_t count) { return random.reals(size_t(count), -4, 4); }

void requireSame(const std::vector<float> &y, const std::vector<float> &expected) {
  REQUIRE(y.size() == expected.size());
  for (size_t i = 0; i < y.size(); ++i) {
    INFO(i << ": " << y[i] << ", not " << expected[i]);
    REQUIRE(sameBits(y[i], expected[i]));
  }
}

template <typename Params> void randomLimits(Random &random, Params &p) {
  p.act_min = random.integer(0, 1) ? -kInfinity : random.real(-2, 0);
  p.act_max = random.integer(0, 1) ? kInfinity : random.real(0, 6);
}

// Where two kernels write: the results and what follows them.
struct Outputs {
  explicit Outputs(int32_t count) : expected(size_t(count) + 4, 85.0f), y(expected) {}
  std::vector<float> expected, y;
};

} // namespace

TEST_CASE("conv2d float32 for MVE", "[runtime][mve]") {
  Random random(180);
  for (int round = 0; round < 300; ++round) {
    tmb_conv2d_f32_params p = {};
    p.batch = random.integer(1, 2);
    p.in_h = random.integer(1, 7);
    p.in_w = random.integer(1, 7);
    p.kernel_h = random.integer(1, 3);
    p.kernel_w = random.integer(1, 3);
    p.stride_h = random.integer(1, 2);
    p.stride_w = random.integer(1, 2);
    p.dilation_h = random.integer(1, 2);
    p.dilation_w = random.integer(1, 2);
    p.pad_top = random.integer(0, 2);
    p.pad_left = random.integer(0, 2);
    p.out_h = random.integer(1, 5);
    p.out_w = random.integer(1, 5);
    if (random.integer(0, 2) == 0) { // one tap
      p.kernel_h = p.kernel_w = p.stride_h = p.stride_w = 1;
      p.pad_top = p.pad_left = 0;
      p.out_h = p.in_h;
      p.out_w = p.in_w;
    }
    p.groups = random.integer(0, 3) ? 1 : 2;
    p.in_c = p.groups * random.integer(1, 9);
    p.out_c = p.groups * random.integer(1, 37);
    randomLimits(random, p);
    const int32_t size = p.kernel_h * p.kernel_w * (p.in_c / p.groups);
    const auto x = floats(random, p.batch * p.in_h * p.in_w * p.in_c), w = floats(random, p.out_c * size);
    const auto b = floats(random, p.out_c);
    const float *bias = random.integer(0, 3) ? b.data() : nullptr;
    Outputs out(p.batch * p.out_h * p.out_w * p.out_c);
    std::vector<float> scratch(size_t(4 * size) + 4, 85.0f);
    CAPTURE(p.groups, p.in_c, p.out_c, p.kernel_h, p.kernel_w);
    tmb_conv2d_f32(x.data(), w.data(), bias, out.expected.data(), scratch.data(), &p);
    mve::tmb_conv2d_f32(x.data(), w.data(), bias, out.y.data(), scratch.data(), &p);
    requireSame(out.y, out.expected);
    REQUIRE(std::count(scratch.end() - 4, scratch.end(), 85.0f) == 4);
  }
}

TEST_CASE("fully connected and matmul float32 for MVE", "[runtime][mve]") {
  Random random(181);
  for (int round = 0; round < 400; ++round) {
    tmb_fully_connected_f32_params p = {};
    p.rows = random.integer(0, 6);
    p.depth = random.integer(0, 40);
    p.cols = random.integer(1, 50);
    randomLimits(random, p);
    CAPTURE(p.rows, p.depth, p.cols);
    const auto x = floats(random, p.rows * p.depth), w = floats(random, p.cols * p.depth), b = floats(random, p.cols);
    Outputs out(p.rows * p.cols);
    tmb_fully_connected_f32(x.data(), w.data(), b.data(), out.expected.data(), &p);
    mve::tmb_fully_connected_f32(x.data(), w.data(), b.data(), out.y.data(), &p);
    requireSame(out.y, out.expected);
    tmb_matmul_f32_params m = {};
    m.rows = p.rows, m.depth = p.depth, m.cols = p.cols;
    const bool ta = random.integer(0, 1), tb = random.integer(0, 1);
    m.a_row_stride = ta ? 1 : p.depth, m.a_col_stride = ta ? p.rows : 1;
    m.b_row_stride = tb ? 1 : p.cols, m.b_col_stride = tb ? p.depth : 1;
    tmb_matmul_f32(x.data(), w.data(), out.expected.data(), &m);
    mve::tmb_matmul_f32(x.data(), w.data(), out.y.data(), &m);
    requireSame(out.y, out.expected);
  }
}

TEST_CASE("elementwise float32 for MVE", "[runtime][mve]") {
  Random random(182);
  for (int round = 0; round < 300; ++round) {
    const Shape shape = randomShape(random, 4, 9);
    const Broadcast a(random, shape, round % 2 != 0), b(random, shape, round % 2 != 0);
    tmb_binary_params p = {};
    p.rank = int32_t(shape.size());
    put(p.dims, shape);
    put(p.a_strides, a.strides);
    put(p.b_strides, b.strides);
    if (p.rank == 1 && random.integer(0, 3) == 0 && a.count() == b.count()) // every second, in steps of two
      p.dims[0] = (p.dims[0] + 1) / 2, p.a_strides[0] = p.b_strides[0] = 2;
    auto x = floats(random, int32_t(a.count())), z = floats(random, int32_t(b.count()));
    if (round % 3 == 0)
      x[0] = round % 2 ? kNaN : kInfinity, z[0] = -kInfinity;
    Outputs out(elements(shape));
    const struct {
      decltype(&tmb_add_f32) portable, vectors;
    } pairs[] = {{tmb_add_f32, mve::tmb_add_f32}, {tmb_sub_f32, mve::tmb_sub_f32}, {tmb_mul_f32, mve::tmb_mul_f32}};
    for (const auto &pair : pairs) {
      pair.portable(x.data(), z.data(), out.expected.data(), &p);
      pair.vectors(x.data(), z.data(), out.y.data(), &p);
      requireSame(out.y, out.expected);
    }
    const tmb_unary_params unary = {int32_t(x.size()), -1.5f, random.integer(0, 3) ? 2.5f : -2.0f};
    std::vector<float> expected(x.size() + 2, 85.0f), y = expected;
    tmb_relu_f32(x.data(), expected.data(), &unary);
    mve::tmb_relu_f32(x.data(), y.data(), &unary);
    requireSame(y, expected);
    tmb_clamp_f32(x.data(), expected.data(), &unary);
    mve::tmb_clamp_f32(x.data(), y.data(), &unary);
    requireSame(y, expected);
  }
}

TEST_CASE("softmax float32 for MVE", "[runtime][mve]") {
  Random random(183);
  for (int round = 0; round < 300; ++round) {
    const int32_t depth = round % 9 == 0 ? 500 : random.integer(1, 21);
    const tmb_softmax_params p = {random.integer(1, 3), depth, random.integer(0, 1) ? 1 : random.integer(2, 3)};
    const float reach = random.integer(0, 1) ? 3.0f : 90.0f;
    auto x = random.reals(size_t(p.outer * p.depth * p.inner), -reach, reach);
    for (float &number : x)
      if (random.integer(0, 9) == 0)
        number = round % 2 ? -1e9f : -kInfinity;
    for (size_t i = 0; i < size_t(p.inner); ++i) // each row has a number
      for (size_t o = 0; o < size_t(p.outer); ++o)
        x[o * size_t(p.depth * p.inner) + i] = 1;
    if (round % 7 == 0)
      x[size_t(random.integer(0, int32_t(x.size()) - 1))] = kNaN;
    std::vector<float> expected(x.size()), y(x.size() + 2, 85.0f);
    tmb_softmax_f32(x.data(), expected.data(), &p);
    mve::tmb_softmax_f32(x.data(), y.data(), &p);
    for (size_t i = 0; i < x.size(); ++i) {
      INFO(i << " of " << p.depth << ": " << y[i] << ", not " << expected[i]);
      const double difference = std::fabs(double(y[i]) - double(expected[i]));
      const bool agrees = std::isnan(expected[i]) ? std::isnan(y[i]) : difference <= 2e-6 * double(expected[i]) + 1e-37;
      REQUIRE(agrees);
    }
    REQUIRE((y[x.size()] == 85.0f && y[x.size() + 1] == 85.0f));
    mve::tmb_softmax_f32(x.data(), x.data(), &p);
    y.resize(x.size());
    requireSame(x, y);
  }
}

TEST_CASE("average pooling int8 for MVE", "[runtime][mve]") {
  Random random(184);
  for (int round = 0; round < 400; ++round) {
    tmb_pool2d_params p = {};
    const bool isLarge = round % 10 == 0; // sums that 16 bits do not hold
    p.batch = random.integer(1, 2);
    p.in_h = isLarge ? random.integer(15, 20) : random.integer(1, 8);
    p.in_w = isLarge ? random.integer(15, 20) : random.integer(1, 8);
    p.kernel_h = isLarge ? p.in_h : random.integer(1, 4);
    p.kernel_w = isLarge ? p.in_w : random.integer(1, 4);
    p.channels = random.integer(1, 37);
    p.out_h = isLarge ? 1 : random.integer(1, 6);
    p.out_w = isLarge ? 1 : random.integer(1, 6);
    p.stride_h = random.integer(1, 3);
    p.stride_w = random.integer(1, 3);
    p.dilation_h = isLarge ? 1 : random.integer(1, 2);
    p.dilation_w = isLarge ? 1 : random.integer(1, 2);
    p.pad_top = random.integer(0, 4);
    p.pad_left = random.integer(0, 4);
    p.pad_bottom = random.integer(0, 4);
    p.pad_right = random.integer(0, 4);
    p.count_include_pad = random.integer(0, 1);
    p.zero_point = random.integer(-128, 127);
    const int32_t low = round % 4 ? -128 : 127; // the largest sums too
    const auto x = random.bytes(size_t(p.batch * p.in_h * p.in_w * p.channels), low, 127);
    std::vector<int8_t> expected(size_t(p.batch * p.out_h * p.out_w * p.channels) + 8, 85), y = expected;
    tmb_average_pool2d_s8(x.data(), expected.data(), &p);
    mve::tmb_average_pool2d_s8(x.data(), y.data(), &p);
    REQUIRE(y == expected);
  }
}
