// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// From the numbers that a value takes to the range in which it is quantized.
#pragma once

#include "compiler/calibrate/Histogram.h"
#include "passes/quantize/Range.h"

namespace thimble::calibrate {

enum class RangeMethod {
  Auto,       // Percentile or MeanSquare, whichever has the smaller mean squared error
  MinMax,     // everything seen
  Percentile, // without the rarest numbers
  MeanSquare, // what minimizes rounding error plus clipping error
  Entropy     // what loses the least information: the smallest Kullback-Leibler divergence of the rounded distribution
};

/// The range of `histogram`, which must not be empty. `percentile`: what part of the numbers RangeMethod::Percentile keeps on
/// each side, in percent.
quantize::Range chooseRange(const Histogram &histogram, RangeMethod method, double percentile);

/// The mean squared error of int8 numbers in `range`: step^2 / 12 within, the distance to the range outside of it.
double meanSquaredError(const Histogram &histogram, quantize::Range range);

} // namespace thimble::calibrate
