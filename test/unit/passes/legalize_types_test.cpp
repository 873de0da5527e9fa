// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Old operator sets, element types, integer and quantized operators, windows of many dimensions, recurrent layers: what the
// packaged test data do not reach.
#include "OnnxText.h"
#include <catch2/catch.hpp>
#include <cmath>

using namespace thimble::test;

namespace {

using Floats = std::vector<float>;

void check(const Floats &actual, const Floats &expected) {
  REQUIRE(actual.size() == expected.size());
  for (size_t i = 0; i < expected.size(); ++i)
    CHECK(actual[i] == Approx(expected[i]).margin(1e-5));
}

Floats iota(size_t count) {
  Floats result;
  for (size_t i = 0; i < count; ++i)
    result.push_back(float(i));
  return result;
}

} // namespace

TEST_CASE("old operators broadcast from an axis on", "[legalize]") {
  check(run(6, "(float[2, 3, 2] x, float[3] b) => (float[2, 3, 2] y)", "y = Add<broadcast = 1, axis = 1>(x, b)",
            {iota(12), {10, 20, 30}}),
        {10, 11, 22, 23, 34, 35, 16, 17, 28, 29, 40, 41});
  check(run(1, "(float[2, 2] x, float[2] b) => (float[2, 2] y)", "y = Mul<broadcast = 1>(x, b)", {iota(4), {10, 20}}),
        {0, 20, 20, 60});
  check(run(6, "(float[2, 2] x, float[1] b) => (float[2, 2] y)", "y = Sub<broadcast = 1>(x, b)", {iota(4), {1}}),
        {-1, 0, 1, 2});
  check(
      run(6, "(float[2, 2] x, float[2] b) => (bool[2, 2] y)", "y = Greater<broadcast = 1, axis = 0>(x, b)", {iota(4), {0, 2}}),
      {0, 1, 0, 1});
  CHECK(errorOf(6, "(float[2, 3] x, float[3] b) => (float[2, 3] y)", "y = Add(x, b)").find("'broadcast' is not set") !=
        std::string::npos);
  CHECK(errorOf(6, "(float[2, 3] x, float[3, 1] b) => (float[2, 3] y)", "y = Add<broadcast = 1, axis = 1>(x, b)")
            .find("does not fit into 2x3") != std::string::npos);
  CHECK(errorOf(6, "(float[2, 3] x, float[2] b) => (float[2, 3] y)", "y = Add<broadcast = 1, axis = 1>(x, b)")
            .find("does not broadcast") != std::string::npos);
}

TEST_CASE("parameters of operator set 1 are attributes, or inputs", "[legalize]") {
  check(
      run(1, "(float[2, 3] x) => (float[3, 2] y)", "y = Reshape<shape = [0, -1]>(t) t = Reshape<shape = [3, 2]>(x)", {iota(6)}),
      iota(6));
  check(run(1, "(float[2] x) => (float[5] y)", "y = Pad<paddings = [1, 2], value = 7.0>(x)", {iota(2)}), {7, 0, 1, 7, 7});
  check(run(1, "(float[4] x) => (float[1] y, float[3] z)", "y, z = Split<split = [1, 3]>(x)", {iota(4)}), iota(4));
  check(run(1, "(float[2] x) => (int32[2] y)", "y = Cast<to = \"INT32\">(x)", {{1.75, -1.75}}), {1, -1});
  check(run(1, "(float[2, 2] x) => (float[2, 4] y)",
            "n = Constant<value = int64[1] {2}>() a = Constant<value = int64[1] {1}>() y = Tile(x, n, a)", {iota(4)}),
        {0, 1, 0, 1, 2, 3, 2, 3});
  check(run(6, "(float[1, 2, 2] x, float[2] s) => (float[1, 2, 2] y)", "y = PRelu(x, s)", {{-1, 1, -1, 1}, {2, 3}}),
        {-2, 1, -3, 1});
  CHECK(errorOf(1, "(float[4] x) => (float[1] y, float[2] z)", "y, z = Split<split = [1, 2]>(x)").find("smaller") !=
        std::string::npos);
  CHECK(errorOf(1, "(float[2] x) => (int32[2] y)", "y = Cast<to = \"STRING\">(x)").find("STRING") != std::string::npos);
}

TEST_CASE("Upsample of operator set 1 has scales of height and width", "[legalize]") {
  check(run(1, "(float[1, 1, 1, 2] x) => (float[1, 1, 2, 4] y)", "y = Upsample<height_scale = 2.0, width_scale = 2.0>(x)",
            {{1, 2}}),
        {1, 1, 2, 2, 1, 1, 2, 2});
  CHECK(errorOf(1, "(float[2, 2] x) => (float[2, 2] y)", "y = Upsample<height_scale = 2.0, width_scale = 2.0>(x)")
            .find("4 dimensions") != std::string::npos);
}

TEST_CASE("casts round to the floats that they name", "[legalize]") {
  const Floats x = {1.0f / 3, 70000, -70000, 1e-9f};
  check(run(19, "(float[4] x) => (float[4] y)", "h = Cast<to = 10>(x) y = Cast<to = 1>(h)", {x}),
        {0.33325195f, INFINITY, -INFINITY, 0});
  check(run(19, "(float[4] x) => (float[4] y)", "h = Cast<to = 16>(x) y = Cast<to = 1>(h)", {x}),
        {0.33398438f, 70144, -70144, 1.0041985e-9f});
  check(run(19, "(float[4] x) => (float[4] y)", "h = Cast<to = 17>(x) y = Cast<to = 1>(h)", {x}), {0.34375f, 448, -448, 0});
  check(run(19, "(float[4] x) => (float[4] y)", "h = Cast<to = 19, saturate = 0>(x) y = Cast<to = 1>(h)", {x}),
        {0.3125f, INFINITY, -INFINITY, 0});
}

TEST_CASE("float64 keeps its digits and its range through sums and products", "[legalize]") {
  check(run(13, "(float[2] x) => (float[2] y)",
            "d = Cast<to = 11>(x) b = Cast<to = 11>(o) o = Constant<value_float = 1e30>() p = Mul(d, b) q = Mul(p, b) r = "
            "Div(q, b) "
            "s = Div(r, b) y = Cast<to = 1>(s)",
            {{3, 4}}),
        {3, 4});
  check(run(13, "(float[1] x) => (float[1] y)",
            "i = Cast<to = 7>(x) big = Constant<value_int = 9007199254740990>() s = Add(i, big) d = Cast<to = 11>(s) e = "
            "Cast<to = 7>(d) "
            "r = Sub(e, big) y = Cast<to = 1>(r)",
            {{1}}),
        {1});
}

TEST_CASE("unsigned integers of 64 bits are ordered and divided as such", "[legalize]") {
  // 2^64 - 1 and 2^64 - 2 by wrapping around.
  const std::string numbers = "u = Cast<to = 13>(x) one = Cast<to = 13>(o) o = Constant<value_float = 1.0>() n = Sub(u, one) ";
  check(run(13, "(float[2] x) => (bool[2] y)", numbers + "y = Less(n, one)", {{0, 1}}), {0, 1});
  check(run(13, "(float[2] x) => (float[2] y)", numbers + "m = Max(n, one) t = Constant<value_float = 4294967296.0>() "
                                                          "f = Cast<to = 13>(t) q = Div(m, f) y = Cast<to = 1>(q)",
            {{0, 5}}),
        {4294967296.0f, 0});
}

TEST_CASE("quantized codes of every width", "[legalize]") {
  const Floats x = {-100, -1.5f, -0.5f, 0.5f, 1.5f, 2.5f, 100, 6};
  const std::string signature = "(float[8] x) => (float[8] y)", scale = "s = Constant<value_float = 1.0>() ";
  check(run(21, signature, scale + "q = QuantizeLinear<output_dtype = 3>(x, s) y = DequantizeLinear(q, s)", {x}),
        {-100, -2, 0, 0, 2, 2, 100, 6});
  check(run(21, signature, scale + "q = QuantizeLinear<output_dtype = 22>(x, s) y = DequantizeLinear(q, s)", {x}),
        {-8, -2, 0, 0, 2, 2, 7, 6});
  check(run(21, signature, scale + "q = QuantizeLinear<output_dtype = 21>(x, s) y = DequantizeLinear(q, s)", {x}),
        {0, 0, 0, 0, 2, 2, 15, 6});
  check(run(21, signature,
            "s = Constant<value_float = 0.5>() q = QuantizeLinear<output_dtype = 17>(x, s) y = DequantizeLinear(q, s)", {x}),
        {-96, -1.5f, -0.5f, 0.5f, 1.5f, 2.5f, 96, 6});
}

TEST_CASE("quantization along an axis and by blocks", "[legalize]") {
  check(run(13, "(float[2, 2] x) => (float[2, 2] y)",
            "s = Constant<value_floats = [1.0, 2.0]>() z = Constant<value = uint8[2] {0, 10}>() q = QuantizeLinear<axis = "
            "0>(x, s, z) "
            "y = Cast<to = 1>(q)",
            {{1, 2, 3, 4}}),
        {1, 2, 12, 12});
  check(run(21, "(float[1, 3] x) => (float[1, 3] y)",
            "s = Constant<value = float[1, 2] {1.0, 2.0}>() q = QuantizeLinear<block_size = 2>(x, s) y = Cast<to = 1>(q)",
            {{1, 2, 8}}),
        {1, 2, 4});
  CHECK(errorOf(13, "(float[2, 2] x) => (uint8[2, 2] y)",
                "s = Constant<value_floats = [1.0, 2.0, 3.0]>() y = QuantizeLinear(x, s)")
            .find("does not fit dimension 1") != std::string::npos);
  CHECK(errorOf(21, "(float[1, 3] x) => (uint8[1, 3] y)",
                "s = Constant<value = float[1, 3] {1.0, 2.0, 3.0}>() y = QuantizeLinear<block_size = 2>(x, s)")
            .find("does not fit blocks of 2") != std::string::npos);
}

TEST_CASE("integer products are exact", "[legalize]") {
  // 300 products of 255 * 255 leave the 24 bits of float32.
  check(run(10, "(float[1, 300] x) => (float[1, 1] y)",
            "a = Cast<to = 2>(x) n = Transpose(a) p = MatMulInteger(a, n) b = Constant<value = int32[1] {19507000}>() d = "
            "Sub(p, b) "
            "y = Cast<to = 1>(d)",
            {Floats(300, 255)}),
        {500});
  check(run(11, "(float[2, 2] x) => (float[2, 2] y)",
            "a = Cast<to = 6>(x) b = Constant<value = int32[2, 2] {1, 2, 3, 4}>() c = Constant<value = int32[2] {10, 20}>() "
            "g = Gemm<transA = 1>(a, b, c) y = Cast<to = 1>(g)",
            {{1, 2, 3, 4}}),
        {1 + 9 + 10, 2 + 12 + 20, 2 + 12 + 10, 4 + 16 + 20});
  check(run(10, "(float[1, 1, 2, 2] x) => (float[1, 1, 2, 2] y)",
            "a = Cast<to = 2>(x) w = Constant<value = uint8[1, 1, 2, 2] {1, 2, 3, 4}>() z = Constant<value = uint8 {1}>() "
            "c = ConvInteger<pads = [0, 0, 1, 1]>(a, w, z, z) y = Cast<to = 1>(c)",
            {{1, 2, 3, 4}}),
        {1 + 2 * 2 + 3 * 3, 3 * 2, 3 * 1, 0}); // (q - 1), padding is 0
  CHECK(errorOf(10, "(float[1, 2] x) => (int32[1, 2] y)", "y = MatMulInteger(x, x)")
            .find("must have integer elements of 8 or 16 bits") != std::string::npos);
}

TEST_CASE("convolutions and pools of three dimensions", "[legalize]") {
  const std::string in = "(float[1, 1, 2, 2, 3] x) => ";
  check(run(13, in + "(float[1, 1, 1, 2, 2] y)",
            "w = Constant<value = float[1, 1, 2, 1, 2] {1, 10, 100, 1000}>() b = Constant<value_floats = [0.5]>() y = Conv(x, "
            "w, b)",
            {iota(12)}),
        {0 + 10 + 600 + 7000 + 0.5f, 1 + 20 + 700 + 8000 + 0.5f, 3 + 40 + 900 + 10000 + 0.5f, 4 + 50 + 1000 + 11000 + 0.5f});
  check(run(13, in + "(float[1, 1, 1, 1, 2] y)", "y = MaxPool<kernel_shape = [2, 2, 2]>(x)", {iota(12)}), {10, 11});
  check(run(13, in + "(float[1, 1, 1, 2, 2] y)",
            "y = AveragePool<kernel_shape = [2, 1, 2], pads = [0, 0, 0, 0, 0, 1], strides = [1, 1, 2]>(x)", {iota(12)}),
        {3.5f, 5, 6.5f, 8});
  check(run(13, in + "(float[1, 1, 1, 1, 2] y)", "y = LpPool<kernel_shape = [2, 2, 2], p = 1>(x)", {iota(12)}), {40, 48});
  check(run(13, "(float[1, 1, 1, 1, 2] x) => (float[1, 1, 2, 1, 4] y)",
            "w = Constant<value = float[1, 1, 2, 1, 2] {1, 2, 3, 4}>() y = ConvTranspose<strides = [1, 1, 2]>(x, w)", {{1, 10}}),
        {1, 2, 10, 20, 3, 4, 30, 40});
  CHECK(errorOf(13, in + "(float[1, 1, 1, 1, 2] y)", "y = MaxPool<kernel_shape = [2, 2]>(x)").find("kernel has 2 dimensions") !=
        std::string::npos);
}

TEST_CASE("grids and columns and centres", "[legalize]") {
  check(run(20, "(float[1, 2, 3] t) => (float[1, 1, 2, 2] y)", "s = Constant<value_ints = [1, 1, 1, 2]>() y = AffineGrid(t, s)",
            {{1, 0, 0, 0, 1, 0.25f}}),
        {-0.5f, 0.25f, 0.5f, 0.25f});
  // Two overlapping blocks of 2 in an image of 1 by 3.
  check(run(18, "(float[1, 2, 2] x) => (float[1, 1, 1, 3] y)",
            "i = Constant<value_ints = [1, 3]>() b = Constant<value_ints = [1, 2]>() y = Col2Im(x, i, b)", {{1, 2, 10, 20}}),
        {1, 12, 20});
  check(run(18, "(float[3, 2] x) => (float[2, 5] y)", "s = Constant<value_ints = [2, 5]>() y = CenterCropPad(x, s)", {iota(6)}),
        {0, 0, 1, 0, 0, 0, 2, 3, 0, 0});
  CHECK(errorOf(18, "(float[1, 2, 2] x) => (float[1, 1, 1, 4] y)",
                "i = Constant<value_ints = [1, 4]>() b = Constant<value_ints = [1, 2]>() y = Col2Im(x, i, b)")
            .find("has 2 blocks, but an image of shape 1x4 has 3") != std::string::npos);
  CHECK(errorOf(16, "(float[1, 1, 2, 2] x, float[1, 2, 2, 3] g) => (float[1, 1, 2, 2] y)", "y = GridSample(x, g)")
            .find("does not fit an image") != std::string::npos);
}

TEST_CASE("recurrent layers in both directions", "[legalize]") {
  // h = x + h / 2: forward 1, 2.5, 4.25; backward 2.75, 3.5, 3.
  const std::string weights =
      "w = Constant<value = float[2, 1, 1] {1, 1}>() r = Constant<value = float[2, 1, 1] {0.5, 0.5}>() ";
  const std::string attributes = "<direction = \"bidirectional\", hidden_size = 1, activations = [\"Affine\", \"affine\"]>";
  check(run(14, "(float[3, 1, 1] x) => (float[3, 2, 1, 1] y, float[2, 1, 1] h)",
            weights + "y, h = RNN" + attributes + "(x, w, r)", {{1, 2, 3}}),
        {1, 2.75f, 2.5f, 3.5f, 4.25f, 3, 4.25f, 2.75f});
  // The second sequence has one step.
  check(run(14, "(float[2, 2, 1] x) => (float[2, 2, 1, 1] y, float[2, 1, 1] h)",
            "w = Constant<value = float[1, 1, 1] {1}>() r = Constant<value = float[1, 1, 1] {0.5}>() l = Constant<value = "
            "int32[2] {2, 1}>() "
            "y, h = RNN<direction = \"reverse\", activations = [\"Affine\"], layout = 1>(x, w, r, , l)",
            {{1, 2, 3, 4}}),
        {2, 2, 3, 0, 2, 3});
  CHECK(errorOf(14, "(float[3, 1, 1] x) => (float[3, 1, 1, 1] y)",
                "w = Constant<value = float[1, 1, 1] {1}>() r = Constant<value = float[1, 1, 1] {0.5}>() y = RNN<activations = "
                "[\"Cosine\"]>(x, w, r)")
            .find("'Cosine', which is none of ONNX's functions") != std::string::npos);
  CHECK(errorOf(14, "(float[3, 1, 2] x) => (float[3, 1, 1, 1] y)",
                "w = Constant<value = float[1, 1, 1] {1}>() r = Constant<value = float[1, 1, 1] {0.5}>() y = RNN(x, w, r)")
            .find("input 'W' must have shape 1x1x2") != std::string::npos);
}

TEST_CASE("a region is cropped and resized", "[legalize]") {
  const std::string signature = "(float[4] x, float[2] r) => (float[3] y)",
                    body =
                        "z = Constant<value_ints = [3]>() y = Resize<coordinate_transformation_mode = \"tf_crop_and_resize\", "
                        "extrapolation_value = 9.0, mode = ";
  check(run(13, signature, body + "\"linear\">(x, r, , z)", {{0, 10, 20, 60}, {0, 1}}), {0, 15, 60});
  check(run(13, signature, body + "\"linear\">(x, r, , z)", {{0, 10, 20, 60}, {0.5f, 1.5f}}), {15, 60, 9});
  check(run(13, signature, body + "\"nearest\">(x, r, , z)", {{0, 10, 20, 60}, {1, 0.5f}}), {60, 20, 10});
  // Keys' convolution at the middle of the second and the third element: 9/16 of the near ones, -1/16 of the far ones for -1/2.
  check(run(13, signature, body + "\"cubic\", cubic_coeff_a = -0.5>(x, r, , z)", {{0, 10, 20, 60}, {0, 1}}),
        {0, (9 * 30 - 60) / 16.0f, 60});
  CHECK(errorOf(13, "(float[4] x) => (float[3] y)",
                "z = Constant<value_ints = [3]>() y = Resize<coordinate_transformation_mode = "
                "\"tf_crop_and_resize\">(x, , , z)")
            .find("needs input 'roi' with 2 numbers") != std::string::npos);
}

TEST_CASE("antialiasing averages over the distance of the output's elements", "[legalize]") {
  // Half as many: weights 1, 3, 3, 1 of the four nearest elements; the edge repeats.
  check(run(18, "(float[4] x) => (float[2] y)",
            "s = Constant<value_floats = [0.5]>() y = Resize<mode = \"linear\", antialias = 1>(x, , s)", {{8, 16, 24, 80}}),
        {(8 + 3 * 8 + 3 * 16 + 24) / 8.0f, (16 + 3 * 24 + 3 * 80 + 80) / 8.0f});
  check(run(18, "(float[2] x) => (float[4] y)",
            "s = Constant<value_floats = [2.0]>() y = Resize<mode = \"linear\", antialias = 1>(x, , s)", {{0, 8}}),
        {0, 2, 6, 8});
}
