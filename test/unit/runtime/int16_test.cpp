// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The int16 kernels against double arithmetic on the real numbers that their codes stand for, and the versions for Armv7E-M against
// the portable ones, bit for bit.
#include "compiler/support/Numeric.h"
#include "packed.h"
#include "support.h"

#include <catch2/catch.hpp>

// The portable files with the headers for this instruction set, which come first.
#include "../../../runtime-mcu/src/arch/armv7em/tmb_dsp.h"
#include "tmb_wide.h"
#include "tmb_window.h"
namespace armv7em {
#include "../../../runtime-mcu/src/arch/armv7em/tmb_leading_zeros.h"
#include "../../../runtime-mcu/src/kernels/tmb_div_s16.c"
namespace narrow {
#define TMB_SUM int32_t
#define TMB_WIDE 0
#include "../../../runtime-mcu/src/arch/armv7em/tmb_conv2d_s16_dots.h"
#include "../../../runtime-mcu/src/kernels/tmb_conv2d_s16.c"
} // namespace narrow
namespace wide {
#define TMB_SUM int64_t
#define TMB_WIDE 1
#include "../../../runtime-mcu/src/arch/armv7em/tmb_conv2d_s16_dots.h"
#include "../../../runtime-mcu/src/kernels/tmb_conv2d_wide_s16.c"
} // namespace wide
} // namespace armv7em

using namespace runtime_test;

namespace {

std::vector<int16_t> codes(Random &random, size_t count, int32_t low = -32768, int32_t high = 32767) {
  std::vector<int16_t> result(count);
  result.reserve(1);
  for (int16_t &code : result)
    code = static_cast<int16_t>(random.integer(low, high));
  return result;
}

double saturate(double y, double low = -32768, double high = 32767) { return std::min(std::max(y, low), high); }

// Both must hold: y is within `units` of the real number, and no farther than saturation allows.
void requireNear(int32_t y, double real, double units) {
  INFO("y " << y << " real " << real);
  REQUIRE(std::abs(double(y) - saturate(real)) <= units);
}

tmb_conv2d_s8_params randomConvolution(Random &random, bool isDepthwise) {
  tmb_conv2d_s8_params p = {};
  p.batch = random.integer(1, 2);
  p.in_h = random.integer(1, 7);
  p.in_w = random.integer(1, 7);
  p.kernel_h = random.integer(1, 3);
  p.kernel_w = random.integer(1, 3);
  p.stride_h = random.integer(1, 2);
  p.stride_w = random.integer(1, 2);
  p.dilation_h = random.integer(0, 3) ? 1 : 2;
  p.dilation_w = random.integer(0, 3) ? 1 : 2;
  p.pad_top = random.integer(0, 2);
  p.pad_left = random.integer(0, 2);
  p.out_h = random.integer(1, 6);
  p.out_w = random.integer(1, 6);
  if (random.integer(0, 3) == 0) { // windows that lie side by side in the input
    p.kernel_h = p.kernel_w = p.stride_h = p.stride_w = 1;
    p.pad_top = p.pad_left = 0;
    p.out_h = p.in_h;
    p.out_w = p.in_w;
  }
  const int32_t channels = random.integer(1, 9);
  p.groups = isDepthwise ? channels : random.integer(0, 3) ? 1 : 2;
  p.in_c = isDepthwise ? channels : p.groups * channels;
  p.out_c = isDepthwise ? channels * random.integer(1, 2) : p.groups * random.integer(1, 5);
  p.act_min = random.integer(0, 2) ? -32768 : random.integer(-30000, 0);
  p.act_max = random.integer(0, 2) ? 32767 : random.integer(0, 30000);
  return p;
}

// The exact sum of output channel o at a position; weights are [out_c][kernel_h][kernel_w][in_c / groups].
int64_t exactSum(const std::vector<int16_t> &x, const std::vector<int8_t> &w, int32_t n, int32_t oy, int32_t ox, int32_t o,
                 const tmb_conv2d_s8_params &p) {
  const int32_t depth = p.in_c / p.groups, first = o / (p.out_c / p.groups) * depth;
  int64_t sum = 0;
  for (int32_t ky = 0; ky < p.kernel_h; ++ky)
    for (int32_t kx = 0; kx < p.kernel_w; ++kx) {
      const int32_t row = oy * p.stride_h - p.pad_top + ky * p.dilation_h,
                    col = ox * p.stride_w - p.pad_left + kx * p.dilation_w;
      if (row < 0 || row >= p.in_h || col < 0 || col >= p.in_w)
        continue;
      for (int32_t c = 0; c < depth; ++c)
        sum += int64_t(x[size_t(((n * p.in_h + row) * p.in_w + col) * p.in_c + first + c)]) *
               w[size_t(((o * p.kernel_h + ky) * p.kernel_w + kx) * depth + c)];
    }
  return sum;
}

using Convolution16 = void (*)(const int16_t *, const int32_t *, int16_t *, void *, const tmb_conv2d_s8_params *);

std::vector<int16_t> convolve16(Convolution16 kernel, const std::vector<int16_t> &x, const std::vector<int32_t> &stream,
                                const tmb_conv2d_s8_params &p) {
  const auto count = size_t(p.batch * p.out_h * p.out_w * p.out_c);
  std::vector<int16_t> y(count + 4, 21845);
  Scratch scratch(tmb_conv2d_s16_scratch_bytes(&p));
  kernel(x.data(), stream.data(), y.data(), scratch.data(), &p);
  REQUIRE(scratch.isIntact());
  for (size_t i = count; i < y.size(); ++i)
    REQUIRE(y[i] == 21845);
  y.resize(count);
  return y;
}

} // namespace

TEST_CASE("conv2d int16", "[runtime][int16]") {
  Random random(160);
  for (int round = 0; round < 400; ++round) {
    const bool isWide = round % 2 == 1;
    tmb_conv2d_s8_params p = randomConvolution(random, false);
    const auto x = codes(random, size_t(p.batch * p.in_h * p.in_w * p.in_c));
    const auto depth = size_t(p.kernel_h * p.kernel_w * (p.in_c / p.groups));
    const auto w = random.bytes(size_t(p.out_c) * depth, -127, 127);
    const auto bias = random.integers(size_t(p.out_c), -(1 << 26), 1 << 26);
    std::vector<double> factors;
    std::vector<int32_t> multipliers;
    const double factor = std::ldexp(1.0, -random.integer(14, 21));
    p.shift = isWide ? thimble::makeWideFactor(factor)->shift : 0;
    for (int32_t o = 0; o < p.out_c; ++o) {
      factors.push_back(factor * double(random.real(0.3f, 0.99f)));
      multipliers.push_back(int32_t(std::llround(std::ldexp(factors.back(), 32 - p.shift))));
    }
    const auto stream = thimble::kernels::packConvolution16(w, bias, multipliers, p);
    const auto y = convolve16(isWide ? tmb_conv2d_wide_s16 : tmb_conv2d_s16, x, stream, p);
    REQUIRE(y == convolve16(isWide ? armv7em::wide::tmb_conv2d_wide_s16 : armv7em::narrow::tmb_conv2d_s16, x, stream, p));
    size_t at = 0;
    for (int32_t n = 0; n < p.batch; ++n)
      for (int32_t oy = 0; oy < p.out_h; ++oy)
        for (int32_t ox = 0; ox < p.out_w; ++ox)
          for (int32_t o = 0; o < p.out_c; ++o) {
            const double real = double(bias[size_t(o)] + exactSum(x, w, n, oy, ox, o, p)) * factors[size_t(o)];
            INFO("wide " << isWide);
            REQUIRE(std::abs(double(y[at++]) - saturate(real, p.act_min, p.act_max)) <= 0.75);
          }
  }
}

TEST_CASE("sums that 32 bits do not hold, int16", "[runtime][int16]") {
  tmb_conv2d_s8_params p = {};
  p.batch = p.in_h = p.in_w = p.out_h = p.out_w = p.kernel_h = p.kernel_w = 1;
  p.stride_h = p.stride_w = p.dilation_h = p.dilation_w = p.groups = 1;
  p.in_c = 4000;
  p.out_c = 2;
  p.act_min = -32768;
  p.act_max = 32767;
  const std::vector<int16_t> x(4000, -32768);
  const std::vector<int8_t> w(8000, -127);
  const double sum = 4000.0 * 32768 * 127, factor = 20000 / sum;
  const auto wide = *thimble::makeWideFactor(factor);
  p.shift = wide.shift;
  const auto stream = thimble::kernels::packConvolution16(w, {0, 1 << 29}, {wide.multiplier, wide.multiplier}, p);
  for (auto *kernel : {tmb_conv2d_wide_s16, armv7em::wide::tmb_conv2d_wide_s16}) {
    const auto y = convolve16(kernel, x, stream, p);
    CHECK(y[0] == 20000);
    CHECK(y[1] == std::lround(20000 + std::ldexp(1.0, 29) * factor));
  }
}

TEST_CASE("depthwise conv2d int16", "[runtime][int16]") {
  Random random(161);
  for (int round = 0; round < 200; ++round) {
    tmb_conv2d_s8_params p = randomConvolution(random, true);
    const auto x = codes(random, size_t(p.batch * p.in_h * p.in_w * p.in_c));
    const auto taps = size_t(p.kernel_h * p.kernel_w), channels = size_t(p.out_c);
    const auto w = random.bytes(channels * taps, -127, 127);
    std::vector<int8_t> transposed(w.size());
    for (size_t i = 0; i < w.size(); ++i)
      transposed[i % taps * channels + i / taps] = w[i];
    const auto bias = random.integers(channels, -(1 << 24), 1 << 24), multiplier = random.integers(channels, 1 << 14, 1 << 19);
    std::vector<int16_t> y(size_t(p.batch * p.out_h * p.out_w * p.out_c));
    tmb_depthwise_conv2d_s16(x.data(), transposed.data(), bias.data(), multiplier.data(), y.data(), &p);
    size_t at = 0;
    for (int32_t n = 0; n < p.batch; ++n)
      for (int32_t oy = 0; oy < p.out_h; ++oy)
        for (int32_t ox = 0; ox < p.out_w; ++ox)
          for (int32_t o = 0; o < p.out_c; ++o) {
            const int64_t acc = bias[size_t(o)] + exactSum(x, w, n, oy, ox, o, p);
            REQUIRE(y[at++] == exactRequantize(acc, multiplier[size_t(o)], 0, 0, p.act_min, p.act_max));
          }
  }
}

TEST_CASE("matmul int16", "[runtime][int16]") {
  Random random(162);
  for (int round = 0; round < 150; ++round) {
    tmb_matmul_s8_params p = {};
    p.batch_rank = 1;
    p.batch_dims[0] = random.integer(1, 3);
    p.rows = random.integer(1, 5);
    p.depth = random.integer(0, 40);
    p.cols = random.integer(1, 6);
    const bool ta = random.integer(0, 1), tb = random.integer(0, 1);
    p.a_row_stride = ta ? 1 : p.depth;
    p.a_col_stride = ta ? p.rows : 1;
    p.b_row_stride = tb ? 1 : p.cols;
    p.b_col_stride = tb ? p.depth : 1;
    p.a_batch_strides[0] = p.rows * p.depth;
    p.b_batch_strides[0] = random.integer(0, 1) ? p.depth * p.cols : 0;
    const auto a = codes(random, size_t(p.batch_dims[0] * p.rows * p.depth));
    const auto b = codes(random, size_t(p.batch_dims[0] * p.depth * p.cols));
    const double factor = std::ldexp(double(random.real(0.5f, 1)), -random.integer(10, 22));
    const auto wide = *thimble::makeWideFactor(factor);
    p.multiplier = wide.multiplier;
    p.shift = wide.shift;
    std::vector<int16_t> y(size_t(p.batch_dims[0] * p.rows * p.cols));
    tmb_matmul_s16(a.data(), b.data(), y.data(), &p);
    size_t at = 0;
    for (int32_t n = 0; n < p.batch_dims[0]; ++n)
      for (int32_t i = 0; i < p.rows; ++i)
        for (int32_t j = 0; j < p.cols; ++j) {
          double sum = 0;
          for (int32_t k = 0; k < p.depth; ++k)
            sum += double(a[size_t(n * p.a_batch_strides[0] + i * p.a_row_stride + k * p.a_col_stride)]) *
                   b[size_t(n * p.b_batch_strides[0] + k * p.b_row_stride + j * p.b_col_stride)];
          requireNear(y[at++], sum * factor, 0.5 + 1e-3);
        }
  }
}

TEST_CASE("add, sub, mul, min and max int16", "[runtime][int16]") {
  Random random(163);
  for (int round = 0; round < 200; ++round) {
    const Shape shape = randomShape(random, 4, 4);
    const Broadcast a(random, shape, true), b(random, shape, true);
    const auto u = codes(random, a.count()), v = codes(random, b.count());
    const double fa = double(random.real(0.01f, 1.5f)), fb = double(random.real(-1.5f, 1.5f)), fm = std::ldexp(1.0, -15);
    tmb_add_s16_params add = {};
    tmb_mul_s8_params mul = {};
    tmb_binary_params plain = {};
    add.rank = mul.rank = plain.rank = int32_t(shape.size());
    for (auto *dims : {add.dims, mul.dims, plain.dims})
      put(dims, shape);
    for (auto *strides : {add.a_strides, mul.a_strides, plain.a_strides})
      put(strides, a.strides);
    for (auto *strides : {add.b_strides, mul.b_strides, plain.b_strides})
      put(strides, b.strides);
    add.a_multiplier = int32_t(std::llround(fa * 65536));
    add.b_multiplier = int32_t(std::llround(fb * 65536));
    mul.multiplier = multiplierFor(fm, 0);
    add.act_min = mul.act_min = -32768;
    add.act_max = mul.act_max = round % 3 ? 32767 : 1000;
    const auto count = size_t(elements(shape));
    std::vector<int16_t> sums(count), products(count), least(count), most(count);
    tmb_add_s16(u.data(), v.data(), sums.data(), &add);
    tmb_mul_s16(u.data(), v.data(), products.data(), &mul);
    tmb_min_s16(u.data(), v.data(), least.data(), &plain);
    tmb_max_s16(u.data(), v.data(), most.data(), &plain);
    for (size_t i = 0; i < count; ++i) {
      const Shape index = coordinates(shape, int32_t(i));
      const int16_t x = u[size_t(dot(index, a.strides))], y = v[size_t(dot(index, b.strides))];
      REQUIRE(std::abs(sums[i] - saturate(x * fa + y * fb, -32768, add.act_max)) <= 1);
      REQUIRE(std::abs(products[i] - saturate(double(x) * y * fm, -32768, mul.act_max)) <= 0.75);
      REQUIRE(least[i] == std::min(x, y));
      REQUIRE(most[i] == std::max(x, y));
    }
  }
}

namespace {

// Operands and a result that two kernels compute; these know the parameters of the shapes.
struct Pairs {
  Pairs(Random &random, bool broadcasts)
      : shape(randomShape(random, 4, 5)), a(random, shape, broadcasts), b(random, shape, broadcasts) {}
  template <typename Params> void fill(Params &p) const {
    p.rank = int32_t(shape.size());
    put(p.dims, shape);
    put(p.a_strides, a.strides);
    put(p.b_strides, b.strides);
  }
  // The results of the kernel and of its twin, if it has one, which must be the same, also where they are written over an operand
  // of the result's shape.
  template <typename Kernel, typename Params>
  std::vector<int16_t> run(Kernel *kernel, Kernel *twin, const std::vector<int16_t> &u, const std::vector<int16_t> &v,
                           const Params &p) {
    std::vector<int16_t> y(size_t(elements(shape)) + 4, 21845), other = y;
    kernel(u.data(), v.data(), y.data(), &p);
    if (twin) {
      twin(u.data(), v.data(), other.data(), &p);
      REQUIRE(y == other);
    }
    for (size_t i = 0; i < 4; ++i)
      REQUIRE(y[y.size() - 1 - i] == 21845);
    y.resize(y.size() - 4);
    std::vector<int16_t> over = u;
    if (a.count() == y.size()) {
      kernel(over.data(), v.data(), over.data(), &p);
      REQUIRE(over == y);
    }
    over = v;
    if (b.count() == y.size()) {
      kernel(u.data(), over.data(), over.data(), &p);
      REQUIRE(over == y);
    }
    return y;
  }
  Shape shape;
  Broadcast a, b;
};

} // namespace

TEST_CASE("division int16", "[runtime][int16]") {
  Random random(168);
  for (int round = 0; round < 400; ++round) {
    Pairs pairs(random, round % 2);
    const int32_t reach = round % 3 == 0 ? 32767 : round % 3 == 1 ? 300 : 2;
    const auto u = codes(random, pairs.a.count()), v = codes(random, pairs.b.count(), -reach - (reach == 32767), reach);
    tmb_div_s16_params p = {};
    pairs.fill(p);
    const double factor = std::ldexp(double(random.real(0.5f, 1)), random.integer(-18, 46));
    int exponent = 0;
    p.multiplier = int32_t(std::min<int64_t>(std::llround(std::ldexp(std::frexp(factor, &exponent), 31)), INT32_MAX));
    p.shift = std::max(61 - exponent, 16);
    p.act_min = round % 4 ? -32768 : -1000;
    p.act_max = round % 4 ? 32767 : 20000;
    const auto y = pairs.run(tmb_div_s16, armv7em::tmb_div_s16, u, v, p);
    for (size_t i = 0; i < y.size(); ++i) {
      const Shape index = coordinates(pairs.shape, int32_t(i));
      const int16_t x = u[size_t(dot(index, pairs.a.strides))], by = v[size_t(dot(index, pairs.b.strides))];
      const double real = by != 0 ? factor * x / by
                          : x > 0 ? 1e9
                          : x < 0 ? -1e9
                                  : 0,
                   exact = saturate(real, p.act_min, p.act_max);
      INFO(x << " / " << by << " * " << factor << " is " << real << ", not " << y[i]);
      REQUIRE(std::abs(y[i] - exact) <= 0.75 + std::ldexp(std::abs(exact), -26));
    }
  }
}

TEST_CASE("every divisor of int16", "[runtime][int16]") {
  tmb_div_s16_params p = {};
  p.rank = 1;
  p.dims[0] = 65536;
  p.b_strides[0] = 1;
  p.multiplier = 1 << 30; // a factor of 2^15
  p.shift = 45;
  p.act_min = -32768;
  p.act_max = 32767;
  std::vector<int16_t> b, y(65536);
  for (int32_t code = -32768; code < 32768; ++code)
    b.push_back(int16_t(code));
  for (int16_t a : {int16_t(-32768), int16_t(-1), int16_t(0), int16_t(1), int16_t(12345), int16_t(32767)}) {
    tmb_div_s16(&a, b.data(), y.data(), &p);
    for (size_t i = 0; i < b.size(); ++i) {
      const double exact = saturate(b[i] != 0 ? 32768.0 * a / b[i] : 1e9 * a);
      REQUIRE(std::abs(y[i] - exact) <= 0.75 + std::ldexp(std::abs(exact), -26));
    }
  }
}

TEST_CASE("prelu int16", "[runtime][int16]") {
  Random random(169);
  for (int round = 0; round < 300; ++round) {
    Pairs pairs(random, round % 2);
    const auto u = codes(random, pairs.a.count()), v = codes(random, pairs.b.count());
    tmb_prelu_s16_params p = {};
    pairs.fill(p);
    const double positive = std::ldexp(double(random.real(0.5f, 1)), random.integer(-4, 3)), slope = std::ldexp(positive, -15);
    const auto plus = *thimble::makeRequantFactor(positive), minus = *thimble::makeRequantFactor(slope);
    p.positive_multiplier = plus.multiplier;
    p.positive_shift = plus.shift;
    p.negative_multiplier = minus.multiplier;
    p.negative_shift = minus.shift;
    p.act_min = round % 4 ? -32768 : -1000;
    p.act_max = round % 4 ? 32767 : 20000;
    const auto y = pairs.run(tmb_prelu_s16, static_cast<decltype(&tmb_prelu_s16)>(nullptr), u, v, p);
    for (size_t i = 0; i < y.size(); ++i) {
      const Shape index = coordinates(pairs.shape, int32_t(i));
      const int16_t x = u[size_t(dot(index, pairs.a.strides))], by = v[size_t(dot(index, pairs.b.strides))];
      REQUIRE(std::abs(y[i] - saturate(x < 0 ? x * (by * slope) : x * positive, p.act_min, p.act_max)) <= 0.75);
    }
  }
}

TEST_CASE("tables and clamps int16", "[runtime][int16]") {
  std::vector<int16_t> x;
  for (int32_t code = -32768; code < 32768; ++code)
    x.push_back(int16_t(code));
  for (int32_t shift : {6, 8, 10, 12}) {
    const double xScale = 8.0 / 32768, yScale = 8.0 / 32767, h = std::ldexp(xScale, shift);
    const auto silu = [](double v) { return v / (1 + std::exp(-v)); };
    std::vector<int16_t> table, y(x.size());
    for (int32_t at = -32768; at <= 32768; at += 1 << shift)
      table.push_back(int16_t(saturate(std::floor(silu(at * xScale) / yScale + 0.5))));
    const tmb_lookup_s16_params p = {65536, shift};
    tmb_lookup_s16(x.data(), table.data(), y.data(), &p);
    for (size_t i = 0; i < x.size(); ++i) // |silu''| <= 1/2
      REQUIRE(std::abs(y[i] - silu(x[i] * xScale) / yScale) <= 1 + h * h * 0.5 / (8 * yScale));
  }
  std::vector<int16_t> y(x.size());
  const tmb_clamp_s16_params clamp = {65536, -100, 20000};
  tmb_clamp_s16(x.data(), y.data(), &clamp);
  for (size_t i = 0; i < x.size(); ++i)
    REQUIRE(y[i] == std::min(std::max<int>(x[i], -100), 20000));
}

TEST_CASE("softmax int16", "[runtime][int16]") {
  Random random(164);
  for (int round = 0; round < 120; ++round) {
    tmb_softmax_s16_params p = {random.integer(1, 3), round % 8 == 0 ? 1000 : random.integer(1, 40), random.integer(1, 3), 0,
                                0};
    const double scale = std::ldexp(double(random.real(0.5f, 1)), -random.integer(3, 14));
    double factor = std::ldexp(scale / std::log(2.0), 20);
    while (std::round(std::ldexp(factor, p.shift + 1)) <= INT32_MAX)
      ++p.shift;
    p.multiplier = int32_t(std::llround(std::ldexp(factor, p.shift)));
    const int32_t reach = round % 4 == 0 ? 32767 : 3000;
    auto x = codes(random, size_t(p.outer * p.depth * p.inner), -reach, reach);
    std::vector<int16_t> y(x.size());
    tmb_softmax_s16(x.data(), y.data(), &p);
    for (int32_t o = 0; o < p.outer; ++o)
      for (int32_t i = 0; i < p.inner; ++i) {
        const auto at = [&](int32_t d) { return size_t((o * p.depth + d) * p.inner + i); };
        double max = -1e9, sum = 0;
        for (int32_t d = 0; d < p.depth; ++d)
          max = std::max(max, double(x[at(d)]));
        for (int32_t d = 0; d < p.depth; ++d)
          sum += std::exp((x[at(d)] - max) * scale);
        for (int32_t d = 0; d < p.depth; ++d) {
          const double exact = 32768 * std::exp((x[at(d)] - max) * scale) / sum;
          REQUIRE(std::abs(y[at(d)] - std::min(exact, 32767.0)) <= 0.75 + p.depth / 1024.0);
        }
      }
    tmb_softmax_s16(x.data(), x.data(), &p);
    REQUIRE(x == y);
  }
}

TEST_CASE("normalization int16", "[runtime][int16]") {
  Random random(165);
  for (int round = 0; round < 200; ++round) {
    tmb_norm_s16_params p = {};
    p.outer = random.integer(1, 3);
    p.depth = round % 10 == 0 ? 600 : random.integer(1, 70);
    p.centered = round % 2;
    const double xScale = double(random.real(1e-5f, 1e-3f)), yScale = 6.0 / 32767, epsilon = 1e-5;
    const double scaled = epsilon * p.depth * p.depth / (xScale * xScale);
    while (std::ldexp(scaled, -p.epsilon_shift) > 1 << 30)
      ++p.epsilon_shift;
    p.epsilon = int32_t(std::llround(std::ldexp(scaled, -p.epsilon_shift)));
    const double used = std::ldexp(double(p.epsilon), p.epsilon_shift) * xScale * xScale / p.depth / p.depth; // it is rounded
    const int32_t reach = round % 3 == 0 ? 32767 : round % 3 == 1 ? 500 : 5;
    const auto x = codes(random, size_t(p.outer * p.depth), -reach, reach);
    const auto scale = random.reals(size_t(p.depth), -1.5f, 1.5f), b = random.reals(size_t(p.depth), -1, 1);
    const int bits = 14;
    p.shift = 20 + bits;
    std::vector<int32_t> gain, bias;
    for (size_t i = 0; i < scale.size(); ++i) {
      gain.push_back(int32_t(std::llround(std::ldexp(double(scale[i]) / yScale, bits))));
      bias.push_back(int32_t(std::llround(std::ldexp(double(b[i]) / yScale + 0.5, bits))));
    }
    std::vector<int16_t> y(x.size());
    tmb_norm_s16(x.data(), gain.data(), bias.data(), y.data(), &p);
    for (int32_t o = 0; o < p.outer; ++o) {
      double mean = 0, variance = 0;
      const auto at = [&](int32_t i) { return x[size_t(o * p.depth + i)] * xScale; };
      for (int32_t i = 0; i < p.depth && p.centered; ++i)
        mean += at(i) / p.depth;
      for (int32_t i = 0; i < p.depth; ++i)
        variance += (at(i) - mean) * (at(i) - mean) / p.depth;
      for (int32_t i = 0; i < p.depth; ++i) {
        const auto k = size_t(i);
        const double exact = ((at(i) - mean) / std::sqrt(variance + used) * double(scale[k]) + double(b[k])) / yScale;
        const double bound = 0.5 + std::abs(exact) / 32768 +
                             (std::abs(double(scale[k])) + std::abs(double(b[k]))) / yScale / 1048576 +
                             std::ldexp(1.0, 20 - p.shift) * (1 + std::sqrt(double(p.depth)));
        requireNear(y[size_t(o * p.depth + i)], exact, bound);
      }
    }
  }
}

TEST_CASE("pools, reductions and arg max int16", "[runtime][int16]") {
  Random random(166);
  for (int round = 0; round < 150; ++round) {
    tmb_pool2d_params p = {};
    p.batch = random.integer(1, 2);
    p.in_h = random.integer(1, 6);
    p.in_w = random.integer(1, 6);
    p.channels = random.integer(1, 19);
    p.kernel_h = random.integer(1, 3);
    p.kernel_w = random.integer(1, 3);
    p.stride_h = p.stride_w = random.integer(1, 2);
    p.dilation_h = p.dilation_w = 1;
    p.out_h = (p.in_h - 1) / p.stride_h + 1;
    p.out_w = (p.in_w - 1) / p.stride_w + 1;
    const auto x = codes(random, size_t(p.batch * p.in_h * p.in_w * p.channels));
    std::vector<int16_t> most(size_t(p.batch * p.out_h * p.out_w * p.channels)), mean(most.size());
    tmb_max_pool2d_s16(x.data(), most.data(), &p);
    tmb_average_pool2d_s16(x.data(), mean.data(), &p);
    size_t at = 0;
    for (int32_t n = 0; n < p.batch; ++n)
      for (int32_t oy = 0; oy < p.out_h; ++oy)
        for (int32_t ox = 0; ox < p.out_w; ++ox)
          for (int32_t c = 0; c < p.channels; ++c, ++at) {
            double sum = 0, count = 0, max = -32768;
            for (int32_t ky = oy * p.stride_h; ky < std::min(oy * p.stride_h + p.kernel_h, p.in_h); ++ky)
              for (int32_t kx = ox * p.stride_w; kx < std::min(ox * p.stride_w + p.kernel_w, p.in_w); ++kx, ++count) {
                const double value = x[size_t(((n * p.in_h + ky) * p.in_w + kx) * p.channels + c)];
                sum += value;
                max = std::max(max, value);
              }
            REQUIRE(most[at] == max);
            REQUIRE(mean[at] == std::floor(sum / count + 0.5));
          }
    tmb_mean_s8_params m = {};
    tmb_reduce_params r = {};
    m.kept_rank = m.reduced_rank = r.kept_rank = r.reduced_rank = 1;
    m.kept_dims[0] = r.kept_dims[0] = p.channels;
    m.kept_strides[0] = r.kept_strides[0] = 1;
    m.reduced_dims[0] = r.reduced_dims[0] = p.in_h * p.in_w;
    m.reduced_strides[0] = r.reduced_strides[0] = p.channels;
    m.multiplier = multiplierFor(0.5 / (p.in_h * p.in_w + 1), 0);
    std::vector<int16_t> means(size_t(p.channels)), maxima(size_t(p.channels));
    tmb_mean_s16(x.data(), means.data(), &m);
    tmb_reduce_max_s16(x.data(), maxima.data(), &r);
    std::vector<int64_t> best(size_t(p.channels));
    const tmb_arg_params arg = {1, p.in_h * p.in_w, p.channels, 0};
    tmb_arg_max_s16(x.data(), best.data(), &arg);
    for (int32_t c = 0; c < p.channels; ++c) {
      double sum = 0;
      int64_t index = 0;
      for (int32_t i = 0; i < p.in_h * p.in_w; ++i) {
        sum += x[size_t(i * p.channels + c)];
        if (x[size_t(i * p.channels + c)] > x[size_t(int32_t(index) * p.channels + c)])
          index = i;
      }
      requireNear(means[size_t(c)], sum * 0.5 / (p.in_h * p.in_w + 1), 0.51);
      REQUIRE(best[size_t(c)] == index);
      REQUIRE(maxima[size_t(c)] == x[size_t(int32_t(index) * p.channels + c)]);
    }
  }
}

TEST_CASE("conversions int16", "[runtime][int16]") {
  Random random(167);
  const auto narrow = random.bytes(300);
  const auto wide = codes(random, 300);
  std::vector<int16_t> to16(300), other(300);
  std::vector<int8_t> to8(300);
  tmb_requantize_params p = {300, -7, 5, 0, 0};
  const auto set = [&](double factor) {
    const auto requant = *thimble::makeRequantFactor(factor);
    p.multiplier = requant.multiplier;
    p.shift = requant.shift;
  };
  set(128);
  tmb_requantize_s8_s16(narrow.data(), to16.data(), &p);
  for (size_t i = 0; i < 300; ++i)
    REQUIRE(to16[i] == (narrow[i] + 7) * 128); // nothing is lost
  set(1.0 / 200);
  tmb_requantize_s16_s8(wide.data(), to8.data(), &p);
  set(0.7);
  tmb_requantize_s16(wide.data(), other.data(), &p);
  for (size_t i = 0; i < 300; ++i) {
    REQUIRE(std::abs(to8[i] - saturate(wide[i] / 200.0 + 5, -128, 127)) <= 0.5 + 1e-4);
    REQUIRE(std::abs(other[i] - wide[i] * 0.7) <= 0.5 + 1e-4);
  }
  const std::vector<float> reals = {0, 1, -1, 0.00006f, 40000, -40000, kInfinity, -kInfinity, kNaN, 0.5f, 1.5f};
  std::vector<int16_t> quantized(reals.size());
  const tmb_quantize_params q = {int32_t(reals.size()), 1.0f, 0};
  tmb_quantize_f32_s16(reals.data(), quantized.data(), &q);
  CHECK(quantized == std::vector<int16_t>{0, 1, -1, 0, 32767, -32768, 32767, -32768, 0, 0, 2});
  std::vector<float> back(300);
  const tmb_quantize_params d = {300, 0.25f, 0};
  tmb_dequantize_s16_f32(wide.data(), back.data(), &d);
  for (size_t i = 0; i < 300; ++i)
    REQUIRE(back[i] == wide[i] * 0.25f);
}
