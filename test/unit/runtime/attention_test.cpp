// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Attention row by row against the chain of kernels on whole matrices: equal bit for bit.
#include "mve_kernels.h"
#include "support.h"

#include "thimble/tmb_layout.h"
#include <catch2/catch.hpp>

#define tmb_attention_s8 armv7em_attention_s8
extern "C" {
#include "../../../runtime-mcu/src/arch/armv7em/tmb_attention_s8.c"
}
#undef tmb_attention_s8

using namespace runtime_test;

namespace {

// Heads of queries, keys and values somewhere in their tensors: side by side in one, or apart, rows first or heads first.
template <typename Params> struct Case {
  Params p = {};
  int32_t qSize, kSize, vSize;
  bool isPacked;
};

int32_t place(Random &random, int32_t heads, int32_t rows, int32_t width, int32_t &headStride, int32_t &rowStride) {
  const int32_t gap = random.integer(0, 30) ? random.integer(0, 3) : 10000; // at times farther than 16 bits reach in eight rows
  if (random.integer(0, 1)) {
    headStride = width;
    rowStride = heads * width + gap;
    return rows * rowStride;
  }
  rowStride = width + gap;
  headStride = rows * rowStride;
  return heads * headStride;
}

template <typename Params> Case<Params> randomCase(Random &random) {
  Case<Params> c;
  Params &p = c.p;
  p.shared = random.integer(1, 3);
  const int32_t heads = random.integer(1, 3);
  p.heads = heads * p.shared;
  p.queries = random.integer(1, 11);
  p.keys = random.integer(0, 3) ? random.integer(1, 23) : p.queries;
  p.depth = random.integer(1, 20);
  p.value_depth = random.integer(0, 1) ? p.depth : random.integer(1, 13);
  c.isPacked = p.shared == 1 && p.keys == p.queries && p.value_depth == p.depth;
  if (c.isPacked) { // [row][q, k, v][head][element]
    const int32_t width = heads * p.depth;
    p.q_head_stride = p.k_head_stride = p.v_head_stride = p.depth;
    p.q_row_stride = p.k_row_stride = p.v_row_stride = 3 * width;
    p.k_offset = width;
    p.v_offset = 2 * width;
    c.qSize = c.kSize = c.vSize = p.queries * 3 * width;
  } else {
    p.q_offset = random.integer(0, 5);
    p.k_offset = random.integer(0, 5);
    p.v_offset = random.integer(0, 5);
    c.qSize = p.q_offset + place(random, p.heads, p.queries, p.depth, p.q_head_stride, p.q_row_stride);
    c.kSize = p.k_offset + place(random, heads, p.keys, p.depth, p.k_head_stride, p.k_row_stride);
    c.vSize = p.v_offset + place(random, heads, p.keys, p.value_depth, p.v_head_stride, p.v_row_stride);
  }
  p.has_mask = random.integer(0, 1);
  p.mask_head_stride = p.has_mask && random.integer(0, 1) ? p.queries * p.keys : 0;
  p.mask_row_stride = random.integer(0, 3) ? p.keys : 0;
  return c;
}

// [head][row][element] of all query heads.
template <typename T>
std::vector<T> gather(const std::vector<T> &from, int32_t heads, int32_t shared, int32_t rows, int32_t width, int32_t offset,
                      int32_t headStride, int32_t rowStride) {
  std::vector<T> result;
  for (int32_t h = 0; h < heads; ++h)
    for (int32_t r = 0; r < rows; ++r)
      for (int32_t i = 0; i < width; ++i)
        result.push_back(from[size_t(offset + h / shared * headStride + r * rowStride + i)]);
  return result;
}

template <typename T, typename Params> std::vector<T> gatherMask(const std::vector<T> &mask, const Params &p) {
  return gather(mask, p.heads, 1, p.queries, p.keys, 0, p.mask_head_stride, p.mask_row_stride);
}

template <typename Matmul> void setBatch(Matmul &m, int32_t heads, int32_t aSize, int32_t bSize) {
  m.batch_rank = 1;
  m.batch_dims[0] = heads;
  m.a_batch_strides[0] = aSize;
  m.b_batch_strides[0] = bSize;
}

// The layers one after the other, each on whole matrices.
std::vector<int8_t> materialized(const Case<tmb_attention_s8_params> &c, const std::vector<int8_t> &q,
                                 const std::vector<int8_t> &k, const std::vector<int8_t> &v, const std::vector<int8_t> &table,
                                 const std::vector<int8_t> &mask, const std::vector<uint32_t> &exponentials) {
  const tmb_attention_s8_params &p = c.p;
  const auto queries = gather(q, p.heads, 1, p.queries, p.depth, p.q_offset, p.q_head_stride, p.q_row_stride);
  const auto keys = gather(k, p.heads, p.shared, p.keys, p.depth, p.k_offset, p.k_head_stride, p.k_row_stride);
  const auto values = gather(v, p.heads, p.shared, p.keys, p.value_depth, p.v_offset, p.v_head_stride, p.v_row_stride);
  std::vector<int8_t> scores(size_t(p.heads * p.queries * p.keys)), product(size_t(p.heads * p.queries * p.value_depth));
  tmb_matmul_s8_params m = {};
  setBatch(m, p.heads, p.queries * p.depth, p.keys * p.depth);
  m.rows = p.queries, m.depth = p.depth, m.cols = p.keys;
  m.a_row_stride = p.depth, m.a_col_stride = 1, m.b_row_stride = 1, m.b_col_stride = p.depth;
  m.a_zero_point = p.q_zero_point, m.b_zero_point = p.k_zero_point, m.out_zero_point = p.score_zero_point;
  m.multiplier = p.score_multiplier, m.shift = p.score_shift;
  tmb_matmul_s8(queries.data(), keys.data(), scores.data(), &m);
  const tmb_count_params count = {p.heads * p.queries * p.keys};
  if (p.has_table)
    tmb_lookup_s8(scores.data(), table.data(), scores.data(), &count);
  if (p.has_mask) {
    const auto whole = gatherMask(mask, p);
    tmb_add_s8_params a = {};
    a.rank = 1, a.dims[0] = count.count, a.a_strides[0] = a.b_strides[0] = 1;
    a.a_multiplier = p.mask_score_multiplier, a.b_multiplier = p.mask_multiplier;
    a.offset = p.mask_sum_offset, a.shift = p.mask_shift;
    a.act_min = -128, a.act_max = 127;
    tmb_add_s8(scores.data(), whole.data(), scores.data(), &a);
  }
  const tmb_softmax_params s = {p.heads * p.queries, p.keys, 1};
  tmb_softmax_s8(scores.data(), exponentials.data(), scores.data(), &s);
  setBatch(m, p.heads, p.queries * p.keys, p.keys * p.value_depth);
  m.depth = p.keys, m.cols = p.value_depth;
  m.a_row_stride = p.keys, m.b_row_stride = p.value_depth, m.b_col_stride = 1;
  m.a_zero_point = -128, m.b_zero_point = p.v_zero_point, m.out_zero_point = p.out_zero_point;
  m.multiplier = p.out_multiplier, m.shift = p.out_shift;
  tmb_matmul_s8(scores.data(), values.data(), product.data(), &m);
  // [head][row][element] to [row][head][element]
  return gather(product, p.queries, 1, p.heads, p.value_depth, 0, p.value_depth, p.queries * p.value_depth);
}

void randomRequant(Random &random, int32_t &multiplier, int32_t &shift, int32_t bits) {
  shift = random.integer(0, 3) ? 0 : random.integer(1, 3);
  multiplier = shift ? random.integer(1 << 30, INT32_MAX) : random.integer(1 << (bits - 2), 1 << bits);
}

} // namespace

TEST_CASE("int8 attention row by row equals the matrices", "[attention]") {
  Random random(17);
  for (int round = 0; round < 1500; ++round) {
    Case<tmb_attention_s8_params> c = randomCase<tmb_attention_s8_params>(random);
    tmb_attention_s8_params &p = c.p;
    const auto q = random.bytes(size_t(c.qSize));
    const auto k = c.isPacked ? q : random.bytes(size_t(c.kSize)), v = c.isPacked ? q : random.bytes(size_t(c.vSize));
    p.q_zero_point = random.integer(-128, 127);
    p.k_zero_point = random.integer(-128, 127);
    p.v_zero_point = random.integer(-128, 127);
    p.score_zero_point = random.integer(-128, 127);
    p.out_zero_point = random.integer(-128, 127);
    randomRequant(random, p.score_multiplier, p.score_shift, 22);
    randomRequant(random, p.out_multiplier, p.out_shift, 26);
    p.has_table = random.integer(0, 1);
    p.mask_score_multiplier = random.integer(-32767, 32767);
    p.mask_multiplier = random.integer(-32767, 32767);
    p.mask_shift = random.integer(8, 18);
    p.mask_sum_offset = random.integer(-16777216, 16777216);
    const auto table = random.bytes(256), mask = random.bytes(size_t(p.heads * p.queries * p.keys));
    std::vector<uint32_t> exponentials(256);
    const float scale = random.real(0.001f, 0.3f);
    for (int d = 0; d < 256; ++d)
      exponentials[size_t(d)] = uint32_t(std::floor(std::exp(-float(d) * scale) * 65536.0f + 0.5f));
    CAPTURE(round, p.heads, p.shared, p.queries, p.keys, p.depth, p.value_depth, p.has_table, p.has_mask, c.isPacked);
    const auto expected = materialized(c, q, k, v, table, mask, exponentials);
    const size_t bytes = size_t(tmb_attention_s8_scratch_bytes(&p));
    for (auto *kernel : {tmb_attention_s8, armv7em_attention_s8, mve::tmb_attention_s8}) {
      std::vector<int8_t> y(expected.size() + 8, 85);
      std::vector<uint32_t> scratch(bytes / 4 + 4, 0x5a5a5a5au);
      kernel(q.data(), k.data(), v.data(), table.data(), mask.data(), exponentials.data(), y.data(), scratch.data(), &p);
      REQUIRE(std::equal(expected.begin(), expected.end(), y.begin()));
      REQUIRE(std::all_of(y.begin() + ptrdiff_t(expected.size()), y.end(), [](int8_t code) { return code == 85; }));
      REQUIRE(std::count(scratch.begin() + ptrdiff_t(bytes / 4), scratch.end(), 0x5a5a5a5au) == 4);
    }
  }
}

TEST_CASE("float attention row by row equals the matrices", "[attention]") {
  Random random(18);
  for (int round = 0; round < 300; ++round) {
    Case<tmb_attention_f32_params> c = randomCase<tmb_attention_f32_params>(random);
    tmb_attention_f32_params &p = c.p;
    p.scale = random.real(0.1f, 1.0f);
    const auto q = random.reals(size_t(c.qSize)), k = c.isPacked ? q : random.reals(size_t(c.kSize));
    const auto v = c.isPacked ? q : random.reals(size_t(c.vSize));
    auto mask = random.reals(size_t(p.heads * p.queries * p.keys), -2, 2);
    for (float &number : mask)
      if (random.integer(0, 3) == 0 && p.keys > 4)
        number = -1e9f;
    const auto queries = gather(q, p.heads, 1, p.queries, p.depth, p.q_offset, p.q_head_stride, p.q_row_stride);
    const auto keys = gather(k, p.heads, p.shared, p.keys, p.depth, p.k_offset, p.k_head_stride, p.k_row_stride);
    const auto values = gather(v, p.heads, p.shared, p.keys, p.value_depth, p.v_offset, p.v_head_stride, p.v_row_stride);
    std::vector<float> scores(size_t(p.heads * p.queries * p.keys)), product(size_t(p.heads * p.queries * p.value_depth));
    tmb_matmul_f32_params m = {};
    setBatch(m, p.heads, p.queries * p.depth, p.keys * p.depth);
    m.rows = p.queries, m.depth = p.depth, m.cols = p.keys;
    m.a_row_stride = p.depth, m.a_col_stride = 1, m.b_row_stride = 1, m.b_col_stride = p.depth;
    tmb_matmul_f32(queries.data(), keys.data(), scores.data(), &m);
    const auto whole = gatherMask(mask, p);
    for (size_t i = 0; i < scores.size(); ++i) {
      scores[i] *= p.scale;
      if (p.has_mask)
        scores[i] += whole[i];
    }
    const tmb_softmax_params s = {p.heads * p.queries, p.keys, 1};
    tmb_softmax_f32(scores.data(), scores.data(), &s);
    setBatch(m, p.heads, p.queries * p.keys, p.keys * p.value_depth);
    m.depth = p.keys, m.cols = p.value_depth, m.a_row_stride = p.keys, m.b_row_stride = p.value_depth, m.b_col_stride = 1;
    tmb_matmul_f32(scores.data(), values.data(), product.data(), &m);
    const auto expected = gather(product, p.queries, 1, p.heads, p.value_depth, 0, p.value_depth, p.queries * p.value_depth);
    std::vector<float> y(expected.size(), kNaN), scratch(size_t(p.keys));
    CAPTURE(round, p.heads, p.shared, p.queries, p.keys, p.depth, p.value_depth, p.has_mask, c.isPacked);
    tmb_attention_f32(q.data(), k.data(), v.data(), mask.data(), y.data(), scratch.data(), &p);
    REQUIRE(y == expected);
    // Exponentials of MVE differ in the last bits.
    mve::tmb_attention_f32(q.data(), k.data(), v.data(), mask.data(), y.data(), scratch.data(), &p);
    for (size_t i = 0; i < y.size(); ++i)
      REQUIRE(close(y[i], double(expected[i]), 2e-6));
  }
}
