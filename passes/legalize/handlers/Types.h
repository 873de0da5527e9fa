// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// ONNX's numbers for element types.
#pragma once

#include "mlir/IR/Builders.h"

namespace thimble::legalize {

/// The element type that TensorProto.DataType `code` becomes in Thimble: all floats of 16 to 64 bits are f32. Null if there is
/// none.
inline mlir::Type typeOfCode(mlir::Builder &builder, int64_t code) {
  auto integer = [&](unsigned width, bool isUnsigned) {
    return mlir::IntegerType::get(builder.getContext(), width,
                                  isUnsigned ? mlir::IntegerType::Unsigned : mlir::IntegerType::Signless);
  };
  switch (code) {
  case 1:  // FLOAT
  case 10: // FLOAT16
  case 11: // DOUBLE
  case 16: // BFLOAT16
    return builder.getF32Type();
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

} // namespace thimble::legalize
