// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What models mean after legalization: ONNX's text form in, numbers out. Operator sets that the packaged test data do not
// reach.
#include "OnnxText.h"
#include "passes/legalize/Registry.h"
#include <catch2/catch.hpp>

using namespace thimble::test;
using namespace thimble;

namespace {

void check(const std::vector<float> &actual, const std::vector<float> &expected) {
  REQUIRE(actual.size() == expected.size());
  for (size_t i = 0; i < expected.size(); ++i)
    CHECK(actual[i] == Approx(expected[i]).margin(1e-5));
}

std::vector<float> iota(size_t count) {
  std::vector<float> result;
  for (size_t i = 0; i < count; ++i)
    result.push_back(float(i));
  return result;
}

} // namespace

TEST_CASE("AveragePool has dilations from operator set 19 on", "[legalize]") {
  check(run(19, "(float[1, 1, 4, 4] x) => (float[1, 1, 2, 2] y)",
            "y = AveragePool<kernel_shape = [2, 2], dilations = [2, 2]>(x)", {iota(16)}),
        {5, 6, 9, 10});
}

TEST_CASE("what ceil_mode adds does not count in an average", "[legalize]") {
  check(run(19, "(float[1, 1, 3] x) => (float[1, 1, 2] y)",
            "y = AveragePool<kernel_shape = [2], strides = [2], ceil_mode = 1, count_include_pad = 1>(x)", {{1, 2, 3}}),
        {1.5, 3});
  // A third window would start in the padding behind the last element.
  check(run(19, "(float[1, 1, 3] x) => (float[1, 1, 2] y)",
            "y = AveragePool<kernel_shape = [2], strides = [2], pads = [1, 1], ceil_mode = 1, count_include_pad = 1>(x)",
            {{1, 2, 3}}),
        {0.5, 2.5});
}

TEST_CASE("Pad has axes from 18 and wraps from 19 on", "[legalize]") {
  check(run(19, "(float[1, 3] x) => (float[1, 6] y)",
            "p = Constant<value_ints = [1, 2]>() a = Constant<value_ints = [-1]>() y = Pad<mode = \"wrap\">(x, p, , a)",
            {{1, 2, 3}}),
        {3, 1, 2, 3, 1, 2});
  check(run(18, "(float[2, 1] x) => (float[2, 3] y)",
            "p = Constant<value_ints = [2, 0]>() v = Constant<value_float = 9.0>() a = Constant<value_ints = [1]>() y = Pad(x, "
            "p, v, a)",
            {{1, 2}}),
        {9, 9, 1, 9, 9, 2});
}

TEST_CASE("Split into num_outputs leaves the rest to the last", "[legalize]") {
  check(run(18, "(float[5] x) => (float[3] y, float[2] z)", "y, z = Split<num_outputs = 2>(x)", {iota(5)}), iota(5));
}

TEST_CASE("GroupNormalization scales groups in 18 and channels from 21 on", "[legalize]") {
  std::string signature = "(float[1, 4, 1] x, float[2] s, float[2] b) => (float[1, 4, 1] y)";
  check(run(18, signature, "y = GroupNormalization<num_groups = 2, epsilon = 0.0>(x, s, b)", {{1, 3, 2, 6}, {2, 3}, {10, 20}}),
        {8, 12, 17, 23});
  signature = "(float[1, 4, 1] x, float[4] s, float[4] b) => (float[1, 4, 1] y)";
  check(run(21, signature, "y = GroupNormalization<num_groups = 2, epsilon = 0.0>(x, s, b)",
            {{1, 3, 2, 6}, {1, 2, 3, 4}, {0, 0, 1, 1}}),
        {-1, 2, -2, 5});
}

TEST_CASE("reductions take axes as an input from 18 on", "[legalize]") {
  std::string axes = "a = Constant<value_ints = [-1]>() ";
  check(run(18, "(float[2, 2] x) => (float[2] y)", axes + "y = ReduceMean<keepdims = 0>(x, a)", {{1, 3, 5, 9}}), {2, 7});
  check(run(18, "(float[2] x) => (float[2] y)", "y = ReduceSumSquare<noop_with_empty_axes = 1>(x)", {{2, 3}}), {4, 9});
  // The largest exponent does not overflow, and nothing is the logarithm of 0.
  check(run(18, "(float[2, 2] x) => (float[2, 1] y)", axes + "y = ReduceLogSumExp(x, a)", {{1000, 1000, -1000, -1000}}),
        {1000.6931f, -999.3069f});
}

TEST_CASE("booleans reduce to any and all from 20 on", "[legalize]") {
  std::string body =
      "z = Constant<value_float = 1.5>() a = Constant<value_ints = [1]>() c = Greater(x, z) y = ReduceMax<keepdims = 0>(c, a) "
      "w = ReduceMin<keepdims = 0>(c, a)";
  check(run(20, "(float[3, 2] x) => (bool[3] y, bool[3] w)", body, {{1, 1, 1, 2, 2, 2}}), {0, 1, 1, 0, 0, 1});
}

TEST_CASE("activations that later operator sets add", "[legalize]") {
  check(run(18, "(float[2] x) => (float[2] y)", "y = Mish(x)", {{0, 1}}), {0, 0.865098f});
  check(run(20, "(float[2] x) => (float[2] y)", "y = Gelu(x)", {{0, 1}}), {0, 0.841345f});
  check(run(20, "(float[2] x) => (float[2] y)", "y = Gelu<approximate = \"tanh\">(x)", {{0, 1}}), {0, 0.841192f});
}

TEST_CASE("Resize takes axes from 18 on", "[legalize]") {
  std::string body = "s = Constant<value_ints = [4]>() y = Resize<mode = \"linear\", axes = [1]>(x, , , s)";
  check(run(18, "(float[1, 2] x) => (float[1, 4] y)", body, {{1, 2}}), {1, 1.25, 1.75, 2});
  // Both dimensions by the smaller factor, 3/2.
  body = "s = Constant<value_ints = [3, 8]>() y = Resize<keep_aspect_ratio_policy = \"not_larger\">(x, , , s)";
  check(run(18, "(float[2, 2] x) => (float[3, 3] y)", body, {{1, 2, 3, 4}}), {1, 1, 2, 1, 1, 2, 3, 3, 4});
}

TEST_CASE("transposed convolutions have groups", "[legalize]") {
  std::string body = "y = ConvTranspose<group = 2, strides = [2]>(x, w)";
  std::string signature = "(float[1, 2, 2] x, float[2, 1, 2] w) => (float[1, 2, 4] y)";
  check(run(22, signature, body, {{1, 2, 3, 4}, {1, 10, 2, 20}}), {1, 10, 2, 20, 6, 60, 8, 80});
  // Two outputs a group; pads crop.
  body = "y = ConvTranspose<pads = [1, 0], output_padding = [1], strides = [2]>(x, w)";
  check(run(11, "(float[1, 1, 2] x, float[1, 2, 3] w) => (float[1, 2, 5] y)", body, {{1, 2}, {1, 10, 100, 2, 20, 200}}),
        {10, 102, 20, 200, 0, 20, 204, 40, 400, 0});
}

TEST_CASE("convolutions with every attribute at once", "[legalize]") {
  // Two groups, asymmetric pads, stride and dilation 2: y[o][i] = b[o] + x[o][2 i - 1] + 10 x[o][2 i + 1].
  std::string body = "y = Conv<group = 2, kernel_shape = [2], strides = [2], dilations = [2], pads = [1, 0]>(x, w, b)";
  check(run(13, "(float[1, 2, 5] x, float[2, 1, 2] w, float[2] b) => (float[1, 2, 2] y)", body,
            {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, {1, 10, 1, 10}, {100, 200}}),
        {120, 142, 270, 297});
}

TEST_CASE("the registry knows versions", "[legalize]") {
  const legalize::Registry &registry = legalize::getRegistry();
  CHECK(registry.lookup("Conv", 7) != nullptr);
  CHECK(registry.lookup("Gelu", 19) == nullptr);
  CHECK(registry.lookup("Gelu", 22) != nullptr);
  CHECK(registry.getOldest("Gelu") == 20);
  CHECK(!registry.getOldest("Nothing"));
  CHECK(registry.lookup("Squeeze", 12)->inputs.most == 1);
  CHECK(registry.lookup("Squeeze", 13)->inputs.most == 2);
}
