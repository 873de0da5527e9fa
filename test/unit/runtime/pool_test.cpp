// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Pooling against a naive reference that checks every tap.
#include "support.h"

#include <catch2/catch.hpp>

using namespace runtime_test;

namespace {

tmb_pool2d_params randomPool(Random &random) {
  tmb_pool2d_params p = {};
  p.batch = random.integer(1, 2);
  p.in_h = random.integer(1, 7);
  p.in_w = random.integer(1, 7);
  p.channels = random.integer(1, 37);
  p.out_h = random.integer(1, 5);
  p.out_w = random.integer(1, 5);
  p.kernel_h = random.integer(1, 4);
  p.kernel_w = random.integer(1, 4);
  p.stride_h = random.integer(1, 3);
  p.stride_w = random.integer(1, 3);
  p.dilation_h = random.integer(1, 3);
  p.dilation_w = random.integer(1, 3);
  p.pad_top = random.integer(0, 4);
  p.pad_left = random.integer(0, 4);
  p.pad_bottom = random.integer(0, 4);
  p.pad_right = random.integer(0, 4);
  p.count_include_pad = random.integer(0, 1);
  p.zero_point = random.integer(-128, 127);
  return p;
}

size_t inputSize(const tmb_pool2d_params &p) { return static_cast<size_t>(p.batch * p.in_h * p.in_w * p.channels); }
Shape outputShape(const tmb_pool2d_params &p) { return {p.batch, p.out_h, p.out_w, p.channels}; }

// The window of one output: the inputs inside the image, and the positions that divide an average.
struct Window {
  std::vector<size_t> inputs;
  int32_t counted = 0;
  Window(const tmb_pool2d_params &p, int32_t output) {
    const Shape at = coordinates(outputShape(p), output);
    for (int32_t ky = 0; ky < p.kernel_h; ++ky)
      for (int32_t kx = 0; kx < p.kernel_w; ++kx) {
        const int32_t iy = at[1] * p.stride_h - p.pad_top + ky * p.dilation_h;
        const int32_t ix = at[2] * p.stride_w - p.pad_left + kx * p.dilation_w;
        const bool inside = iy >= 0 && iy < p.in_h && ix >= 0 && ix < p.in_w;
        const bool padded = iy >= -p.pad_top && iy < p.in_h + p.pad_bottom && ix >= -p.pad_left && ix < p.in_w + p.pad_right;
        if (inside)
          inputs.push_back(static_cast<size_t>(((at[0] * p.in_h + iy) * p.in_w + ix) * p.channels + at[3]));
        counted += p.count_include_pad ? padded : inside;
      }
  }
};

} // namespace

TEST_CASE("pooling float32", "[runtime][pool]") {
  Random random(60);
  for (int round = 0; round < 300; ++round) {
    const auto p = randomPool(random);
    const auto x = random.reals(inputSize(p));
    const int32_t outputs = elements(outputShape(p));
    std::vector<float> max(static_cast<size_t>(outputs)), average(static_cast<size_t>(outputs));
    tmb_max_pool2d_f32(x.data(), max.data(), &p);
    tmb_average_pool2d_f32(x.data(), average.data(), &p);
    for (int32_t i = 0; i < outputs; ++i) {
      const Window window(p, i);
      float expectedMax = -kInfinity;
      double sum = 0;
      for (size_t input : window.inputs) {
        expectedMax = std::max(expectedMax, x[input]);
        sum += static_cast<double>(x[input]);
      }
      REQUIRE(max[i] == expectedMax);
      REQUIRE(close(average[i], window.counted > 0 ? sum / window.counted : 0));
    }
  }
}

TEST_CASE("pooling int8", "[runtime][pool]") {
  Random random(61);
  for (int round = 0; round < 300; ++round) {
    const auto p = randomPool(random);
    const auto x = round % 4 == 0 ? std::vector<int8_t>(inputSize(p), round % 8 == 0 ? 127 : -128) : random.bytes(inputSize(p));
    const int32_t outputs = elements(outputShape(p));
    std::vector<int8_t> max(static_cast<size_t>(outputs)), average(static_cast<size_t>(outputs));
    tmb_max_pool2d_s8(x.data(), max.data(), &p);
    tmb_average_pool2d_s8(x.data(), average.data(), &p);
    for (int32_t i = 0; i < outputs; ++i) {
      const Window window(p, i);
      int32_t expectedMax = -128, sum = 0;
      for (size_t input : window.inputs) {
        expectedMax = std::max<int32_t>(expectedMax, x[input]);
        sum += x[input];
      }
      REQUIRE(max[i] == expectedMax);
      sum += (window.counted - static_cast<int32_t>(window.inputs.size())) * p.zero_point;
      const double mean = window.counted > 0 ? static_cast<double>(sum) / window.counted : p.zero_point;
      REQUIRE(average[i] == static_cast<int32_t>(std::floor(mean + 0.5)));
    }
  }
}

TEST_CASE("average pooling rounds halves up", "[runtime][pool]") {
  tmb_pool2d_params p = {};
  p.batch = p.in_h = p.channels = p.out_h = p.out_w = p.kernel_h = 1;
  p.in_w = p.kernel_w = 2;
  p.stride_h = p.stride_w = p.dilation_h = p.dilation_w = 1;
  for (int a = -128; a < 127; ++a) {
    const int8_t x[2] = {static_cast<int8_t>(a), static_cast<int8_t>(a + 1)};
    int8_t y = 0;
    tmb_average_pool2d_s8(x, &y, &p);
    REQUIRE(y == a + 1);
  }
}

TEST_CASE("max pooling passes NaN", "[runtime][pool]") {
  tmb_pool2d_params p = {};
  p.batch = p.in_h = p.channels = p.out_h = p.out_w = p.kernel_h = 1;
  p.in_w = p.kernel_w = 3;
  p.stride_h = p.stride_w = p.dilation_h = p.dilation_w = 1;
  for (int where = 0; where < 3; ++where) {
    float x[3] = {1, 2, 3}, y = 0;
    x[where] = kNaN;
    tmb_max_pool2d_f32(x, &y, &p);
    CHECK(std::isnan(y));
  }
}
