// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Inputs that become constants, and what is kept of declared shapes.
#include "test/unit/import/support.h"
#include <catch2/catch.hpp>

using namespace mlir;
using namespace thimble;
using namespace thimble::test;

static ImportOptions bound(const char *name, std::vector<int64_t> values) {
  ImportOptions options;
  options.bindings[name] = {Tensor(ElementType::S64, {int64_t(values.size())}, llvm::ArrayRef(values)), true};
  return options;
}

static std::string onlyError(const Imported &imported) {
  REQUIRE(imported.errors.size() == 1);
  CHECK(!imported.module);
  return imported.errors.front().text;
}

TEST_CASE("--bind makes an input a constant of its type and shape", "[import]") {
  const char *graph = "g (float[2, 3] x, float[1, N] k) => (float[2, 3] y) { y = Mul(x, k) }";
  Imported imported = importGraph(graph, bound("k", {1, 2, 3}));
  REQUIRE(imported.module);
  CHECK(imported.function().getNumArguments() == 1);
  CHECK_THAT(imported.text(),
             Catch::Contains("onnx.constant dense<[[1.000000e+00, 2.000000e+00, 3.000000e+00]]> : tensor<1x3xf32>"));
  Imported scalar = importGraph("g (float[2] x, bool c) => (float[2] y, bool d) { y = Neg(x) d = Not(c) }", bound("c", {1}));
  REQUIRE(scalar.module);
  CHECK_THAT(scalar.text(), Catch::Contains("onnx.constant dense<true> : tensor<i1>"));
}

TEST_CASE("--bind refuses what an input cannot hold", "[import]") {
  const char *graph = "g (float[2] x, int8[2] k) => (int8[2] y) { y = Neg(k) }";
  CHECK(onlyError(importGraph(graph, bound("k", {1, 2, 3}))) ==
        "--bind k has 3 elements, which do not fit the shape of the input");
  CHECK(onlyError(importGraph(graph, bound("z", {1}))) == "--bind names 'z', which is not an input of the model");
  CHECK_THAT(onlyError(importGraph(graph, bound("k", {1, 1000}))), Catch::Contains("--bind k: ") && Catch::Contains("1000"));
}

TEST_CASE("declared shapes of intermediate values are kept where they are complete", "[import]") {
  Imported imported =
      importGraph("g (float[2, N] x) => (float[2, N] y) <float[2, 3] t, float[K] u> { t = Neg(x) u = Abs(t) y = Neg(u) }", [] {
        ImportOptions options;
        options.inputShapes["x"] = {2, 3};
        return options;
      }());
  REQUIRE(imported.module);
  CHECK(imported.nodes()[0]->getAttrOfType<ArrayAttr>("onnx.types"));
  CHECK(!imported.nodes()[1]->getAttr("onnx.types"));
}
