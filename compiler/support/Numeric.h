// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Conversions between number formats, and the factors of integer requantization.
#pragma once

#include "mlir/Support/LLVM.h"
#include <cstdint>

namespace llvm {
struct fltSemantics;
}

namespace thimble {

float halfToFloat(uint16_t bits);
float bfloat16ToFloat(uint16_t bits);
/// The value of an 8-bit float with these semantics.
float smallFloatToFloat(const llvm::fltSemantics &semantics, uint8_t bits);

/// A real factor as tmb_requant.h defines it: factor = multiplier * 2^(shift - 32).
struct RequantFactor {
  int32_t multiplier;
  int32_t shift;
};

/// The nearest representation of `factor`, with at least `shift`; fails unless 0 <= factor < 2^24 and finite.
mlir::FailureOr<RequantFactor> makeRequantFactor(double factor, int32_t shift = 0);

/// The same with 31 significant bits, whatever the factor: shift is -31 to 15, as tmb_requantize_wide takes it. Fails for factors
/// beyond that.
mlir::FailureOr<RequantFactor> makeWideFactor(double factor);

/// One shift for all factors of a layer: the largest that any of them needs.
mlir::FailureOr<int32_t> commonRequantShift(llvm::ArrayRef<double> factors);

} // namespace thimble
