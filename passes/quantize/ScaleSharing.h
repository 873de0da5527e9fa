// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which operations hand int8 codes through unchanged, so that operands and result must share one type.
#pragma once

#include "dialects/nn/NNDialect.h"

namespace thimble::quantize {

/// The f32 operands of `op` that must have the type of its result in int8; empty if it computes a scale of its own.
llvm::SmallVector<mlir::OpOperand *> getSharingOperands(mlir::Operation *op);

/// True if an average pool has one window, which is the whole image. The mean kernel does these better: it rescales.
bool isGlobalAverage(nn::Pool2DOp op);

} // namespace thimble::quantize
