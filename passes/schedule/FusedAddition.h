// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A convolution and the addition of a residual as one call.
#pragma once

#include "dialects/mcu/McuDialect.h"
#include <optional>

namespace thimble::schedule {

inline constexpr llvm::StringLiteral fusedAdditionKernel = "tmb_conv2d_add_s8",
                                     fusedAdditionRecord = "tmb_conv2d_add_s8_params";

/// Discardable attribute of programs for targets on which both calls take less time.
inline constexpr llvm::StringLiteral separateAdditionsName = "mcu.separate_additions";

/// The parameters of tmb_conv2d_add_s8 for calls of tmb_conv2d_s8 and tmb_add_s8 with these parameters, where the result of the first is
/// operand `operand` of the second; nothing if it does not do that, or no faster.
std::optional<mlir::DictionaryAttr> fuseAddition(mlir::DictionaryAttr convolution, mlir::DictionaryAttr addition,
                                                 unsigned operand);

} // namespace thimble::schedule
