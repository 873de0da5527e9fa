// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Data movement: copies, padding, gathering, selection and casts, for every element size.
#include "support.h"

#include <catch2/catch.hpp>

using namespace runtime_test;

namespace {

// Elements as byte strings, so that one reference serves all sizes. The storage is aligned for all of them.
struct Elements {
  int32_t size;
  std::vector<uint64_t> storage;
  Elements(int32_t size, int32_t count) : size(size), storage(static_cast<size_t>(std::max(1, (count * size + 7) / 8))) {}
  Elements(Random &random, int32_t size, int32_t count) : Elements(size, count) {
    for (uint64_t &word : storage)
      word = random.bits();
  }
  uint8_t *bytes() { return reinterpret_cast<uint8_t *>(storage.data()); }
  const uint8_t *bytes() const { return reinterpret_cast<const uint8_t *>(storage.data()); }
  void set(int32_t i, const Elements &from, int32_t j) { std::memcpy(bytes() + i * size, from.bytes() + j * size, size); }
  bool same(int32_t i, const Elements &other, int32_t j) const {
    return std::memcmp(bytes() + i * size, other.bytes() + j * size, static_cast<size_t>(size)) == 0;
  }
};

constexpr int32_t kSizes[] = {1, 2, 4, 8};

} // namespace

TEST_CASE("copy_nd walks any strides", "[runtime][movement]") {
  Random random(80);
  for (int round = 0; round < 400; ++round) {
    const int32_t size = kSizes[round % 4];
    const Shape shape = randomShape(random, 5, 4);
    tmb_copy_params p = {};
    p.rank = static_cast<int32_t>(shape.size());
    p.element_bytes = size;
    put(p.dims, shape);
    // x: transposed, reversed along some axes, repeated along others. y: a box inside a larger tensor.
    Shape order(shape.size());
    for (size_t d = 0; d < order.size(); ++d)
      order[d] = static_cast<int32_t>(d);
    if (round % 3 != 0)
      std::shuffle(order.begin(), order.end(), std::mt19937(static_cast<unsigned>(round)));
    Shape xShape(shape.size());
    for (size_t d = 0; d < shape.size(); ++d)
      xShape[d] = shape[static_cast<size_t>(order[d])];
    const Shape xDense = denseStrides(xShape);
    Shape xStrides(shape.size()), outer(shape), at(shape.size());
    for (size_t d = 0; d < shape.size(); ++d)
      xStrides[static_cast<size_t>(order[d])] = xDense[d];
    p.x_offset = 0;
    for (size_t d = 0; d < shape.size(); ++d) {
      const int32_t kind = round % 2 ? random.integer(0, 3) : 3;
      if (kind == 0) {
        p.x_offset += (shape[d] - 1) * xStrides[d];
        xStrides[d] = -xStrides[d];
      } else if (kind == 1)
        xStrides[d] = 0;
      at[d] = random.integer(0, 2);
      outer[d] = shape[d] + at[d] + random.integer(0, 2);
    }
    Shape yStrides = denseStrides(outer);
    if (round % 5 == 0) { // the other way round: y's first dimension is innermost
      const Shape reversed = denseStrides(Shape(outer.rbegin(), outer.rend()));
      yStrides.assign(reversed.rbegin(), reversed.rend());
    }
    p.y_offset = dot(at, yStrides);
    put(p.x_strides, xStrides);
    put(p.y_strides, yStrides);
    const Elements x(random, size, elements(shape)), before(random, size, elements(outer));
    Elements y = before, expected = before;
    for (int32_t i = 0; i < elements(shape); ++i) {
      const Shape index = coordinates(shape, i);
      expected.set(p.y_offset + dot(index, yStrides), x, p.x_offset + dot(index, xStrides));
    }
    tmb_copy_nd(x.bytes(), y.bytes(), &p);
    REQUIRE(y.storage == expected.storage);
  }
  tmb_copy_params none = {};
  none.rank = 2;
  none.element_bytes = 4;
  tmb_copy_nd(nullptr, nullptr, &none);
}

TEST_CASE("copy_bytes", "[runtime][movement]") {
  Random random(81);
  const auto x = random.raw<uint8_t>(37);
  std::vector<uint8_t> y(38, 7);
  tmb_count_params p = {37};
  tmb_copy_bytes(x.data(), y.data(), &p);
  CHECK(std::equal(x.begin(), x.end(), y.begin()));
  CHECK(y[37] == 7);
  p.count = 0;
  tmb_copy_bytes(nullptr, nullptr, &p);
}

TEST_CASE("move_down moves to another memory, and down in the same by any distance", "[runtime][movement]") {
  Random random(82);
  for (int32_t distance : {0, 1, 3, 4, 15, 16, 17, 40})
    for (int32_t count : {0, 1, 15, 16, 17, 64, 77}) {
      const auto x = random.raw<uint8_t>(size_t(count + distance));
      std::vector<uint8_t> memory(x), other(size_t(count) + 1, 7);
      tmb_count_params p = {count};
      tmb_move_down(memory.data() + distance, memory.data(), &p);
      tmb_move_down(x.data() + distance, other.data(), &p);
      CHECK(std::equal(memory.begin(), memory.begin() + count, x.begin() + distance));
      CHECK(std::equal(memory.begin() + std::max(count, distance), memory.end(), x.begin() + std::max(count, distance)));
      CHECK(std::equal(other.begin(), other.end() - 1, x.begin() + distance));
      CHECK(other.back() == 7);
    }
}

TEST_CASE("pad in every mode", "[runtime][movement]") {
  Random random(82);
  for (int round = 0; round < 800; ++round) {
    const int32_t size = kSizes[round % 4];
    const int32_t mode = round / 4 % 4;
    Shape in = randomShape(random, 4, 4);
    if (mode == TMB_PAD_CONSTANT && !in.empty() && round % 20 == 0)
      in[in.size() - 1] = 0;
    Shape out(in), before(in);
    for (size_t d = 0; d < in.size(); ++d) {
      before[d] = random.integer(-2, 6); // pads beyond the size repeat the pattern
      out[d] = random.integer(1, 9);
    }
    tmb_pad_params p = {};
    p.rank = static_cast<int32_t>(in.size());
    p.element_bytes = size;
    p.mode = mode;
    put(p.in_dims, in);
    put(p.out_dims, out);
    put(p.before, before);
    const Elements x(random, size, elements(in)), value(random, size, 1);
    Elements y(size, elements(out));
    tmb_pad(x.bytes(), mode == TMB_PAD_CONSTANT ? value.bytes() : nullptr, y.bytes(), &p);
    for (int32_t i = 0; i < elements(out); ++i) {
      Shape at = coordinates(out, i);
      bool constant = false;
      for (size_t d = 0; d < at.size(); ++d) {
        at[d] -= before[d];
        const int32_t last = in[d] - 1;
        if (mode == TMB_PAD_CONSTANT)
          constant |= at[d] < 0 || at[d] > last;
        else if (mode == TMB_PAD_EDGE)
          at[d] = std::min(std::max(at[d], 0), last);
        else
          while (at[d] < 0 || at[d] > last) // bounce or jump until inside
            if (mode == TMB_PAD_WRAP)
              at[d] += at[d] < 0 ? in[d] : -in[d];
            else
              at[d] = last == 0 ? 0 : at[d] < 0 ? -at[d] : 2 * last - at[d];
      }
      CAPTURE(round, mode, size, i);
      REQUIRE((constant ? y.same(i, value, 0) : y.same(i, x, dot(at, denseStrides(in)))));
    }
  }
}

TEST_CASE("gather clamps and counts from the end", "[runtime][movement]") {
  Random random(83);
  for (int round = 0; round < 100; ++round) {
    const tmb_gather_params p = {random.integer(1, 3), random.integer(1, 6), random.integer(0, 7), random.integer(1, 9),
                                 round % 2 ? 4 : 8};
    const auto x = random.raw<uint8_t>(static_cast<size_t>(p.outer * p.axis_size * p.inner_bytes));
    auto narrow = random.integers(static_cast<size_t>(p.index_count), -p.axis_size - 2, p.axis_size + 1);
    std::vector<int64_t> wide(narrow.begin(), narrow.end());
    if (!wide.empty() && round % 5 == 0) {
      wide[0] = round % 10 == 0 ? INT64_MAX : INT64_MIN;
      narrow[0] = round % 10 == 0 ? INT32_MAX : INT32_MIN;
    }
    std::vector<uint8_t> y(static_cast<size_t>(p.outer * p.index_count * p.inner_bytes));
    const void *indices = narrow.data();
    if (p.index_bytes == 8)
      indices = wide.data();
    tmb_gather(x.data(), indices, y.data(), &p);
    for (int32_t i = 0; i < static_cast<int32_t>(y.size()); ++i) {
      const Shape at = coordinates({p.outer, p.index_count, p.inner_bytes}, i);
      int64_t index = p.index_bytes == 8 ? wide[at[1]] : narrow[at[1]];
      if (index < 0)
        index += p.axis_size;
      index = std::min<int64_t>(std::max<int64_t>(index, 0), p.axis_size - 1);
      REQUIRE(y[i] == x[static_cast<size_t>((at[0] * p.axis_size + index) * p.inner_bytes + at[2])]);
    }
  }
}

TEST_CASE("select", "[runtime][movement]") {
  Random random(84);
  for (int round = 0; round < 200; ++round) {
    const int32_t size = kSizes[round % 4];
    const Shape shape = randomShape(random, 4, 4);
    const Broadcast c(random, shape, true), a(random, shape, round % 3 != 0), b(random, shape, true);
    tmb_select_params p = {};
    p.rank = static_cast<int32_t>(shape.size());
    p.element_bytes = size;
    put(p.dims, shape);
    put(p.c_strides, c.strides);
    put(p.a_strides, a.strides);
    put(p.b_strides, b.strides);
    std::vector<uint8_t> condition(c.count());
    for (uint8_t &flag : condition)
      flag = random.integer(0, 1) ? static_cast<uint8_t>(random.integer(1, 255)) : uint8_t{0};
    Elements aValues(random, size, static_cast<int32_t>(a.count()));
    const Elements bValues(random, size, static_cast<int32_t>(b.count()));
    Elements y(size, elements(shape));
    tmb_select(condition.data(), aValues.bytes(), bValues.bytes(), y.bytes(), &p);
    for (int32_t i = 0; i < elements(shape); ++i) {
      const Shape at = coordinates(shape, i);
      REQUIRE(
          (condition[dot(at, c.strides)] ? y.same(i, aValues, dot(at, a.strides)) : y.same(i, bValues, dot(at, b.strides))));
    }
    if (round % 3 == 0) { // a is dense: in place
      tmb_select(condition.data(), aValues.bytes(), bValues.bytes(), aValues.bytes(), &p);
      for (int32_t i = 0; i < elements(shape); ++i)
        REQUIRE(aValues.same(i, y, i));
    }
  }
}

namespace {

template <typename To, typename From> To castReference(From value) {
  if constexpr (std::is_same_v<To, bool>)
    return value != 0;
  else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    if (std::isnan(value))
      return 0;
    const long double truncated = std::trunc(static_cast<long double>(value));
    if (truncated >= static_cast<long double>(std::numeric_limits<To>::max()))
      return std::numeric_limits<To>::max();
    if (truncated <= static_cast<long double>(std::numeric_limits<To>::min()))
      return std::numeric_limits<To>::min();
    return static_cast<To>(truncated);
  } else
    return static_cast<To>(value);
}

template <typename T> std::vector<T> castInputs(Random &random) {
  std::vector<T> values;
  if constexpr (std::is_same_v<T, bool>)
    values.insert(values.end(), {false, true});
  else if constexpr (std::is_floating_point_v<T>) {
    for (int exponent = 0; exponent < 66; ++exponent)
      for (T sign : {T{-1}, T{1}})
        for (T delta : {T{-1}, T{-0.75}, T{0}, T{0.25}, T{1}})
          values.push_back(sign * (std::ldexp(T{1}, exponent) + delta));
    for (T value :
         {T{0}, -T{0}, T{0.999}, T{-0.999}, std::numeric_limits<T>::max(), std::numeric_limits<T>::infinity(),
          -std::numeric_limits<T>::infinity(), std::numeric_limits<T>::quiet_NaN(), std::numeric_limits<T>::denorm_min()})
      values.push_back(value);
  } else {
    values = random.raw<T>(100);
    for (T value : {T{0}, T{1}, static_cast<T>(-1), std::numeric_limits<T>::min(), std::numeric_limits<T>::max()})
      values.push_back(value);
  }
  return values;
}

template <typename From, typename To> void checkCast(int32_t from, int32_t to) {
  Random random(85);
  const std::vector<From> inputs = castInputs<From>(random);
  const auto count = inputs.size();
  std::vector<uint64_t> x(count), y(count);
  for (size_t i = 0; i < count; ++i) {
    const From value = inputs[i];
    std::memcpy(reinterpret_cast<uint8_t *>(x.data()) + i * sizeof(From), &value, sizeof(From));
  }
  const tmb_cast_params p = {static_cast<int32_t>(count), from, to};
  tmb_cast(x.data(), y.data(), &p);
  for (size_t i = 0; i < count; ++i) {
    To value;
    std::memcpy(&value, reinterpret_cast<uint8_t *>(y.data()) + i * sizeof(To), sizeof(To));
    CAPTURE(from, to, inputs[i], value);
    const To expected = castReference<To, From>(inputs[i]);
    if constexpr (std::is_floating_point_v<To>)
      REQUIRE((value == expected || (std::isnan(value) && std::isnan(expected))));
    else
      REQUIRE(value == expected);
  }
}

template <typename From> void checkCastsFrom(int32_t from) {
  checkCast<From, float>(from, TMB_F32);
  checkCast<From, int8_t>(from, TMB_S8);
  checkCast<From, uint8_t>(from, TMB_U8);
  checkCast<From, int16_t>(from, TMB_S16);
  checkCast<From, uint16_t>(from, TMB_U16);
  checkCast<From, int32_t>(from, TMB_S32);
  checkCast<From, uint32_t>(from, TMB_U32);
  checkCast<From, int64_t>(from, TMB_S64);
  checkCast<From, uint64_t>(from, TMB_U64);
  checkCast<From, bool>(from, TMB_BOOL);
  checkCast<From, double>(from, TMB_F64);
}

} // namespace

TEST_CASE("cast between all types", "[runtime][movement]") {
  checkCastsFrom<float>(TMB_F32);
  checkCastsFrom<int8_t>(TMB_S8);
  checkCastsFrom<uint8_t>(TMB_U8);
  checkCastsFrom<int16_t>(TMB_S16);
  checkCastsFrom<uint16_t>(TMB_U16);
  checkCastsFrom<int32_t>(TMB_S32);
  checkCastsFrom<uint32_t>(TMB_U32);
  checkCastsFrom<int64_t>(TMB_S64);
  checkCastsFrom<uint64_t>(TMB_U64);
  checkCastsFrom<bool>(TMB_BOOL);
  checkCastsFrom<double>(TMB_F64);
}

TEST_CASE("cast reads any byte as a boolean", "[runtime][movement]") {
  const uint8_t x[3] = {0, 2, 255};
  float y[3];
  const tmb_cast_params p = {3, TMB_BOOL, TMB_F32};
  tmb_cast(x, y, &p);
  CHECK(y[0] == 0.0f);
  CHECK(y[1] == 1.0f);
  CHECK(y[2] == 1.0f);
}
