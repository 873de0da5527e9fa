// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Kernels that work with indices, against naive references.
#include "support.h"

#include <catch2/catch.hpp>
#include <map>
#include <numeric>

using namespace runtime_test;

static int32_t clampedIndex(int64_t index, int32_t size) {
  index = index < 0 ? index + size : index;
  return static_cast<int32_t>(std::min<int64_t>(std::max<int64_t>(index, 0), size - 1));
}

namespace {
// Data, indices that are smaller in the other dimensions, and the walk over them.
struct ElementCase {
  Shape shape, dims, strides;
  int32_t axis;
  std::vector<int64_t> indices;
  ElementCase(Random &random, bool inRange) : shape(randomShape(random, 4, 4)) {
    if (shape.empty())
      shape = {3};
    axis = random.integer(0, static_cast<int32_t>(shape.size()) - 1);
    dims = shape;
    for (size_t d = 0; d < dims.size(); ++d)
      dims[d] = static_cast<int32_t>(d) == axis ? random.integer(1, 5) : random.integer(1, shape[d]);
    strides = denseStrides(shape);
    const int32_t size = shape[axis], extra = inRange ? 0 : 3;
    for (int32_t i = 0; i < elements(dims); ++i)
      indices.push_back(random.integer(-size - extra, size - 1 + extra));
  }
  template <typename Params> void fill(Params &p, int32_t bytes) const {
    p.rank = static_cast<int32_t>(dims.size());
    p.element_bytes = bytes;
    p.axis_size = shape[axis];
    p.axis_stride = strides[axis];
    put(p.dims, dims);
    put(p.x_strides, strides);
    p.x_strides[axis] = 0;
  }
};
} // namespace

TEST_CASE("Gathering elements", "[runtime][indexing]") {
  Random random(90);
  for (int round = 0; round < 200; ++round) {
    const ElementCase c(random, false);
    const std::vector<int32_t> x = random.integers(static_cast<size_t>(elements(c.shape)), -1000, 1000);
    std::vector<int32_t> y(c.indices.size());
    tmb_gather_elements_params p = {};
    c.fill(p, 4);
    tmb_gather_elements(x.data(), c.indices.data(), y.data(), &p);
    for (int32_t i = 0; i < elements(c.dims); ++i) {
      Shape at = coordinates(c.dims, i);
      at[c.axis] = clampedIndex(c.indices[i], c.shape[c.axis]);
      REQUIRE(y[i] == x[dot(at, c.strides)]);
    }
  }
}

TEST_CASE("Scattering elements", "[runtime][indexing]") {
  Random random(91);
  for (int round = 0; round < 300; ++round) {
    const ElementCase c(random, false);
    const std::vector<int64_t> x = random.raw<int64_t>(static_cast<size_t>(elements(c.shape)));
    const std::vector<int64_t> updates = random.raw<int64_t>(c.indices.size());
    std::vector<int64_t> y(x.size()), expected = x;
    tmb_scatter_elements_params p = {};
    c.fill(p, 8);
    p.count = elements(c.shape);
    p.kind = random.integer(TMB_SCATTER_REPLACE, TMB_SCATTER_MAX);
    p.type = TMB_S64;
    for (int32_t i = 0; i < elements(c.dims); ++i) {
      Shape at = coordinates(c.dims, i);
      const int64_t size = c.shape[c.axis], index = c.indices[i] < 0 ? c.indices[i] + size : c.indices[i];
      if (index < 0 || index >= size)
        continue;
      at[c.axis] = static_cast<int32_t>(index);
      int64_t &target = expected[dot(at, c.strides)];
      const uint64_t a = static_cast<uint64_t>(target), b = static_cast<uint64_t>(updates[i]);
      const int64_t results[] = {updates[i], static_cast<int64_t>(a + b), static_cast<int64_t>(a * b),
                                 std::min(target, updates[i]), std::max(target, updates[i])};
      target = results[p.kind];
    }
    tmb_scatter_elements(x.data(), c.indices.data(), updates.data(), y.data(), &p);
    REQUIRE(y == expected);
    y = x; // in place
    tmb_scatter_elements(y.data(), c.indices.data(), updates.data(), y.data(), &p);
    REQUIRE(y == expected);
  }
}

TEST_CASE("Scattering floats and NaN", "[runtime][indexing]") {
  const float x[] = {1, 2, 3}, updates[] = {5, -4, kNaN};
  const int64_t indices[] = {0, 0, -1};
  float y[3];
  tmb_scatter_elements_params p = {1, 4, 3, 1, {3}, {0}, 3, TMB_SCATTER_MIN, TMB_F32};
  tmb_scatter_elements(x, indices, updates, y, &p);
  CHECK((y[0] == -4 && y[1] == 2 && std::isnan(y[2])));
  p.kind = TMB_SCATTER_ADD;
  tmb_scatter_elements(x, indices, updates, y, &p);
  CHECK((y[0] == 2 && y[1] == 2 && std::isnan(y[2])));
}

TEST_CASE("Gathering and scattering slices", "[runtime][indexing]") {
  Random random(92);
  for (int round = 0; round < 200; ++round) {
    const int32_t batches = random.integer(1, 3), width = random.integer(1, 3), slice = random.integer(1, 4);
    Shape sizes(static_cast<size_t>(width));
    for (int32_t &size : sizes)
      size = random.integer(1, 4);
    const int32_t slices = elements(sizes), tuples = random.integer(0, 5);
    const std::vector<int16_t> x = random.raw<int16_t>(static_cast<size_t>(batches * slices * slice));
    std::vector<int64_t> indices(static_cast<size_t>(batches * tuples * width) + 1);
    for (int64_t &index : indices)
      index = random.integer(-5, 4);
    std::vector<int16_t> y(static_cast<size_t>(batches * tuples * slice) + 1);
    tmb_gather_nd_params p = {};
    p.batches = batches;
    p.tuples = tuples;
    p.width = width;
    put(p.sizes, sizes);
    put(p.strides, denseStrides(sizes));
    p.batch_stride = slices;
    p.slice_bytes = slice * 2;
    tmb_gather_nd(x.data(), indices.data(), y.data(), &p);
    for (int32_t i = 0; i < batches * tuples; ++i) {
      Shape at;
      for (int32_t k = 0; k < width; ++k)
        at.push_back(clampedIndex(indices[i * width + k], sizes[k]));
      const int32_t from = (i / tuples) * slices + dot(at, denseStrides(sizes));
      for (int32_t s = 0; s < slice; ++s)
        REQUIRE(y[i * slice + s] == x[from * slice + s]);
    }
    // Scattering what was gathered from places in range, to the same places, changes nothing.
    bool isInRange = true;
    for (int32_t i = 0; i < tuples * width; ++i)
      isInRange &= indices[i] >= -sizes[i % width] && indices[i] < sizes[i % width];
    tmb_scatter_nd_params q = {};
    q.tuples = tuples;
    q.width = width;
    put(q.sizes, sizes);
    put(q.strides, denseStrides(sizes));
    q.slice = slice;
    q.element_bytes = 2;
    q.count = slices * slice;
    std::vector<int16_t> z(static_cast<size_t>(slices * slice)), expected(x.begin(), x.begin() + slices * slice);
    if (isInRange) {
      tmb_scatter_nd(x.data(), indices.data(), y.data(), z.data(), &q);
      REQUIRE(z == expected);
    }
    // Other updates land where a gather would read them back, the last one of a place.
    const std::vector<int16_t> updates = random.raw<int16_t>(static_cast<size_t>(tuples * slice) + 1);
    for (int32_t i = 0; i < tuples; ++i) {
      bool isInside = true;
      int32_t to = 0;
      for (int32_t k = 0; k < width; ++k) {
        const int64_t index = indices[i * width + k] + (indices[i * width + k] < 0 ? sizes[k] : 0);
        isInside &= index >= 0 && index < sizes[k];
        to += static_cast<int32_t>(index) * denseStrides(sizes)[k];
      }
      for (int32_t s = 0; s < slice && isInside; ++s)
        expected[to * slice + s] = updates[i * slice + s];
    }
    tmb_scatter_nd(x.data(), indices.data(), updates.data(), z.data(), &q);
    REQUIRE(z == expected);
  }
}

template <typename T> using TopK = void (*)(const T *, T *, int64_t *, const tmb_top_k_params *);

template <typename T> static void checkTopK(TopK<T> kernel, std::function<T(Random &)> value) {
  Random random(93);
  for (int round = 0; round < 200; ++round) {
    tmb_top_k_params p = {random.integer(1, 3), random.integer(1, 9), random.integer(1, 3), 0, random.integer(0, 1)};
    p.k = random.integer(0, p.depth);
    std::vector<T> x(static_cast<size_t>(p.outer * p.depth * p.inner)), y(static_cast<size_t>(p.outer * p.k * p.inner) + 1);
    std::vector<int64_t> indices(y.size());
    for (T &v : x)
      v = value(random);
    kernel(x.data(), y.data(), indices.data(), &p);
    for (int32_t o = 0; o < p.outer; ++o)
      for (int32_t i = 0; i < p.inner; ++i) {
        auto at = [&](int32_t d) { return x[(o * p.depth + d) * p.inner + i]; };
        std::vector<int32_t> order(static_cast<size_t>(p.depth));
        std::iota(order.begin(), order.end(), 0);
        std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
          const bool isNaN = at(a) != at(a), isOtherNaN = at(b) != at(b);
          if (isNaN != isOtherNaN)
            return isNaN;
          if (isNaN || at(a) == at(b))
            return a < b;
          return p.smallest ? at(a) < at(b) : at(a) > at(b);
        });
        for (int32_t k = 0; k < p.k; ++k) {
          REQUIRE(indices[(o * p.k + k) * p.inner + i] == order[k]);
          const T got = y[(o * p.k + k) * p.inner + i], expected = at(order[k]);
          REQUIRE((got == expected || (got != got && expected != expected)));
        }
      }
  }
}

TEST_CASE("The k best elements", "[runtime][indexing]") {
  checkTopK<float>(tmb_top_k_f32, [](Random &r) { return r.integer(0, 9) == 0 ? kNaN : float(r.integer(-3, 3)); });
  checkTopK<int32_t>(tmb_top_k_s32, [](Random &r) { return r.integer(-3, 3); });
  checkTopK<int64_t>(tmb_top_k_s64, [](Random &r) { return int64_t(r.bits()); });
}

TEST_CASE("Coordinates of what is not zero", "[runtime][indexing]") {
  Random random(94);
  for (int round = 0; round < 100; ++round) {
    const Shape shape = randomShape(random, 4, 3);
    const int32_t count = elements(shape), rank = static_cast<int32_t>(shape.size());
    std::vector<uint8_t> x(static_cast<size_t>(count));
    for (uint8_t &v : x)
      v = static_cast<uint8_t>(random.integer(0, 2));
    std::vector<int64_t> y(static_cast<size_t>(rank * count) + 1, -1), expected(y.size(), 0);
    expected.back() = -1;
    int64_t size = -1, found = 0;
    tmb_non_zero_params p = {rank, {}};
    put(p.dims, shape);
    tmb_non_zero(x.data(), y.data(), &size, &p);
    for (int32_t i = 0; i < count; ++i)
      if (x[i]) {
        for (int32_t d = 0; d < rank; ++d)
          expected[d * count + found] = coordinates(shape, i)[d];
        ++found;
      }
    REQUIRE(size == found);
    REQUIRE(y == expected);
  }
}

TEST_CASE("Distinct slices", "[runtime][indexing]") {
  Random random(95);
  for (int round = 0; round < 200; ++round) {
    const tmb_unique_params p = {random.integer(1, 2), random.integer(1, 8), random.integer(1, 2), random.integer(0, 1)};
    std::vector<int32_t> x(static_cast<size_t>(p.outer * p.depth * p.inner));
    for (int32_t &v : x)
      v = random.integer(-1, 1);
    auto slice = [&](int64_t d) {
      std::vector<int32_t> values;
      for (int32_t o = 0; o < p.outer; ++o)
        for (int32_t i = 0; i < p.inner; ++i)
          values.push_back(x[(o * p.depth + static_cast<int32_t>(d)) * p.inner + i]);
      return values;
    };
    std::map<std::vector<int32_t>, std::vector<int64_t>> kinds; // in lexicographic order
    for (int32_t d = 0; d < p.depth; ++d)
      kinds[slice(d)].push_back(d);
    std::vector<std::vector<int64_t>> order;
    for (const auto &kind : kinds)
      order.push_back(kind.second);
    if (!p.sorted)
      std::sort(order.begin(), order.end());
    std::vector<int64_t> first(static_cast<size_t>(p.depth), -1), inverse = first, counts = first;
    int64_t size = -1;
    tmb_unique_s32(x.data(), first.data(), inverse.data(), counts.data(), &size, &p);
    REQUIRE(size == static_cast<int64_t>(order.size()));
    for (int64_t k = 0; k < p.depth; ++k) {
      REQUIRE(first[k] == (k < size ? order[k].front() : 0));
      REQUIRE(counts[k] == (k < size ? static_cast<int64_t>(order[k].size()) : 0));
      REQUIRE(slice(k) == slice(first[inverse[k]]));
    }
    std::vector<float> reals(x.begin(), x.end());
    std::vector<int64_t> first2 = first, inverse2 = inverse, counts2 = counts;
    tmb_unique_f32(reals.data(), first2.data(), inverse2.data(), counts2.data(), &size, &p);
    REQUIRE((first2 == first && inverse2 == inverse && counts2 == counts));
  }
}

TEST_CASE("A NaN equals nothing", "[runtime][indexing]") {
  const float x[] = {kNaN, 1, kNaN, 1};
  int64_t first[4], inverse[4], counts[4], size;
  const tmb_unique_params p = {1, 4, 1, 0};
  tmb_unique_f32(x, first, inverse, counts, &size, &p);
  CHECK(size == 3);
  CHECK((inverse[0] == 0 && inverse[1] == 1 && inverse[2] == 2 && inverse[3] == 1 && counts[1] == 2));
}

// Corners as low y, low x, high y, high x.
static std::vector<double> corners(const float *box, bool isCenter) {
  const double a = box[0], b = box[1], c = box[2], d = box[3];
  if (isCenter)
    return {b - d / 2, a - c / 2, b + d / 2, a + c / 2};
  return {std::min(a, c), std::min(b, d), std::max(a, c), std::max(b, d)};
}

TEST_CASE("Non-maximum suppression", "[runtime][indexing]") {
  Random random(96);
  for (int round = 0; round < 200; ++round) {
    tmb_non_max_suppression_params p = {random.integer(1, 2), random.integer(1, 2), random.integer(1, 7), 0,
                                        random.integer(0, 1)};
    p.capacity = p.batches * p.classes * p.boxes;
    std::vector<float> boxes = random.reals(static_cast<size_t>(p.batches * p.boxes * 4), 0, 2);
    std::vector<float> scores(static_cast<size_t>(p.capacity));
    for (float &score : scores)
      score = float(random.integer(0, 5)) / 5;
    const int64_t limit = random.integer(0, 4);
    const float iou = random.real(0.1f, 0.9f), threshold = 0.1f;
    std::vector<std::vector<int64_t>> expected;
    for (int32_t b = 0; b < p.batches; ++b)
      for (int32_t c = 0; c < p.classes; ++c) {
        const float *list = &scores[(b * p.classes + c) * p.boxes];
        std::vector<int32_t> order, kept;
        for (int32_t i = 0; i < p.boxes; ++i)
          if (list[i] > threshold)
            order.push_back(i);
        std::sort(order.begin(), order.end(),
                  [&](int32_t i, int32_t j) { return list[i] > list[j] || (list[i] == list[j] && i < j); });
        for (int32_t i : order) {
          bool isCovered = false;
          for (int32_t k : kept) {
            const auto m = corners(&boxes[(b * p.boxes + i) * 4], p.center_point),
                       n = corners(&boxes[(b * p.boxes + k) * 4], p.center_point);
            const double common = std::max(0.0, std::min(m[2], n[2]) - std::max(m[0], n[0])) *
                                  std::max(0.0, std::min(m[3], n[3]) - std::max(m[1], n[1]));
            const double both = (m[2] - m[0]) * (m[3] - m[1]) + (n[2] - n[0]) * (n[3] - n[1]) - common;
            isCovered |= common / both > static_cast<double>(iou);
          }
          if (!isCovered && static_cast<int64_t>(kept.size()) < limit) {
            kept.push_back(i);
            expected.push_back({b, c, i});
          }
        }
      }
    std::vector<int64_t> y(static_cast<size_t>(p.capacity * 3), -1);
    int64_t size = -1;
    tmb_non_max_suppression_f32(boxes.data(), scores.data(), &limit, &iou, &threshold, y.data(), &size, &p);
    REQUIRE(size == static_cast<int64_t>(expected.size()));
    for (int64_t i = 0; i < p.capacity * 3; ++i)
      REQUIRE(y[i] == (i / 3 < size ? expected[i / 3][i % 3] : 0));
  }
}

TEST_CASE("Reversing sequences", "[runtime][indexing]") {
  Random random(97);
  for (int round = 0; round < 100; ++round) {
    const int32_t batch = random.integer(1, 4), time = random.integer(1, 5), inner = random.integer(1, 3);
    const bool isTimeFirst = random.integer(0, 1) != 0;
    std::vector<int16_t> x = random.raw<int16_t>(static_cast<size_t>(batch * time * inner)), y(x.size());
    std::vector<int64_t> lengths(static_cast<size_t>(batch));
    for (int64_t &length : lengths)
      length = random.integer(-1, time + 1);
    const tmb_reverse_sequence_params p = {batch, time, isTimeFirst ? 1 : time, isTimeFirst ? batch : 1, inner * 2};
    tmb_reverse_sequence(x.data(), lengths.data(), y.data(), &p);
    for (int32_t b = 0; b < batch; ++b)
      for (int32_t t = 0; t < time; ++t) {
        const int32_t length = static_cast<int32_t>(std::min<int64_t>(lengths[b], time)),
                      from = t < length ? length - 1 - t : t;
        auto at = [&](int32_t s) { return (isTimeFirst ? s * batch + b : b * time + s) * inner; };
        for (int32_t i = 0; i < inner; ++i)
          REQUIRE(y[at(t) + i] == x[at(from) + i]);
      }
  }
}
