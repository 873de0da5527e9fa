// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the tests of the runtime share: random data, shapes as index arithmetic, and exact requantization.
#ifndef THIMBLE_TEST_UNIT_RUNTIME_SUPPORT_H
#define THIMBLE_TEST_UNIT_RUNTIME_SUPPORT_H

#include "thimble/tmb_kernels.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <random>
#include <vector>

namespace runtime_test {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

// Random data with a fixed seed, so that every run tests the same cases.
class Random {
public:
  explicit Random(unsigned seed) : engine(seed) {}

  int32_t integer(int32_t low, int32_t high) { return std::uniform_int_distribution<int32_t>(low, high)(engine); }
  float real(float low, float high) { return std::uniform_real_distribution<float>(low, high)(engine); }
  uint64_t bits() { return engine(); }

  std::vector<float> reals(size_t count, float low = -1, float high = 1) {
    return fill<float>(count, [&] { return real(low, high); });
  }
  std::vector<int8_t> bytes(size_t count, int32_t low = -128, int32_t high = 127) {
    return fill<int8_t>(count, [&] { return static_cast<int8_t>(integer(low, high)); });
  }
  std::vector<int32_t> integers(size_t count, int32_t low, int32_t high) {
    return fill<int32_t>(count, [&] { return integer(low, high); });
  }
  // Whole-range integers of any type.
  template <typename T> std::vector<T> raw(size_t count) {
    return fill<T>(count, [&] { return static_cast<T>(bits()); });
  }

private:
  template <typename T, typename F> std::vector<T> fill(size_t count, F next) {
    std::vector<T> values(count);
    if (count == 0)
      values.reserve(1); // kernels get no null pointers
    for (T &value : values)
      value = next();
    return values;
  }
  std::mt19937_64 engine;
};

using Shape = std::vector<int32_t>;

inline int32_t elements(const Shape &shape) {
  int32_t count = 1;
  for (int32_t size : shape)
    count *= size;
  return count;
}

// Coordinates of a row-major position.
inline Shape coordinates(const Shape &shape, int32_t position) {
  Shape index(shape.size());
  for (size_t d = shape.size(); d-- > 0;) {
    index[d] = position % shape[d];
    position /= shape[d];
  }
  return index;
}

inline Shape denseStrides(const Shape &shape) {
  Shape strides(shape.size());
  int32_t stride = 1;
  for (size_t d = shape.size(); d-- > 0;) {
    strides[d] = stride;
    stride *= shape[d];
  }
  return strides;
}

inline int32_t dot(const Shape &index, const Shape &strides) {
  int32_t offset = 0;
  for (size_t d = 0; d < index.size(); ++d)
    offset += index[d] * strides[d];
  return offset;
}

inline void put(int32_t *field, const Shape &values) { std::copy(values.begin(), values.end(), field); }

inline Shape randomShape(Random &random, int32_t maxRank, int32_t maxSize) {
  Shape shape(static_cast<size_t>(random.integer(0, maxRank)));
  for (int32_t &size : shape)
    size = random.integer(1, maxSize);
  return shape;
}

// The shape of an operand that broadcasts to `shape`, and its strides in that shape: 0 where it repeats.
struct Broadcast {
  Shape shape, strides;
  Broadcast(Random &random, const Shape &to, bool broadcast) : shape(to) {
    for (int32_t &size : shape)
      if (broadcast && random.integer(0, 2) == 0)
        size = 1;
    strides = denseStrides(shape);
    for (size_t d = 0; d < to.size(); ++d)
      if (shape[d] == 1 && to[d] != 1)
        strides[d] = 0;
  }
  size_t count() const { return static_cast<size_t>(elements(shape)); }
};

// sat(floor(acc * 2^(shift - 32) * multiplier + zero_point + 1/2)) without any intermediate rounding or saturation.
__extension__ typedef __int128 Wide;
inline int32_t exactRequantize(int64_t acc, int32_t multiplier, int32_t shift, int32_t zeroPoint, int32_t low = -128,
                               int32_t high = 127) {
  Wide wide = static_cast<Wide>(acc) * multiplier;
  wide = wide * (static_cast<Wide>(1) << shift);
  wide += (static_cast<Wide>(zeroPoint) * 2 + 1) * (static_cast<Wide>(1) << 31);
  const Wide result = wide >> 32; // arithmetic: floor
  return static_cast<int32_t>(std::min<Wide>(std::max<Wide>(result, low), high));
}

// A multiplier as tmb_requant.h defines them, for factors around `factor` and a given shift.
inline int32_t multiplierFor(double factor, int32_t shift) {
  return static_cast<int32_t>(std::llround(std::ldexp(factor, 32 - shift)));
}

inline bool sameBits(float a, float b) { return std::isnan(a) ? std::isnan(b) : a == b && std::signbit(a) == std::signbit(b); }

inline bool close(float value, double reference, double tolerance = 1e-5) {
  if (std::isnan(reference))
    return std::isnan(value);
  if (std::isinf(reference))
    return static_cast<double>(value) == reference;
  return std::fabs(static_cast<double>(value) - reference) <= tolerance * (1 + std::fabs(reference));
}

} // namespace runtime_test

#endif
