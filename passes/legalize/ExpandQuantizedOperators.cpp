// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// thimble-legalize-expand-quantized-operators: QLinearConv and its kind become DequantizeLinear, the float operator, and
// QuantizeLinear, which is their definition. The quantize phase makes integer kernels of both forms.
#include "dialects/onnx/OnnxDialect.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "passes/legalize/Legalize.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;

namespace thimble::legalize {
#define GEN_PASS_DEF_EXPANDQUANTIZEDOPERATORS
#include "passes/legalize/Passes.h.inc"
} // namespace thimble::legalize

using namespace thimble;

namespace {

// The operator set in which the parts are written, whatever the model's: all of them mean the same in later ones.
constexpr int64_t partsOpset = 13;

// Rewrites one node; operands that the node does not have are onnx.none.
class Expander {
public:
  explicit Expander(onnx::NodeOp node) : node(node), builder(node) {}

  /// False if the node is none of the quantized operators, or lacks operands: legalization says so.
  bool expand();

private:
  bool has(size_t index) { return index < node.getInputs().size() && !isNone(node.getInputs()[index]); }
  static bool isNone(Value value) { return bool(value.getDefiningOp<onnx::NoneOp>()); }
  Value operand(size_t index) { return has(index) ? node.getInputs()[index] : none(); }
  Value none() { return builder.create<onnx::NoneOp>(node.getLoc(), onnx::ValueType::get(builder.getContext())); }
  Value make(StringRef opType, ValueRange inputs, ArrayRef<NamedAttribute> attributes = {}, int64_t opset = partsOpset) {
    DictionaryAttr dictionary = attributes.empty() ? DictionaryAttr() : builder.getDictionaryAttr(attributes);
    Type type = onnx::ValueType::get(builder.getContext());
    return builder.create<onnx::NodeOp>(node.getLoc(), TypeRange(type), opType, StringRef(),
                                        uint64_t(opset), inputs, dictionary, 0u)->getResult(0);
  }
  NamedAttribute number(StringRef name, int64_t value) { return builder.getNamedAttr(name, builder.getI64IntegerAttr(value)); }
  /// DequantizeLinear of the operands `index`, `index` + 1 (scale) and `index` + 2 (zero point).
  Value real(size_t index, int64_t axis = 1) {
    return make("DequantizeLinear", {operand(index), operand(index + 1), operand(index + 2)}, {number("axis", axis)});
  }
  /// An int32 bias in units of two scales.
  Value bias(size_t index, size_t scaleA, size_t scaleB) {
    if (!has(index))
      return none();
    return make("DequantizeLinear", {operand(index), make("Mul", {operand(scaleA), operand(scaleB)})}, {number("axis", 0)});
  }
  /// The node's own attributes, but for `dropped`.
  SmallVector<NamedAttribute> attributes(ArrayRef<StringRef> dropped = {}) {
    SmallVector<NamedAttribute> kept;
    if (DictionaryAttr all = node.getAttrsAttr())
      for (NamedAttribute attribute : all)
        if (!llvm::is_contained(dropped, attribute.getName().getValue()))
          kept.push_back(attribute);
    return kept;
  }
  int64_t integer(StringRef name, int64_t fallback) {
    DictionaryAttr all = node.getAttrsAttr();
    auto found = all ? all.getAs<IntegerAttr>(name) : IntegerAttr();
    return found ? found.getInt() : fallback;
  }
  bool finish(Value y, size_t scale) {
    Value codes = make("QuantizeLinear", {y, operand(scale), operand(scale + 1)});
    node.getOutputs()[0].replaceAllUsesWith(codes);
    node.erase();
    return true;
  }
  bool finishReal(Value y) {
    node.getOutputs()[0].replaceAllUsesWith(y);
    node.erase();
    return true;
  }
  bool expandOnnx();
  bool expandMicrosoft();
  bool expandConcat();

  onnx::NodeOp node;
  OpBuilder builder;
};

bool Expander::expandOnnx() {
  size_t count = node.getInputs().size();
  if (node.getOpType() == "QLinearConv" && count >= 8)
    return finish(make("Conv", {real(0), real(3, 0), bias(8, 1, 4)}, attributes()), 6);
  if (node.getOpType() == "QLinearMatMul" && count >= 8)
    return finish(make("MatMul", {real(0, -2), real(3, -1)}), 6);
  return false;
}

// Scales and zero points of all inputs: (Y scale, Y zero point, (X, scale, zero point)...).
bool Expander::expandConcat() {
  SmallVector<Value> inputs;
  for (size_t i = 2; i + 2 < node.getInputs().size(); i += 3)
    inputs.push_back(real(i));
  return !inputs.empty() && finish(make("Concat", inputs, attributes()), 0);
}

bool Expander::expandMicrosoft() {
  StringRef opType = node.getOpType();
  size_t count = node.getInputs().size();
  if ((opType == "QLinearAdd" || opType == "QLinearMul") && count >= 7)
    return finish(make(opType.drop_front(7), {real(0), real(3)}), 6);
  if (opType == "QLinearConcat")
    return expandConcat();
  if (opType == "QGemm" && count >= 6) {
    Value y = make("Gemm", {real(0), real(3, integer("transB", 0) ? 0 : 1), bias(6, 1, 4)}, attributes());
    return has(7) ? finish(y, 7) : finishReal(y);
  }
  StringRef simple = llvm::StringSwitch<StringRef>(opType)
                         .Case("QLinearSigmoid", "Sigmoid")
                         .Case("QLinearLeakyRelu", "LeakyRelu")
                         .Case("QLinearGlobalAveragePool", "GlobalAveragePool")
                         .Case("QLinearAveragePool", "AveragePool")
                         .Case("QLinearSoftmax", "Softmax")
                         .Case("QLinearReduceMean", "ReduceMean")
                         .Default("");
  bool isNHWC = integer("channels_last", 0) != 0; // no operator of ONNX takes these
  // Before operator set 13, a softmax flattens what follows its axis.
  bool isOldSoftmax = opType == "QLinearSoftmax" && integer("opset", partsOpset) < 13;
  if (simple.empty() || count < 4 || isNHWC || isOldSoftmax)
    return false;
  return finish(make(simple, real(0), attributes({"channels_last", "opset"}), opType == "QLinearReduceMean" ? 11 : partsOpset),
                3);
}

bool Expander::expand() {
  if (node.getOutputs().size() != 1 || !isa<onnx::ValueType>(node.getOutputs()[0].getType()) || !node.getBodies().empty())
    return false;
  StringRef domain = node.getDomain();
  if (domain.empty() || domain == "ai.onnx")
    return expandOnnx();
  return domain == "com.microsoft" && expandMicrosoft();
}

struct ExpandQuantizedOperators : legalize::impl::ExpandQuantizedOperatorsBase<ExpandQuantizedOperators> {
  void runOnOperation() override {
    SmallVector<onnx::NodeOp> nodes;
    getOperation().walk([&](onnx::NodeOp node) { nodes.push_back(node); });
    for (onnx::NodeOp node : nodes)
      Expander(node).expand();
  }
};

} // namespace
