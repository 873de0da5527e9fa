// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Conversions from and to floats of 16 and 8 bits against LLVM's, and of wide integers.
#include "support.h"

#include "llvm/ADT/APFloat.h"
#include <catch2/catch.hpp>

using namespace runtime_test;

namespace {

struct Format {
  tmb_type type;
  const llvm::fltSemantics *semantics;
  unsigned bits;
};

const Format formats[] = {{TMB_F16, &llvm::APFloat::IEEEhalf(), 16},
                          {TMB_BF16, &llvm::APFloat::BFloat(), 16},
                          {TMB_F8E4M3FN, &llvm::APFloat::Float8E4M3FN(), 8},
                          {TMB_F8E4M3FNUZ, &llvm::APFloat::Float8E4M3FNUZ(), 8},
                          {TMB_F8E5M2, &llvm::APFloat::Float8E5M2(), 8},
                          {TMB_F8E5M2FNUZ, &llvm::APFloat::Float8E5M2FNUZ(), 8}};

float decode(const Format &format, uint32_t code) {
  llvm::APFloat value(*format.semantics, llvm::APInt(format.bits, code));
  bool isInexact;
  value.convert(llvm::APFloat::IEEEsingle(), llvm::APFloat::rmNearestTiesToEven, &isInexact);
  return value.convertToFloat();
}

uint32_t encode(const Format &format, float number) {
  llvm::APFloat value(number);
  bool isInexact;
  value.convert(*format.semantics, llvm::APFloat::rmNearestTiesToEven, &isInexact);
  return uint32_t(value.bitcastToAPInt().getZExtValue());
}

float kernelDecode(const Format &format, uint32_t code) {
  const tmb_cast_params p = {1, format.type, TMB_F32};
  float y = 0;
  tmb_cast_small_float(&code, &y, &p);
  return y;
}

uint32_t kernelEncode(const Format &format, float number) {
  const tmb_cast_params p = {1, TMB_F32, format.type};
  uint32_t code = 0;
  tmb_cast_small_float(&number, &code, &p);
  return code;
}

} // namespace

TEST_CASE("every small float is read as the number that it is", "[runtime][small-float]") {
  for (const Format &format : formats)
    for (uint32_t code = 0; code < 1u << format.bits; ++code) {
      CAPTURE(int(format.type), code);
      REQUIRE(sameBits(kernelDecode(format, code), decode(format, code)));
    }
}

TEST_CASE("small floats are rounded to the nearest", "[runtime][small-float]") {
  Random random(90);
  for (const Format &format : formats) {
    auto check = [&](float number) {
      CAPTURE(int(format.type), number);
      const uint32_t actual = kernelEncode(format, number);
      if (std::isnan(decode(format, encode(format, number))))
        REQUIRE(std::isnan(decode(format, actual)));
      else
        REQUIRE(actual == encode(format, number));
    };
    for (float number :
         {0.0f, -0.0f, kInfinity, -kInfinity, kNaN, 448.0f, 463.9f, 464.0f, 465.0f, 65519.0f, 65520.0f, 1e-45f, -1e-45f})
      check(number);
    for (int i = 0; i < 30000; ++i) { // any bits, and numbers around those of the format
      uint32_t bits = uint32_t(random.bits());
      float number;
      std::memcpy(&number, &bits, sizeof number);
      check(number);
      check(random.real(-600, 600));
      check(random.real(-1e-2f, 1e-2f) * random.real(-1e-4f, 1e-4f));
    }
    for (uint32_t code = 0; code + 1 < 1u << (format.bits - 1); ++code) { // halves
      const float low = decode(format, code), high = decode(format, code + 1);
      if (!std::isfinite(low) || !std::isfinite(high))
        continue;
      check(low);
      check((low + high) / 2);
      check(-(low + high) / 2);
    }
  }
}

TEST_CASE("integers of four bits", "[runtime][small-float]") {
  const int32_t x[] = {0, 7, 8, -8, -9, 15, 16, 255};
  int8_t low[8];
  uint8_t high[8];
  const tmb_cast_params toSigned = {8, TMB_S32, TMB_S4}, toUnsigned = {8, TMB_S32, TMB_U4};
  tmb_cast(x, low, &toSigned);
  tmb_cast(x, high, &toUnsigned);
  const int8_t lows[] = {0, 7, -8, -8, 7, -1, 0, -1};
  const uint8_t highs[] = {0, 7, 8, 8, 7, 15, 0, 15};
  for (int i = 0; i < 8; ++i) {
    CHECK(low[i] == lows[i]);
    CHECK(high[i] == highs[i]);
  }
  const float reals[] = {-100, -8, -7.9f, 7.9f, 8, 100, kNaN, 3};
  const tmb_cast_params fromReal = {8, TMB_F32, TMB_S4}, toReal = {8, TMB_S4, TMB_F32};
  tmb_cast(reals, low, &fromReal);
  const int8_t truncated[] = {-8, -8, -7, 7, 7, 7, 0, 3};
  for (int i = 0; i < 8; ++i)
    CHECK(low[i] == truncated[i]);
  float back[8];
  tmb_cast(low, back, &toReal);
  for (int i = 0; i < 8; ++i)
    CHECK(back[i] == float(truncated[i]));
}

TEST_CASE("doubles and unsigned division of 64 bits", "[runtime][small-float]") {
  const uint64_t a[] = {UINT64_MAX, UINT64_MAX, 7, 5}, b[] = {2, uint64_t(1) << 63, 0, 7};
  uint64_t y[4];
  tmb_binary_params p = {1, {4}, {1}, {1}};
  tmb_div_u64(a, b, y, &p);
  CHECK((y[0] == UINT64_MAX / 2 && y[1] == 1 && y[2] == 0 && y[3] == 0));
  tmb_mod_u64(a, b, y, &p);
  CHECK((y[0] == 1 && y[1] == INT64_MAX && y[2] == 0 && y[3] == 5));
}

TEST_CASE("convolutions and products of wide integers wrap around", "[runtime][small-float]") {
  Random random(91);
  for (int round = 0; round < 50; ++round) {
    const int32_t groups = random.integer(1, 3), depth = random.integer(1, 3), outs = random.integer(1, 3),
                  h = random.integer(1, 5), w = random.integer(1, 5), kh = random.integer(1, 3), kw = random.integer(1, 3),
                  pad = random.integer(0, 2);
    tmb_conv2d_f32_params p = {};
    p.batch = 2, p.in_h = h, p.in_w = w, p.in_c = groups * depth, p.out_c = groups * outs, p.kernel_h = kh, p.kernel_w = kw;
    p.stride_h = random.integer(1, 2), p.stride_w = random.integer(1, 2), p.dilation_h = random.integer(1, 2), p.dilation_w = 1;
    p.pad_top = p.pad_left = pad, p.groups = groups;
    p.out_h = (h + 2 * pad - p.dilation_h * (kh - 1) - 1) / p.stride_h + 1, p.out_w = (w + 2 * pad - kw) / p.stride_w + 1;
    if (h + 2 * pad < p.dilation_h * (kh - 1) + 1 || w + 2 * pad < kw)
      continue;
    const auto x = random.raw<int32_t>(size_t(2 * h * w * p.in_c)), k = random.raw<int32_t>(size_t(p.out_c * kh * kw * depth));
    std::vector<int32_t> y(size_t(2 * p.out_h * p.out_w * p.out_c));
    tmb_conv2d_s32(x.data(), k.data(), y.data(), &p);
    for (int32_t i = 0; i < int32_t(y.size()); ++i) {
      const Shape at = coordinates({2, p.out_h, p.out_w, p.out_c}, i);
      uint32_t sum = 0;
      for (int32_t a = 0; a < kh; ++a)
        for (int32_t b = 0; b < kw; ++b)
          for (int32_t c = 0; c < depth; ++c) {
            const int32_t iy = at[1] * p.stride_h - pad + a * p.dilation_h, ix = at[2] * p.stride_w - pad + b;
            if (iy >= 0 && iy < h && ix >= 0 && ix < w)
              sum += uint32_t(x[((at[0] * h + iy) * w + ix) * p.in_c + at[3] / outs * depth + c]) *
                     uint32_t(k[((at[3] * kh + a) * kw + b) * depth + c]);
          }
      REQUIRE(uint32_t(y[i]) == sum);
    }
  }
  const tmb_matmul_f32_params p = {1, {1}, {0}, {0}, 2, 3, 2, 3, 1, 2, 1};
  const auto a = random.raw<int64_t>(6), b = random.raw<int64_t>(6);
  int64_t y[4];
  tmb_matmul_s64(a.data(), b.data(), y, &p);
  for (int i = 0; i < 4; ++i) {
    uint64_t sum = 0;
    for (int k = 0; k < 3; ++k)
      sum += uint64_t(a[i / 2 * 3 + k]) * uint64_t(b[k * 2 + i % 2]);
    CHECK(uint64_t(y[i]) == sum);
  }
}
