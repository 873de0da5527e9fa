// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Tensors and their conversions.
#include "compiler/data/Tensor.h"
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

using namespace thimble;

template <typename T> static Tensor vectorOf(ElementType type, std::vector<T> values) {
  return Tensor(type, {int64_t(values.size())}, llvm::ArrayRef<T>(values));
}
template <typename T> static std::vector<T> valuesOf(llvm::Expected<Tensor> tensor) {
  REQUIRE(bool(tensor));
  return tensor->as<T>().vec();
}
static std::string errorOf(llvm::Expected<Tensor> tensor) {
  REQUIRE(!tensor);
  return toString(tensor.takeError());
}

TEST_CASE("element counts are checked before anything is allocated", "[data]") {
  CHECK(checkedElementCount({}) == 1);
  CHECK(checkedElementCount({2, 3}) == 6);
  CHECK(checkedElementCount({0, int64_t(1) << 40}) == 0);
  CHECK(!checkedElementCount({-1, 2}));
  CHECK(!checkedElementCount({int64_t(1) << 40, int64_t(1) << 40}));
  CHECK(!checkedElementCount({0, int64_t(1) << 40, int64_t(1) << 40}));
  CHECK(!checkedElementCount({int64_t(1) << 59}));
  CHECK(!checkedElementCount({1, 1, 1, 1, 1, 1, 1, 1, 1}));
}

TEST_CASE("floats become integers only if they are such values", "[data]") {
  Tensor floats = vectorOf<float>(ElementType::F32, {-128, 0, 127});
  CHECK(valuesOf<int8_t>(floats.convertTo(ElementType::S8)) == std::vector<int8_t>{-128, 0, 127});
  CHECK(errorOf(floats.convertTo(ElementType::U8)) == "element 0 (-128.000000) is not a value of type uint8");
  CHECK_THAT(errorOf(vectorOf<float>(ElementType::F32, {0.5f}).convertTo(ElementType::S32)), Catch::Contains("element 0"));
  CHECK_THAT(errorOf(vectorOf<float>(ElementType::F32, {NAN}).convertTo(ElementType::S64)), Catch::Contains("int64"));
  CHECK_THAT(errorOf(vectorOf<double>(ElementType::F64, {0x1p63}).convertTo(ElementType::S64)), Catch::Contains("int64"));
  CHECK(valuesOf<int64_t>(vectorOf<double>(ElementType::F64, {-0x1p63}).convertTo(ElementType::S64)) ==
        std::vector<int64_t>{INT64_MIN});
  CHECK_THAT(errorOf(vectorOf<double>(ElementType::F64, {0x1p64}).convertTo(ElementType::U64)), Catch::Contains("uint64"));
  CHECK_THAT(errorOf(vectorOf<float>(ElementType::F32, {2}).convertTo(ElementType::Bool)), Catch::Contains("bool"));
}

TEST_CASE("integers of 64 bits stay exact", "[data]") {
  std::vector<int64_t> values = {INT64_MIN, -1, 0, (int64_t(1) << 53) + 1, INT64_MAX};
  Tensor tensor = vectorOf(ElementType::S64, values);
  CHECK(tensor.asInt64s() == values);
  CHECK_THAT(errorOf(tensor.convertTo(ElementType::U64)), Catch::Contains("element 0"));
  CHECK_THAT(errorOf(tensor.convertTo(ElementType::S32)), Catch::Contains("element 0"));
  Tensor positive = vectorOf<int64_t>(ElementType::S64, {(int64_t(1) << 53) + 1, INT64_MAX});
  CHECK(valuesOf<uint64_t>(positive.convertTo(ElementType::U64)) ==
        std::vector<uint64_t>{(uint64_t(1) << 53) + 1, uint64_t(INT64_MAX)});
  Tensor huge = vectorOf<uint64_t>(ElementType::U64, {UINT64_MAX});
  CHECK(huge.asInt64s() == std::vector<int64_t>{INT64_MAX});
  CHECK_THAT(errorOf(huge.convertTo(ElementType::S64)), Catch::Contains("int64"));
  CHECK(huge.asFloats() == std::vector<float>{0x1p64f});
}

TEST_CASE("float types round to nearest", "[data]") {
  Tensor doubles = vectorOf<double>(ElementType::F64, {1.0 / 3, 65504, 1e6, -2.5});
  CHECK(valuesOf<float>(doubles.convertTo(ElementType::F32))[0] == float(1.0 / 3));
  CHECK(valuesOf<uint16_t>(doubles.convertTo(ElementType::F16)) == std::vector<uint16_t>{0x3555, 0x7BFF, 0x7C00, 0xC100});
  CHECK(valuesOf<uint16_t>(doubles.convertTo(ElementType::BF16)) == std::vector<uint16_t>{0x3EAB, 0x4780, 0x4974, 0xC020});
  Tensor half = vectorOf<uint16_t>(ElementType::F16, {0x3C00, 0xC100});
  CHECK(half.asFloats() == std::vector<float>{1, -2.5});
  CHECK(half.asInt64s() == std::vector<int64_t>{1, -2});
  CHECK(valuesOf<double>(half.convertTo(ElementType::F64)) == std::vector<double>{1, -2.5});
}

TEST_CASE("floats as integers are cut off and saturated", "[data]") {
  Tensor tensor = vectorOf<float>(ElementType::F32, {2.9f, -2.9f, 1e30f, -INFINITY, NAN});
  CHECK(tensor.asInt64s() == std::vector<int64_t>{2, -2, INT64_MAX, INT64_MIN, 0});
}

TEST_CASE("a slice is one sample of a batch", "[data]") {
  std::vector<int16_t> values = {1, 2, 3, 4, 5, 6};
  Tensor tensor(ElementType::S16, {3, 2}, llvm::ArrayRef<int16_t>(values));
  llvm::Expected<Tensor> sample = tensor.slice(1);
  REQUIRE(bool(sample));
  CHECK(sample->shape == llvm::SmallVector<int64_t>{2});
  CHECK(sample->as<int16_t>().vec() == std::vector<int16_t>{3, 4});
  CHECK(errorOf(tensor.slice(3)) == "there is no sample 3 in a tensor of shape 3x2");
  CHECK_THAT(errorOf(tensor.slice(-1)), Catch::Contains("no sample -1"));
  CHECK_THAT(errorOf(Tensor(ElementType::F32, {}).slice(0)), Catch::Contains("scalar"));
}

TEST_CASE("names are shown without control characters and not at any length", "[data]") {
  CHECK(quoted("a\x1b[31m\nb") == "'a?[31m?b'");
  CHECK(quoted(std::string(1000, 'x')).size() == 205);
}
