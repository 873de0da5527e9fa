// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One operation at a time from f32 to int8 or int16: one function for each family of operations.
#pragma once

#include "passes/quantize/ValueForms.h"

namespace thimble::quantize {

/// What the functions below share.
struct Int8Rewrite {
  ValueForms &forms;
  bool adopt = false; // only what the model quantizes itself
  int bits = 8;       // in which the operation at hand computes: 8 or 16
  std::string reason; // why the last operation has no int8 form

  /// Notes a reason and says "no int8 form".
  mlir::Value refuse(const llvm::Twine &why) {
    reason = why.str();
    return {};
  }
  /// `op` with other operands and another result type.
  mlir::Value recreate(mlir::Operation *op, mlir::ValueRange operands, mlir::Type resultElement);
  /// An operand in int8 or int16, as `bits` says: in the planned type, or the nearest to it of the other width.
  mlir::FailureOr<mlir::Value> operand(mlir::Value original);
  /// The best type of `bits` bits for numbers of `range`.
  Int8Type chooseType(mlir::MLIRContext *context, Range range) const {
    return bits == 16 ? chooseInt16Type(context, range) : chooseInt8Type(context, range);
  }
  /// The planned type of a value, of the width that `bits` says. Fails with an error if it has none.
  mlir::FailureOr<Int8Type> planned(mlir::Value original);
};

/// `op` in int8, or in int16 if its result is. Null if no int8 kernel does it (see reason); fails after an error.
mlir::FailureOr<mlir::Value> rewriteInt8(mlir::Operation *op, Int8Rewrite &rewrite);

// The families. Results are not yet checked for a kernel.
mlir::FailureOr<mlir::Value> rewriteWeighted(mlir::Operation *op, Int8Rewrite &rewrite);
mlir::FailureOr<mlir::Value> rewriteMatMul(nn::MatMulOp op, Int8Rewrite &rewrite);
mlir::FailureOr<mlir::Value> rewriteBinary(nn::BinaryOp op, Int8Rewrite &rewrite);
/// Null, without a reason, if `op` is no product with (or sum behind a product with) one constant a channel.
mlir::FailureOr<mlir::Value> rewriteChannelwise(nn::BinaryOp op, Int8Rewrite &rewrite);
mlir::FailureOr<mlir::Value> rewritePool(nn::Pool2DOp op, Int8Rewrite &rewrite);
mlir::FailureOr<mlir::Value> rewriteReduce(nn::ReduceOp op, Int8Rewrite &rewrite);
mlir::FailureOr<mlir::Value> rewriteArg(nn::ArgOp op, Int8Rewrite &rewrite);
mlir::FailureOr<mlir::Value> rewriteSoftmax(nn::SoftmaxOp op, Int8Rewrite &rewrite);
mlir::FailureOr<mlir::Value> rewriteNorm(nn::LayerNormOp op, Int8Rewrite &rewrite);
/// What the int8 kernels leave out of a nn.gru or nn.lstm. Null if there is nothing.
const char *whyFloat(mlir::Operation *op);
/// All results of a nn.gru or nn.lstm; empty if no int8 kernel does it (see reason).
mlir::FailureOr<llvm::SmallVector<mlir::Value>> rewriteRecurrent(mlir::Operation *op, Int8Rewrite &rewrite);
mlir::FailureOr<mlir::Value> rewriteSharing(mlir::Operation *op, Int8Rewrite &rewrite);

} // namespace thimble::quantize
