// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// C++ face of the nn dialect.
#pragma once

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Quant/QuantOps.h"
#include "mlir/Dialect/Quant/QuantTypes.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace thimble::nn {
/// Attribute of a function result, [dimension, result]: the size of this dimension depends on data, its static size is the
/// largest possible one, and the i64 [1] result of that index is the actual one.
inline constexpr llvm::StringLiteral boundAttrName = "thimble.bound";

/// Same number of results and the same shapes; element types equal unless the actual one is quantized.
bool areCompatibleResults(mlir::TypeRange inferred, mlir::TypeRange actual);

/// The shape to which `shapes` broadcast as in NumPy, or failure.
mlir::FailureOr<llvm::SmallVector<int64_t>> broadcastShapes(llvm::ArrayRef<llvm::ArrayRef<int64_t>> shapes);

/// The per-tensor int8 type of `type`'s elements, or null.
mlir::quant::UniformQuantizedType getInt8Type(mlir::Type type);

/// The per-tensor type of `type`'s elements if they are int16 with zero point 0, or null.
mlir::quant::UniformQuantizedType getInt16Type(mlir::Type type);

/// Either of the two: what activations are quantized to.
mlir::quant::UniformQuantizedType getActivationType(mlir::Type type);

/// The table of a `nn.lookup` between i8 and quantized elements, which changes nothing but the type; or, with `isUnsigned`, between
/// ui8 and quantized elements, in either direction: codes of uint8 are stored less 128.
mlir::ElementsAttr makeCodeTable(mlir::MLIRContext *context, bool isUnsigned);

/// On a quantized sum that must round as its float form does, but for ties: kernels may else trade the last bits for speed.
inline constexpr llvm::StringLiteral exactAttrName = "nn.exact";

/// True if the elements are of a quantized type.
bool isQuantized(mlir::Type type);
} // namespace thimble::nn

#include "dialects/nn/NNDialect.h.inc"
#include "dialects/nn/NNEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/nn/NNAttrs.h.inc"

#define GET_OP_CLASSES
#include "dialects/nn/NNOps.h.inc"
