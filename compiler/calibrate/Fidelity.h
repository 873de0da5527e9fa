// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How faithful a quantized function is to the float function that it came from.
#pragma once

#include "compiler/calibrate/Samples.h"
#include <string>

namespace thimble::calibrate {

/// Error of one node's result, as the ratio of the signal's power to the error's.
struct LayerError {
  std::string node; // name of the ONNX node
  std::string op;   // what computes it in the quantized function: "conv2d", "lookup"
  double sqnrDb;    // infinite if there is no error
};

/// Signal-to-quantization-noise ratio of every node that both functions name: of the last result of that name in each, of recurrent
/// layers the first that is used. Nodes that quantization fused into others have none.
mlir::FailureOr<std::vector<LayerError>> computeLayerErrors(mlir::func::FuncOp reference, mlir::func::FuncOp quantized,
                                                            llvm::ArrayRef<Sample> samples);

/// The same for all outputs together.
mlir::FailureOr<double> computeOutputSqnr(mlir::func::FuncOp reference, mlir::func::FuncOp quantized,
                                          llvm::ArrayRef<Sample> samples);

/// Which part of the samples has its label at the largest element of the first output, or as its only element if that is an
/// integer.
mlir::FailureOr<double> computeAccuracy(mlir::func::FuncOp function, llvm::ArrayRef<Sample> samples,
                                        llvm::ArrayRef<int64_t> labels);

} // namespace thimble::calibrate
