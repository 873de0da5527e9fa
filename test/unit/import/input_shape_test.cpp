// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Open dimensions of inputs: what settles them, and what is said if nothing does.
#include "test/unit/import/support.h"
#include <catch2/catch.hpp>

using namespace mlir;
using namespace thimble;
using namespace thimble::test;

static ImportOptions withShapes(std::initializer_list<std::pair<const char *, SmallVector<int64_t>>> shapes) {
  ImportOptions options;
  for (const auto &[name, shape] : shapes)
    options.inputShapes[name] = shape;
  return options;
}

static SmallVector<int64_t> inputShape(Imported &imported, unsigned index = 0) {
  return llvm::to_vector(cast<ShapedType>(imported.function().getArgumentTypes()[index]).getShape());
}

static std::string onlyError(const Imported &imported) {
  REQUIRE(imported.errors.size() == 1);
  CHECK(!imported.module);
  return imported.errors.front().text;
}

static const char *const batched = "g (float[N, 3] x) => (float[N, 3] y) { y = Relu(x) }";

TEST_CASE("an open batch dimension is 1, with a remark", "[import]") {
  Imported imported = importGraph(batched);
  REQUIRE(imported.module);
  CHECK(inputShape(imported) == SmallVector<int64_t>{1, 3});
  REQUIRE(imported.notes.size() == 1);
  CHECK(imported.notes.front().severity == DiagnosticSeverity::Remark);
  CHECK(imported.notes.front().text == "batch dimension 'N' of input 'x' is taken as 1; --input-shape x=<N>x3 sets it");
  // The output has the same symbol.
  CHECK_THAT(imported.text(), Catch::Contains("onnx.type = tensor<1x3xf32>"));
  CHECK_THAT(imported.text(), Catch::Contains("onnx.name = \"x\""));
}

TEST_CASE("--input-shape sets open dimensions, quietly, and those of other inputs with the same symbol", "[import]") {
  Imported one = importGraph(batched, withShapes({{"x", {4, 3}}}));
  REQUIRE(one.module);
  CHECK(inputShape(one) == SmallVector<int64_t>{4, 3});
  CHECK(one.notes.empty());
  Imported two =
      importGraph("g (float[N, 3] x, float[N, T] z) => (float[N, 3] y) { y = Relu(x) }", withShapes({{"z", {4, 5}}}));
  REQUIRE(two.module);
  CHECK(inputShape(two, 0) == SmallVector<int64_t>{4, 3});
  CHECK(inputShape(two, 1) == SmallVector<int64_t>{4, 5});
  CHECK(two.notes.empty());
}

TEST_CASE("a shared batch dimension gives one remark", "[import]") {
  Imported imported = importGraph("g (float[N, 3] x, float[N] z) => (float[N, 3] y) { y = Relu(x) }");
  REQUIRE(imported.module);
  CHECK(imported.notes.size() == 1);
}

TEST_CASE("sizes that disagree give a warning", "[import]") {
  Imported imported =
      importGraph("g (float[N] x, float[N] z) => (float[N] y) { y = Relu(x) }", withShapes({{"x", {2}}, {"z", {3}}}));
  REQUIRE(imported.module);
  REQUIRE(imported.notes.size() == 1);
  CHECK(imported.notes.front().text == "--input-shape z=3: dimension 'N' is 2 in another input");
}

TEST_CASE("options that do not fit the model are errors", "[import]") {
  CHECK(onlyError(importGraph(batched, withShapes({{"z", {1}}}))) ==
        "--input-shape names 'z', which is not an input of the model; its inputs: 'x'");
  CHECK(onlyError(importGraph(batched, withShapes({{"x", {1, 4}}}))) ==
        "--input-shape x=1x4 contradicts the model, where input 'x' has the shape <N>x3");
  CHECK_THAT(onlyError(importGraph(batched, withShapes({{"x", {1, 3, 1}}}))), Catch::Contains("contradicts the model"));
  CHECK_THAT(onlyError(importGraph(batched, withShapes({{"x", {-1, 3}}}))), Catch::Contains("the sizes must not be negative"));
  CHECK_THAT(onlyError(importGraph("g (float x) => (float y) { y = Relu(x) }", withShapes({{"x", {1}}}))),
             Catch::Contains("input 'x' has the shape scalar"));
  CHECK_THAT(
      onlyError(importGraph("g (float[N] x) => (float[N] y) <float[1] w = {1.0}> { y = Add(x, w) }", withShapes({{"w", {1}}}))),
      Catch::Contains("'w', which is not an input"));
}

TEST_CASE("other open dimensions need the option, which the error spells out", "[import]") {
  const char *open = "g (float[N, 3, H, W] x) => (float[N] y) { y = Relu(x) }";
  CHECK(onlyError(importGraph(open)) ==
        "dimension 2 ('H') of input 'x' is not known; give the shape with --input-shape x=<N>x3x<H>x<W>");
  Imported imported = importGraph(open, withShapes({{"x", {1, 3, 96, 64}}}));
  REQUIRE(imported.module);
  CHECK(inputShape(imported) == SmallVector<int64_t>{1, 3, 96, 64});
}

TEST_CASE("an input without a shape takes the one that is given", "[import]") {
  ImportOptions options = withShapes({{"x", {1, 2}}});
  Imported imported = importFile(corpusPath("damaged/input_without_shape.onnx"), options);
  REQUIRE(imported.module);
  CHECK(inputShape(imported) == SmallVector<int64_t>{1, 2});
}
