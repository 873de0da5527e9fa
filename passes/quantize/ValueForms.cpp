// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Conversions between the forms of a value, each made once.
#include "passes/quantize/ValueForms.h"
#include <cmath>

using namespace mlir;
using namespace thimble;
using namespace thimble::quantize;

// Whatever form a value takes, its channels stay scaled.
void ValueForms::keepFactors(Value original, Value made) {
  if (llvm::ArrayRef<float> factors = getChannelFactors(original); !factors.empty() && made.getDefiningOp())
    made.getDefiningOp()->setDiscardableAttr(channelFactorsAttrName, builder.getDenseF32ArrayAttr(factors));
}

FailureOr<Value> ValueForms::makeConstantInt8(Value original, Int8Type type) {
  FailureOr<ConstantData> data = ConstantData::get(original);
  if (failed(data) || !type || llvm::any_of(data->as<float>(), [](float element) { return std::isnan(element); }))
    return emitError(original.getLoc()) << "constant holds numbers that are not finite, so it cannot be quantized";
  RankedTensorType result = withElement(original.getType(), type);
  std::vector<int8_t> codes = quantizeElements(data->as<float>(), type);
  return Value(builder.create<nn::ConstantOp>(original.getLoc(), result, makeConstant<int8_t>(result, codes)));
}

FailureOr<Value> ValueForms::makeLookup(Value original, Int8Type type) {
  FailureOr<Value> root = getInt8(fusion.getRoot(original));
  if (failed(root))
    return failure();
  std::vector<int8_t> codes = quantizeElements(plan.getNumbers(original), type);
  auto tableType = RankedTensorType::get({256}, builder.getI8Type());
  Value table = builder.create<nn::ConstantOp>(original.getLoc(), tableType, makeConstant<int8_t>(tableType, codes, "table"));
  return Value(builder.create<nn::LookupOp>(original.getLoc(), withElement(original.getType(), type), *root, table));
}

FailureOr<Value> ValueForms::getInt8(Value original, Int8Type type) {
  if (!type)
    type = plan.getType(original);
  if (!type) {
    if (isa_and_nonnull<nn::ConstantOp>(original.getDefiningOp()))
      return makeConstantInt8(original, type);
    return emitError(original.getLoc()) << "has no calibrated range; run calibration first";
  }
  Value form = int8Forms.lookup(original);
  if (form && nn::getInt8Type(form.getType()) == type)
    return form;
  if (Value done = converted.lookup({original, type}))
    return done;
  Location loc = original.getLoc();
  RankedTensorType resultType = withElement(original.getType(), type);
  FailureOr<Value> made;
  if (form)
    made = Value(builder.create<nn::RequantizeOp>(loc, resultType, form));
  else if (Value real = realForms.lookup(original))
    made = Value(builder.create<nn::QuantizeOp>(loc, resultType, real));
  else if (fusion.isExpression(original))
    made = makeLookup(original, type);
  else
    made = makeConstantInt8(original, type);
  if (failed(made))
    return failure();
  keepFactors(original, *made);
  return converted[{original, type}] = *made;
}

FailureOr<Value> ValueForms::getReal(Value original) {
  if (Value form = realForms.lookup(original))
    return form;
  Type type = builder.getF32Type();
  if (Value done = converted.lookup({original, type}))
    return done;
  if (auto constant = dyn_cast_or_null<nn::ConstantOp>(original.getDefiningOp()))
    return converted[{original, type}] = builder.clone(*constant)->getResult(0);
  FailureOr<Value> int8 = int8Forms.contains(original) ? int8Forms.lookup(original) : getInt8(original);
  if (failed(int8))
    return failure();
  Value real = builder.create<nn::DequantizeOp>(original.getLoc(), withElement(original.getType(), type), *int8);
  keepFactors(original, real);
  return converted[{original, type}] = real;
}
