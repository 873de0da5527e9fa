// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// ONNX's numbers for element types.
#pragma once

#include "mlir/IR/Builders.h"

namespace thimble::legalize {

/// The element type that TensorProto.DataType `code` is. Null if Thimble has none.
inline mlir::Type storedTypeOfCode(mlir::Builder &builder, int64_t code) {
  auto integer = [&](unsigned width, bool isUnsigned) {
    return mlir::IntegerType::get(builder.getContext(), width,
                                  isUnsigned ? mlir::IntegerType::Unsigned : mlir::IntegerType::Signless);
  };
  switch (code) {
  case 1: // FLOAT
    return builder.getF32Type();
  case 10: // FLOAT16
    return builder.getF16Type();
  case 11: // DOUBLE
    return builder.getF64Type();
  case 16: // BFLOAT16
    return builder.getBF16Type();
  case 17:
    return mlir::FloatType::getFloat8E4M3FN(builder.getContext());
  case 18:
    return mlir::FloatType::getFloat8E4M3FNUZ(builder.getContext());
  case 19:
    return mlir::FloatType::getFloat8E5M2(builder.getContext());
  case 20:
    return mlir::FloatType::getFloat8E5M2FNUZ(builder.getContext());
  case 21: // UINT4
    return integer(4, true);
  case 22: // INT4
    return integer(4, false);
  case 2: // UINT8
    return integer(8, true);
  case 3: // INT8
    return integer(8, false);
  case 4: // UINT16
    return integer(16, true);
  case 5: // INT16
    return integer(16, false);
  case 6: // INT32
    return integer(32, false);
  case 7: // INT64
    return integer(64, false);
  case 9: // BOOL
    return builder.getI1Type();
  case 12: // UINT32
    return integer(32, true);
  case 13: // UINT64
    return integer(64, true);
  default:
    return {};
  }
}

/// The element type in which Thimble computes with it: all floats of 16 to 64 bits are f32.
inline mlir::Type typeOfCode(mlir::Builder &builder, int64_t code) {
  mlir::Type stored = storedTypeOfCode(builder, code);
  bool isFloat = stored && mlir::isa<mlir::FloatType>(stored) && stored.getIntOrFloatBitWidth() >= 16;
  return isFloat ? builder.getF32Type() : stored;
}

} // namespace thimble::legalize
