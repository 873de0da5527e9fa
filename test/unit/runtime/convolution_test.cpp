// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Convolutions against a naive reference that checks every tap.
#include "packed.h"
#include "support.h"

#include <catch2/catch.hpp>

using namespace runtime_test;

namespace {

struct Case {
  int32_t batch, in_h, in_w, in_c, out_h, out_w, out_c, kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, pad_top,
      pad_left, groups;
};

// Windows may lie anywhere, entirely in the padding included.
Case randomCase(Random &random, bool depthwise) {
  Case c = {};
  c.batch = random.integer(1, 2);
  c.in_h = random.integer(1, 7);
  c.in_w = random.integer(1, 7);
  c.kernel_h = random.integer(1, 4);
  c.kernel_w = random.integer(1, 4);
  c.stride_h = random.integer(1, 3);
  c.stride_w = random.integer(1, 3);
  c.dilation_h = random.integer(1, 3);
  c.dilation_w = random.integer(1, 3);
  c.pad_top = random.integer(0, 3);
  c.pad_left = random.integer(0, 3);
  c.out_h = random.integer(1, 5);
  c.out_w = random.integer(1, 5);
  if (depthwise) {
    c.in_c = random.integer(1, 11);
    c.out_c = c.in_c * (random.integer(0, 2) ? 1 : random.integer(2, 3));
    c.groups = c.in_c;
  } else {
    c.groups = random.integer(0, 2) ? 1 : random.integer(2, 3);
    c.in_c = c.groups * random.integer(1, 6);
    c.out_c = c.groups * random.integer(1, 9);
  }
  return c;
}

Case pointwiseCase(Random &random) {
  Case c = randomCase(random, false);
  c.groups = c.kernel_h = c.kernel_w = c.stride_h = c.stride_w = 1;
  c.in_c = random.integer(1, 9);
  c.pad_top = c.pad_left = 0;
  c.out_h = c.in_h;
  c.out_w = c.in_w;
  return c;
}

size_t inputSize(const Case &c) { return static_cast<size_t>(c.batch * c.in_h * c.in_w * c.in_c); }
size_t outputSize(const Case &c) { return static_cast<size_t>(c.batch * c.out_h * c.out_w * c.out_c); }
size_t weightSize(const Case &c) { return static_cast<size_t>(c.out_c * c.kernel_h * c.kernel_w * (c.in_c / c.groups)); }

// Calls visit(output, out channel, input or -1 for padding, weight) for every product.
void everyProduct(const Case &c, bool depthwise, const std::function<void(size_t, int32_t, int32_t, size_t)> &visit) {
  const int32_t depth = c.in_c / c.groups, group_out = c.out_c / c.groups;
  for (int32_t output = 0; output < static_cast<int32_t>(outputSize(c)); ++output) {
    const Shape at = coordinates({c.batch, c.out_h, c.out_w, c.out_c}, output);
    const int32_t o = at[3], group = o / group_out;
    for (int32_t ky = 0; ky < c.kernel_h; ++ky)
      for (int32_t kx = 0; kx < c.kernel_w; ++kx)
        for (int32_t i = 0; i < depth; ++i) {
          const int32_t iy = at[1] * c.stride_h - c.pad_top + ky * c.dilation_h;
          const int32_t ix = at[2] * c.stride_w - c.pad_left + kx * c.dilation_w;
          const bool inside = iy >= 0 && iy < c.in_h && ix >= 0 && ix < c.in_w;
          const int32_t input = inside ? ((at[0] * c.in_h + iy) * c.in_w + ix) * c.in_c + group * depth + i : -1;
          const int32_t weight =
              depthwise ? (ky * c.kernel_w + kx) * c.out_c + o : ((o * c.kernel_h + ky) * c.kernel_w + kx) * depth + i;
          visit(static_cast<size_t>(output), o, input, static_cast<size_t>(weight));
        }
  }
}

template <typename Params> Params paramsOf(const Case &c) {
  Params p = {};
  p.batch = c.batch;
  p.in_h = c.in_h;
  p.in_w = c.in_w;
  p.in_c = c.in_c;
  p.out_h = c.out_h;
  p.out_w = c.out_w;
  p.out_c = c.out_c;
  p.kernel_h = c.kernel_h;
  p.kernel_w = c.kernel_w;
  p.stride_h = c.stride_h;
  p.stride_w = c.stride_w;
  p.dilation_h = c.dilation_h;
  p.dilation_w = c.dilation_w;
  p.pad_top = c.pad_top;
  p.pad_left = c.pad_left;
  p.groups = c.groups;
  return p;
}

void checkFloat(Random &random, const Case &c, bool depthwise) {
  const auto x = random.reals(inputSize(c)), w = random.reals(weightSize(c));
  const auto bias = random.reals(static_cast<size_t>(c.out_c));
  const bool hasBias = random.integer(0, 3) != 0;
  auto p = paramsOf<tmb_conv2d_f32_params>(c);
  const bool clamped = random.integer(0, 1) != 0;
  p.act_min = clamped ? 0 : -kInfinity;
  p.act_max = clamped ? 1.5f : kInfinity;
  std::vector<double> sums(outputSize(c));
  for (size_t i = 0; i < sums.size(); ++i)
    sums[i] = hasBias ? static_cast<double>(bias[i % bias.size()]) : 0;
  everyProduct(c, depthwise, [&](size_t output, int32_t, int32_t input, size_t weight) {
    if (input >= 0)
      sums[output] += static_cast<double>(x[static_cast<size_t>(input)]) * static_cast<double>(w[weight]);
  });
  std::vector<float> y(outputSize(c), kNaN);
  std::vector<float> scratch(4 * weightSize(c) / static_cast<size_t>(c.out_c), kNaN);
  if (depthwise)
    tmb_depthwise_conv2d_f32(x.data(), w.data(), hasBias ? bias.data() : nullptr, y.data(), &p);
  else
    tmb_conv2d_f32(x.data(), w.data(), hasBias ? bias.data() : nullptr, y.data(), scratch.data(), &p);
  for (size_t i = 0; i < y.size(); ++i) {
    const double reference = std::min(std::max(sums[i], static_cast<double>(p.act_min)), static_cast<double>(p.act_max));
    if (!close(y[i], reference))
      FAIL("at " << i << ": " << y[i] << " instead of " << reference);
  }
}

void checkInt8(Random &random, const Case &c, bool depthwise) {
  const auto x = random.bytes(inputSize(c)), w = random.bytes(weightSize(c));
  const auto channels = static_cast<size_t>(c.out_c);
  const auto bias = random.integers(channels, -20000, 20000);
  auto p = paramsOf<tmb_conv2d_s8_params>(c);
  p.in_zero_point = random.integer(0, 3) == 0 ? 0 : random.integer(-128, 127);
  p.out_zero_point = random.integer(-128, 127);
  p.shift = random.integer(0, 3) == 0 ? random.integer(1, 3) : 0;
  p.act_min = random.integer(0, 1) != 0 ? p.out_zero_point : -128;
  p.act_max = random.integer(0, 1) != 0 ? 100 : 127;
  p.act_max = std::max(p.act_min, p.act_max);
  // Factors from saturating to small.
  const auto multiplier = p.shift > 0 ? random.integers(channels, 1 << 30, INT32_MAX)
                                      : random.integers(channels, 1 << 20, random.integer(0, 1) != 0 ? 1 << 25 : INT32_MAX);
  std::vector<int64_t> sums(outputSize(c));
  for (size_t i = 0; i < sums.size(); ++i)
    sums[i] = bias[i % channels];
  everyProduct(c, depthwise, [&](size_t output, int32_t, int32_t input, size_t weight) {
    sums[output] += (input >= 0 ? x[static_cast<size_t>(input)] : p.in_zero_point) * w[weight];
  });
  std::vector<int8_t> y(outputSize(c)), expected(outputSize(c));
  for (size_t i = 0; i < y.size(); ++i)
    expected[i] = static_cast<int8_t>(
        exactRequantize(sums[i], multiplier[i % channels], p.shift, p.out_zero_point, p.act_min, p.act_max));
  if (depthwise)
    tmb_depthwise_conv2d_s8(x.data(), w.data(), bias.data(), multiplier.data(), y.data(), &p);
  else
    convolve(tmb_conv2d_s8, x.data(), w, bias, multiplier, y.data(), &p);
  REQUIRE(y == expected);
}

} // namespace

TEST_CASE("conv2d", "[runtime][convolution]") {
  Random random(10);
  for (int round = 0; round < 300; ++round) {
    const Case c = randomCase(random, false);
    CAPTURE(round, c.groups, c.kernel_h, c.kernel_w, c.dilation_h, c.dilation_w, c.in_c, c.out_c);
    checkFloat(random, c, false);
    checkInt8(random, c, false);
  }
}

TEST_CASE("conv2d of one tap", "[runtime][convolution]") {
  Random random(11);
  for (int round = 0; round < 50; ++round) {
    const Case c = pointwiseCase(random);
    checkFloat(random, c, false);
    checkInt8(random, c, false);
    Case moved = c; // one tap, but the image shifts: not the fast path
    moved.pad_top = 1;
    checkFloat(random, moved, false);
    checkInt8(random, moved, false);
    Case cropped = c;
    cropped.out_h = 1;
    checkFloat(random, cropped, false);
    checkInt8(random, cropped, false);
  }
}

TEST_CASE("conv2d with as many taps as groups", "[runtime][convolution]") {
  Random random(14);
  for (int round = 0; round < 50; ++round) {
    Case c = pointwiseCase(random); // as large as a pixel, but no single tap
    c.kernel_w = c.groups = random.integer(2, 4);
    c.in_c = c.groups * random.integer(1, 3);
    c.out_c = c.groups * random.integer(1, 3);
    CAPTURE(round, c.groups, c.in_c, c.out_c);
    checkFloat(random, c, false);
    checkInt8(random, c, false);
  }
}

TEST_CASE("depthwise conv2d", "[runtime][convolution]") {
  Random random(12);
  for (int round = 0; round < 300; ++round) {
    const Case c = randomCase(random, true);
    CAPTURE(round, c.kernel_h, c.kernel_w, c.dilation_h, c.dilation_w, c.in_c, c.out_c);
    checkFloat(random, c, true);
    checkInt8(random, c, true);
  }
}

TEST_CASE("convolutions with nothing to do", "[runtime][convolution]") {
  Random random(13);
  Case c = randomCase(random, false);
  c.batch = 0;
  auto p = paramsOf<tmb_conv2d_s8_params>(c);
  tmb_conv2d_s8(nullptr, nullptr, nullptr, nullptr, &p);
  tmb_depthwise_conv2d_s8(nullptr, nullptr, nullptr, nullptr, nullptr, &p);
  auto q = paramsOf<tmb_conv2d_f32_params>(c);
  tmb_conv2d_f32(nullptr, nullptr, nullptr, nullptr, nullptr, &q);
  tmb_depthwise_conv2d_f32(nullptr, nullptr, nullptr, nullptr, &q);
}

TEST_CASE("conv2d passes NaN through activations", "[runtime][convolution]") {
  tmb_conv2d_f32_params p = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 0, 6};
  const float x = kNaN, w = 1;
  float y = 0;
  float scratch[4];
  tmb_conv2d_f32(&x, &w, nullptr, &y, scratch, &p);
  CHECK(std::isnan(y));
}
