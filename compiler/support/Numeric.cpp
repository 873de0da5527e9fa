// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Conversions between number formats, and the factors of integer requantization.
#include "compiler/support/Numeric.h"
#include "llvm/ADT/APFloat.h"
#include <cmath>

using namespace mlir;
using namespace thimble;

static float convert(const llvm::fltSemantics &semantics, uint16_t bits, unsigned width = 16) {
  llvm::APFloat value(semantics, llvm::APInt(width, bits));
  bool lossy;
  value.convert(llvm::APFloat::IEEEsingle(), llvm::APFloat::rmNearestTiesToEven, &lossy);
  return value.convertToFloat();
}

float thimble::halfToFloat(uint16_t bits) { return convert(llvm::APFloat::IEEEhalf(), bits); }
float thimble::bfloat16ToFloat(uint16_t bits) { return convert(llvm::APFloat::BFloat(), bits); }

float thimble::smallFloatToFloat(const llvm::fltSemantics &semantics, uint8_t bits) { return convert(semantics, bits, 8); }

FailureOr<RequantFactor> thimble::makeRequantFactor(double factor, int32_t shift) {
  if (!(factor >= 0) || factor >= double(1 << 24))
    return failure();
  while (std::round(std::ldexp(factor, 32 - shift)) > double(INT32_MAX))
    ++shift;
  return RequantFactor{int32_t(std::round(std::ldexp(factor, 32 - shift))), shift};
}

FailureOr<RequantFactor> thimble::makeWideFactor(double factor) {
  if (!(factor >= 0) || !std::isfinite(factor))
    return failure();
  int32_t shift = -31;
  while (shift < 15 && std::round(std::ldexp(factor, 32 - shift)) > double(INT32_MAX))
    ++shift;
  double multiplier = std::round(std::ldexp(factor, 32 - shift));
  if (multiplier > double(INT32_MAX))
    return failure();
  return RequantFactor{int32_t(multiplier), shift};
}

FailureOr<int32_t> thimble::commonRequantShift(llvm::ArrayRef<double> factors) {
  int32_t shift = 0;
  for (double factor : factors) {
    FailureOr<RequantFactor> single = makeRequantFactor(factor, shift);
    if (failed(single))
      return failure();
    shift = single->shift;
  }
  return shift;
}
