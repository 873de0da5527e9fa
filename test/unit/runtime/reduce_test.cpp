// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reductions and arg-max against a naive reference.
#include "support.h"

#include <catch2/catch.hpp>

using namespace runtime_test;

namespace {

template <typename T> using Reduction = void (*)(const T *, T *, const tmb_reduce_params *);

// A shape with some of its axes reduced.
struct Axes {
  Shape shape, kept, keptStrides, reduced, reducedStrides;
  Axes(Random &random, bool allowEmpty) : shape(randomShape(random, 5, 4)) {
    if (allowEmpty && !shape.empty() && random.integer(0, 5) == 0)
      shape[0] = 0;
    const Shape strides = denseStrides(shape);
    for (size_t d = 0; d < shape.size(); ++d) {
      const bool reduce = shape[d] == 0 || random.integer(0, 1) != 0;
      (reduce ? reduced : kept).push_back(shape[d]);
      (reduce ? reducedStrides : keptStrides).push_back(strides[d]);
    }
  }
  template <typename Params> void fill(Params &p) const {
    p.kept_rank = static_cast<int32_t>(kept.size());
    p.reduced_rank = static_cast<int32_t>(reduced.size());
    put(p.kept_dims, kept);
    put(p.kept_strides, keptStrides);
    put(p.reduced_dims, reduced);
    put(p.reduced_strides, reducedStrides);
  }
  // The elements that output i reduces.
  template <typename T> std::vector<T> inputs(const std::vector<T> &x, int32_t i) const {
    std::vector<T> values;
    for (int32_t r = 0; r < elements(reduced); ++r)
      values.push_back(
          x[static_cast<size_t>(dot(coordinates(kept, i), keptStrides) + dot(coordinates(reduced, r), reducedStrides))]);
    return values;
  }
};

template <typename T>
void check(Reduction<T> kernel, std::function<double(const std::vector<T> &)> reference, std::function<T(Random &)> value) {
  Random random(70);
  for (int round = 0; round < 100; ++round) {
    const Axes axes(random, true);
    std::vector<T> x(static_cast<size_t>(elements(axes.shape)));
    for (T &v : x)
      v = value(random);
    tmb_reduce_params p = {};
    axes.fill(p);
    std::vector<T> y(static_cast<size_t>(elements(axes.kept)));
    kernel(x.data(), y.data(), &p);
    for (int32_t i = 0; i < elements(axes.kept); ++i) {
      const double expected = reference(axes.inputs(x, i));
      if constexpr (std::is_floating_point_v<T>)
        REQUIRE(close(y[i], expected));
      else
        REQUIRE(y[i] == static_cast<T>(expected));
    }
  }
}

float real(Random &random) { return random.real(-2, 2); }

template <typename F> auto fold(double initial, F step) {
  return [=](const std::vector<float> &values) {
    double acc = initial;
    for (float value : values)
      acc = step(acc, static_cast<double>(value));
    return acc;
  };
}

// Wrapping sums and products, and extremes, over the whole range of the type.
template <typename T> void checkIntegers(Reduction<T> sum, Reduction<T> prod, Reduction<T> max, Reduction<T> min) {
  using U = std::make_unsigned_t<T>;
  Random random(71);
  for (int round = 0; round < 100; ++round) {
    const Axes axes(random, true);
    const auto x = random.raw<T>(static_cast<size_t>(elements(axes.shape)));
    tmb_reduce_params p = {};
    axes.fill(p);
    const auto outputs = static_cast<size_t>(elements(axes.kept));
    std::vector<T> sums(outputs), prods(outputs), maxima(outputs), minima(outputs);
    sum(x.data(), sums.data(), &p);
    prod(x.data(), prods.data(), &p);
    max(x.data(), maxima.data(), &p);
    min(x.data(), minima.data(), &p);
    for (size_t i = 0; i < outputs; ++i) {
      U s = 0, m = 1;
      T greatest = std::numeric_limits<T>::min(), least = std::numeric_limits<T>::max();
      for (T value : axes.inputs(x, static_cast<int32_t>(i))) {
        s += static_cast<U>(value);
        m *= static_cast<U>(value);
        greatest = std::max(greatest, value);
        least = std::min(least, value);
      }
      REQUIRE(sums[i] == static_cast<T>(s));
      REQUIRE(prods[i] == static_cast<T>(m));
      REQUIRE(maxima[i] == greatest);
      REQUIRE(minima[i] == least);
    }
  }
}

} // namespace

TEST_CASE("reductions float32", "[runtime][reduce]") {
  const double inf = std::numeric_limits<double>::infinity();
  const auto add = fold(0, [](double acc, double v) { return acc + v; });
  check<float>(tmb_reduce_sum_f32, add, real);
  check<float>(
      tmb_reduce_mean_f32, [=](const auto &values) { return add(values) / static_cast<double>(values.size()); }, real);
  check<float>(tmb_reduce_max_f32, fold(-inf, [](double acc, double v) { return std::max(acc, v); }), real);
  check<float>(tmb_reduce_min_f32, fold(inf, [](double acc, double v) { return std::min(acc, v); }), real);
  check<float>(tmb_reduce_l1_f32, fold(0, [](double acc, double v) { return acc + std::fabs(v); }), real);
  const auto squares = fold(0, [](double acc, double v) { return acc + v * v; });
  check<float>(tmb_reduce_sum_square_f32, squares, real);
  check<float>(
      tmb_reduce_l2_f32, [=](const auto &values) { return std::sqrt(squares(values)); }, real);
  check<float>(tmb_reduce_prod_f32, fold(1, [](double acc, double v) { return acc * v; }),
               [](Random &random) { return random.real(0.9f, 1.1f); });
}

TEST_CASE("extremes pass NaN", "[runtime][reduce]") {
  tmb_reduce_params p = {};
  p.reduced_rank = 1;
  p.reduced_dims[0] = 3;
  p.reduced_strides[0] = 1;
  for (int where = 0; where < 3; ++where) {
    float x[3] = {1, 2, 3}, y = 0;
    x[where] = kNaN;
    tmb_reduce_max_f32(x, &y, &p);
    CHECK(std::isnan(y));
    y = 0;
    tmb_reduce_min_f32(x, &y, &p);
    CHECK(std::isnan(y));
  }
}

TEST_CASE("reductions of integers", "[runtime][reduce]") {
  checkIntegers<int32_t>(tmb_reduce_sum_s32, tmb_reduce_prod_s32, tmb_reduce_max_s32, tmb_reduce_min_s32);
  checkIntegers<int64_t>(tmb_reduce_sum_s64, tmb_reduce_prod_s64, tmb_reduce_max_s64, tmb_reduce_min_s64);
  check<int8_t>(
      tmb_reduce_max_s8,
      [](const std::vector<int8_t> &values) {
        int32_t max = -128;
        for (int8_t value : values)
          max = std::max<int32_t>(max, value);
        return max;
      },
      [](Random &random) { return static_cast<int8_t>(random.integer(-128, 127)); });
}

TEST_CASE("mean int8", "[runtime][reduce]") {
  Random random(72);
  for (int round = 0; round < 200; ++round) {
    const Axes axes(random, false);
    const auto x = random.bytes(static_cast<size_t>(elements(axes.shape)));
    const int32_t count = elements(axes.reduced);
    tmb_mean_s8_params p = {};
    axes.fill(p);
    const int32_t inZeroPoint = random.integer(-128, 127);
    p.out_zero_point = random.integer(-128, 127);
    p.bias = -count * inZeroPoint;
    p.shift = count == 1 ? 2 : 0;
    p.multiplier = count == 1 ? 1 << 30 : multiplierFor(1.0 / count, 0);
    if (count == 2)
      p.multiplier = INT32_MAX; // just below one half
    std::vector<int8_t> y(static_cast<size_t>(elements(axes.kept)));
    tmb_mean_s8(x.data(), y.data(), &p);
    for (int32_t i = 0; i < elements(axes.kept); ++i) {
      int64_t sum = p.bias;
      for (int8_t value : axes.inputs(x, i))
        sum += value;
      // Ties go to even, before the zero point is added.
      const int32_t up = exactRequantize(sum, p.multiplier, p.shift, 0, -(1 << 20), 1 << 20);
      const int64_t product = sum * (int64_t(1) << p.shift) * p.multiplier;
      const bool isTie = (product & 0xFFFFFFFF) == 0x80000000;
      const int32_t rounded = up - (isTie && up % 2 != 0 ? 1 : 0);
      REQUIRE(y[i] == std::min(std::max(rounded + p.out_zero_point, -128), 127));
    }
  }
}

TEST_CASE("arg max and arg min", "[runtime][reduce]") {
  Random random(73);
  for (int round = 0; round < 100; ++round) {
    const tmb_arg_params p = {random.integer(0, 4), random.integer(1, 12), random.integer(1, 4), random.integer(0, 1)};
    const auto count = static_cast<size_t>(p.outer * p.depth * p.inner);
    const auto bytes = random.bytes(count, -3, 3); // few values: many ties
    const std::vector<float> reals(bytes.begin(), bytes.end());
    const auto outputs = static_cast<size_t>(p.outer * p.inner);
    std::vector<int64_t> maxReal(outputs), minReal(outputs), maxByte(outputs);
    tmb_arg_max_f32(reals.data(), maxReal.data(), &p);
    tmb_arg_min_f32(reals.data(), minReal.data(), &p);
    tmb_arg_max_s8(bytes.data(), maxByte.data(), &p);
    for (int32_t o = 0; o < p.outer; ++o)
      for (int32_t i = 0; i < p.inner; ++i) {
        std::vector<int32_t> row;
        for (int32_t d = 0; d < p.depth; ++d)
          row.push_back(bytes[static_cast<size_t>((o * p.depth + d) * p.inner + i)]);
        if (p.select_last)
          std::reverse(row.begin(), row.end());
        const auto index = [&](auto found) {
          const auto first = static_cast<int64_t>(found - row.begin());
          return p.select_last ? p.depth - 1 - first : first;
        };
        const int32_t output = o * p.inner + i;
        REQUIRE(maxReal[output] == index(std::max_element(row.begin(), row.end())));
        REQUIRE(minReal[output] == index(std::min_element(row.begin(), row.end())));
        REQUIRE(maxByte[output] == maxReal[output]);
      }
  }
}
