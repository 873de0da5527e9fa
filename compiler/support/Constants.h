// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The one way to read and to make constant tensors, whether they are resources or small dense attributes.
#pragma once

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Operation.h"

namespace thimble {

/// Bytes that Thimble stores for one element: i1, 4-bit integers and 8-bit floats take one byte, quantized types those of their storage type.
/// 0 for types that cannot be stored.
int64_t elementBytes(mlir::Type elementType);

/// Bytes of a dense tensor of static shape.
int64_t tensorBytes(mlir::ShapedType type);

/// The bytes of a constant, little endian, row-major, valid as long as this object and the attribute live.
class ConstantData {
public:
  /// Fails without a message if `value` is no dense constant, or is a resource without data.
  static mlir::FailureOr<ConstantData> get(mlir::Attribute value);
  /// The data of the constant operation (of any dialect with a `value` attribute) that defines `value`.
  static mlir::FailureOr<ConstantData> get(mlir::Value value);

  mlir::ShapedType getType() const { return type; }
  llvm::ArrayRef<char> bytes() const;
  int64_t size() const { return type.getNumElements(); }

  /// The elements as C++ values; T must have the size of an element.
  template <typename T> llvm::ArrayRef<T> as() const {
    assert(sizeof(T) == size_t(elementBytes(type.getElementType())));
    return llvm::ArrayRef<T>(reinterpret_cast<const T *>(bytes().data()), size());
  }
  /// Element `index`, converted; integers up to 2^53 are exact.
  double number(int64_t index) const;
  /// All elements as int64; floats are truncated.
  llvm::SmallVector<int64_t> integers() const;
  /// All elements as float.
  std::vector<float> floats() const;

private:
  ConstantData(mlir::ShapedType type) : type(type) {}
  mlir::ShapedType type;
  llvm::ArrayRef<char> view;
  std::vector<char> owned; // splats and packed booleans are expanded
};

/// A constant of `type` (quantized types become their storage type) with a copy of `bytes`, which must have tensorBytes(type) bytes.
/// More than 64 bytes become a resource called `name` or `name_1`, ...
mlir::ElementsAttr makeConstant(mlir::ShapedType type, llvm::ArrayRef<char> bytes, llvm::StringRef name = "w");
template <typename T>
mlir::ElementsAttr makeConstant(mlir::ShapedType type, llvm::ArrayRef<T> elements, llvm::StringRef name = "w") {
  return makeConstant(type, llvm::ArrayRef<char>(reinterpret_cast<const char *>(elements.data()), elements.size() * sizeof(T)),
                      name);
}

/// The type that a constant attribute has for a value of `type`: quantized elements become their storage type.
mlir::RankedTensorType storageTensorType(mlir::ShapedType type);

/// Verifies that `value` holds data of the right size and storage type for `resultType`; emits an error on `op` if not.
mlir::LogicalResult verifyConstant(mlir::Operation *op, mlir::Attribute value, mlir::Type resultType);

} // namespace thimble
