// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Descriptions of a function's inputs and outputs.
#include "compiler/pipeline/Interface.h"
#include "dialects/nn/NNDialect.h"

using namespace mlir;
using namespace thimble;

static ElementType elementTypeOf(Type type) {
  if (nn::isQuantized(type))
    return ElementType::S8;
  if (type.isF64())
    return ElementType::F64;
  auto integer = dyn_cast<IntegerType>(type);
  if (!integer)
    return ElementType::F32;
  bool isUnsigned = integer.isUnsigned();
  switch (integer.getWidth()) {
  case 1:
    return ElementType::Bool;
  case 8:
    return isUnsigned ? ElementType::U8 : ElementType::S8;
  case 16:
    return isUnsigned ? ElementType::U16 : ElementType::S16;
  case 32:
    return isUnsigned ? ElementType::U32 : ElementType::S32;
  default:
    return isUnsigned ? ElementType::U64 : ElementType::S64;
  }
}

static SampleInput describe(Type type, Attribute name) {
  auto tensor = cast<RankedTensorType>(type);
  SampleInput result;
  if (auto text = dyn_cast_or_null<StringAttr>(name))
    result.name = text.getValue().str();
  result.shape.assign(tensor.getShape().begin(), tensor.getShape().end());
  result.type = elementTypeOf(tensor.getElementType());
  if (quant::UniformQuantizedType quantized = nn::getInt8Type(type)) {
    result.scale = quantized.getScale();
    result.zeroPoint = quantized.getZeroPoint();
  }
  return result;
}

std::vector<SampleInput> thimble::describeInputs(func::FuncOp function) {
  std::vector<SampleInput> result;
  for (auto [index, type] : llvm::enumerate(function.getArgumentTypes()))
    result.push_back(describe(type, function.getArgAttr(unsigned(index), "onnx.name")));
  return result;
}

std::vector<SampleInput> thimble::describeOutputs(func::FuncOp function) {
  std::vector<SampleInput> result;
  for (auto [index, type] : llvm::enumerate(function.getResultTypes()))
    result.push_back(describe(type, function.getResultAttr(unsigned(index), "onnx.name")));
  return result;
}
