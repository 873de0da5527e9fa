// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Bias correction: removes the error that quantization makes on average.
#pragma once

#include "compiler/calibrate/Samples.h"

namespace thimble::calibrate {

struct BiasCorrectionOptions {
  size_t samples = 32; // use at most so many; fewer if the model is large
  double macs = 2e10;  // about how many multiply-accumulates to spend
  Progress progress;
};

/// Changes the biases of int8 convolutions and fully connected layers so that each output channel has the same mean before its
/// activation function as in the float function, one layer after the other. Layers are matched by node.
/// Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction" (ICCV 2019), section 4.2, with means
/// measured on samples.
mlir::LogicalResult correctBiases(mlir::func::FuncOp reference, mlir::func::FuncOp quantized, llvm::ArrayRef<Sample> samples,
                                  const BiasCorrectionOptions &options = {});

} // namespace thimble::calibrate
