// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Conversions between the forms of a value, each made once.
#include "passes/quantize/ValueForms.h"
#include "passes/quantize/Table16.h"
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
  return Value(builder.create<nn::ConstantOp>(original.getLoc(), result, makeCodes(result, data->as<float>())));
}

// A clamp keeps the scale, and is exact; any other function of int16 is a table that is linear between its entries.
FailureOr<Value> ValueForms::makeLookup16(Value original, Int8Type type) {
  Value rootValue = fusion.getRoot(original);
  Int8Type rootType = plan.getType(rootValue);
  FailureOr<Value> root = rootType ? getInt8(rootValue, widen(rootType)) : getInt8(rootValue);
  if (failed(root))
    return failure();
  rootType = nn::getInt16Type((*root).getType());
  Location loc = original.getLoc();
  Int8Type wide = isInt16(type) ? type : widen(type);
  Value y;
  if (std::optional<Range> limits = getClamp(original, rootValue)) {
    y = builder.create<nn::UnaryOp>(loc, withElement(original.getType(), rootType), 
                                    nn::UnaryKindAttr::get(builder.getContext(), nn::UnaryKind::Clamp), *root,
                                    builder.getF32FloatAttr(limits->low), builder.getF32FloatAttr(limits->high));
    wide = rootType;
  } else {
    FailureOr<std::vector<int16_t>> entries = makeTable16(fusion, original, rootType, wide);
    if (failed(entries))
      return failure();
    auto tableType = RankedTensorType::get({int64_t(entries->size())}, builder.getI16Type());
    Value table = builder.create<nn::ConstantOp>(loc, tableType, makeConstant<int16_t>(tableType, *entries, "table"));
    y = builder.create<nn::LookupOp>(loc, withElement(original.getType(), wide), *root, table);
  }
  if (wide == type)
    return y;
  return Value(builder.create<nn::RequantizeOp>(loc, withElement(original.getType(), type), y));
}

FailureOr<Value> ValueForms::makeLookup(Value original, Int8Type type) {
  if (isInt16(type) || isInt16(plan.getType(fusion.getRoot(original))))
    return makeLookup16(original, type);
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
  if (form && nn::getActivationType(form.getType()) == type)
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
