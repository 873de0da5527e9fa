// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// float32 convolutions whose output lies over their input as far as codegen/kernels says that it may.
#include "codegen/kernels/PackWeights.h"
#include "support.h"

#include <catch2/catch.hpp>

using namespace runtime_test;

namespace {

tmb_conv2d_f32_params randomShape(Random &random, bool depthwise) {
  tmb_conv2d_f32_params p = {};
  p.batch = random.integer(1, 2);
  p.in_h = random.integer(1, 14);
  p.in_w = random.integer(1, 9);
  p.in_c = random.integer(1, 9);
  p.kernel_h = random.integer(1, 4);
  p.kernel_w = random.integer(1, 4);
  p.stride_h = random.integer(1, 2);
  p.stride_w = random.integer(1, 2);
  p.dilation_h = random.integer(1, 2);
  p.dilation_w = random.integer(1, 2);
  p.pad_top = random.integer(0, 2);
  p.pad_left = random.integer(0, 2);
  p.out_h = random.integer(1, 14);
  p.out_w = random.integer(1, 9);
  p.out_c = depthwise ? p.in_c * random.integer(1, 2) : random.integer(1, 9);
  p.groups = depthwise ? p.in_c : 1;
  p.act_min = random.integer(0, 1) != 0 ? 0 : -kInfinity;
  p.act_max = random.integer(0, 1) != 0 ? 1.5f : kInfinity;
  return p;
}

tmb_conv2d_s8_params shapeOf(const tmb_conv2d_f32_params &p) {
  tmb_conv2d_s8_params s = {};
  s.batch = p.batch, s.in_h = p.in_h, s.in_w = p.in_w, s.in_c = p.in_c, s.out_h = p.out_h, s.out_w = p.out_w, s.out_c = p.out_c;
  s.kernel_h = p.kernel_h, s.kernel_w = p.kernel_w, s.stride_h = p.stride_h, s.stride_w = p.stride_w;
  s.dilation_h = p.dilation_h, s.dilation_w = p.dilation_w, s.pad_top = p.pad_top, s.pad_left = p.pad_left, s.groups = p.groups;
  return s;
}

void checkOverlap(Random &random, bool depthwise) {
  const tmb_conv2d_f32_params p = randomShape(random, depthwise);
  CAPTURE(p.batch, p.in_h, p.in_w, p.in_c, p.out_h, p.out_w, p.out_c, p.kernel_h, p.kernel_w, p.stride_h, p.pad_top);
  const auto inputs = static_cast<size_t>(p.batch * p.in_h * p.in_w * p.in_c);
  const auto outputs = static_cast<size_t>(p.batch * p.out_h * p.out_w * p.out_c);
  const auto taps = static_cast<size_t>(p.kernel_h * p.kernel_w);
  const size_t depth = taps * static_cast<size_t>(depthwise ? 1 : p.in_c);
  const auto x = random.reals(inputs), w = random.reals(depth * static_cast<size_t>(p.out_c));
  const auto bias = random.reals(static_cast<size_t>(p.out_c));
  std::vector<float> scratch(4 * depth);
  auto run = [&](const float *from, float *to) {
    if (depthwise)
      tmb_depthwise_conv2d_f32(from, w.data(), bias.data(), to, &p);
    else
      tmb_conv2d_f32(from, w.data(), bias.data(), to, scratch.data(), &p);
  };
  std::vector<float> apart(outputs);
  run(x.data(), apart.data());
  const auto distance =
      depthwise ? thimble::kernels::depthwiseFloatOverlap(shapeOf(p)) : thimble::kernels::convolutionOverlap(shapeOf(p));
  REQUIRE(distance);
  const auto start = static_cast<size_t>(*distance) + static_cast<size_t>(random.integer(0, 3));
  std::vector<float> memory(std::max(start + inputs, outputs));
  std::copy(x.begin(), x.end(), memory.begin() + static_cast<std::ptrdiff_t>(start));
  run(memory.data() + start, memory.data());
  for (size_t i = 0; i < outputs; ++i)
    if (memory[i] != apart[i])
      FAIL("at " << i << ": " << memory[i] << " instead of " << apart[i]);
}

} // namespace

TEST_CASE("conv2d of float32 over its input", "[runtime][convolution]") {
  Random random(31);
  for (int round = 0; round < 300; ++round)
    checkOverlap(random, false);
}

TEST_CASE("depthwise conv2d of float32 over its input", "[runtime][convolution]") {
  Random random(32);
  for (int round = 0; round < 300; ++round)
    checkOverlap(random, true);
}
