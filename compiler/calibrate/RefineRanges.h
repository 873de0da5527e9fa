// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Chooses among ranges of values by what they do to the outputs.
#pragma once

#include "compiler/calibrate/Samples.h"
#include "passes/quantize/Range.h"

namespace thimble::calibrate {

/// Ranges that one value could have; the first one is the current choice.
struct RangeCandidates {
  mlir::Value value;
  llvm::SmallVector<quantize::Range> ranges;
};

struct RefineOptions {
  double macs = 3e9;  // about how many multiply-accumulates to spend
  size_t samples = 8; // for each measurement
  Progress progress;   // of candidates
};

/// Runs the float function with its values rounded to the int8 types of their ranges, and takes for one value after the other the
/// candidate with the least mean squared error of the outputs, relative to each output's own power. A candidate replaces the
/// current choice only if it is better by more than 4 %. Values that come too late for the budget keep theirs. Writes the choice
/// to the values' `thimble.range`.
mlir::LogicalResult refineRanges(mlir::func::FuncOp function, llvm::ArrayRef<Sample> samples,
                                 llvm::ArrayRef<RangeCandidates> candidates, const RefineOptions &options = {});

} // namespace thimble::calibrate
