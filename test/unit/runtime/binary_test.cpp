// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Elementwise kernels of two tensors: broadcasting, every function, and its special values.
#include "support.h"

#include <catch2/catch.hpp>

using namespace runtime_test;

namespace {

template <typename In, typename Out>
void checkBinary(void (*kernel)(const In *, const In *, Out *, const tmb_binary_params *), std::function<Out(In, In)> reference,
                 std::function<In(Random &)> value) {
  Random random(30);
  for (int round = 0; round < 60; ++round) {
    const Shape shape = randomShape(random, 5, 4);
    const Broadcast aLayout(random, shape, round % 3 != 0), bLayout(random, shape, round % 3 != 1);
    std::vector<In> a(aLayout.count()), b(bLayout.count());
    for (In &v : a)
      v = value(random);
    for (In &v : b)
      v = value(random);
    tmb_binary_params p = {};
    p.rank = static_cast<int32_t>(shape.size());
    put(p.dims, shape);
    put(p.a_strides, aLayout.strides);
    put(p.b_strides, bLayout.strides);
    std::vector<Out> y(static_cast<size_t>(elements(shape)));
    kernel(a.data(), b.data(), y.data(), &p);
    for (int32_t i = 0; i < elements(shape); ++i) {
      const Shape at = coordinates(shape, i);
      const Out expected = reference(a[dot(at, aLayout.strides)], b[dot(at, bLayout.strides)]);
      if constexpr (std::is_floating_point_v<Out>)
        REQUIRE(sameBits(y[i], expected));
      else
        REQUIRE(y[i] == expected);
    }
    if constexpr (std::is_same_v<In, Out>) {
      if (a.size() == y.size()) { // dense: in place
        kernel(a.data(), b.data(), a.data(), &p);
        for (size_t i = 0; i < y.size(); ++i)
          REQUIRE(std::memcmp(&a[i], &y[i], sizeof(In)) == 0);
      } else if (b.size() == y.size()) {
        kernel(a.data(), b.data(), b.data(), &p);
        for (size_t i = 0; i < y.size(); ++i)
          REQUIRE(std::memcmp(&b[i], &y[i], sizeof(In)) == 0);
      }
    }
  }
  // A dimension of 0: nothing is touched.
  tmb_binary_params p = {};
  p.rank = 3;
  put(p.dims, {2, 0, 3});
  kernel(nullptr, nullptr, nullptr, &p);
}

float floatValue(Random &random) {
  switch (random.integer(0, 11)) {
  case 0:
    return kNaN;
  case 1:
    return kInfinity;
  case 2:
    return -kInfinity;
  case 3:
    return 0.0f;
  case 4:
    return static_cast<float>(random.integer(-3, 3));
  default:
    return random.real(-10, 10);
  }
}

template <typename T> T integerValue(Random &random) {
  switch (random.integer(0, 7)) {
  case 0:
    return std::numeric_limits<T>::min();
  case 1:
    return std::numeric_limits<T>::max();
  case 2:
    return static_cast<T>(random.bits());
  default:
    return static_cast<T>(random.integer(-3, 3));
  }
}

template <typename T> T wrap(Wide value) { return static_cast<T>(static_cast<std::make_unsigned_t<T>>(value)); }

template <typename T> T divide(T a, T b) { return b == 0 ? T{0} : wrap<T>(static_cast<Wide>(a) / b); }

// a - b * floor(a / b) by its definition.
template <typename T> T modulo(T a, T b) {
  if (b == 0)
    return 0;
  Wide quotient = static_cast<Wide>(a) / b;
  if (quotient * b != a && (a < 0) != (b < 0))
    --quotient;
  return wrap<T>(static_cast<Wide>(a) - quotient * b);
}

// Everything that int32 and int64 kernels have in common.
template <typename T> struct IntegerKernels {
  using Kernel = void (*)(const T *, const T *, T *, const tmb_binary_params *);
  using Comparison = void (*)(const T *, const T *, uint8_t *, const tmb_binary_params *);
  Kernel add, sub, mul, div, min, max, mod;
  Comparison equal, less, lessEqual;

  void check() const {
    const std::function<T(Random &)> value = integerValue<T>;
    checkBinary<T, T>(
        add, [](T a, T b) { return wrap<T>(static_cast<Wide>(a) + b); }, value);
    checkBinary<T, T>(
        sub, [](T a, T b) { return wrap<T>(static_cast<Wide>(a) - b); }, value);
    checkBinary<T, T>(
        mul, [](T a, T b) { return wrap<T>(static_cast<Wide>(a) * b); }, value);
    checkBinary<T, T>(div, divide<T>, value);
    checkBinary<T, T>(mod, modulo<T>, value);
    checkBinary<T, T>(
        min, [](T a, T b) { return std::min(a, b); }, value);
    checkBinary<T, T>(
        max, [](T a, T b) { return std::max(a, b); }, value);
    checkBinary<T, uint8_t>(
        equal, [](T a, T b) { return static_cast<uint8_t>(a == b); }, value);
    checkBinary<T, uint8_t>(
        less, [](T a, T b) { return static_cast<uint8_t>(a < b); }, value);
    checkBinary<T, uint8_t>(
        lessEqual, [](T a, T b) { return static_cast<uint8_t>(a <= b); }, value);
  }
};

} // namespace

TEST_CASE("binary float32", "[runtime][binary]") {
  const auto check = [](auto kernel, std::function<float(float, float)> reference) {
    checkBinary<float, float>(kernel, reference, floatValue);
  };
  check(tmb_add_f32, [](float a, float b) { return a + b; });
  check(tmb_sub_f32, [](float a, float b) { return a - b; });
  check(tmb_mul_f32, [](float a, float b) { return a * b; });
  check(tmb_div_f32, [](float a, float b) { return a / b; });
  check(tmb_pow_f32, [](float a, float b) { return std::pow(a, b); });
  check(tmb_mod_f32, [](float a, float b) { return std::fmod(a, b); });
  check(tmb_prelu_f32, [](float a, float b) { return a < 0 ? a * b : a; });
  const auto propagating = [](float a, float b, bool takeA) { return std::isnan(a) || std::isnan(b) ? kNaN : takeA ? a : b; };
  check(tmb_min_f32, [=](float a, float b) { return propagating(a, b, a < b); });
  check(tmb_max_f32, [=](float a, float b) { return propagating(a, b, a > b); });
}

TEST_CASE("binary integers", "[runtime][binary]") {
  IntegerKernels<int32_t>{tmb_add_s32, tmb_sub_s32, tmb_mul_s32,   tmb_div_s32,  tmb_min_s32,
                          tmb_max_s32, tmb_mod_s32, tmb_equal_s32, tmb_less_s32, tmb_less_equal_s32}
      .check();
  IntegerKernels<int64_t>{tmb_add_s64, tmb_sub_s64, tmb_mul_s64,   tmb_div_s64,  tmb_min_s64,
                          tmb_max_s64, tmb_mod_s64, tmb_equal_s64, tmb_less_s64, tmb_less_equal_s64}
      .check();
}

TEST_CASE("integer division by hand", "[runtime][binary]") {
  tmb_binary_params p = {};
  p.rank = 1;
  p.dims[0] = 8;
  p.a_strides[0] = p.b_strides[0] = 1;
  const int32_t a[8] = {7, -7, 7, -7, 5, INT32_MIN, INT32_MIN, 0};
  const int32_t b[8] = {2, 2, -2, -2, 0, -1, 3, -4};
  int32_t quotient[8], remainder[8];
  tmb_div_s32(a, b, quotient, &p);
  tmb_mod_s32(a, b, remainder, &p);
  const int32_t quotients[8] = {3, -3, -3, 3, 0, INT32_MIN, -715827882, 0};
  const int32_t remainders[8] = {1, 1, -1, -1, 0, 0, 1, 0};
  for (int i = 0; i < 8; ++i) {
    CAPTURE(i);
    CHECK(quotient[i] == quotients[i]);
    CHECK(remainder[i] == remainders[i]);
  }
}

TEST_CASE("comparisons and logic", "[runtime][binary]") {
  using Bool = uint8_t;
  checkBinary<float, Bool>(
      tmb_equal_f32, [](float a, float b) { return static_cast<Bool>(a == b); }, floatValue);
  checkBinary<float, Bool>(
      tmb_less_f32, [](float a, float b) { return static_cast<Bool>(a < b); }, floatValue);
  checkBinary<float, Bool>(
      tmb_less_equal_f32, [](float a, float b) { return static_cast<Bool>(a <= b); }, floatValue);
  const std::function<Bool(Random &)> value = [](Random &random) { return static_cast<Bool>(random.integer(0, 2)); };
  checkBinary<Bool, Bool>(
      tmb_equal_u8, [](Bool a, Bool b) { return static_cast<Bool>(a == b); }, value);
  checkBinary<Bool, Bool>(
      tmb_and_u8, [](Bool a, Bool b) { return static_cast<Bool>(a && b); }, value);
  checkBinary<Bool, Bool>(
      tmb_or_u8, [](Bool a, Bool b) { return static_cast<Bool>(a || b); }, value);
  checkBinary<Bool, Bool>(
      tmb_xor_u8, [](Bool a, Bool b) { return static_cast<Bool>(!a != !b); }, value);
}

TEST_CASE("comparisons write behind what they read", "[runtime][binary]") {
  alignas(8) uint8_t memory[16 * sizeof(float)];
  Random random(31);
  auto a = random.reals(16);
  const auto b = random.reals(16);
  std::memcpy(memory, a.data(), sizeof memory);
  tmb_binary_params p = {};
  p.rank = 1;
  p.dims[0] = 16;
  p.a_strides[0] = p.b_strides[0] = 1;
  tmb_less_f32(reinterpret_cast<const float *>(memory), b.data(), memory, &p);
  for (int i = 0; i < 16; ++i)
    CHECK(memory[i] == (a[i] < b[i]));
}
