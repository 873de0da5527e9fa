// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Models that are right: what the module says of them.
#include "compiler/support/Constants.h"
#include "mlir/Parser/Parser.h"
#include "test/unit/import/support.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <catch2/catch.hpp>

using namespace mlir;
using namespace thimble;
using namespace thimble::test;

static std::map<std::string, Attribute> constantsOf(Imported &imported) {
  std::map<std::string, Attribute> result;
  for (auto constant : imported.function().getOps<onnx::ConstantOp>())
    result[nodeName(constant.getLoc())] = constant.getValue();
  return result;
}

TEST_CASE("typed and raw tensor data give the same constants of every type", "[import]") {
  Imported typed = importFile(corpusPath("accepted/typed_data.onnx")), raw = importFile(corpusPath("accepted/raw_data.onnx"));
  REQUIRE(typed.module);
  REQUIRE(raw.module);
  auto typedConstants = constantsOf(typed), rawConstants = constantsOf(raw);
  REQUIRE(typedConstants.size() == 26);
  const std::map<std::string, std::string> types = {
      {"float", "f32"}, {"double", "f64"},  {"float16", "f16"}, {"bfloat16", "bf16"}, {"int8", "i8"},
      {"uint8", "ui8"}, {"int16", "i16"},   {"uint16", "ui16"}, {"int32", "i32"},     {"uint32", "ui32"},
      {"int64", "i64"}, {"uint64", "ui64"}, {"bool", "i1"}};
  for (const auto &[name, type] : types)
    for (const char *suffix : {"", "_large"}) {
      CAPTURE(name, suffix);
      auto one = ConstantData::get(typedConstants[name + suffix]), other = ConstantData::get(rawConstants[name + suffix]);
      REQUIRE(succeeded(one));
      REQUIRE(succeeded(other));
      CHECK(one->bytes() == other->bytes());
      std::string printed;
      llvm::raw_string_ostream(printed) << one->getType().getElementType();
      CHECK(printed == type);
      CHECK(one->getType().getNumElements() == (*suffix ? 99 : 3));
      CHECK(isa<DenseResourceElementsAttr>(typedConstants[name + suffix]) == (one->bytes().size() > 64));
    }
  auto number = [&](const std::string &name, int64_t index) { return ConstantData::get(typedConstants[name])->number(index); };
  CHECK(number("float", 1) == -2.25);
  CHECK(number("double", 2) == 1e300);
  CHECK(number("float16", 1) == -2.5);
  CHECK(number("bfloat16", 1) == -2.5);
  CHECK(number("int8", 1) == -128);
  CHECK(number("uint16", 2) == 65535);
  CHECK(number("uint32", 2) == 4294967295.0);
  CHECK(ConstantData::get(typedConstants["int64"])->as<int64_t>()[1] == INT64_MIN);
  CHECK(ConstantData::get(typedConstants["uint64"])->as<uint64_t>()[2] == UINT64_MAX);
  CHECK(ConstantData::get(typedConstants["bool_large"])->bytes().take_front(3) == ArrayRef<char>({1, 0, 1}));
}

TEST_CASE("external data is read beside the model", "[import]") {
  for (const char *file : {"accepted/external.onnx", "accepted/external_no_length.onnx"}) {
    Imported imported = importFile(corpusPath(file));
    REQUIRE(imported.module);
    auto data = ConstantData::get(constantsOf(imported)["w"]);
    REQUIRE(succeeded(data));
    CHECK(data->floats() == std::vector<float>{0, 1, 2, 3, 4, 5, 6, 7, 8});
  }
  CHECK(importFile(corpusPath("accepted/external_empty.onnx")).module);
}

TEST_CASE("initializers that are inputs as well are constants", "[import]") {
  Imported imported = importFile(corpusPath("accepted/old_style_initializers.onnx"));
  REQUIRE(imported.module);
  CHECK(imported.function().getNumArguments() == 1);
  CHECK(constantsOf(imported).count("w"));
  CHECK((*imported.module)->getAttrOfType<IntegerAttr>("onnx.ir_version").getInt() == 3);
}

TEST_CASE("a newer operator set gives a warning", "[import]") {
  Imported imported = importFile(corpusPath("accepted/opset_99.onnx"));
  REQUIRE(imported.module);
  REQUIRE(imported.notes.size() == 1);
  CHECK(imported.notes.front().severity == DiagnosticSeverity::Warning);
  CHECK_THAT(imported.notes.front().text, Catch::Contains("operator set 99, which is newer"));
  CHECK(imported.nodes().front().getOpset() == 99);
}

TEST_CASE("functions are expanded, with the values and defaults of their attributes", "[import]") {
  Imported imported = importFile(corpusPath("accepted/functions.onnx"));
  REQUIRE(imported.module);
  std::vector<std::string> names;
  std::vector<double> factors;
  for (onnx::NodeOp node : imported.nodes()) {
    names.push_back(nodeName(node.getLoc()));
    CHECK(node.getOpset() == 13);
    if (node.getOpType() == "Constant")
      factors.push_back(cast<FloatAttr>(node.getAttrsAttr().get("value_float")).getValueAsDouble());
  }
  CHECK(names == std::vector<std::string>{"plain/factor", "plain/mul", "given/factor", "given/mul", "outer/inner/factor",
                                          "outer/inner/mul"});
  CHECK(factors == std::vector<double>{2, 3, 4});
}

TEST_CASE("nodes are brought into an order in which values come before their use", "[import]") {
  Imported imported = importFile(corpusPath("accepted/unsorted.onnx"));
  REQUIRE(imported.module);
  std::vector<std::string> names;
  for (onnx::NodeOp node : imported.nodes())
    names.push_back(nodeName(node.getLoc()));
  CHECK(names == std::vector<std::string>{"first", "choice", "last"});
}

TEST_CASE("a valid order of the file is kept", "[import]") {
  Imported imported = importGraph("g (float[1] x) => (float[1] y) { b = Exp(x) a = Neg(x) y = Add(a, b) }");
  REQUIRE(imported.module);
  std::vector<std::string> types;
  for (onnx::NodeOp node : imported.nodes())
    types.push_back(node.getOpType().str());
  CHECK(types == std::vector<std::string>{"Exp", "Neg", "Add"});
}

TEST_CASE("optional inputs that are left out are none values, unnamed outputs are kept", "[import]") {
  Imported imported = importGraph("g (float[1] x) => (float[1] y) <float m = {6.0}> { y, , z = Clip(x, , m) }");
  REQUIRE(imported.module);
  onnx::NodeOp clip = imported.nodes().front();
  REQUIRE(clip.getInputs().size() == 3);
  CHECK(isa<BlockArgument>(clip.getInputs()[0]));
  CHECK(isa<onnx::NoneOp>(clip.getInputs()[1].getDefiningOp()));
  CHECK(isa<onnx::ConstantOp>(clip.getInputs()[2].getDefiningOp()));
  CHECK(clip.getNumResults() == 3);
  CHECK(nodeName(clip.getLoc()) == "Clip_0");
}

TEST_CASE("attributes keep their kinds", "[import]") {
  Imported imported = importGraph("g (float[1] x) => (float[1] y) { y = Relu <i = 3, f = 1.5, s = \"text\", ii = [1, 2], ff = "
                                  "[1.0, 2.0], ss = [\"a\", \"b\"], "
                                  "t = int64[2] {4, 5}> (x) }");
  REQUIRE(imported.module);
  DictionaryAttr attributes = imported.nodes().front().getAttrsAttr();
  CHECK(cast<IntegerAttr>(attributes.get("i")).getInt() == 3);
  CHECK(cast<FloatAttr>(attributes.get("f")).getValueAsDouble() == 1.5);
  CHECK(cast<StringAttr>(attributes.get("s")).getValue() == "text");
  CHECK(cast<DenseI64ArrayAttr>(attributes.get("ii")).asArrayRef() == ArrayRef<int64_t>({1, 2}));
  CHECK(cast<DenseF32ArrayAttr>(attributes.get("ff")).asArrayRef() == ArrayRef<float>({1, 2}));
  CHECK(cast<StringAttr>(cast<ArrayAttr>(attributes.get("ss"))[1]).getValue() == "b");
  CHECK(ConstantData::get(attributes.get("t"))->integers() == SmallVector<int64_t>{4, 5});
}

TEST_CASE("subgraphs are regions in the order of their attributes, and see the values around them", "[import]") {
  Imported imported = importGraph(R"(g (float[1] x, bool c) => (float[1] y) {
    t = Neg(x)
    y = If (c) <then_branch = a () => (float[1] p) { p = Add(t, x) },
                else_branch = b () => (float[1] q) <float[1] k = {2.0}> { q = Mul(t, k) }>
  })");
  REQUIRE(imported.module);
  onnx::NodeOp branch = imported.nodes()[1];
  REQUIRE(branch.getBodies().size() == 2);
  // In the order of the dictionary: else_branch, then_branch.
  auto inElse = llvm::to_vector(branch.getBodies()[0].getOps<onnx::NodeOp>());
  auto inThen = llvm::to_vector(branch.getBodies()[1].getOps<onnx::NodeOp>());
  REQUIRE(inElse.size() == 1);
  CHECK(inElse.front().getOpType() == "Mul");
  CHECK(nodeName(inElse.front().getLoc()) == "If_1/else_branch/Mul_0");
  CHECK(inThen.front().getOpType() == "Add");
  CHECK(inThen.front().getInputs()[0] == imported.nodes()[0].getOutputs()[0]);
  auto last = cast<onnx::ReturnOp>(branch.getBodies()[1].front().getTerminator());
  CHECK(last.getOperands()[0] == inThen.front().getOutputs()[0]);
}

TEST_CASE("bodies of loops have arguments", "[import]") {
  Imported imported = importGraph(R"(g (int64 n, bool c, float[1] x) => (float[1] y) {
    y = Loop (n, c, x) <body = b (int64 i, bool go, float[1] a) => (bool more, float[1] s) {
      more = Identity(go)
      s = Add(a, a)
    }>
  })");
  REQUIRE(imported.module);
  Block &body = imported.nodes().front().getBodies()[0].front();
  CHECK(body.getNumArguments() == 3);
  CHECK(cast<onnx::ReturnOp>(body.getTerminator()).getOperands().size() == 2);
}

TEST_CASE("an input or initializer that is an output passes through a node", "[import]") {
  Imported imported = importGraph("g (float[1] x) => (float[1] x, float[1] w) <float[1] w = {1.0}> { }");
  REQUIRE(imported.module);
  REQUIRE(imported.nodes().size() == 2);
  CHECK(imported.nodes()[0].getOpType() == "Identity");
  CHECK(isa<onnx::ValueType>(imported.function().getResultTypes()[0]));
}

TEST_CASE("constants without elements are kept", "[import]") {
  Imported imported = importGraph("g (float[1] x) => (float[1] y) <float[0] roi = {}> { y = Resize(x, roi) }");
  REQUIRE(imported.module);
  auto data = ConstantData::get(constantsOf(imported)["roi"]);
  REQUIRE(succeeded(data));
  CHECK(data->size() == 0);
  CHECK(data->bytes().empty());
}

TEST_CASE("every accepted model survives printing and parsing", "[import]") {
  std::error_code error;
  int files = 0;
  for (llvm::sys::fs::directory_iterator it(corpusPath("accepted"), error), end; it != end && !error; it.increment(error)) {
    if (llvm::sys::path::extension(it->path()) != ".onnx")
      continue;
    CAPTURE(it->path());
    ++files;
    Imported imported = importFile(it->path());
    REQUIRE(imported.module);
    std::string text = imported.text();
    MLIRContext other;
    other.loadDialect<onnx::OnnxDialect, func::FuncDialect>();
    OwningOpRef<ModuleOp> parsed = parseSourceString<ModuleOp>(text, ParserConfig(&other));
    REQUIRE(parsed);
    std::string again;
    llvm::raw_string_ostream stream(again);
    parsed->print(stream);
    CHECK(again == text);
    // The same file gives the same module.
    CHECK(importFile(it->path()).text() == text);
  }
  CHECK(files >= 8);
}
