// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Fully connected layers and matrix products against a naive reference.
#include "packed.h"
#include "support.h"

#include <catch2/catch.hpp>

using namespace runtime_test;

TEST_CASE("fully connected", "[runtime][matmul]") {
  Random random(20);
  for (int round = 0; round < 100; ++round) {
    const int32_t rows = random.integer(0, 5), depth = random.integer(0, 40), cols = random.integer(1, 11);
    CAPTURE(rows, depth, cols);
    const auto outputs = static_cast<size_t>(rows * cols);
    {
      const tmb_fully_connected_f32_params p = {rows, depth, cols, round % 2 ? 0 : -kInfinity, kInfinity};
      const auto x = random.reals(static_cast<size_t>(rows * depth)), w = random.reals(static_cast<size_t>(cols * depth));
      const auto bias = random.reals(static_cast<size_t>(cols));
      const bool hasBias = round % 3 != 0;
      std::vector<float> y(outputs, kNaN);
      tmb_fully_connected_f32(x.data(), w.data(), hasBias ? bias.data() : nullptr, y.data(), &p);
      for (int32_t i = 0; i < rows * cols; ++i) {
        const int32_t m = i / cols, n = i % cols;
        double sum = hasBias ? static_cast<double>(bias[n]) : 0;
        for (int32_t k = 0; k < depth; ++k)
          sum += static_cast<double>(x[m * depth + k]) * static_cast<double>(w[n * depth + k]);
        REQUIRE(close(y[i], std::max(sum, static_cast<double>(p.act_min))));
      }
    }
    {
      const tmb_fully_connected_s8_params p = {rows, depth, cols, random.integer(-128, 127), 0, -128, round % 2 ? 127 : 90};
      const auto x = random.bytes(static_cast<size_t>(rows * depth)), w = random.bytes(static_cast<size_t>(cols * depth));
      const auto bias = random.integers(static_cast<size_t>(cols), -1000, 1000);
      const auto multiplier = random.integers(static_cast<size_t>(cols), 0, 1 << 25);
      std::vector<int8_t> y(outputs);
      connect(tmb_fully_connected_s8, x.data(), w, bias, multiplier, y.data(), &p);
      for (int32_t i = 0; i < rows * cols; ++i) {
        const int32_t m = i / cols, n = i % cols;
        int64_t sum = bias[n];
        for (int32_t k = 0; k < depth; ++k)
          sum += x[m * depth + k] * w[n * depth + k];
        REQUIRE(y[i] == exactRequantize(sum, multiplier[n], p.shift, p.out_zero_point, p.act_min, p.act_max));
      }
    }
  }
}

TEST_CASE("fully connected at the accumulator's limit", "[runtime][matmul]") {
  // |bias| + 2^14 * depth = 2^31 - 1 at most.
  const int32_t depth = 65535;
  const std::vector<int8_t> x(depth, -128), w(depth, -128);
  const int32_t bias = INT32_MAX - depth * 16384, multiplier = 1 << 7;
  const tmb_fully_connected_s8_params p = {1, depth, 1, 0, 0, -128, 127};
  int8_t y = 0;
  connect(tmb_fully_connected_s8, x.data(), w, {bias}, {multiplier}, &y, &p);
  CHECK(y == exactRequantize(INT32_MAX, multiplier, 0, 0));
}

namespace {

// A batched product with random transpositions and broadcast batches.
struct Product {
  Shape batch;
  int32_t rows, depth, cols;
  Shape aBatchStrides, bBatchStrides;
  int32_t aRow, aCol, bRow, bCol;
  size_t aCount, bCount;

  explicit Product(Random &random)
      : batch(randomShape(random, 3, 3)), rows(random.integer(1, 6)), depth(random.integer(0, 9)), cols(random.integer(1, 10)) {
    const Broadcast a(random, batch, true), b(random, batch, true);
    aBatchStrides = a.strides;
    bBatchStrides = b.strides;
    for (int32_t &stride : aBatchStrides)
      stride *= rows * depth;
    for (int32_t &stride : bBatchStrides)
      stride *= depth * cols;
    aCount = a.count() * static_cast<size_t>(rows * depth);
    bCount = b.count() * static_cast<size_t>(depth * cols);
    const bool aTransposed = random.integer(0, 1) != 0, bTransposed = random.integer(0, 1) != 0;
    aRow = aTransposed ? 1 : depth;
    aCol = aTransposed ? rows : 1;
    bRow = bTransposed ? 1 : cols;
    bCol = bTransposed ? depth : 1;
  }

  size_t outputs() const { return static_cast<size_t>(elements(batch) * rows * cols); }

  template <typename Params> void fill(Params &p) const {
    p.batch_rank = static_cast<int32_t>(batch.size());
    put(p.batch_dims, batch);
    put(p.a_batch_strides, aBatchStrides);
    put(p.b_batch_strides, bBatchStrides);
    p.rows = rows;
    p.depth = depth;
    p.cols = cols;
    p.a_row_stride = aRow;
    p.a_col_stride = aCol;
    p.b_row_stride = bRow;
    p.b_col_stride = bCol;
  }

  // Sum over k of term(a's offset, b's offset) for one output.
  template <typename T> T sum(size_t output, const std::function<T(size_t, size_t)> &term) const {
    const auto i = static_cast<int32_t>(output);
    const int32_t n = i % cols, m = i / cols % rows;
    const Shape at = coordinates(batch, i / cols / rows);
    T total = 0;
    for (int32_t k = 0; k < depth; ++k)
      total += term(static_cast<size_t>(dot(at, aBatchStrides) + m * aRow + k * aCol),
                    static_cast<size_t>(dot(at, bBatchStrides) + k * bRow + n * bCol));
    return total;
  }
};

} // namespace

TEST_CASE("matmul", "[runtime][matmul]") {
  Random random(21);
  for (int round = 0; round < 200; ++round) {
    const Product product(random);
    {
      tmb_matmul_f32_params p = {};
      product.fill(p);
      const auto a = random.reals(product.aCount), b = random.reals(product.bCount);
      std::vector<float> y(product.outputs(), kNaN);
      tmb_matmul_f32(a.data(), b.data(), y.data(), &p);
      for (size_t i = 0; i < y.size(); ++i)
        REQUIRE(close(y[i], product.sum<double>(i, [&](size_t ai, size_t bi) {
          return static_cast<double>(a[ai]) * static_cast<double>(b[bi]);
        })));
    }
    {
      tmb_matmul_s8_params p = {};
      product.fill(p);
      p.a_zero_point = random.integer(-128, 127);
      p.b_zero_point = random.integer(-128, 127);
      p.out_zero_point = random.integer(-128, 127);
      p.shift = round % 5 == 0 ? 1 : 0;
      p.multiplier = p.shift ? random.integer(1 << 30, INT32_MAX) : random.integer(1 << 16, 1 << 26);
      const auto a = random.bytes(product.aCount), b = random.bytes(product.bCount);
      std::vector<int8_t> y(product.outputs());
      tmb_matmul_s8(a.data(), b.data(), y.data(), &p);
      for (size_t i = 0; i < y.size(); ++i) {
        const int64_t sum = product.sum<int64_t>(
            i, [&](size_t ai, size_t bi) { return static_cast<int64_t>(a[ai] - p.a_zero_point) * (b[bi] - p.b_zero_point); });
        REQUIRE(y[i] == exactRequantize(sum, p.multiplier, p.shift, p.out_zero_point));
      }
    }
  }
}

TEST_CASE("matmul_s8 at the accumulator's limit", "[runtime][matmul]") {
  tmb_matmul_s8_params p = {};
  p.rows = 1;
  p.cols = 5;
  p.depth = 32767;
  p.a_row_stride = p.b_col_stride = p.depth;
  p.a_col_stride = p.b_row_stride = 1;
  p.multiplier = 100;
  const auto depth = static_cast<size_t>(p.depth);
  for (int8_t aValue : {int8_t{-128}, int8_t{127}})
    for (int8_t bValue : {int8_t{-128}, int8_t{127}})
      for (int32_t aZero : {-128, 127})
        for (int32_t bZero : {-128, 127}) {
          p.a_zero_point = aZero;
          p.b_zero_point = bZero;
          const std::vector<int8_t> a(depth, aValue), b(depth * 5, bValue);
          std::vector<int8_t> y(5);
          tmb_matmul_s8(a.data(), b.data(), y.data(), &p);
          const int64_t sum = static_cast<int64_t>(aValue - aZero) * (bValue - bZero) * p.depth;
          const auto expected = static_cast<int8_t>(exactRequantize(sum, p.multiplier, 0, 0));
          CHECK(y == std::vector<int8_t>(5, expected));
        }
}
