// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Parameters that are known at run time give what the same parameters give at compile time, and contradictions do no harm.
#include "OnnxText.h"
#include <catch2/catch.hpp>

using namespace thimble::test;
using Numbers = std::vector<float>;

// "[1, -2]"
static std::string listText(const Numbers &values) {
  std::string text;
  for (float value : values)
    text += (text.empty() ? "[" : ", ") + std::to_string(int(value));
  return text + "]";
}

namespace {
struct Parameter {
  std::string name; // in `body`
  Numbers values;
};
} // namespace

// Runs y = body(x) twice: with the parameters as constants, and as inputs.
static void compare(int opset, const std::string &x, const std::string &y, const std::string &body,
                    const std::vector<Parameter> &parameters) {
  size_t count = 1;
  for (size_t i = x.find('['); i < x.size(); ++i)
    if (std::isdigit(x[i]))
      count *= size_t(x[i] - '0');
  Numbers data;
  for (size_t i = 0; i < count; ++i)
    data.push_back(float(i * i % 17) - 5);
  std::string constants, casts, inputs;
  std::vector<Numbers> all = {data};
  for (const Parameter &parameter : parameters) {
    constants += parameter.name + " = Constant<value_ints = " + listText(parameter.values) + ">() ";
    casts += parameter.name + " = Cast<to = 7>(" + parameter.name + "_f) ";
    inputs += ", float[" + std::to_string(parameter.values.size()) + "] " + parameter.name + "_f";
    all.push_back(parameter.values);
  }
  INFO(body << " " << constants);
  Numbers expected = run(opset, "(" + x + ") => (" + y + ")", constants + body, {data});
  CHECK(run(opset, "(" + x + inputs + ") => (" + y + ")", casts + body, all) == expected);
}

TEST_CASE("Slice with starts, axes and steps at run time", "[legalize]") {
  auto slice = [](const char *y, Numbers starts, Numbers ends, Numbers axes, Numbers steps) {
    compare(13, "float[4, 5] x", y, "y = Slice(x, s, e, a, t)", {{"s", starts}, {"e", ends}, {"a", axes}, {"t", steps}});
  };
  slice("float[2, 3] y", {1, 0}, {3, 3}, {0, 1}, {1, 1});
  slice("float[2, 2] y", {-1, 4}, {-5, 0}, {0, -1}, {-2, -2});
  slice("float[4, 5] y", {100}, {-100}, {1}, {-1});
  slice("float[3, 5] y", {-100}, {3}, {-2}, {1});
  compare(13, "float[4, 5] x", "float[2, 5] y", "y = Slice(x, s, e)", {{"s", {2}}, {"e", {9}}});
}

TEST_CASE("a Slice that contradicts the declared shape stays inside the data", "[legalize]") {
  auto slice = [](float start) {
    return run(13, "(float[4] x, float[1] f) => (float[2] y)",
               "s = Cast<to = 7>(f) e = Constant<value_ints = [4]>() y = Slice(x, s, e)", {{1, 2, 3, 4}, {start}});
  };
  CHECK(slice(2) == Numbers{3, 4});
  CHECK(slice(3) == Numbers{4, 4});
  CHECK(slice(1e9f) == Numbers{4, 4});
  CHECK(slice(-1e9f) == Numbers{1, 2});
}

TEST_CASE("Pad with pads and axes at run time, in all modes", "[legalize]") {
  for (std::string mode : {"constant", "edge", "reflect", "wrap"}) {
    std::string body = "y = Pad<mode = \"" + mode + "\">(x, p)";
    compare(19, "float[3, 4] x", "float[5, 7] y", body, {{"p", {1, 2, 1, 1}}});
    compare(19, "float[3, 4] x", "float[2, 6] y", body, {{"p", {-1, 3, 0, -1}}});
    compare(19, "float[3, 4] x", "float[3, 6] y", "y = Pad<mode = \"" + mode + "\">(x, p, , a)", {{"p", {2, 0}}, {"a", {-1}}});
  }
}

TEST_CASE("Trilu, reductions, Tile and Expand with parameters at run time", "[legalize]") {
  for (float k : {-5, -1, 0, 2, 5})
    for (const char *body : {"y = Trilu<upper = 1>(x, k)", "y = Trilu<upper = 0>(x, k)"})
      compare(14, "float[2, 3, 4] x", "float[2, 3, 4] y", body, {{"k", {k}}});
  // Two candidates agree with the shape: the axes decide.
  for (float axis : {1, 2, -1, -2})
    compare(18, "float[3, 2, 2] x", "float[3, 2] y", "y = ReduceSum<keepdims = 0>(x, a)", {{"a", {axis}}});
  compare(18, "float[2, 2, 2] x", "float[2] y", "y = ReduceMax<keepdims = 0>(x, a)", {{"a", {2, 0}}});
  compare(18, "float[2, 3, 2] x", "float[1, 3, 1] y", "y = ReduceMean(x, a)", {{"a", {-1, 0}}});
  compare(13, "float[2, 3] x", "float[4, 3] y", "y = Tile(x, r)", {{"r", {2, 1}}});
  compare(13, "float[2, 1] x", "float[3, 2, 4] y", "y = Expand(x, r)", {{"r", {3, 1, 4}}});
}

TEST_CASE("Range at run time has the declared length, also behind elementwise operators", "[legalize]") {
  CHECK(run(13, "(float a, float b, float c) => (float[3] y)", "y = Range(a, b, c)", {{1}, {7}, {2}}) == Numbers{1, 3, 5});
  CHECK(run(13, "(float a, float b, float c) => (float[3] y)", "r = Range(a, b, c) n = Neg(r) y = Mul(n, n)",
            {{1}, {7}, {2}}) == Numbers{1, 9, 25});
}

TEST_CASE("without a declared shape, the parameter must be known", "[legalize]") {
  CHECK(errorOf(13, "(float[4] x, float[1] f) => (float[M] y)", "s = Cast<to = 7>(f) y = Reshape(x, s)") ==
        "node 'Reshape_1': Reshape: input 'shape' depends on the model's inputs, and the file does not say which shape the "
        "result has; "
        "export the model with fixed shapes, or make the input that decides a constant with --bind");
  CHECK(errorOf(13, "(float[4] x, float[1] f) => (float[3] y)", "s = Cast<to = 7>(f) y = Reshape(x, s)") ==
        "node 'Reshape_1': Reshape: cannot turn 4 elements of shape 4 into shape 3");
  CHECK(errorOf(13, "(float[4] x, float[1] f) => (float[6] y)", "s = Cast<to = 7>(f) y = Tile(x, s)") ==
        "node 'Tile_1': Tile: shape 6, which the file declares, is no repetition of 4");
}

TEST_CASE("Resize with scales at run time", "[legalize]") {
  for (std::string mode :
       {"mode = \"nearest\"", "mode = \"linear\"", "mode = \"cubic\"", "mode = \"cubic\", exclude_outside = 1",
        "mode = \"nearest\", nearest_mode = \"ceil\"", "mode = \"linear\", coordinate_transformation_mode = \"align_corners\"",
        "mode = \"nearest\", coordinate_transformation_mode = \"asymmetric\"",
        "mode = \"linear\", coordinate_transformation_mode = \"half_pixel_symmetric\""}) {
    std::string body = "y = Resize<" + mode + ">(x, , s)";
    Numbers data;
    for (int i = 0; i < 16; ++i)
      data.push_back(float(i * i % 11));
    for (auto [scale, size] : {std::pair{2.0f, 8}, {0.6f, 2}, {1.3f, 5}}) {
      INFO(body << " " << scale);
      std::string y = "float[1, 1, " + std::to_string(size) + ", " + std::to_string(size) + "] y",
                  factor = std::to_string(scale);
      Numbers expected = run(19, "(float[1, 1, 4, 4] x) => (" + y + ")",
                             "s = Constant<value_floats = [1.0, 1.0, " + factor + ", " + factor + "]>() " + body, {data});
      Numbers actual = run(19, "(float[1, 1, 4, 4] x, float[4] s) => (" + y + ")", body, {data, {1, 1, scale, scale}});
      REQUIRE(actual.size() == expected.size());
      for (size_t i = 0; i < actual.size(); ++i)
        CHECK(actual[i] == Approx(expected[i]).margin(1e-4));
    }
  }
}
