// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// QuantizeLinear and DequantizeLinear.
//
// Activations of int8 and uint8 with one constant scale become !quant values, from which the quantize phase makes integer
// arithmetic; uint8 codes are stored less 128, and inputs and outputs of the model that have them are converted by a table. So do
// int16 (uint16) with zero point 0 (32768). Whatever else ONNX allows (constants, scales that are not constant or differ along an
// axis, codes that something else than a DequantizeLinear reads) is composed of f32 operations: QuantizeForms.cpp.
#include "passes/legalize/NodeBinder.h"
#include "passes/legalize/handlers/Handlers.h"
#include "passes/legalize/handlers/Types.h"
#include <cmath>

using namespace mlir;
using namespace thimble;
using namespace thimble::legalize;

using Int8Type = quant::UniformQuantizedType;

// Operators that hand codes on as they are, so that a !quant value may pass through them.
static bool movesCodes(llvm::StringRef opType) {
  return llvm::is_contained(
      {"Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Identity", "MaxPool", "Slice", "Split"}, opType);
}

// True if the output of the model that returns `use` is declared with these codes.
static bool isOutputOf(OpOperand &use, Type storage) {
  auto end = dyn_cast<func::ReturnOp>(use.getOwner());
  auto function = end ? dyn_cast<func::FuncOp>(end->getParentOp()) : func::FuncOp();
  auto declared = function ? function.getResultAttrOfType<TypeAttr>(use.getOperandNumber(), "onnx.type") : TypeAttr();
  return declared ? getElementTypeOrSelf(declared.getValue()) == storage : end && storage.isSignlessInteger();
}

// True if the codes of `value` matter to nothing but DequantizeLinear, behind operators that move them, and outputs.
static bool isOnlyDequantized(Value value, Type storage, int depth = 0) {
  return depth < 16 && llvm::all_of(value.getUses(), [&](OpOperand &use) {
    auto node = dyn_cast<onnx::NodeOp>(use.getOwner());
    if (!node)
      return isOutputOf(use, storage);
    if (use.getOperandNumber() != 0)
      return false;
    if (node.getOpType() == "DequantizeLinear")
      return true;
    return movesCodes(node.getOpType()) && llvm::all_of(node.getOutputs(), [&](Value output) {
             return isOnlyDequantized(output, storage, depth + 1);
           });
  });
}

// The per-tensor type of codes of `storage` with the node's parameters; null if they are not constant, not of one element, or the
// codes neither of 8 bits nor symmetric ones of 16.
static Int8Type int8Type(NodeBinder &node, Type storage) {
  Value scaleValue = node.operand(1), zeroValue = node.operand(2);
  unsigned width = storage && isa<IntegerType>(storage) ? storage.getIntOrFloatBitWidth() : 0;
  if ((width != 8 && width != 16) || node.integer("block_size", 0) != 0 || !isF32(scaleValue) ||
      elementCount(shapeOf(scaleValue)) != 1 ||
      (zeroValue && (elementCount(shapeOf(zeroValue)) != 1 || elementOf(zeroValue) != storage)))
    return {};
  FailureOr<ConstantData> scale = ConstantData::get(scaleValue);
  FailureOr<ConstantData> zeroPoint = zeroValue ? ConstantData::get(zeroValue) : FailureOr<ConstantData>();
  if (failed(scale) || (zeroValue && failed(zeroPoint)))
    return {};
  double step = scale->number(0);
  if (!std::isfinite(step) || step < 1e-30)
    return {};
  int64_t zero = zeroValue ? int64_t(zeroPoint->number(0)) : 0;
  int64_t half = int64_t(1) << (width - 1);
  if (storage.isUnsignedInteger())
    zero -= half;
  if (width == 16 && zero != 0)
    return {};
  MLIRContext *context = node.getBuilder().getContext();
  return Int8Type::get(quant::QuantizationFlags::Signed, IntegerType::get(context, width), Float32Type::get(context), step,
                       zero, -half, half - 1);
}

static LogicalResult legalizeQuantizeLinear(NodeBinder &node) {
  Value x = node.operand(0);
  int64_t code = node.integer("output_dtype", 0);
  Type storage = node.operand(2) ? elementOf(node.operand(2)) : storedTypeOfCode(node.getBuilder(), code ? code : 2);
  Int8Type type = int8Type(node, storage);
  if (type && isF32(x) && !isConstant(x) && isOnlyDequantized(node.getNode().getOutputs()[0], storage)) {
    node.ignore({"axis", "saturate", "precision"});
    return node.setResult(node.emitAs<nn::QuantizeOp>(shapeOf(x), type, x));
  }
  return composeQuantizeLinear(node);
}

// Codes that reach the graph as plain integers, as quantized values.
static Value quantizedCodes(NodeBinder &node, Value codes) {
  Type storage = elementOf(codes);
  bool isByte = storage.isInteger(8) && !isConstant(codes);
  Int8Type type = isByte ? int8Type(node, storage) : Int8Type();
  if (!type || elementCount(shapeOf(codes)) == 0)
    return {};
  Value table = node.constant(nn::makeCodeTable(node.getBuilder().getContext(), storage.isUnsignedInteger()));
  return node.emitAs<nn::LookupOp>(shapeOf(codes), type, codes, table);
}

static LogicalResult legalizeDequantizeLinear(NodeBinder &node) {
  Value x = node.operand(0);
  Int8Type from = nn::getActivationType(x.getType());
  if (!from) {
    x = quantizedCodes(node, x);
    if (!x)
      return composeDequantizeLinear(node);
    node.ignore({"axis", "output_dtype"});
    return node.setResult(node.emitAs<nn::DequantizeOp>(shapeOf(x), node.getBuilder().getF32Type(), x));
  }
  node.ignore({"axis", "output_dtype"});
  Type storage = node.operand(2) ? elementOf(node.operand(2)) : from.getStorageType();
  Int8Type type = int8Type(node, storage);
  if (!type)
    return node.fail("needs the constant scale and the zero point of the type with which its input was quantized");
  if (type != from && type.getStorageTypeIntegralWidth() == 16)
    return node.fail("has another scale than the one with which its int16 input was quantized");
  // The same codes in another scale are a table that changes nothing but the type.
  if (type != from) {
    Value table = node.constant(nn::makeCodeTable(node.getBuilder().getContext(), /*isUnsigned=*/false));
    x = node.emitAs<nn::LookupOp>(shapeOf(x), type, x, table);
  }
  return node.setResult(node.emitAs<nn::DequantizeOp>(shapeOf(x), node.getBuilder().getF32Type(), x));
}

void legalize::registerQuantizations(Registry &registry) {
  registry.add("QuantizeLinear", {10, 13, 19, 21, 23}, {2, 3}, legalizeQuantizeLinear);
  registry.add("DequantizeLinear", {10, 13, 19, 21, 23}, {2, 3}, legalizeDequantizeLinear);
}
