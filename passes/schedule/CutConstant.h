// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Parts of constants as constants of their own, for calls that were cut.
#pragma once

#include "dialects/mcu/McuDialect.h"
#include "mlir/IR/Builders.h"

namespace thimble::schedule {

/// The bytes [from, from + bytes) of each of `pieces` equal pieces of the constant behind `memory`, and `zeros` bytes behind them. The
/// part lies in the same memory as the whole, is read in proportion to its size, and has a name that is unique in the program.
mlir::Value cutConstant(mlir::OpBuilder &builder, mlir::Value memory, int64_t pieces, int64_t from, int64_t bytes,
                        int64_t zeros = 0);

} // namespace thimble::schedule
