// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Calibration: runs a float model on samples and writes down the range of every value.
#pragma once

#include "compiler/calibrate/RangeChoice.h"
#include "compiler/calibrate/Samples.h"

namespace thimble::calibrate {

struct CalibrationOptions {
  RangeMethod method = RangeMethod::Auto;
  double percentile = 99.99;
  Progress progress;
  double refineMacs = 3e9; // what RangeMethod::Auto spends on measurements of the outputs, in multiply-accumulates
  Progress refineProgress;
};

/// Runs `function` (f32 nn operations) on all samples and sets `thimble.range` on its f32 arguments and on every operation with
/// an f32 result, constants excepted. What leads to an output or to a decision between elements (softmax, arg) without changing
/// scale, and the inputs, keep all that was seen, whatever the method: clipping the largest logits would make them equal.
/// RangeMethod::Auto then measures for each value what the ranges of all methods do to the outputs (see RefineRanges.h).
/// Fails with an error if there are no samples, one does not fit, or a value became infinite or NaN.
mlir::LogicalResult calibrate(mlir::func::FuncOp function, llvm::ArrayRef<Sample> samples,
                              const CalibrationOptions &options = {});

} // namespace thimble::calibrate
