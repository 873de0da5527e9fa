// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the passes of this phase share: looking at values and constants, making constants, driving patterns.
#pragma once

#include "compiler/support/Constants.h"
#include "dialects/nn/NNDialect.h"
#include "mlir/IR/PatternMatch.h"
#include <optional>

namespace thimble::simplify {

using Shape = llvm::SmallVector<int64_t>;
using ShapeRef = llvm::ArrayRef<int64_t>;

inline mlir::RankedTensorType typeOf(mlir::Value value) { return mlir::cast<mlir::RankedTensorType>(value.getType()); }
inline ShapeRef shapeOf(mlir::Value value) { return typeOf(value).getShape(); }
inline mlir::Type elementOf(mlir::Value value) { return typeOf(value).getElementType(); }
inline bool isF32(mlir::Value value) { return elementOf(value).isF32(); }

/// True if a constant operation defines `value`.
bool isConstant(mlir::Value value);

/// The number that all elements of a constant have; none for other values.
std::optional<double> splatOf(mlir::Value value);

/// Equal within a relative error of 1e-4: exporters round the constants of a formula in many ways.
bool isNear(double a, double b);

/// True if `value` is a constant whose elements are all near `number`.
bool isSplat(mlir::Value value, double number);

/// A constant of f32 elements.
mlir::Value makeFloats(mlir::OpBuilder &builder, mlir::Location loc, ShapeRef shape, llvm::ArrayRef<float> elements);
mlir::Value makeFloat(mlir::OpBuilder &builder, mlir::Location loc, float element);

/// `value` in the shape `shape`: the value itself, a constant, or a reshape.
mlir::Value reshaped(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value, ShapeRef shape);

/// An attribute for a clamp; null for an infinity, which is no clamp.
mlir::FloatAttr clampAttr(mlir::Builder &builder, float limit);

/// The operand of a binary operation that is not `side`.
inline mlir::Value otherOperand(nn::BinaryOp op, mlir::Value side) { return op.getA() == side ? op.getB() : op.getA(); }

/// True if the function is one block of nn operations and a return.
bool isAllNN(mlir::func::FuncOp function);

/// Runs `patterns` on a function until none applies. It is no error if they stop early: what they did is right nevertheless.
void applyGreedily(mlir::func::FuncOp function, mlir::RewritePatternSet &&patterns);

} // namespace thimble::simplify
