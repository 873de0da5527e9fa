// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// When outputs agree, how far they are from a reference, and which class they name; and the linker's map.
#include "compiler/verify/Compare.h"
#include "compiler/verify/LinkerMap.h"
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>

using namespace thimble;
using Catch::Matchers::Contains;

template <typename T> static std::vector<char> bytes(std::initializer_list<T> values) {
  std::vector<char> result(values.size() * sizeof(T));
  std::memcpy(result.data(), values.begin(), result.size());
  return result;
}

TEST_CASE("float outputs agree within the tolerance", "[verify]") {
  CHECK(agree(1.00009, 1));
  CHECK_FALSE(agree(1.00011, 1));
  CHECK(agree(0.00009, 0)); // absolute below 1
  CHECK(agree(100009, 100000));
  CHECK_FALSE(agree(100011, 100000));
  CHECK(agree(NAN, NAN));
  CHECK_FALSE(agree(NAN, 0));
  CHECK(agree(INFINITY, INFINITY));
  CHECK_FALSE(agree(INFINITY, -INFINITY));
  CHECK_FALSE(agree(3e38, INFINITY));
}

TEST_CASE("integers must be the same, and the first mismatch is told", "[verify]") {
  std::vector<SampleInput> outputs = {{"a", {1, 2}, ElementType::S8, 0.5, 1}, {"b", {1}, ElementType::S64}};
  auto sample = [](int8_t x, int8_t y, int64_t z) {
    std::vector<char> result = bytes<int8_t>({x, y}), rest = bytes<int64_t>({z});
    result.insert(result.end(), rest.begin(), rest.end());
    return result;
  };
  SampleOutputs expected = {sample(1, 2, 3), sample(4, 5, INT64_MAX)};
  CHECK(compareRuns(outputs, expected, expected).mismatches == 0);
  CHECK(compareRuns(outputs, expected, expected).compared == 6);
  Difference difference = compareRuns(outputs, expected, {sample(1, 2, 3), sample(4, 6, INT64_MAX - 1)});
  CHECK(difference.mismatches == 2);
  CHECK(difference.first == "sample 1, output 'a', element 1: 6 instead of 5");
  Difference shorter = compareRuns(outputs, expected, {expected[0]});
  CHECK(shorter.mismatches == 3);
  CHECK(shorter.first == "sample 1 has no outputs");
}

TEST_CASE("errors against the reference are in real numbers", "[verify]") {
  SampleInput quantized{"y", {2}, ElementType::S8, 0.5, 1}, real{"y", {2}};
  ReferenceError error = compareToReference(quantized, {bytes<int8_t>({3, -1})}, real, {bytes<float>({1, -1.25f})});
  CHECK(error.compared == 2);
  CHECK(error.maxAbsolute == 0.25);
  CHECK_FALSE(error.isWithinTolerance);
  CHECK(std::isnan(compareToReference(real, {bytes<float>({NAN, 1})}, real, {bytes<float>({0, 1})}).maxAbsolute));
  CHECK(compareToReference(real, {bytes<float>({NAN, INFINITY})}, real, {bytes<float>({NAN, INFINITY})}).maxAbsolute == 0);
}

TEST_CASE("the largest score names the class", "[verify]") {
  SampleInput scores{"y", {1, 3}}, index{"y", {1}, ElementType::S64}, single{"y", {1}};
  CHECK(getClasses(scores, {bytes<float>({1, 3, 2}), bytes<float>({5, 5, 1})}) == std::vector<int64_t>{1, 0});
  CHECK(getClasses(index, {bytes<int64_t>({7})}) == std::vector<int64_t>{7});
  CHECK_FALSE(getClasses(single, {bytes<float>({1})}));
  CHECK_FALSE(getClasses({}, {{}}));
  CHECK(countEqual({1, 2, 3}, {1, 5, 3}) == 2);
}

TEST_CASE("the linker's map is read", "[verify]") {
  LinkerMap map = cantFail(parseLinkerMap(R"(Discarded input sections

 .text          0x00000000      0x123 model/unused.o

Memory Configuration

Linker script and memory map

LOAD model/kws.o
                0x00001000                        _stack_size = 0x1000

.text           0x00000040       0x70
 *(.text .text.*)
 .text.kws_run  0x00000040       0x10 model/kws.o
                0x00000040                kws_run
 .text.a_function_with_a_long_name
                0x00000050       0x20 runtime/tmb_relu_f32.o
 *fill*         0x00000070        0x4 
 .text          0x00000074       0x3c /a folder/libm.a(lib_a-sf_exp.o)
                                 0x44 (size before relaxing)

.rodata.of.nobody
                0x000000b0        0x0

.rodata         0x000000b0       0x18
 .rodata.kws__w
                0x000000b0       0x18 model/kws_weights.o
 .rodata.merged
                0x000000b0        0x0 model/kws.o

.data           0x20000000        0x8 load address 0x000000c8
 .data.x        0x20000000        0x8 model/kws.o

.bss            0x20000008        0x4 load address 0x000000d0
 COMMON         0x20000008        0x4 model/kws.o
OUTPUT(image.elf elf32-littlearm)

.comment        0x00000000       0x26
 .comment       0x00000000       0x26 model/kws.o
)"));
  CHECK(map.getFlashBytes() == 0x70 + 0x18 + 8);
  CHECK(map.getStaticRamBytes() == 12);
  CHECK(map.getBytes(".rodata") == 0x18);
  REQUIRE(map.inputs.size() == 8);
  CHECK(map.inputs[1].output == ".text");
  CHECK(map.inputs[1].name == ".text.a_function_with_a_long_name");
  CHECK(map.inputs[1].object == "runtime/tmb_relu_f32.o");
  CHECK(map.inputs[1].bytes == 0x20);
  CHECK(map.inputs[2].name == "*fill*");
  CHECK(map.inputs[3].object == "/a folder/libm.a(lib_a-sf_exp.o)");
  CHECK(map.inputs[4].name == ".rodata.kws__w");
  CHECK(map.inputs[6].name == "COMMON");
  llvm::Expected<LinkerMap> other = parseLinkerMap("something else");
  CHECK_FALSE(bool(other));
  consumeError(other.takeError());
}
