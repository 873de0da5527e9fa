// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reading and making constant tensors.
#include "compiler/support/Constants.h"
#include "compiler/support/Numeric.h"
#include "mlir/Dialect/Quant/QuantTypes.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace thimble;

int64_t thimble::elementBytes(Type type) {
  if (auto quantized = dyn_cast<quant::QuantizedType>(type))
    type = quantized.getStorageType();
  if (type.isInteger(1))
    return 1;
  if (type.isInteger(4) || (isa<FloatType>(type) && type.getIntOrFloatBitWidth() == 8))
    return 1;
  if (auto integer = dyn_cast<IntegerType>(type))
    return integer.getWidth() % 8 == 0 && integer.getWidth() <= 64 ? integer.getWidth() / 8 : 0;
  if (isa<Float16Type, BFloat16Type>(type))
    return 2;
  if (type.isF32())
    return 4;
  return type.isF64() ? 8 : 0;
}

int64_t thimble::tensorBytes(ShapedType type) { return type.getNumElements() * elementBytes(type.getElementType()); }

RankedTensorType thimble::storageTensorType(ShapedType type) {
  Type element = type.getElementType();
  if (auto quantized = dyn_cast<quant::QuantizedType>(element))
    element = quantized.getStorageType();
  return RankedTensorType::get(type.getShape(), element);
}

llvm::ArrayRef<char> ConstantData::bytes() const { return owned.empty() ? view : llvm::ArrayRef<char>(owned); }

FailureOr<ConstantData> ConstantData::get(Attribute value) {
  if (auto resource = dyn_cast_or_null<DenseResourceElementsAttr>(value)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    ShapedType type = resource.getType();
    if (!blob || int64_t(blob->getData().size()) != tensorBytes(type))
      return failure();
    ConstantData data(type);
    data.view = blob->getData();
    return data;
  }
  auto dense = dyn_cast_or_null<DenseElementsAttr>(value);
  if (!dense || isa<DenseStringElementsAttr>(dense) || elementBytes(dense.getElementType()) == 0)
    return failure();
  ConstantData data(dense.getType());
  int64_t width = elementBytes(dense.getElementType());
  if (dense.getElementType().isInteger(1)) {
    for (bool bit : dense.getValues<bool>())
      data.owned.push_back(bit);
  } else if (dense.isSplat() && dense.getNumElements() != 1) {
    data.owned.reserve(dense.getNumElements() * width);
    for (int64_t i = 0; i < dense.getNumElements(); ++i)
      data.owned.insert(data.owned.end(), dense.getRawData().begin(), dense.getRawData().begin() + width);
  } else {
    // A copy, since the attribute's bytes need not be aligned for their type.
    data.owned.assign(dense.getRawData().begin(), dense.getRawData().end());
  }
  return data;
}

FailureOr<ConstantData> ConstantData::get(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op || !op->hasTrait<OpTrait::ConstantLike>())
    return failure();
  Attribute attribute;
  SmallVector<OpFoldResult, 1> folded;
  if (failed(op->fold({}, folded)) || folded.empty())
    return failure();
  attribute = llvm::dyn_cast_if_present<Attribute>(folded.front());
  return get(attribute);
}

double ConstantData::number(int64_t index) const {
  Type element = type.getElementType();
  if (element.isF32())
    return as<float>()[index];
  if (element.isF64())
    return as<double>()[index];
  if (element.isF16())
    return halfToFloat(as<uint16_t>()[index]);
  if (element.isBF16())
    return bfloat16ToFloat(as<uint16_t>()[index]);
  if (auto small = dyn_cast<FloatType>(element); small && small.getWidth() == 8)
    return smallFloatToFloat(small.getFloatSemantics(), as<uint8_t>()[index]);
  bool isUnsigned = element.isUnsignedInteger();
  switch (elementBytes(element)) {
  case 1:
    return isUnsigned ? double(as<uint8_t>()[index]) : double(as<int8_t>()[index]);
  case 2:
    return isUnsigned ? double(as<uint16_t>()[index]) : double(as<int16_t>()[index]);
  case 4:
    return isUnsigned ? double(as<uint32_t>()[index]) : double(as<int32_t>()[index]);
  default:
    return isUnsigned ? double(as<uint64_t>()[index]) : double(as<int64_t>()[index]);
  }
}

llvm::SmallVector<int64_t> ConstantData::integers() const {
  llvm::SmallVector<int64_t> result;
  bool isWide = type.getElementType().isInteger(64);
  for (int64_t i = 0; i < size(); ++i)
    result.push_back(isWide ? as<int64_t>()[i] : int64_t(number(i)));
  return result;
}

std::vector<float> ConstantData::floats() const {
  if (type.getElementType().isF32())
    return as<float>().vec();
  std::vector<float> result(size());
  for (int64_t i = 0; i < size(); ++i)
    result[i] = float(number(i));
  return result;
}

// A key of MLIR's resource section: the printer writes it bare, so it must be an identifier to be read again.
static std::string resourceKey(StringRef name) {
  std::string key = name.empty() || llvm::isDigit(name.front()) ? "_" : "";
  for (char c : name)
    key += llvm::isAlnum(c) || c == '_' || c == '.' || c == '$' ? c : '_';
  return key;
}

ElementsAttr thimble::makeConstant(ShapedType type, llvm::ArrayRef<char> bytes, StringRef name) {
  RankedTensorType stored = storageTensorType(type);
  assert(int64_t(bytes.size()) == tensorBytes(stored) && "constant of the wrong size");
  if (bytes.size() > 64) {
    AsmResourceBlob blob = HeapAsmResourceBlob::allocateAndCopyWithAlign(bytes, 16);
    return DenseResourceElementsAttr::get(stored, resourceKey(name), std::move(blob));
  }
  if (stored.getElementType().isInteger(1)) {
    llvm::SmallVector<bool> bits(bytes.begin(), bytes.end());
    return DenseElementsAttr::get(stored, bits);
  }
  return DenseElementsAttr::getFromRawBuffer(stored, bytes);
}

LogicalResult thimble::verifyConstant(Operation *op, Attribute value, Type resultType) {
  auto result = dyn_cast<ShapedType>(resultType);
  auto elements = dyn_cast<ElementsAttr>(value);
  if (!result || !elements)
    return op->emitOpError("needs a tensor constant");
  if (elements.getShapedType().getShape() != result.getShape())
    return op->emitOpError("value has shape [") << elements.getShapedType().getShape() << "] but the result has ["
                                                << result.getShape() << "]";
  if (elements.getElementType() != storageTensorType(result).getElementType())
    return op->emitOpError("value has element type ") << elements.getElementType() << " but the result stores "
                                                      << storageTensorType(result).getElementType();
  if (failed(ConstantData::get(value))) {
    InFlightDiagnostic error = op->emitOpError("constant holds no data of the size that its type ")
                               << elements.getShapedType() << " needs";
    error.attachNote() << "was this file printed with elided resources?";
    return error;
  }
  return success();
}
